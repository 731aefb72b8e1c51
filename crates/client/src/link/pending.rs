//! Requests that wait for their answer, keyed by section and sequence id.

use std::collections::VecDeque;

use bambu_protocol::{
    report::Ack,
    request::{Answer as AnswerKind, Request, SequenceId},
};
use tokio::{sync::oneshot, time::Instant};

use super::{QUEUE, SendError};

/// Settled requests that are remembered, to know a late or doubled answer from a foreign one.
const PAST: usize = 16;

type Answer = oneshot::Sender<Result<Ack, SendError>>;

/// The requests of one printer that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: Vec<Waiting>,
    past: VecDeque<Past>,
}

#[derive(Debug)]
struct Waiting {
    asked: Asked,
    deadline: Instant,
    answer: Answer,
}

#[derive(Debug)]
struct Asked {
    request: Request,
    id: SequenceId,
}

#[derive(Debug)]
struct Past {
    asked: Asked,
    was_answered: bool,
}

/// Whose answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Of one who was waiting.
    Asker,
    /// Of one whose time was up: it is told as unanswered, but the printer does hear.
    Late,
    /// Of one who has it already.
    Doubled,
    /// Of another client of the printer.
    Foreign,
}

impl Pending {
    /// Whether one more request may wait; the askers that gave up do not count.
    pub(super) fn has_room(&mut self) -> bool {
        self.waiting.retain(|waiting| !waiting.answer.is_closed());
        self.waiting.len() < QUEUE
    }

    pub(super) fn insert(
        &mut self,
        request: Request,
        id: SequenceId,
        deadline: Instant,
        answer: Answer,
    ) {
        self.waiting.push(Waiting { asked: Asked { request, id }, deadline, answer });
    }

    /// Hands an acknowledgement to its asker, if there is one.
    pub(super) fn resolve(&mut self, ack: &Ack) -> Found {
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.asked.fits(ack)) {
            let Waiting { asked, answer, .. } = self.waiting.swap_remove(at);
            let _ = answer.send(Ok(ack.clone()));
            self.settle(asked, true);
            return Found::Asker;
        }
        match self.past.iter_mut().rev().find(|past| past.asked.fits(ack)) {
            None => Found::Foreign,
            Some(past) if past.was_answered => Found::Doubled,
            Some(past) => {
                past.was_answered = true;
                Found::Late
            }
        }
    }

    /// Answers those who asked for what just came: a whole status, or the modules.
    pub(super) fn fulfil(&mut self, request: &Request) -> bool {
        let before = self.waiting.len();
        for waiting in
            self.waiting.extract_if(.., |waiting| is_same(&waiting.asked.request, request))
        {
            let _ = waiting.answer.send(Ok(done(request, waiting.asked.id)));
        }
        self.waiting.len() < before
    }

    /// Fails those whose time is up; how many those were. A command that printers take without a
    /// word is done then.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        let late: Vec<_> = self.waiting.extract_if(.., |waiting| waiting.deadline <= now).collect();
        let mut unanswered = 0;
        for Waiting { asked, answer, .. } in late {
            let is_mute = is_mute(&asked.request);
            unanswered += usize::from(!is_mute);
            let _ = answer.send(match is_mute {
                true => Ok(done(&asked.request, asked.id)),
                false => Err(SendError::NoAnswer),
            });
            self.settle(asked, is_mute);
        }
        unanswered
    }

    /// Fails all of them.
    pub(super) fn fail(&mut self, error: &SendError) {
        for Waiting { answer, .. } in self.waiting.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }

    /// When the next one's time is up.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    fn settle(&mut self, asked: Asked, was_answered: bool) {
        if self.past.len() >= PAST {
            self.past.pop_front();
        }
        self.past.push_back(Past { asked, was_answered });
    }
}

impl Asked {
    /// Whether this is its answer. The command is compared only where the answer names one: some
    /// firmware leaves it out [L].
    fn fits(&self, ack: &Ack) -> bool {
        let id = ack.sequence_id.as_deref().map(str::trim);
        self.request.section() == ack.section
            && ack.command.as_deref().is_none_or(|word| word == self.request.command())
            && id == Some(self.request.answered_by(self.id).as_str())
    }
}

/// Whether two requests are the same command, typed or as somebody wrote it.
pub(super) fn is_same(one: &Request, other: &Request) -> bool {
    one.section() == other.section() && one.command() == other.command()
}

/// Whether printers take this command without a word; a refusal may still come.
pub(super) fn is_mute(request: &Request) -> bool {
    request.entry().is_some_and(|entry| entry.answer == AnswerKind::Nothing)
}

/// The answer to a request that has no acknowledgement on the wire.
pub(super) fn done(request: &Request, id: SequenceId) -> Ack {
    Ack {
        section: request.section().into(),
        command: Some(request.command().into()),
        sequence_id: Some(id.to_string()),
        ..Ack::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bambu_protocol::request::Job;

    use super::*;

    fn ack(section: &str, command: Option<&str>, id: &str) -> Ack {
        Ack {
            section: section.into(),
            command: command.map(Into::into),
            sequence_id: Some(id.into()),
            result: Some("success".into()),
            ..Ack::default()
        }
    }

    #[test]
    fn an_answer_without_its_command_finds_its_asker_and_a_foreign_one_does_not() {
        let mut pending = Pending::default();
        let id = SequenceId::from_random(7);
        let deadline = Instant::now() + Duration::from_secs(10);
        let (answer, mut waiting) = oneshot::channel();
        pending.insert(Job::Pause.into(), id, deadline, answer);
        for foreign in [
            ack("print", None, "20008"),
            ack("system", None, "20007"),
            ack("print", Some("resume"), "20007"),
            Ack { sequence_id: None, ..ack("print", None, "") },
        ] {
            assert_eq!(pending.resolve(&foreign), Found::Foreign);
        }
        assert!(waiting.try_recv().is_err());
        assert_eq!(pending.resolve(&ack("print", None, "20007")), Found::Asker);
        assert!(waiting.try_recv().unwrap().unwrap().is_success());
        assert_eq!(pending.resolve(&ack("print", Some("pause"), "20007")), Found::Doubled);
    }

    #[test]
    fn late_and_lost_requests_fail_and_only_so_many_may_wait() {
        let mut pending = Pending::default();
        let now = Instant::now();
        let mut waiting = Vec::new();
        for second in 0..QUEUE as u64 {
            assert!(pending.has_room());
            let (answer, receiver) = oneshot::channel();
            let id = SequenceId::from_random(second);
            pending.insert(Job::Stop.into(), id, now + Duration::from_secs(second), answer);
            waiting.push(receiver);
        }
        assert!(!pending.has_room());
        assert_eq!(pending.next_deadline(), Some(now));
        assert_eq!(pending.expire(now + Duration::from_secs(1)), 2);
        assert_eq!(waiting[0].try_recv().unwrap(), Err(SendError::NoAnswer));
        assert_eq!(pending.resolve(&ack("print", Some("stop"), "20000")), Found::Late);
        assert_eq!(pending.resolve(&ack("print", Some("stop"), "20000")), Found::Doubled);
        waiting.pop();
        assert!(pending.has_room());
        pending.fail(&SendError::Lost);
        assert_eq!(waiting[9].try_recv().unwrap(), Err(SendError::Lost));
        assert_eq!(pending.next_deadline(), None);
    }
}
