//! How far an upload or a print is: steps as lines, bytes as a bar that goes away when it is full.
//!
//! All of it stands on standard error, the bar only where a person looks at that.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bambulab::cloud::{OnProgress, Progress};
use indicatif::{ProgressBar, ProgressStyle};

/// What is shown of something that goes on.
#[derive(Clone)]
pub(crate) struct Shown {
    bar: Arc<Mutex<Option<ProgressBar>>>,
    on_terminal: bool,
    steps: bool,
}

impl Shown {
    /// Steps are shown only where they are `wanted`.
    pub(crate) fn new(steps: bool) -> Self {
        let on_terminal = std::io::stderr().is_terminal() && !super::dumb();
        Self { bar: Arc::default(), on_terminal, steps }
    }

    /// Who is to be told.
    pub(crate) fn listener(&self) -> OnProgress {
        let shown = self.clone();
        OnProgress::new(move |progress| shown.tell(&progress))
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    fn tell(&self, progress: &Progress) {
        match progress {
            Progress::Step(step) => {
                self.clear();
                if self.steps {
                    eprintln!("{step} …");
                }
            }
            Progress::Sent { bytes, of } if self.on_terminal => {
                let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
                let bar = bar.get_or_insert_with(|| new_bar(*of));
                bar.set_length(*of);
                bar.set_position(*bytes);
            }
            _ => {}
        }
    }
}

fn new_bar(of: u64) -> ProgressBar {
    let bar = ProgressBar::new(of);
    let template = "{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█░"));
    }
    // The last bytes may take long to be answered.
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
