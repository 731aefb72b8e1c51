//! Answers to requests: they are events, never part of the state.

use super::{leaf::Leaf, macros::wire, wire::PushStatus};
use crate::status::Text;

/// A printer's answer to a request, or a command that it echoes. "Success" means accepted, not
/// done: the effect shows in later reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ack {
    /// Section of the request: `print`, `system`, `camera` …
    pub section: String,
    /// Command that is answered; some firmware leaves it out [L].
    pub command: Option<String>,
    /// Sequence id of the request, as text even where an integer is sent.
    pub sequence_id: Option<String>,
    /// `success`, `fail` … as sent, in any case; `0` in some `camera` answers; absent on some
    /// firmware [L].
    pub result: Option<String>,
    /// Free text; often equal to `result`.
    pub reason: Option<String>,
    /// 0 is fine; otherwise a print error.
    pub err_code: Option<i64>,
    /// Negative AMS and chamber codes: -2 chamber too hot, -4 AMS too hot.
    pub errno: Option<i64>,
    /// Number of a question that goes with a failure: it may be confirmed by sending the command
    /// again with this number in `err_ignored`. [V]
    pub err_index: Option<i64>,
}

impl Ack {
    /// Whether the printer refused: a result that is no success, or an error number. An answer
    /// without a result is no refusal.
    pub fn is_failure(&self) -> bool {
        let bad_result = self
            .result
            .as_deref()
            .is_some_and(|text| !text.eq_ignore_ascii_case("success") && text != "0");
        bad_result || self.err_code.is_some_and(|code| code != 0)
    }

    /// Whether the printer says that it accepted the request.
    pub fn is_success(&self) -> bool {
        self.result.is_some() && !self.is_failure()
    }
}

wire! {
    /// What an answer carries, in whatever section.
    pub(crate) struct Answer {
        command: Text = "command",
        sequence_id: Text = "sequence_id",
        result: Text = "result",
        reason: Text = "reason",
        err_code: f64 = "err_code",
        errno: f64 = "errno",
        err_index: f64 = "err_index",
    }
}

impl Answer {
    /// The acknowledgement in this object; `None` when it has neither result nor command.
    pub(crate) fn ack(&self, section: &str) -> Option<Ack> {
        let is_ack = self.result.is_present()
            || self.command.known().is_some_and(|command| command != "push_status");
        is_ack.then(|| Ack {
            section: section.into(),
            command: string(&self.command),
            sequence_id: string(&self.sequence_id),
            result: string(&self.result),
            reason: string(&self.reason),
            err_code: integer(&self.err_code),
            errno: integer(&self.errno),
            err_index: integer(&self.err_index),
        })
    }

    /// The same keys of a `print` object.
    pub(crate) fn of(print: &PushStatus) -> Self {
        Self {
            command: print.command.clone(),
            sequence_id: print.sequence_id.clone(),
            result: print.result.clone(),
            reason: print.reason.clone(),
            err_code: print.err_code,
            errno: print.errno,
            err_index: print.err_index,
            unlisted: false,
        }
    }
}

fn string(text: &Leaf<Text>) -> Option<String> {
    text.known().map(|text| text.as_str().into())
}

fn integer(number: &Leaf<f64>) -> Option<i64> {
    number.known().map(|number| *number as i64)
}
