//! Why a printer refuses a command, and what a person can do about it.

use std::{fmt, ops::RangeInclusive};

use crate::{
    print_error::{self, PrintError},
    report::Ack,
    request::{Raw, Request},
};

/// `err_code`s of commands that would have to be signed: Developer Mode is off [L].
pub const DEVELOPER_MODE_CODES: RangeInclusive<u32> = 84_033_543..=84_033_548;

/// What to do when Developer Mode is off.
pub(crate) const DEVELOPER_MODE_STEP: &str =
    "switch on LAN Only mode and then Developer Mode on the printer's screen";

/// A refusal of the printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// `err_code`, else the error in the status; `None` where the printer gives no number.
    pub code: Option<u32>,
    /// Why, in our words where the code is known, else in the printer's.
    pub reason: String,
    /// Whether it is because Developer Mode is off.
    pub needs_developer_mode: bool,
    /// `err_index` of a question that may be answered by sending the command again. [V]
    pub question: Option<i64>,
    /// What to do, where neither code nor question says it.
    next: &'static str,
}

impl Rejection {
    /// The refusal in an acknowledgement; `None` when it is none.
    pub(super) fn of(ack: &Ack) -> Option<Self> {
        let errno = ack.errno.filter(|errno| *errno < 0);
        if !ack.is_failure() && errno.is_none() {
            return None;
        }
        let said = plain(ack.reason.as_deref().unwrap_or_default());
        let code = ack.err_code.and_then(number);
        let unsigned = said.to_ascii_lowercase().contains("verify failed");
        if unsigned || code.is_some_and(|code| DEVELOPER_MODE_CODES.contains(&code)) {
            return Some(Self::developer_mode(code));
        }
        let silent = said.is_empty()
            || ["success", "fail", "failed"].iter().any(|word| said.eq_ignore_ascii_case(word));
        let said = if silent { String::new() } else { said };
        let chamber = ack.command.as_deref() == Some("set_ctt");
        let by_errno = errno.and_then(|errno| by_errno(errno, chamber));
        let mut rejection = match (code, by_errno) {
            (Some(code), _) => Self::by_code(code, &said),
            (None, Some((reason, next))) => Self { next, ..Self::told(reason.into()) },
            (None, None) => Self::told(said),
        };
        rejection.question = ack.err_index;
        Some(rejection)
    }

    /// Developer Mode is off.
    pub(super) fn developer_mode(code: Option<u32>) -> Self {
        Self {
            needs_developer_mode: true,
            code,
            ..Self::told("the printer takes no unsigned commands: Developer Mode is off".into())
        }
    }

    /// By the number of an error; `said` is what the printer adds.
    pub(super) fn by_code(code: u32, said: &str) -> Self {
        let shown = PrintError::from_wire(code)
            .map_or_else(|| format!("error {code}"), |error| format!("error {}", error.code));
        let reason = match print_error::meaning(code) {
            Some(meaning) => format!("{meaning} ({shown})"),
            None if said.is_empty() => shown,
            None => format!("{said} ({shown})"),
        };
        Self { code: Some(code), ..Self::told(reason) }
    }

    fn told(reason: String) -> Self {
        let reason =
            if reason.is_empty() { "the printer gives no reason".to_owned() } else { reason };
        let next = "check that this printer can do it now, on its screen";
        Self { code: None, reason, needs_developer_mode: false, question: None, next }
    }

    /// The same request with the answer "go on" to the printer's question, or `None` when it
    /// asked none. [V]
    pub fn proceed(&self, request: &Request) -> Option<Request> {
        let index = self.question?;
        let mut body = request.body();
        body.remove("sequence_id");
        body.insert("err_code".into(), 0.into());
        let ignored = body.entry("err_ignored").or_insert_with(|| serde_json::json!([]));
        ignored.as_array_mut()?.push(index.into());
        let document = serde_json::json!({ request.section(): body });
        Raw::parse(&document.to_string()).ok().map(Request::Raw)
    }

    /// What a person can do.
    pub fn next_step(&self) -> &'static str {
        match self.code {
            _ if self.needs_developer_mode => DEVELOPER_MODE_STEP,
            _ if self.question.is_some() => {
                "the printer asks whether to go on: answer it on its screen"
            }
            Some(0x0500_4004) => "wait until its job has ended, or stop it",
            Some(0x0500_4003) => "check that the file is on the printer and is sliced for it",
            Some(0x0700_8012 | 0x07FF_8012) => "name the tray for each filament of the job",
            Some(_) => "look at the printer's screen, which explains the error",
            None => self.next,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the printer refused the command: {}; {}", self.reason, self.next_step())
    }
}

impl std::error::Error for Rejection {}

/// The error number, which some firmware prints as a signed integer.
fn number(code: i64) -> Option<u32> {
    let word =
        u32::try_from(code).ok().or_else(|| i32::try_from(code).ok().map(i32::cast_unsigned));
    word.filter(|word| *word != 0)
}

/// Reason and next step; the chamber's own command has other meanings. [V]
fn by_errno(errno: i64, chamber: bool) -> Option<(&'static str, &'static str)> {
    match (errno, chamber) {
        (-2, false) => Some(("the chamber is too hot", "let the chamber cool down and try again")),
        (-4, false) => Some(("the AMS is too hot", "let the AMS cool down and try again")),
        (-2, true) => {
            Some(("the loaded filament would soften", "unload it, then heat the chamber"))
        }
        (-4, true) => {
            Some(("the chamber is not regulated below 40 °C", "set 40 °C or more, or 0 for off"))
        }
        _ => None,
    }
}

/// A printer's words for a terminal: one line, not too long.
fn plain(text: &str) -> String {
    text.trim().chars().filter(|char| !char.is_control()).take(200).collect()
}
