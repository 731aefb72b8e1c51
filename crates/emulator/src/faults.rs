//! What can go wrong on purpose, with a printer or with the cloud: the names and rates that people
//! write.
//!
//! `faults/switch.rs` is what all who obey share. Faults of requests and reports are obeyed in
//! `simulator`, those of connections by `port` and `wire`, the cloud's by `cloud/http/weather.rs`.

use std::{fmt, str::FromStr};

pub(crate) mod port;
mod switch;
mod trouble;
pub(crate) mod wire;

pub use self::switch::Faults;
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
    /// The camera is switched off, whatever the rate: `ipcam_dev` is 0 and no picture comes.
    CameraOff,
    /// LAN Mode Liveview is off, whatever the rate: `rtsp_url` is `disable`, the video's port closed.
    LiveviewOff,
    /// Pictures end; the connection stays.
    CameraFreeze,
    /// Half of a picture, then the connection is reset: the rate is the chance of each picture.
    CameraCut,
    /// Bytes that are no picture instead of one: the rate is the chance of each picture.
    CameraRubbish,
    /// Pictures come byte by byte, two kilobytes in a tenth of a second.
    CameraDrip,
    /// Video ends after ten seconds without a word from the viewer, as one X1C was told to do; others
    /// wait for 65. [G]
    ImpatientVideo,
    /// No card or stick is in the printer, whatever the rate.
    NoStorage,
    /// The printer's storage has no room, whatever the rate.
    StorageFull,
    /// The printer resets the connections of a file on its way.
    CutFile,
    /// A whole upload is answered as if it had broken: 426. A P2S does it [L].
    False426,
    /// The answer to a whole upload comes seconds later. An H2D is slow [L].
    Late226,
    /// Files and lists come in the clear after `PROT P`, as from some A1 [L]: whoever waits for TLS
    /// there waits for ever.
    PlainData,
    /// The cloud answers with a challenge page for browsers: HTML 403 with `cf-mitigated`.
    Challenge,
    /// The cloud answers 401 in words that do not mean that the token is dead.
    Stray401,
    /// The cloud takes no token for alive: 401 with code 4.
    DeadToken,
    /// The cloud answers 429 with `Retry-After`.
    RateLimited,
    /// The cloud answers 502 with the HTML of its gateway.
    ServerError,
    /// The cloud's answers come seconds later.
    SlowAnswer,
    /// The object store resets the connection in the middle of a file.
    CutUpload,
    /// `POST my/task` wants the headers of the vendor's own programs, whatever the rate.
    VendorGate,
    /// Accounts have no cloud storage: there are no URLs to upload to.
    NoCloudStorage,
    /// What was uploaded is processed for ever, whatever the rate.
    UploadStuck,
    /// What was uploaded cannot be processed.
    UploadFailed,
}

/// Names and one line for people, in the order of the enum.
const FAULTS: [(Fault, &str, &str); 42] = [
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
    (Fault::CameraOff, "camera-off", "the camera is switched off, whatever the rate"),
    (Fault::LiveviewOff, "liveview-off", "LAN Mode Liveview is off, whatever the rate"),
    (Fault::CameraFreeze, "camera-freeze", "pictures end, the connection stays"),
    (Fault::CameraCut, "camera-cut", "half of a picture, then a reset; the rate is per picture"),
    (Fault::CameraRubbish, "camera-rubbish", "rubbish instead of a picture; per picture"),
    (Fault::CameraDrip, "camera-drip", "pictures come drop by drop"),
    (Fault::ImpatientVideo, "impatient-video", "video ends after 10 s without a receiver report"),
    (Fault::NoStorage, "no-storage", "no card or stick is in the printer, whatever the rate"),
    (Fault::StorageFull, "storage-full", "the printer's storage has no room, whatever the rate"),
    (Fault::CutFile, "cut-file", "the printer resets the connections of a file on its way"),
    (Fault::False426, "false-426", "a whole upload to the printer is answered 426"),
    (Fault::Late226, "late-226", "the answer to a whole upload comes seconds later"),
    (Fault::PlainData, "plain-data", "files come in the clear after PROT P, as from some A1"),
    (Fault::Challenge, "challenge", "cloud: a challenge page for browsers instead of the answer"),
    (Fault::Stray401, "stray-401", "cloud: a 401 that does not mean that the token is dead"),
    (Fault::DeadToken, "dead-token", "cloud: no token is taken for alive (401, code 4)"),
    (Fault::RateLimited, "rate-limited", "cloud: 429 with Retry-After"),
    (Fault::ServerError, "server-error", "cloud: 502 with the HTML of a gateway"),
    (Fault::SlowAnswer, "slow-answer", "cloud: answers come seconds later"),
    (Fault::CutUpload, "cut-upload", "cloud: the store resets the connection in mid-file"),
    (Fault::VendorGate, "vendor-gate", "cloud: starting a print is for the vendor's programs"),
    (Fault::NoCloudStorage, "no-cloud-storage", "cloud: there are no URLs to upload to"),
    (Fault::UploadStuck, "upload-stuck", "cloud: what was uploaded is processed for ever"),
    (Fault::UploadFailed, "upload-failed", "cloud: what was uploaded cannot be processed"),
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

    /// Whether it is the cloud that fails, and not a printer.
    pub fn is_of_cloud(self) -> bool {
        self as usize >= Self::Challenge as usize
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name_and_has_a_line_of_its_own() {
        for (at, (fault, name, description)) in FAULTS.iter().enumerate() {
            assert_eq!(*fault as usize, at);
            assert_eq!(name.parse(), Ok(*fault));
            assert!(!description.is_empty() && !description.ends_with('.'));
            assert_eq!(fault.is_of_cloud(), description.starts_with("cloud: "), "{name}");
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
}
