//! How far several printers are, each on a line of its own: bars where a person looks, else a line
//! for every step. Both stand on standard error.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::human;

/// Most lines that are drawn; a terminal has no room for more.
const MOST: usize = 40;

/// The lines.
pub(crate) struct Bars {
    drawn: Option<MultiProgress>,
    steps: bool,
    width: usize,
}

/// The line of one printer.
#[derive(Clone)]
pub(crate) struct Bar {
    name: String,
    bar: Option<ProgressBar>,
    steps: bool,
}

impl Bars {
    /// Steps are shown only where they are `wanted`.
    pub(crate) fn new<'a>(wanted: bool, names: impl Iterator<Item = &'a str>) -> Self {
        let (mut width, mut count) = (0, 0);
        for name in names {
            width = width.max(human::width(&human::printable(name)));
            count += 1;
        }
        let draws = wanted && count <= MOST && std::io::stderr().is_terminal() && !super::dumb();
        Self { drawn: draws.then(MultiProgress::new), steps: wanted && !draws, width }
    }

    /// A line for this printer.
    pub(crate) fn add(&self, name: &str) -> Bar {
        let name = human::printable(name);
        let bar = self.drawn.as_ref().map(|drawn| {
            let bar = drawn.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{prefix}  {msg}") {
                bar.set_style(style);
            }
            let gap = " ".repeat(self.width.saturating_sub(human::width(&name)));
            bar.set_prefix(format!("{name}{gap}"));
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        Bar { name, bar, steps: self.steps }
    }
}

impl Bar {
    /// What is done now.
    pub(crate) fn say(&self, what: impl Into<String>) {
        let what = what.into();
        if self.steps {
            eprintln!("{}: {what}", self.name);
        }
        self.note(what);
    }

    /// The same where it is drawn only: it comes often.
    pub(crate) fn note(&self, what: impl Into<String>) {
        let Some(bar) = &self.bar else { return };
        if bar.length().is_some() {
            bar.unset_length();
            if let Ok(style) = ProgressStyle::with_template("{prefix}  {msg}") {
                bar.set_style(style);
            }
        }
        bar.set_message(what.into());
    }

    /// So many bytes are over.
    pub(crate) fn sent(&self, bytes: u64, of: u64) {
        let Some(bar) = &self.bar else { return };
        if bar.length() != Some(of) {
            bar.set_length(of);
            bar.reset_eta();
            let template =
                "{prefix}  {bar:24} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("█░"));
            }
        }
        bar.set_position(bytes);
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
