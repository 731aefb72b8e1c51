//! Text out: standard output as one buffered writer, colour where it is wanted, plain tables.
//!
//! How single values read is in `output/human.rs`, how a printer reads in `brief.rs`, `detail.rs`
//! and, as JSON, in `document.rs`.

pub(crate) mod bars;
pub(crate) mod brief;
pub(crate) mod detail;
pub(crate) mod document;
pub(crate) mod human;
pub(crate) mod progress;
pub(crate) mod waiting;

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use serde::Serialize;

/// Standard output, locked and buffered: flush it where a reader waits.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// A JSON document for programs: indented, and a line of its own at the end.
pub(crate) fn json(out: &mut impl Write, document: &(impl Serialize + ?Sized)) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

/// What stands for a secret.
pub(crate) const MASK: &str = "********";

/// Whether a person looks at standard output.
fn on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a table can be drawn over the one before.
pub(crate) fn can_redraw() -> bool {
    on_terminal() && !dumb()
}

/// Whether standard output is to be coloured.
pub(crate) fn colour() -> bool {
    on_terminal() && colour_wanted()
}

/// Whether colour is welcome at all: `NO_COLOR` is unset and the terminal is not dumb.
pub(crate) fn colour_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !dumb()
}

fn dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// How a cell is painted; plain text where colour is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Dim,
    Green,
    Yellow,
    Red,
    Cyan,
}

impl Paint {
    /// The text between the escape sequences of this paint.
    pub(crate) fn on(self, text: &str, colour: bool) -> String {
        let code = match self {
            _ if !colour => return text.to_owned(),
            Self::Plain => return text.to_owned(),
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Cyan => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// One cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A painted cell. Control characters are dropped: names come from the network.
    pub(crate) fn painted(text: impl AsRef<str>, paint: Paint) -> Self {
        Self { text: human::printable(text.as_ref()), paint }
    }

    /// The same cell, so wide at least.
    pub(crate) fn padded(&self, width: usize) -> Self {
        let missing = width.saturating_sub(human::width(&self.text));
        Self { text: format!("{}{}", self.text, " ".repeat(missing)), paint: self.paint }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::painted(text, Paint::Plain)
    }
}

/// Rows under headings, columns as wide as their widest cell, two spaces between.
#[derive(Debug, Default)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these headings; without any, rows alone are shown.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Appends a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Makes the table at most `columns` wide: leaves out these columns one after the other until
    /// it is possible, and cuts the last one.
    pub(crate) fn fit(&mut self, columns: usize, dispensable: &[&str]) {
        for heading in dispensable {
            let last = self.widths().pop().unwrap_or(0);
            if self.width() - last + LEAST <= columns {
                break;
            }
            self.leave_out(heading);
        }
        let widths = self.widths();
        let Some((_, fixed)) = widths.split_last() else { return };
        let room = columns.saturating_sub(fixed.iter().map(|width| width + GAP).sum()).max(LEAST);
        let last = fixed.len();
        for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(last)) {
            cell.text = human::cut(&cell.text, room);
        }
    }

    /// Leaves out these columns, one after the other, until the table fits the terminal; a pipe gets
    /// all of them.
    pub(crate) fn fit_terminal(&mut self, dispensable: &[&str]) {
        if on_terminal() {
            let columns = crossterm::terminal::size().map_or(80, |(columns, _)| columns.into());
            self.shorten(columns, dispensable);
        }
    }

    fn shorten(&mut self, columns: usize, dispensable: &[&str]) {
        for heading in dispensable {
            if self.width() <= columns {
                break;
            }
            self.leave_out(heading);
        }
    }

    /// How wide the table is.
    pub(crate) fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    }

    /// Leaves a column out, by its heading.
    pub(crate) fn leave_out(&mut self, heading: &str) {
        let Some(at) = self.headings.iter().position(|it| *it == heading) else { return };
        self.headings.remove(at);
        for row in self.rows.iter_mut().filter(|row| at < row.len()) {
            row.remove(at);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.headings.len());
        let mut widths = vec![0; columns];
        for (width, heading) in widths.iter_mut().zip(&self.headings) {
            *width = human::width(heading);
        }
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(human::width(&cell.text));
            }
        }
        widths
    }

    /// The lines of the table, without line ends.
    pub(crate) fn lines(&self, colour: bool) -> Vec<String> {
        let widths = self.widths();
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        if !self.headings.is_empty() {
            let cells = self.headings.iter().map(|text| Cell::painted(text, Paint::Bold));
            lines.push(line(&cells.collect::<Vec<_>>(), &widths, colour));
        }
        lines.extend(self.rows.iter().map(|row| line(row, &widths, colour)));
        lines
    }

    /// Every row as painted pieces with the gaps in them, headings first, for other surfaces than
    /// a stream.
    pub(crate) fn pieces(&self) -> Vec<Vec<(String, Paint)>> {
        let widths = self.widths();
        let headings = self.headings.iter().map(|text| Cell::painted(text, Paint::Bold)).collect();
        let pieces = |row: &Vec<Cell>| {
            let padded = |(cell, width): (&Cell, &usize)| {
                let gap = width.saturating_sub(human::width(&cell.text)) + GAP;
                (format!("{}{}", cell.text, " ".repeat(gap)), cell.paint)
            };
            row.iter().zip(&widths).map(padded).collect()
        };
        std::iter::once(&headings).chain(&self.rows).map(pieces).collect()
    }

    /// Writes the lines of the table.
    pub(crate) fn write(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        self.lines(colour).iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// Cells that are left of the last column at least.
const LEAST: usize = 8;
/// Spaces between two columns.
const GAP: usize = 2;

fn line(cells: &[Cell], widths: &[usize], colour: bool) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for (cell, width) in cells.iter().zip(widths) {
        line.extend(std::iter::repeat_n(' ', gap));
        line.push_str(&cell.paint.on(&cell.text, colour && !cell.text.is_empty()));
        gap = width.saturating_sub(human::width(&cell.text)) + GAP;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up_and_leaves_no_trailing_space() {
        let mut table = Table::new(&["NAME", "STATE"]);
        table.row(["P1S".into(), Cell::painted("running", Paint::Green)]);
        table.row(["Große Kiste".into(), "idle".into()]);
        assert_eq!(
            table.lines(false),
            ["NAME         STATE", "P1S          running", "Große Kiste  idle"]
        );
        assert!(table.lines(true)[1].contains("\x1b[32mrunning\x1b[0m"));
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_a_cut_last_one() {
        let mut table = Table::new(&["NAME", "LAYER", "JOB"]);
        table.row(["P1S".into(), "125/250".into(), "a very long title".into()]);
        table.fit(16, &["LAYER"]);
        assert_eq!(table.lines(false), ["NAME  JOB", "P1S   a very lo…"]);
        assert_eq!(table.width(), 16);
    }

    #[test]
    fn columns_are_left_out_only_where_the_table_does_not_fit() {
        let shortened = |columns| {
            let mut table = Table::new(&["NAME", "LAYER", "JOB"]);
            table.row(["P1S".into(), "125/250".into(), "cube".into()]);
            table.shorten(columns, &["LAYER", "JOB"]);
            table.lines(false).swap_remove(0)
        };
        assert_eq!(shortened(19), "NAME  LAYER    JOB");
        assert_eq!(shortened(18), "NAME  JOB");
        assert_eq!(shortened(5), "NAME");
    }

    #[test]
    fn a_name_from_the_network_cannot_steer_the_terminal() {
        let mut table = Table::new(&[]);
        table.row([Cell::from("a\x1b[2Jb\r\n")]);
        assert_eq!(table.lines(false), ["a[2Jb"]);
    }
}
