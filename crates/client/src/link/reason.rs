//! Why a printer is not connected, and what to do about it.

use bambu_protocol::mqtt::ConnectCode;

use crate::endpoint::BrokerAddress;

/// Why a printer is offline. The text tells the cause and the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The printer refused the access code: read it again from the printer's screen.
    #[error(
        "the printer at {0} refused the access code; compare it with the printer's screen \
         (Settings > Network), and with BAMBU_ACCESS_CODE"
    )]
    WrongAccessCode(BrokerAddress),
    /// The cloud's broker refused the token: a new one is needed.
    #[error(
        "the broker at {0} refused the token; log in again, or check BAMBU_TOKEN, BAMBU_UID and \
         BAMBU_REGION"
    )]
    WrongToken(BrokerAddress),
    /// Nothing answers there: check address, network and power.
    #[error("{address} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        address: BrokerAddress,
        /// What happened.
        why: Unreachable,
    },
    /// Who answers cannot prove to be the one that is wanted: check the CA file and the serial.
    #[error("the certificate of {address}{} is not trusted: {why}", presented(.fingerprint.as_deref()))]
    UntrustedCertificate {
        /// Where.
        address: BrokerAddress,
        /// What is wrong with it, and the next step.
        why: String,
        /// SHA-256 of the certificate that was presented, in hex, where it is known.
        fingerprint: Option<String>,
    },
    /// What answers there speaks no TLS or no MQTT: check the port.
    #[error("what answers at {address} is no broker over TLS ({why}); check host and port")]
    NotABroker {
        /// Where.
        address: BrokerAddress,
        /// What it did.
        why: String,
    },
    /// The broker takes nobody now: the link tries again by itself.
    #[error("the broker at {address} takes no connection now ({code:?}); trying again")]
    Busy {
        /// Where.
        address: BrokerAddress,
        /// Its word.
        code: ConnectCode,
    },
    /// The broker does not show this printer to this user: check serial number and account.
    #[error("this account may not watch this printer; check its serial number and who owns it")]
    NotAllowed,
    /// The printer is switched off, asleep or without network.
    #[error("the printer does not answer; check that it is switched on and on the network")]
    PrinterOffline,
    /// The connection broke: the link connects again by itself.
    #[error("the connection was lost ({0}); connecting again")]
    Lost(String),
    /// The link was closed on this side.
    #[error("the connection was closed")]
    Closed,
}

/// The fingerprint as part of a sentence.
fn presented(fingerprint: Option<&str>) -> String {
    fingerprint.map_or_else(String::new, |print| format!(" (SHA-256 {print})"))
}

/// How a host cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address: check its spelling.
    #[error("the name is not known; check its spelling and the network")]
    UnknownName,
    /// The host is there, the port is closed: for a printer, switch on LAN access.
    #[error("the connection was refused; check the port, and on a printer that LAN access is on")]
    Refused,
    /// It takes the connection and does not say a word, as one that has too much to do or hangs:
    /// the link tries again by itself.
    #[error("it takes the connection but says nothing; wait, or switch it off and on")]
    Silent,
    /// No answer: check the address and that the machine is on.
    #[error("no answer in time; check the address and that the machine is switched on")]
    TimedOut,
    /// No way there: check this machine's network.
    #[error("there is no route to it; check this machine's network")]
    NoRoute,
}

impl Reason {
    /// Whether waiting alone will hardly help, so that a one-shot command ends at once.
    pub fn is_fatal(&self) -> bool {
        let is_busy = matches!(self, Self::Unreachable { why: Unreachable::Silent, .. });
        !is_busy && !matches!(self, Self::Busy { .. } | Self::Lost(_))
    }

    /// Whether the user name or password was refused.
    pub fn is_wrong_credentials(&self) -> bool {
        matches!(self, Self::WrongAccessCode(_) | Self::WrongToken(_))
    }

    /// One word for logs and JSON, such as `unreachable`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::WrongAccessCode(_) | Self::WrongToken(_) => "wrong_credentials",
            Self::Unreachable { .. } => "unreachable",
            Self::UntrustedCertificate { .. } => "untrusted_certificate",
            Self::NotABroker { .. } => "not_a_broker",
            Self::Busy { .. } => "busy",
            Self::NotAllowed => "not_allowed",
            Self::PrinterOffline => "printer_offline",
            Self::Lost(_) => "lost",
            Self::Closed => "closed",
        }
    }
}
