//! How printers are found: `ssdp.rs` is what they broadcast, `detect.rs` what they tell who asks.
//!
//! Both say the same about a printer, an [`Announcement`]. Nothing in it is proved: whoever is on
//! the network can send one. Who a printer is, its certificate tells when it is connected.

pub mod detect;
pub mod ssdp;

use core::net::IpAddr;

use serde::Serialize;

use crate::{Model, Serial};

/// What a printer says about itself before anybody logs in. Texts are short and without control
/// characters, whatever was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Serial number (`USN`, `id`).
    pub serial: Serial,
    /// Model code (`DevModel`, `model`), such as `C12`.
    pub model_code: Option<String>,
    /// The name its owner gave it (`DevName`, `name`).
    pub name: Option<String>,
    /// Its address (`Location`); the detect answer has none, nor has an odd packet.
    pub address: Option<IpAddr>,
    /// Firmware; on old firmware the version of the announcement's schema
    /// (`DevVersion`, `version`). [L]
    pub firmware: Option<String>,
    /// How it may be used, not whether it can be reached (`DevConnect`, `connect`).
    pub connect: Option<Mode>,
    /// Whether an account owns it (`DevBind`, `bind`).
    pub bind: Option<Bind>,
    /// Whether it speaks TLS (`Devseclink` is `secure`).
    pub is_secure: Option<bool>,
    /// Strength of its WLAN in dBm (`DevSignal`); absent on new models. [L]
    pub signal_dbm: Option<i16>,
    /// `wlan0` or `eth0` (`DevInf`).
    pub interface: Option<String>,
}

/// How a printer may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// LAN mode is on: no cloud.
    Lan,
    /// It is connected to the cloud.
    Cloud,
    /// It belongs to a print farm.
    Farm,
}

/// Whether an account owns a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// Nobody does.
    Free,
    /// One does.
    Occupied,
}

impl Announcement {
    /// An announcement that says nothing but the serial number.
    pub fn new(serial: Serial) -> Self {
        Self {
            serial,
            model_code: None,
            name: None,
            address: None,
            firmware: None,
            connect: None,
            bind: None,
            is_secure: None,
            signal_dbm: None,
            interface: None,
        }
    }

    /// The model by its code, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        let by_code = self.model_code.as_deref().and_then(Model::from_name);
        by_code.or_else(|| Model::from_serial(&self.serial))
    }
}

impl Mode {
    /// As it is written on the wire: `lan`, `cloud` or `farm`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Cloud => "cloud",
            Self::Farm => "farm",
        }
    }

    /// The mode of this name; `None` for any other text.
    pub fn from_wire(text: &str) -> Option<Self> {
        [Self::Lan, Self::Cloud, Self::Farm].into_iter().find(|mode| is(text, mode.as_str()))
    }
}

impl Bind {
    /// As it is written on the wire: `free` or `occupied`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Occupied => "occupied",
        }
    }

    /// The state of this name; `None` for any other text.
    pub fn from_wire(text: &str) -> Option<Self> {
        [Self::Free, Self::Occupied].into_iter().find(|bind| is(text, bind.as_str()))
    }
}

fn is(text: &str, word: &str) -> bool {
    text.trim().eq_ignore_ascii_case(word)
}

/// A text from the network as one short line: at most 80 characters, none of which steers a
/// terminal or turns the direction of writing; `None` when nothing is left.
fn one_line(text: &str) -> Option<String> {
    let steers = |c: &char| {
        c.is_control()
            || matches!(*c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text: String = text.chars().filter(|c| !steers(c)).take(80).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
