//! SSDP: the packets that printers broadcast about every five seconds, the search for them, and
//! their answer.
//!
//! A packet goes to 255.255.255.255 port 2021 although its `Host` line names another group. [L]

use core::{fmt::Write as _, net::Ipv4Addr};

use super::{Announcement, Bind, Mode, one_line};
use crate::Serial;

/// The port that announcements are sent to, and from. [L]
pub const PORT: u16 = 2021;

/// The port that the `Host` line of an announcement names; some tools send there. [D]
pub const OTHER_PORT: u16 = 1990;

/// The broadcast address of the loopback network, where 255.255.255.255 leads out of the machine.
pub const LOOPBACK_BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// The multicast group of a search. [L]
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// Seconds between two announcements of a printer. [L]
pub const INTERVAL_SECONDS: u64 = 5;

/// What kind of device a printer is (`NT`, `ST`). [L]
pub const TARGET: &str = "urn:bambulab-com:device:3dprinter:1";

/// Longest packet that is looked at, in bytes: real ones have some 500.
const LONGEST: usize = 4096;

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A printer tells that it is there (`NOTIFY`, `ssdp:alive`).
    Alive(Announcement),
    /// A printer answers a search (`HTTP/1.1 200 OK`).
    Answer(Announcement),
    /// A printer says goodbye (`NOTIFY`, `ssdp:byebye`). [G]
    Gone(Serial),
    /// Somebody looks for printers (`M-SEARCH`).
    Search {
        /// Within how many seconds an answer is wanted (`MX`), 1 to 5.
        within_seconds: u8,
    },
}

/// Reads a packet; `None` for what no printer and nobody who looks for one sends.
///
/// Line ends may be LF alone, header names have any case, and the first value of a name counts.
pub fn read(packet: &[u8]) -> Option<Packet> {
    if packet.len() > LONGEST {
        return None;
    }
    let text = String::from_utf8_lossy(packet);
    let mut lines = text.lines();
    let start = lines.next()?.trim_start_matches('\u{feff}');
    let headers = Headers(lines.filter_map(|line| line.split_once(':')).collect());
    let mut words = start.split_ascii_whitespace();
    match (words.next()?, words.next()?, words.next()) {
        ("NOTIFY", _, Some(version)) if is_http(version) => notified(&headers),
        ("M-SEARCH", _, Some(version)) if is_http(version) => {
            let wanted = headers.value("ST")?;
            let is_meant = wanted.eq_ignore_ascii_case(TARGET) || wanted == "ssdp:all";
            let within = headers.value("MX").and_then(|seconds| seconds.parse().ok());
            is_meant.then(|| Packet::Search { within_seconds: within.unwrap_or(1).clamp(1, 5) })
        }
        (version, "200", _) if is_http(version) => announced(&headers).map(Packet::Answer),
        _ => None,
    }
}

/// The broadcast of a printer that is there.
pub fn notify(about: &Announcement) -> String {
    let kind = format!("NT: {TARGET}\r\nNTS: ssdp:alive\r\n");
    write(&format!("NOTIFY * HTTP/1.1\r\nHost: {GROUP}:{OTHER_PORT}\r\n"), &kind, about)
}

/// The answer of a printer to a search.
pub fn answer(about: &Announcement) -> String {
    write("HTTP/1.1 200 OK\r\n", &format!("ST: {TARGET}\r\n"), about)
}

/// The broadcast of a printer that leaves. [G]
pub fn goodbye(serial: &Serial) -> String {
    format!(
        "NOTIFY * HTTP/1.1\r\nHost: {GROUP}:{OTHER_PORT}\r\nNT: {TARGET}\r\nNTS: ssdp:byebye\r\n\
         USN: {serial}\r\n\r\n"
    )
}

/// A search: all printers that hear it answer within so many seconds.
pub fn search(within_seconds: u8) -> String {
    format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\nMAN: \"ssdp:discover\"\r\n\
         MX: {within_seconds}\r\nST: {TARGET}\r\n\r\n"
    )
}

fn write(start: &str, kind: &str, about: &Announcement) -> String {
    let mut text = format!("{start}Server: UPnP/1.0\r\n");
    if let Some(address) = about.address {
        let _ = write!(text, "Location: {address}\r\n");
    }
    text += kind;
    let mut line = |name: &str, value: Option<&str>| {
        // A name with a line end would make headers of its own.
        let value = value.and_then(one_line).unwrap_or_default();
        let _ = write!(text, "{name}: {value}\r\n");
    };
    line("USN", Some(about.serial.as_str()));
    line("Cache-Control", Some("max-age=1800"));
    line("DevModel.bambu.com", about.model_code.as_deref());
    line("DevName.bambu.com", about.name.as_deref());
    if let Some(dbm) = about.signal_dbm {
        line("DevSignal.bambu.com", Some(&dbm.to_string()));
    }
    line("DevConnect.bambu.com", about.connect.map(Mode::as_str));
    line("DevBind.bambu.com", about.bind.map(Bind::as_str));
    line("Devseclink.bambu.com", about.is_secure.filter(|secure| *secure).map(|_| "secure"));
    line("DevInf.bambu.com", about.interface.as_deref());
    line("DevVersion.bambu.com", about.firmware.as_deref());
    line("DevCap.bambu.com", Some("1"));
    text + "\r\n"
}

struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        let is_meant = |given: &str| given.trim().eq_ignore_ascii_case(name);
        let (_, value) = self.0.iter().find(|(given, _)| is_meant(given))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(one_line)
    }
}

fn is_http(word: &str) -> bool {
    word.starts_with("HTTP/1.")
}

fn notified(headers: &Headers<'_>) -> Option<Packet> {
    if headers.value("NTS").is_some_and(|kind| kind.eq_ignore_ascii_case("ssdp:byebye")) {
        let is_printer = headers.value("NT")?.eq_ignore_ascii_case(TARGET);
        let serial = Serial::new(headers.value("USN")?).ok()?;
        return is_printer.then_some(Packet::Gone(serial));
    }
    announced(headers).map(Packet::Alive)
}

/// Other devices speak SSDP, too: without serial number and model it is no printer.
fn announced(headers: &Headers<'_>) -> Option<Announcement> {
    let link = headers.value("Devseclink.bambu.com");
    Some(Announcement {
        serial: Serial::new(headers.value("USN")?).ok()?,
        model_code: Some(headers.text("DevModel.bambu.com")?),
        name: headers.text("DevName.bambu.com"),
        address: headers.value("Location").and_then(|address| address.parse().ok()),
        firmware: headers.text("DevVersion.bambu.com"),
        connect: headers.value("DevConnect.bambu.com").and_then(Mode::from_wire),
        bind: headers.value("DevBind.bambu.com").and_then(Bind::from_wire),
        is_secure: link.map(|link| link.eq_ignore_ascii_case("secure")),
        signal_dbm: headers.value("DevSignal.bambu.com").and_then(|dbm| dbm.parse().ok()),
        interface: headers.text("DevInf.bambu.com"),
    })
}

#[cfg(test)]
mod tests;
