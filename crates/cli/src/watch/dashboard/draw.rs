//! The dashboard as characters: where what stands, at any size. The selected printer is drawn in
//! `detail.rs`.

use bambulab::Connection;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};

use super::{
    board::{Board, Deed, Entry, Mode},
    detail,
    keys::HELP,
};
use crate::output::{Paint, Table, brief, human};

/// From this width on the list stands beside the selected printer, not above it.
const BESIDE: u16 = 150;
/// Columns of the list when it stands beside.
const LIST_COLUMNS: u16 = 72;
/// Lines below which there is room for the list only.
const LOW: u16 = 11;

impl Board {
    /// Draws everything.
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let all = frame.area();
        let notices = self.notices(usize::from(all.width), usize::from(all.height));
        let foot_rows = u16::from(!self.foot.is_empty() && all.height > LOW);
        let [title, middle, said, foot, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(u16::try_from(notices.len()).unwrap_or(1)),
            Constraint::Length(foot_rows),
            Constraint::Length(1),
        ])
        .areas(all);
        frame.render_widget(self.title_line(), title);
        self.middle(frame, middle);
        frame.render_widget(Paragraph::new(notices), said);
        frame.render_widget(self.painted(&self.foot, Paint::Cyan), foot);
        frame.render_widget(self.keys_line(keys.width), keys);
        match &self.mode {
            Mode::Watching => {}
            Mode::Help => self.help(frame),
            Mode::Confirm { serial, deed } => {
                if let Some(entry) = self.printer(serial) {
                    self.question(frame, entry, *deed);
                }
            }
        }
    }

    /// The last notice whole, since it may tell why something was not done; earlier ones where
    /// there is room.
    fn notices(&self, columns: usize, rows: usize) -> Vec<Line<'static>> {
        let most = if rows >= 40 { 4 } else { 1 };
        let mut lines = Vec::new();
        for (at, notice) in self.notices.iter().rev().take(most).enumerate() {
            let mut parts = human::wrap(&notice.text, columns);
            parts.truncate(if at == 0 { (rows / 6).max(1) } else { 1 });
            let style = self.palette.style(notice.paint);
            lines.splice(..0, parts.into_iter().map(|part| Line::styled(part, style)));
        }
        lines
    }

    fn middle(&self, frame: &mut Frame<'_>, area: Rect) {
        let one = self.printers.len() == 1;
        if area.height < LOW && !self.alone && !one {
            return self.list(frame, area);
        }
        let (list, detail) = if self.alone || one {
            (Rect::ZERO, area)
        } else if area.width >= BESIDE {
            let columns = [Constraint::Length(LIST_COLUMNS), Constraint::Fill(1)];
            let [list, detail] = Layout::horizontal(columns).spacing(2).areas(area);
            (list, detail)
        } else {
            // The list takes what it needs, and no more than a third.
            let wanted = u16::try_from(self.printers.len() + 1).unwrap_or(u16::MAX);
            let rows = wanted.min((area.height / 3).max(4));
            let parts = [Constraint::Length(rows), Constraint::Fill(1)];
            let [list, detail] = Layout::vertical(parts).spacing(1).areas(area);
            (list, detail)
        };
        self.list(frame, list);
        if let Some(entry) = self.current() {
            let (columns, rows) = (usize::from(detail.width), usize::from(detail.height));
            let mut lines = detail::lines(self, entry, columns, rows);
            if lines.len() > rows {
                lines.truncate(rows.saturating_sub(1));
                lines.push(self.painted("  … more on a taller terminal", Paint::Dim));
            }
            frame.render_widget(Paragraph::new(lines), detail);
        }
    }

    /// The printers around the selected one; those out of sight cost nothing.
    fn list(&self, frame: &mut Frame<'_>, area: Rect) {
        let rows = usize::from(area.height.saturating_sub(1));
        if rows == 0 {
            return;
        }
        let most = self.printers.len().saturating_sub(rows);
        let first = self.selected.saturating_sub(rows / 2).min(most);
        let mut table = Table::new(&brief::HEADINGS);
        for entry in self.printers.iter().skip(first).take(rows) {
            table.row(row(entry, if area.width < 110 { 6 } else { 16 }));
        }
        let columns = usize::from(area.width).saturating_sub(2);
        table.fit(columns, &["LAYER", "LEFT", "BED", "NOZZLE", "PROGRESS"]);
        let lines = table.pieces().into_iter().enumerate().map(|(at, pieces)| {
            let chosen = at > 0 && first + at - 1 == self.selected;
            let mark = Span::raw(if chosen { "> " } else { "  " });
            let cells = pieces.into_iter().map(|(text, paint)| {
                let style = self.palette.style(paint);
                Span::styled(text, if chosen { style.not_dim() } else { style })
            });
            let line = Line::from_iter(std::iter::once(mark).chain(cells));
            if chosen { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), area);
    }

    fn title_line(&self) -> Line<'_> {
        let [active, trouble, away] = self.counts();
        let many = self.printers.len();
        let mut spans = vec![Span::styled(self.title, self.palette.style(Paint::Bold))];
        let mut add = |text: String, paint| {
            spans.push(Span::raw("  "));
            spans.push(Span::styled(text, self.palette.style(paint)));
        };
        add(self.now.strftime("%H:%M:%S").to_string(), Paint::Dim);
        if many > 1 {
            add(format!("{} of {many}", self.selected + 1), Paint::Dim);
        }
        for (count, what, paint) in [
            (active, "at work", Paint::Green),
            (trouble, "with a message", Paint::Yellow),
            (away, "away", Paint::Red),
        ] {
            if count > 0 {
                add(format!("{count} {what}"), paint);
            }
        }
        Line::from(spans)
    }

    fn keys_line(&self, columns: u16) -> Line<'_> {
        let text = match self.mode {
            Mode::Confirm { .. } => "y yes   any other key no",
            Mode::Help => "any key goes back",
            Mode::Watching if columns < 60 => "p r s l  ? help  q quit",
            Mode::Watching if self.has_text => {
                "p pause  r resume  s stop  l light  Enter alone  i text  ? help  q quit"
            }
            Mode::Watching => "p pause  r resume  s stop  l light  Enter alone  ? help  q quit",
        };
        self.painted(text, Paint::Dim)
    }

    fn help(&self, frame: &mut Frame<'_>) {
        let line = |(keys, what): &(&str, &str)| Line::from(format!(" {keys:<11} {what} "));
        let mut lines: Vec<Line<'_>> = HELP.iter().map(line).collect();
        lines.push(Line::default());
        lines.push(Line::from(" A command is sent once. What became of it stands at the bottom:"));
        lines
            .push(Line::from(" confirmed (seen in the status), accepted (nothing could be seen),"));
        lines.push(Line::from(" or why not. Dim values are old: the printer does not answer."));
        self.popup(frame, " Keys ", lines);
    }

    fn question(&self, frame: &mut Frame<'_>, entry: &Entry, deed: Deed) {
        let status = &entry.snapshot.status;
        let job = status.job.name.as_deref().filter(|name| !name.is_empty());
        let what = match (deed, job) {
            (Deed::Stop, Some(job)) => format!("Stop {} for good?", human::printable(job)),
            (Deed::Stop, None) => "Stop the job for good?".to_owned(),
            (deed, _) => format!("Really {}?", deed.words()),
        };
        let progress = status.job.progress_percent.filter(|_| status.state.is_active());
        let how_far = progress.map(|percent| format!(" ({percent}% done)")).unwrap_or_default();
        let lines = vec![
            Line::from(format!(" {}{how_far} ", entry.name)),
            Line::from(format!(" {what} ")),
            Line::default(),
            Line::from(" y  yes      any other key  no "),
        ];
        self.popup(frame, " Sure? ", lines);
    }

    /// A box in the middle, as large as its text and the terminal allow.
    fn popup(&self, frame: &mut Frame<'_>, title: &'static str, lines: Vec<Line<'_>>) {
        let all = frame.area();
        let columns = lines.iter().map(Line::width).max().unwrap_or(0) + 2;
        let columns = u16::try_from(columns).unwrap_or(u16::MAX).min(all.width);
        let rows = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(all.height);
        let (x, y) = ((all.width - columns) / 2, (all.height - rows) / 2);
        let area = Rect::new(all.x + x, all.y + y, columns, rows);
        let border = Block::bordered().title(title).border_style(self.palette.style(Paint::Cyan));
        frame.render_widget(Clear, area);
        frame.render_widget(Paragraph::new(lines).block(border), area);
    }

    /// A line in one paint.
    pub(super) fn painted<'a>(&self, text: &'a str, paint: Paint) -> Line<'a> {
        Line::styled(text, self.palette.style(paint))
    }
}

/// A printer in the list; one that does not answer shows no values.
pub(super) fn row(entry: &Entry, bar: usize) -> Vec<crate::output::Cell> {
    let silent = |word, paint, why: &str| brief::silent_row(&entry.name, word, paint, why);
    match &entry.snapshot.connection {
        Connection::Online if entry.snapshot.complete => brief::row(&entry.snapshot.status, bar),
        Connection::Online | Connection::Connecting => silent("connecting", Paint::Cyan, ""),
        Connection::Stale => silent("stale", Paint::Yellow, "fell silent"),
        Connection::Offline(reason) => silent("offline", Paint::Red, &reason.to_string()),
    }
}
