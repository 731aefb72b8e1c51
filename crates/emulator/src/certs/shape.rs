//! How the certificates of printers differ from model to model.

use std::{fmt, str::FromStr};

use bambu_protocol::Model;
use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

/// What a printer's certificate is like and what is sent with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// X.509 version 3, certified by the authority, which is sent after it.
    Version3,
    /// X.509 version 1: no extensions. So is that of some A1 and A1 mini [L].
    Version1,
    /// Certified by a Device CA under the authority; the certificate is sent alone. So does a
    /// P2S [L].
    Lonely,
    /// The same with the Device CA sent after it.
    Chained,
}

const NAMES: [(Shape, &str); 4] = [
    (Shape::Version3, "version3"),
    (Shape::Version1, "version1"),
    (Shape::Lonely, "lonely"),
    (Shape::Chained, "chained"),
];

impl Shape {
    /// What printers of a model were seen to send; version 3 where nobody has looked.
    pub fn of(model: Model) -> Self {
        match model {
            Model::A1 | Model::A1Mini => Self::Version1,
            Model::P2S | Model::H2C | Model::X2D => Self::Lonely,
            _ => Self::Version3,
        }
    }

    /// Its name, as people write it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(shape, _)| *shape == self).map_or("", |(_, name)| name)
    }

    /// Every shape.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(shape, _)| *shape)
    }

    /// Whether a Device CA stands between the certificate and the authority.
    pub(super) fn has_device_ca(self) -> bool {
        matches!(self, Self::Lonely | Self::Chained)
    }
}

/// No shape has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of certificate; it has to be one of {names}", names = NAMES.map(|(_, name)| name).join(", "))]
pub struct UnknownShape(String);

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(text: &str) -> Result<Self, UnknownShape> {
        let known = NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(shape, _)| *shape).ok_or_else(|| UnknownShape(text.to_owned()))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The TLS versions that a model offers: 1.2 alone, and 1.3 too on a P2S [L].
pub(super) fn versions(model: Model) -> &'static [&'static SupportedProtocolVersion] {
    const OLD: &[&SupportedProtocolVersion] = &[&TLS12];
    const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    if model == Model::P2S { BOTH } else { OLD }
}
