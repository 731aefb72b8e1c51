//! Follows many printers at once and shows what happens: `monitor` and `demo` stand on it.
//!
//! How it is shown: `watch/dashboard.rs` has a whole terminal and takes keys, `watch/lines.rs`
//! writes lines for people, `watch/json.rs` writes status documents.

mod dashboard;
mod json;
mod lines;
mod until;

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use bambu_protocol::Serial;
use bambu_server::Fleet;
use bambulab::{Connection, Reason, Snapshot};
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Failure, Kind},
    output,
};

use dashboard::{Dashboard, Input};

pub(crate) use dashboard::Screen;
pub(crate) use until::Until;

/// When to stop without being asked to.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Limits {
    /// Stop after this many updates, of all printers together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// Reads seconds, such as `15` or `0.5`.
pub(crate) fn seconds(text: &str) -> Result<Duration, InvalidSeconds> {
    let seconds: f64 = text.trim().parse().map_err(|_| InvalidSeconds)?;
    let known = Duration::try_from_secs_f64(seconds).map_err(|_| InvalidSeconds)?;
    if known.is_zero() || known > Duration::from_secs(10 * 365 * 86_400) {
        return Err(InvalidSeconds);
    }
    Ok(known)
}

/// A text that is no number of seconds.
#[derive(Debug, thiserror::Error)]
#[error("write seconds as a number above 0, such as 15 or 0.5")]
pub(crate) struct InvalidSeconds;

/// How it is shown.
pub(crate) enum Show {
    /// Status documents, one per line.
    Json,
    /// Lines for people, one per update.
    Lines,
    /// A dashboard that has the whole terminal.
    Screen(Screen),
}

/// What takes updates and makes text of them.
trait View {
    /// Takes an update; whether it counts as one that was shown.
    fn update(&mut self, serial: &Serial, snapshot: &Arc<Snapshot>) -> io::Result<bool>;
    /// Writes what is held back.
    fn flush(&mut self) -> io::Result<()>;
    /// Runs a few times per second.
    fn tick(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Takes what came from elsewhere than the printers; whether to go on.
    fn input(&mut self, _input: Input) -> io::Result<bool> {
        Ok(true)
    }
    /// Runs last.
    fn end(&mut self) -> io::Result<()> {
        self.flush()
    }
}

/// Follows the fleet until a limit is reached, `stop` is cancelled, or no printer can ever answer.
///
/// # Errors
/// Why no printer can answer, or that the limits were not met.
pub(crate) async fn follow(
    fleet: &Fleet,
    show: Show,
    limits: Limits,
    until: Until,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let colour = output::colour();
    let lines = || Box::new(lines::Lines::new(output::stdout(), colour, fleet));
    let mut inputs = None;
    let mut view: Box<dyn View> = match show {
        Show::Json => Box::new(json::Documents::new(output::stdout())),
        Show::Lines => lines(),
        Show::Screen(screen) => match Dashboard::open(&screen, fleet) {
            Ok((dashboard, receiver)) => {
                inputs = Some(receiver);
                Box::new(dashboard)
            }
            // A terminal that cannot be taken can be written to.
            Err(error) => {
                tracing::debug!(%error, "no dashboard on this terminal");
                lines()
            }
        },
    };
    let following = Following { fleet, inputs, limits, until };
    let result = watch(following, view.as_mut(), stop).await;
    view.end()?;
    result
}

/// What is followed, and for how long.
struct Following<'a> {
    fleet: &'a Fleet,
    inputs: Option<mpsc::Receiver<Input>>,
    limits: Limits,
    until: Until,
}

async fn watch(
    following: Following<'_>,
    view: &mut dyn View,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let Following { fleet, mut inputs, limits, until } = following;
    let mut updates = fleet.updates();
    let mut hope = Hope::new(fleet.len());
    let mut shown = 0_u64;
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = until.passed() => return hope.timed_out(shown, limits),
            _ = tick.tick() => {
                view.tick()?;
                continue;
            }
            Some(input) = next(&mut inputs) => {
                if !view.input(input)? {
                    return Ok(());
                }
                continue;
            }
            update = updates.next() => update,
        };
        // Everything that is there already goes out in one write.
        let mut next = first;
        let mut batch = 0;
        while let Some((serial, snapshot)) = next.take() {
            let counts = view.update(&serial, &snapshot)?;
            if let Some(reason) = hope.lost(&serial, &snapshot) {
                return Err(failure(&reason));
            }
            // A printer that can never answer is shown, but that is no update.
            shown += u64::from(counts && !hope.hopeless.contains_key(&serial));
            if limits.count.is_some_and(|count| shown >= count) {
                return Ok(());
            }
            batch += 1;
            if batch < 4096 {
                next = updates.next().now_or_never().flatten();
            }
        }
        if batch == 0 {
            // Every link has ended.
            return Err(Failure::say(Kind::Unreachable, "every connection is closed"));
        }
        view.flush()?;
    }
}

/// The next input; never, where none can come.
async fn next(inputs: &mut Option<mpsc::Receiver<Input>>) -> Option<Input> {
    match inputs {
        Some(inputs) => inputs.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether any printer can still answer.
struct Hope {
    printers: usize,
    answered: HashMap<Serial, bool>,
    hopeless: HashMap<Serial, Reason>,
    /// Why the last one that is away is away.
    last: Option<Reason>,
}

impl Hope {
    fn new(printers: usize) -> Self {
        Self { printers, answered: HashMap::new(), hopeless: HashMap::new(), last: None }
    }

    /// The reason to end, once no printer can answer any more.
    fn lost(&mut self, serial: &Serial, snapshot: &Snapshot) -> Option<Reason> {
        let answered = self.answered.entry(serial.clone()).or_default();
        *answered |= snapshot.complete;
        if let Some(reason) = snapshot.connection.reason() {
            self.last = Some(reason.clone());
        }
        match &snapshot.connection {
            Connection::Offline(reason) if is_hopeless(reason, *answered) => {
                self.hopeless.insert(serial.clone(), reason.clone());
            }
            _ => {
                self.hopeless.remove(serial);
            }
        }
        (self.hopeless.len() == self.printers).then(|| self.hopeless.get(serial).cloned()).flatten()
    }

    fn timed_out(&self, shown: u64, limits: Limits) -> Result<(), Failure> {
        let seconds = limits.timeout.unwrap_or_default().as_secs_f64();
        match limits.count {
            None if shown > 0 => Ok(()),
            Some(count) if shown > 0 => Err(Failure::say(
                Kind::Failed,
                format!("{shown} of {count} updates came within {seconds} s"),
            )
            .next("wait longer with --timeout, or ask for fewer with --count")),
            _ => Err(late(format!("no printer answered within {seconds} s"), self.last.as_ref())),
        }
    }
}

/// Whether waiting makes no sense. A printer that is only switched off may come; one that
/// answered before and lost its network may come back.
fn is_hopeless(reason: &Reason, answered: bool) -> bool {
    match reason {
        Reason::PrinterOffline => false,
        reason if reason.is_wrong_credentials() => true,
        reason => reason.is_fatal() && !answered,
    }
}

/// The failure of a command that waited in vain, with what was heard last.
pub(crate) fn late(about: String, reason: Option<&Reason>) -> Failure {
    match reason {
        Some(reason) if reason.is_fatal() => {
            Failure::advised(Kind::Unreachable, reason).about(about)
        }
        Some(reason) => Failure::advised(Kind::Unreachable, reason)
            .about(about)
            .next("try again later, or wait longer with --timeout"),
        None => Failure::say(Kind::Unreachable, about)
            .next("check that it is switched on and on the network, or wait longer with --timeout"),
    }
}

/// The failure of a command that cannot have its printer.
pub(crate) fn failure(reason: &Reason) -> Failure {
    let kind = match reason {
        reason if reason.is_wrong_credentials() => Kind::NotAuthenticated,
        Reason::NotAllowed => Kind::Refused,
        _ => Kind::Unreachable,
    };
    Failure::advised(kind, reason)
}

/// The time of day on this machine.
fn clock() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
}

/// Writes a line and its end.
fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}
