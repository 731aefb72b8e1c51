//! Why there is no picture, and what to do about it.

use std::time::Duration;

use crate::{endpoint::BrokerAddress, link::Unreachable};

/// Why a camera shows nothing. The text tells the cause and the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// Nothing answers there: check address, network and power.
    #[error("the camera at {address} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        address: BrokerAddress,
        /// What happened.
        why: Unreachable,
    },
    /// Who answers cannot prove to be the printer: check serial number and CA file.
    #[error("the certificate of the camera at {address} is not trusted: {why}")]
    Untrusted {
        /// Where.
        address: BrokerAddress,
        /// What is wrong with it, and the next step.
        why: String,
    },
    /// The printer hung up on the access code: read it again from its screen.
    #[error(
        "the camera refused the access code; compare it with the printer's screen (Settings > \
         Network), and with BAMBU_ACCESS_CODE"
    )]
    WrongAccessCode,
    /// It took the connection and shows nothing: another viewer has it.
    #[error(
        "the camera takes the connection but shows nothing: it has one viewer at a time; close the \
         others (slicer, phone, dashboard) and wait, up to 20 minutes after one that was cut off"
    )]
    InUse,
    /// The printer reports no camera (`ipcam.ipcam_dev` is 0).
    #[error("the printer reports no camera; switch it on, or check its cable")]
    CameraOff,
    /// The live view is switched off at the printer (`ipcam.rtsp_url` is `disable`, or nobody
    /// listens on port 322).
    #[error(
        "the printer offers no live view on the local network; switch on \"LAN Mode Liveview\" on \
         its screen (Settings > LAN Only)"
    )]
    LiveviewOff,
    /// The camera answers and does not play (404, 403, 5xx): look at the printer itself.
    #[error(
        "the camera does not play ({0}); switch its live view off and on on the printer's screen, or \
         restart the printer"
    )]
    Refused(String),
    /// Still pictures from H.264 are not built in: the feature `snapshot` makes them.
    #[error(
        "this build makes no still pictures from H.264; build it with the feature \"snapshot\", or \
         save the stream as it is"
    )]
    NoSnapshot,
    /// A picture of H.264 cannot be decoded: another program may be able to.
    #[error("the picture cannot be decoded ({0}); save the stream as it is, for another program")]
    Undecodable(String),
    /// What answers is another kind of service: check the model.
    #[error(
        "what answers there is not this kind of camera ({0}); check the printer's model, A1 and P1 \
         have JPEG on port 6000, all others H.264 on port 322"
    )]
    NotThisKind(String),
    /// Neither report nor model tells which kind of camera it is: name the model.
    #[error("it is not known which kind of camera the printer has; give its model")]
    UnknownKind,
    /// Who answers at an address does not tell its serial number, which its certificate is checked
    /// against: give the serial number.
    #[error("the printer does not say who it is ({0}); give its serial number, too")]
    NoIdentity(String),
    /// The connection broke: the camera is dialled again by itself.
    #[error("the camera was lost ({0}); connecting again")]
    Lost(String),
    /// What came is no picture: the camera is dialled again by itself.
    #[error("what the camera sent is no picture ({0}); connecting again")]
    Malformed(String),
    /// No picture in the time that was given: try again, or wait longer.
    #[error("the camera sent no picture within {} s; try again", within.as_secs())]
    NoPicture {
        /// How long was waited.
        within: Duration,
    },
    /// The camera was closed on this side.
    #[error("the camera was closed")]
    Closed,
}

impl CameraError {
    /// Whether waiting alone will hardly help, so that a one-shot command ends at once.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::InUse | Self::Lost(_) | Self::Malformed(_) | Self::NoPicture { .. } => false,
            Self::Unreachable { why, .. } => *why != Unreachable::Silent,
            _ => true,
        }
    }

    /// Whether it is not dialled again by itself: the printer would only refuse once more.
    pub(super) fn ends_it(&self) -> bool {
        let is_refusal = matches!(self, Self::WrongAccessCode | Self::Untrusted { .. });
        is_refusal || matches!(self, Self::NotThisKind(_) | Self::Closed)
    }

    /// One word for logs and JSON, such as `in_use`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Untrusted { .. } => "untrusted_certificate",
            Self::WrongAccessCode => "wrong_credentials",
            Self::InUse => "in_use",
            Self::CameraOff => "camera_off",
            Self::LiveviewOff => "liveview_off",
            Self::Refused(_) => "refused",
            Self::NoSnapshot => "no_snapshot",
            Self::Undecodable(_) => "undecodable",
            Self::NotThisKind(_) => "not_this_kind",
            Self::UnknownKind => "unknown_kind",
            Self::NoIdentity(_) => "no_identity",
            Self::Lost(_) => "lost",
            Self::Malformed(_) => "malformed",
            Self::NoPicture { .. } => "no_picture",
            Self::Closed => "closed",
        }
    }
}
