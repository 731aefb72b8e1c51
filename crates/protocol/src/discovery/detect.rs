//! Detect: what a printer tells who asks at its port 3000 (plain) or 3002 (TLS), without a login.
//!
//! A frame is `A5 A5`, the length of the whole frame as two little-endian bytes, a JSON object,
//! `A7 A7`. One question, one answer; an unknown command gets silence. [L]

use bytes::{Buf as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::{Announcement, Bind, Mode, one_line};
use crate::Serial;

/// Where it is asked in the clear. [L]
pub const PORT: u16 = 3000;

/// Where it is asked over TLS; some models listen here. [L]
pub const TLS_PORT: u16 = 3002;

/// Code of a refusal by a printer in LAN mode that is asked from another subnet. [L]
pub const LAN_ONLY: u32 = 83_902_489;

const HEAD: [u8; 2] = [0xa5, 0xa5];
const TAIL: [u8; 2] = [0xa7, 0xa7];

/// Bytes of a frame beside its JSON.
const FRAME: usize = HEAD.len() + 2 + TAIL.len();

/// Longest frame that is taken, in bytes: real ones have some 200.
const LONGEST: usize = 8192;

/// One message, in either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Somebody asks who is there.
    Question,
    /// A printer tells who it is.
    Answer(Announcement),
    /// Somebody wants to bind the printer to an account (`login`).
    Login,
    /// How a bind goes, or why the question is refused (`login_report`).
    Report(Report),
}

/// A `login_report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `FAILURE`, `wait_auth` or `SUCCESS`.
    pub status: String,
    /// Why not (`devmsg`), such as `LAN-ONLY enabled`.
    pub message: Option<String>,
    /// Its number (`err_code`), such as [`LAN_ONLY`].
    pub code: Option<u32>,
}

/// A JSON text as a frame; `None` when it is too long for one (8,186 bytes).
pub fn frame(json: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(json.len() + FRAME).ok().filter(|n| usize::from(*n) <= LONGEST)?;
    let length = length.to_le_bytes();
    Some([&HEAD, &length, json.as_bytes(), &TAIL].concat())
}

/// Takes the next frame's JSON off `buffer`; `None` when more bytes are needed.
///
/// Bytes that are no frame, or too long a one (8 KiB), are dropped up to the next `A5 A5`, so that
/// `buffer` never holds more than that after a call.
pub fn decode(buffer: &mut BytesMut) -> Option<Bytes> {
    loop {
        let start = buffer.windows(HEAD.len()).position(|two| two == HEAD);
        let Some(start) = start else {
            // The last byte may be the first one of a head.
            let kept = usize::from(buffer.last() == Some(&HEAD[0]));
            buffer.advance(buffer.len() - kept);
            return None;
        };
        buffer.advance(start);
        let length = buffer.get(2..4).and_then(|length| length.try_into().ok());
        let length = usize::from(u16::from_le_bytes(length?));
        if (FRAME..=LONGEST).contains(&length) {
            let frame = buffer.get(..length)?;
            if frame.ends_with(&TAIL) {
                let frame = buffer.split_to(length).freeze();
                return Some(frame.slice(4..length - TAIL.len()));
            }
        }
        buffer.advance(1);
    }
}

/// The question of who is there.
pub fn question() -> String {
    json!({"login": {"command": "detect", "sequence_id": "20000"}}).to_string()
}

/// The answer of a printer; the sequence id is a number of its own. [L]
pub fn answer(about: &Announcement, sequence_id: u32) -> String {
    let login = json!({
        "command": "detect",
        "sequence_id": sequence_id,
        "id": about.serial,
        "model": about.model_code.as_deref().unwrap_or_default(),
        "name": about.name.as_deref().unwrap_or_default(),
        "version": about.firmware.as_deref().unwrap_or_default(),
        "bind": about.bind.map_or("", Bind::as_str),
        "connect": about.connect.map_or("", Mode::as_str),
        "dev_cap": 1,
    });
    json!({ "login": login }).to_string()
}

/// The answer of a printer that does not tell who it is.
pub fn refusal(message: &str, code: u32, sequence_id: u32) -> String {
    let reason = json!({"devmsg": message, "err_code": code}).to_string();
    let login = json!({
        "sequence_id": sequence_id,
        "command": "login_report",
        "status": "FAILURE",
        "reason": reason,
    });
    json!({ "login": login }).to_string()
}

/// Reads the JSON of a frame; `None` for what nobody says here.
pub fn read(json: &[u8]) -> Option<Message> {
    let document: Value = serde_json::from_slice(json).ok()?;
    let login = document.get("login")?;
    let text = |key: &str| login.get(key).and_then(Value::as_str);
    match text("command")? {
        "detect" if login.get("id").is_none() => Some(Message::Question),
        "detect" => {
            let line = |key| text(key).and_then(one_line);
            Some(Message::Answer(Announcement {
                model_code: line("model"),
                name: line("name"),
                firmware: line("version"),
                connect: text("connect").and_then(Mode::from_wire),
                bind: text("bind").and_then(Bind::from_wire),
                ..Announcement::new(Serial::new(text("id")?).ok()?)
            }))
        }
        "login" => Some(Message::Login),
        "login_report" => Some(Message::Report(Report::read(login))),
        _ => None,
    }
}

impl Report {
    /// Whether it is a refusal.
    pub fn is_failure(&self) -> bool {
        self.status.eq_ignore_ascii_case("FAILURE")
    }

    /// The reason is a JSON object inside a text. [L]
    fn read(login: &Value) -> Self {
        let reason = login.get("reason").and_then(Value::as_str).unwrap_or_default();
        let reason: Option<Value> = serde_json::from_str(reason).ok();
        let of = |key: &str| reason.as_ref().and_then(|reason| reason.get(key));
        let status = login.get("status").and_then(Value::as_str).and_then(one_line);
        let code = of("err_code").and_then(Value::as_u64);
        Self {
            status: status.unwrap_or_default(),
            message: of("devmsg").and_then(Value::as_str).and_then(one_line),
            code: code.and_then(|code| code.try_into().ok()),
        }
    }
}

#[cfg(test)]
mod tests;
