//! What can go wrong with a printer on purpose: names, rates, and the switch that all who obey share.
//!
//! Faults of requests and reports are obeyed in `simulator`, those of connections by `port`
//! and `wire`, under every face.

use std::{
    collections::VecDeque,
    fmt,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{net::TcpStream, sync::watch};

pub(crate) mod port;
mod trouble;
pub(crate) mod wire;

pub use self::trouble::Circumstances;
pub(crate) use self::trouble::Fate;

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Commands are acknowledged and nothing happens.
    AckAndIgnore,
    /// Commands take effect and are not acknowledged.
    NoAck,
    /// Acknowledgements lack `command`.
    AckWithoutCommand,
    /// Acknowledgements lack `result`.
    AckWithoutResult,
    /// Acknowledgements come seconds later.
    LateAck,
    /// Acknowledgements come twice.
    DoubleAck,
    /// No reports, no answers; the connection stays.
    Silence,
    /// Reports flow, what is published is ignored, until the client connects anew.
    Zombie,
    /// Connections are reset: the rate is the chance in each second.
    DropConnections,
    /// The port is closed at rate 1, else new connections are reset.
    RefuseConnections,
    /// A started job is parsed for minutes, with no answers meanwhile.
    SlowJob,
    /// Developer Mode is off, whatever the rate.
    DeveloperModeOff,
    /// The certificate has another key and another authority behind it, and the same name.
    SwappedCertificate,
    /// The certificate has another key, of the same authority.
    RenewedCertificate,
    /// The right access code is refused.
    WrongCode,
    /// Connections stay open and nothing moves in them, either way.
    Stall,
    /// Four LAN connections are served at a time, whatever the rate. P1 were seen to have few
    /// places; how few, nobody has said. [G]
    FewSessions,
    /// Six connections within ten seconds bring the printer down for twenty: P1 and A1 were seen
    /// to bear such storms badly [L], the figures are ours [G].
    ReconnectStorm,
}

/// Names and one line for people, in the order of the enum.
const FAULTS: [(Fault, &str, &str); 18] = [
    (Fault::AckAndIgnore, "ack-and-ignore", "commands are acknowledged and nothing happens"),
    (Fault::NoAck, "no-ack", "commands take effect and are not acknowledged"),
    (Fault::AckWithoutCommand, "ack-without-command", "acknowledgements lack the command's name"),
    (Fault::AckWithoutResult, "ack-without-result", "acknowledgements lack the result"),
    (Fault::LateAck, "late-ack", "acknowledgements come seconds later"),
    (Fault::DoubleAck, "double-ack", "acknowledgements come twice"),
    (Fault::Silence, "silence", "no reports and no answers; the connection stays"),
    (Fault::Zombie, "zombie", "reports flow, commands are ignored until the client connects anew"),
    (Fault::DropConnections, "drop-connections", "connections are reset; the rate is per second"),
    (Fault::RefuseConnections, "refuse-connections", "new connections are refused"),
    (Fault::SlowJob, "slow-job", "a started job is parsed for minutes, with no answers meanwhile"),
    (Fault::DeveloperModeOff, "developer-mode-off", "Developer Mode is off, whatever the rate"),
    (
        Fault::SwappedCertificate,
        "swapped-certificate",
        "another key and another authority behind the same name",
    ),
    (Fault::RenewedCertificate, "renewed-certificate", "another key, of the same authority"),
    (Fault::WrongCode, "wrong-code", "the right access code is refused"),
    (Fault::Stall, "stall", "connections stay open and nothing moves in them"),
    (Fault::FewSessions, "few-sessions", "four LAN connections at a time, whatever the rate"),
    (Fault::ReconnectStorm, "reconnect-storm", "six connections in 10 s bring it down for 20 s"),
];

/// No fault has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault named `{0}`; the names are {names}", names = names())]
pub struct UnknownFault(String);

impl Fault {
    /// Every fault there is.
    pub fn all() -> impl Iterator<Item = Self> {
        FAULTS.iter().map(|(fault, ..)| *fault)
    }

    /// Its name, as people write it.
    pub fn name(self) -> &'static str {
        FAULTS.get(self as usize).map_or("", |(_, name, _)| name)
    }

    /// What it does, in one line.
    pub fn description(self) -> &'static str {
        FAULTS.get(self as usize).map_or("", |(.., description)| description)
    }
}

fn names() -> String {
    let names: Vec<&str> = Fault::all().map(Fault::name).collect();
    names.join(", ")
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let known = Self::all().find(|fault| fault.name() == text);
        known.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A fault and how often it strikes; written `NAME` or `NAME=RATE`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Which one.
    pub fault: Fault,
    /// How often, 0 to 1.
    pub rate: f64,
}

/// Why a text is no [`Setting`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetting {
    /// The name is none.
    #[error(transparent)]
    Fault(#[from] UnknownFault),
    /// The rate is none.
    #[error("`{0}` is no rate; it has to be 0 to 1")]
    Rate(String),
}

impl FromStr for Setting {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text.split_once('=') {
            None => Ok(Self { fault: text.parse()?, rate: 1.0 }),
            Some((name, rate)) => Ok(Self { fault: name.parse()?, rate: parse_rate(rate)? }),
        }
    }
}

/// Reads a rate, 0 to 1.
///
/// # Errors
/// [`InvalidSetting::Rate`] for anything else.
pub fn parse_rate(text: &str) -> Result<f64, InvalidSetting> {
    let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| InvalidSetting::Rate(text.to_owned()))
}

/// The faults of one printer, to be switched while it runs. A clone is the same switch.
#[derive(Clone)]
pub struct Faults(Arc<Switches>);

struct Switches {
    seed: AtomicU64,
    each: [Switch; FAULTS.len()],
    /// Counts the changes, for those who wait for one.
    changes: watch::Sender<u64>,
    /// Stalled connections that have ended here, which the other side must not notice.
    kept: Mutex<VecDeque<TcpStream>>,
}

/// Most connections that are kept for the other side.
const MAX_KEPT: usize = 64;

#[derive(Default)]
struct Switch {
    /// The rate's bits.
    rate: AtomicU64,
    /// How often it was asked.
    asked: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Faults {
    /// All off. The seed decides which occasions a rate below 1 strikes.
    pub fn new(seed: u64) -> Self {
        let (changes, _) = watch::channel(0);
        let (each, kept) = Default::default();
        Self(Arc::new(Switches { seed: seed.into(), each, changes, kept }))
    }

    /// Decides chance from this seed from now on.
    pub fn reseed(&self, seed: u64) {
        self.0.seed.store(seed, Ordering::Relaxed);
    }

    /// Switches a fault; the rate is how many of its occasions it strikes, 0 (off) to 1 (all).
    pub fn set(&self, fault: Fault, rate: f64) {
        let rate = if rate > 0.0 { rate.min(1.0) } else { 0.0 };
        let Some(switch) = self.switch(fault) else { return };
        switch.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
        if fault == Fault::Stall {
            self.kept().clear();
        }
    }

    /// Switches a fault off.
    pub fn clear(&self, fault: Fault) {
        self.set(fault, 0.0);
    }

    /// Switches all off.
    pub fn clear_all(&self) {
        Fault::all().for_each(|fault| self.clear(fault));
    }

    /// How often it strikes, 0 to 1.
    pub fn rate(&self, fault: Fault) -> f64 {
        self.switch(fault).map_or(0.0, |switch| f64::from_bits(switch.rate.load(Ordering::Relaxed)))
    }

    /// Whether it may strike at all.
    pub fn is_on(&self, fault: Fault) -> bool {
        self.rate(fault) > 0.0
    }

    /// Whether it strikes now: each call is one occasion.
    ///
    /// The same seed gives the same answers in the same order.
    pub fn strikes(&self, fault: Fault) -> bool {
        let rate = self.rate(fault);
        if rate <= 0.0 || rate >= 1.0 {
            return rate >= 1.0;
        }
        let Some(switch) = self.switch(fault) else { return false };
        let asked = switch.asked.fetch_add(1, Ordering::Relaxed);
        let seed = self.0.seed.load(Ordering::Relaxed);
        chance(mix(seed ^ mix(fault as u64 + 1)) ^ asked) < rate
    }

    /// Those that are on.
    pub fn on(&self) -> Vec<Setting> {
        let all = Fault::all().map(|fault| Setting { fault, rate: self.rate(fault) });
        all.filter(|setting| setting.rate > 0.0).collect()
    }

    /// A number that changes whenever a fault is switched.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Keeps an ended connection open until [`Fault::Stall`] is switched; the oldest goes first.
    pub(crate) fn keep(&self, tcp: TcpStream) {
        let mut kept = self.kept();
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back(tcp);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<TcpStream>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switch(&self, fault: Fault) -> Option<&Switch> {
        self.0.each.get(fault as usize)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.on()).finish()
    }
}

/// A number from 0 up to 1 that depends on `at` alone, evenly spread.
fn chance(at: u64) -> f64 {
    (mix(at) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finisher of splitmix64: every bit of the result depends on every bit of `of`.
fn mix(of: u64) -> u64 {
    let z = of.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name_and_has_a_line_of_its_own() {
        for (at, (fault, name, description)) in FAULTS.iter().enumerate() {
            assert_eq!(*fault as usize, at);
            assert_eq!(name.parse(), Ok(*fault));
            assert!(!description.is_empty() && !description.ends_with('.'));
        }
        let error = "zombi".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("`zombi`") && error.contains("zombie, drop-connections"), "{error}");
    }

    #[test]
    fn a_setting_is_a_name_and_perhaps_a_rate() {
        let setting = |text: &str| text.parse::<Setting>().map(|s| (s.fault, s.rate));
        assert_eq!(setting("no-ack"), Ok((Fault::NoAck, 1.0)));
        assert_eq!(setting("no-ack=0.25"), Ok((Fault::NoAck, 0.25)));
        for wrong in ["no-ack=", "no-ack=2", "no-ack=-1", "no-ack=NaN", "", "=1"] {
            assert!(setting(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_clone_is_the_same_switch_and_its_change_is_heard() {
        let faults = Faults::new(1);
        let other = faults.clone();
        let heard = other.changes();
        assert!(!other.strikes(Fault::Stall));
        faults.set(Fault::Stall, 7.0);
        assert!(other.strikes(Fault::Stall) && heard.has_changed().unwrap());
        assert_eq!(other.on(), [Setting { fault: Fault::Stall, rate: 1.0 }]);
        other.clear_all();
        assert!(!faults.is_on(Fault::Stall) && faults.on().is_empty());
    }

    #[test]
    fn a_rate_strikes_that_often_and_the_same_seed_the_same_times() {
        let strikes = |seed| {
            let faults = Faults::new(seed);
            faults.set(Fault::NoAck, 0.25);
            (0..4000).map(|_| faults.strikes(Fault::NoAck)).collect::<Vec<_>>()
        };
        let first = strikes(5);
        assert_eq!(first, strikes(5));
        assert_ne!(first, strikes(6));
        let count = first.iter().filter(|struck| **struck).count();
        assert!((900..1100).contains(&count), "{count}");
    }
}
