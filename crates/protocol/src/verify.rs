//! Did a command take effect? Acknowledgement first, then what the statuses show. Pure: the caller
//! brings both, and the clock.
//!
//! What each request is expected to do is in `verify/effect.rs` and `verify/expected.rs`; why a
//! printer refuses is in `verify/rejection.rs`.

mod effect;
mod expected;
mod rejection;
mod shown;

use std::{fmt, time::Duration};

use crate::{
    print_error::{self, Effect as ErrorEffect},
    report::Ack,
    request::{Answer, Request},
    status::Status,
};

pub use effect::Effect;
pub(crate) use rejection::DEVELOPER_MODE_STEP;
pub use rejection::{DEVELOPER_MODE_CODES, Rejection};

/// Health message by which a P1 says that it dropped a command: Developer Mode is off [L].
pub const HMS_COMMAND_REFUSED: &str = "0500-0500-0001-0007";

/// Effects that take at least this long are waited for even without an acknowledgement.
const SLOW: Duration = Duration::from_secs(60);

/// How long a printer that goes on is watched for pausing again: it takes 1 to 2 s for it [L], and a
/// P1 as long again to tell.
const RELAPSE: Duration = Duration::from_secs(8);

/// How long a printer may take to go down for its restart, or to be noticed to be gone.
const GOING_DOWN: Duration = Duration::from_secs(90);

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The effect is in the status.
    Confirmed,
    /// The printer took it, and it has no effect that a status could show.
    Accepted,
    /// The printer took it, and the effect was not seen in time.
    Unconfirmed {
        /// What was waited for, such as `bed target 60 °C`.
        expected: String,
    },
    /// The printer refused it.
    Rejected(Rejection),
    /// No answer and no effect.
    Unanswered {
        /// What may be behind the silence.
        hint: Option<Hint>,
    },
}

/// What may be behind a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Firmware with authorization control, on a printer that does not report whether Developer
    /// Mode is on.
    DeveloperMode,
}

/// Follows one request from its publication to its outcome.
#[derive(Debug, Clone)]
pub struct Verification {
    effects: Vec<Effect>,
    /// Whether an acknowledgement belongs to the command.
    acknowledged: bool,
    reboots: bool,
    /// Whether the effect may pass again in a moment, so that only the last status counts: a
    /// printer that goes on looks at its fault again and pauses anew [L].
    may_relapse: bool,
    /// Whether a refusal of the command may be wrong: some switch this light all the same [L].
    may_lie: bool,
    /// Only this section is subject to authorization control [L].
    is_print: bool,
    /// Whether the effect was there before the command.
    held_before: bool,
    error_before: Option<u32>,
    refusal_before: bool,
    acked: bool,
    /// Whether the newest status since the command shows the effect; `None` before the first.
    holds: Option<bool>,
}

impl Verification {
    /// Starts when the request is published. `before` is the status of that moment.
    pub fn new(request: &Request, before: &Status) -> Self {
        let effects = Effect::of(request, before);
        let answer = request.entry().map_or(Answer::Ack, |entry| entry.answer);
        Self {
            held_before: all(&effects, before),
            effects,
            acknowledged: !matches!(answer, Answer::Nothing),
            reboots: request.command() == "reboot",
            may_relapse: request.command() == "resume" && before.error.is_some(),
            may_lie: request.command() == "ledctrl"
                && request.body().get("led_node").is_some_and(|node| node == "heatbed_light"),
            is_print: request.section() == "print",
            error_before: before.error.as_ref().map(|error| error.number),
            refusal_before: refuses(before),
            acked: false,
            holds: None,
        }
    }

    /// Whether waiting for an acknowledgement makes sense: some commands never have one.
    pub fn awaits_ack(&self) -> bool {
        self.acknowledged && !self.acked
    }

    /// What is waited for, in words; `None` without a visible effect.
    pub fn expected(&self) -> Option<String> {
        let words: Vec<_> = self.effects.iter().map(ToString::to_string).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// How long the effect may take after the acknowledgement, or after the publication of a
    /// command that has none.
    pub fn patience(&self) -> Duration {
        if self.may_relapse {
            return RELAPSE;
        }
        if self.reboots {
            return GOING_DOWN;
        }
        let seconds = self.effects.iter().map(Effect::patience_seconds).max();
        Duration::from_secs(seconds.unwrap_or(0))
    }

    /// Takes the acknowledgement, in whatever shape; a second one, too.
    pub fn ack(&mut self, ack: &Ack) -> Option<Outcome> {
        if let Some(rejection) = Rejection::of(ack) {
            if self.may_lie && !rejection.needs_developer_mode {
                let expected = "the light; it may have switched although it says no".to_owned();
                return Some(Outcome::Unconfirmed { expected });
            }
            return Some(Outcome::Rejected(rejection));
        }
        self.acked = true;
        if self.reboots {
            return None;
        }
        match (self.effects.is_empty(), self.holds) {
            (true, _) => Some(Outcome::Accepted),
            (false, Some(true)) if !self.may_relapse => Some(Outcome::Confirmed),
            (false, _) => None,
        }
    }

    /// Takes a status that came after the command. One of a printer that is not online is not
    /// looked at: it is old.
    pub fn status(&mut self, status: &Status) -> Option<Outcome> {
        if status.online == Some(false) {
            self.holds = None;
            return self.reboots.then_some(Outcome::Accepted);
        }
        if let Some(rejection) = self.complaint(status) {
            return Some(Outcome::Rejected(rejection));
        }
        let holds = all(&self.effects, status);
        self.holds = Some(holds);
        // What was so before proves nothing until the printer has answered.
        let proves = holds && (self.acked || !self.held_before) && !self.may_relapse;
        proves.then_some(Outcome::Confirmed)
    }

    /// The outcome when no acknowledgement came in time; `None` for an effect that takes longer
    /// than that by nature, such as the start of a job, which is worth waiting for.
    pub fn unanswered(&self, status: &Status) -> Option<Outcome> {
        let outcome = self.out_of_time(status);
        let slow = self.patience() >= SLOW && matches!(outcome, Outcome::Unanswered { .. });
        (!slow).then_some(outcome)
    }

    /// The outcome when the time is up, with the newest status.
    pub fn out_of_time(&self, status: &Status) -> Outcome {
        let fresh = status.online != Some(false) && (self.acked || self.holds.is_some());
        let refused = !self.acked
            && self.acknowledged
            && self.is_print
            && (status.developer_mode == Some(false) || refuses(status));
        // What was so before is no sign that a printer that refuses commands took this one.
        if fresh && all(&self.effects, status) && !(refused && self.held_before) {
            return Outcome::Confirmed;
        }
        if self.reboots {
            let expected = "that it goes down for its restart".to_owned();
            return Outcome::Unconfirmed { expected };
        }
        if self.acked || !self.acknowledged {
            return self
                .expected()
                .map_or(Outcome::Accepted, |expected| Outcome::Unconfirmed { expected });
        }
        if refused {
            return Outcome::Rejected(Rejection::developer_mode(None));
        }
        let hint = self.is_print && status.developer_mode.is_none() && may_want_signatures(status);
        Outcome::Unanswered { hint: hint.then_some(Hint::DeveloperMode) }
    }

    /// A refusal that shows in the status: the health message of a P1, or an error that was not
    /// there before.
    fn complaint(&self, status: &Status) -> Option<Rejection> {
        if self.is_print && refuses(status) && !self.refusal_before {
            return Some(Rejection::developer_mode(None));
        }
        let error = status.error.as_ref()?;
        let number = Some(error.number);
        if number == self.error_before {
            return None;
        }
        if self.is_print && DEVELOPER_MODE_CODES.contains(&error.number) {
            return Some(Rejection::developer_mode(number));
        }
        let starts = self.effects.iter().any(|effect| matches!(effect, Effect::Started { .. }));
        let ended = error.effect == ErrorEffect::Ended && !print_error::is_cancel(error.number);
        (starts && ended).then(|| Rejection::by_code(error.number, ""))
    }
}

fn all(effects: &[Effect], status: &Status) -> bool {
    !effects.is_empty() && effects.iter().all(|effect| effect.holds(status))
}

fn refuses(status: &Status) -> bool {
    status.hms.iter().any(|hms| hms.code == HMS_COMMAND_REFUSED)
}

/// Whether the firmware has authorization control (and Developer Mode), or may have: what is not
/// known counts as having it.
pub fn may_want_signatures(status: &Status) -> bool {
    let (Some(model), Some(firmware)) = (status.model, status.firmware) else { return true };
    model.authorization_control(firmware) != Some(false)
}

impl Outcome {
    /// Whether the printer does what was asked, as far as anybody can know.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Confirmed | Self::Accepted)
    }

    /// One word: `confirmed`, `accepted`, `unconfirmed`, `rejected`, `unanswered`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Accepted => "accepted",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Rejected(_) => "rejected",
            Self::Unanswered { .. } => "unanswered",
        }
    }
}

impl fmt::Display for Outcome {
    /// What happened; when it did not go well with "; " and the next step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed => f.write_str("done, the printer's status shows it"),
            Self::Accepted => f.write_str("accepted by the printer"),
            Self::Unconfirmed { expected } => write!(
                f,
                "the printer accepted the command, but its status does not show {expected}; \
                 look at the printer before sending it again"
            ),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Unanswered { hint: Some(Hint::DeveloperMode) } => write!(
                f,
                "the printer did not answer, as printers do that drop commands while Developer \
                 Mode is off; {}",
                DEVELOPER_MODE_STEP
            ),
            Self::Unanswered { hint: None } => f.write_str(
                "the printer did not answer, and its status shows no effect; look at the printer, \
                 connect anew and try again",
            ),
        }
    }
}
