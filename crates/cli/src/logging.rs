//! Log lines on standard error: warnings, unless `-v` or `BAMBU_LOG` asks for more; for people, or
//! one JSON object each.
//!
//! While a table is redrawn on the same terminal, lines wait for `watch/screen.rs` to put them
//! above it.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use clap::ValueEnum;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::{
    exit::{Failure, Kind},
    output::waiting,
};

/// What waits; `None` while nothing is drawn.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);
/// What may wait, in bytes; the table is drawn every second at least.
const MOST: usize = 256 * 1024;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line: timestamp, level, target, message and what belongs to it
    Json,
}

/// Starts logging. `BAMBU_LOG` takes filters such as `debug` or `bambulab=trace` and wins over
/// `-v`; `BAMBU_LOG_FORMAT` counts where the call names no format.
///
/// # Errors
/// A format that does not exist.
pub(crate) fn start(verbose: u8, format: Option<LogFormat>) -> Result<(), Failure> {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "info,bambu=debug,bambulab=debug,bambu_emulator=debug,bambu_server=debug",
    };
    let filter = variable("BAMBU_LOG");
    let format = match (format, variable("BAMBU_LOG_FORMAT")) {
        (None, Some(text)) => LogFormat::from_str(&text, true).map_err(|_| {
            Failure::say(Kind::Usage, format!("BAMBU_LOG_FORMAT: {text:?} is no format of logs"))
                .next("write text or json")
        })?,
        (format, _) => format.unwrap_or(LogFormat::Text),
    };
    let plain = verbose == 0 && filter.is_none();
    let filter = EnvFilter::builder().parse_lossy(filter.as_deref().unwrap_or(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_ansi(!plain && io::stderr().is_terminal() && crate::output::colour_wanted());
    let _already_started = match format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text if plain => lines.event_format(Plain).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    Ok(())
}

/// An environment variable; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Who asked for no log reads warnings among what is said: `warning: …`.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let word =
            if *event.metadata().level() == tracing::Level::ERROR { "error" } else { "warning" };
        write!(out, "{word}: ")?;
        context.format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}

/// Keeps log lines back until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold(());

/// Keeps log lines back where they would stand on the same terminal as a table.
pub(crate) fn hold() -> Option<Hold> {
    io::stderr().is_terminal().then(|| {
        *lock() = Some(Vec::new());
        Hold(())
    })
}

impl Drop for Hold {
    fn drop(&mut self) {
        let rest = lock().take().unwrap_or_default();
        let _no_reader = io::stderr().write_all(&rest);
    }
}

/// Takes the lines that wait.
pub(crate) fn held() -> String {
    let lines = lock().as_mut().map(std::mem::take).unwrap_or_default();
    String::from_utf8_lossy(&lines).into_owned()
}

fn lock() -> MutexGuard<'static, Option<Vec<u8>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a log line goes; each comes as one write.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match lock().as_mut() {
            Some(held) if held.len() + line.len() > MOST => {}
            Some(held) => held.extend_from_slice(line),
            None => {
                waiting::clear();
                io::stderr().write_all(line)?;
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
