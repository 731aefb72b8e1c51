//! Requests that wait for their answer, keyed by section and sequence id.

use bambu_protocol::{
    report::Ack,
    request::{Request, SequenceId},
};
use tokio::{sync::oneshot, time::Instant};

use super::{QUEUE, SendError};

type Answer = oneshot::Sender<Result<Ack, SendError>>;

/// The requests of one printer that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Pending(Vec<Waiting>);

#[derive(Debug)]
struct Waiting {
    request: Request,
    id: SequenceId,
    deadline: Instant,
    answer: Answer,
}

impl Pending {
    /// Whether one more request may wait; the askers that gave up do not count.
    pub(super) fn has_room(&mut self) -> bool {
        self.0.retain(|waiting| !waiting.answer.is_closed());
        self.0.len() < QUEUE
    }

    pub(super) fn insert(
        &mut self,
        request: Request,
        id: SequenceId,
        deadline: Instant,
        answer: Answer,
    ) {
        self.0.push(Waiting { request, id, deadline, answer });
    }

    /// Hands an acknowledgement to its asker; false when nobody here asked. The command is compared
    /// only where the answer names one: some firmware leaves it out [L].
    pub(super) fn resolve(&mut self, ack: &Ack) -> bool {
        let id = ack.sequence_id.as_deref().map(str::trim);
        let found = self.0.iter().position(|waiting| {
            id == Some(waiting.request.answered_by(waiting.id).as_str())
                && waiting.request.section() == ack.section
                && ack.command.as_deref().is_none_or(|c| c == waiting.request.command())
        });
        if let Some(at) = found {
            let _ = self.0.swap_remove(at).answer.send(Ok(ack.clone()));
        }
        found.is_some()
    }

    /// Answers those who asked for what just came: a whole status, or the modules.
    pub(super) fn fulfil(&mut self, request: &Request) -> bool {
        let before = self.0.len();
        for waiting in self.0.extract_if(.., |waiting| waiting.request == *request) {
            let _ = waiting.answer.send(Ok(done(request, waiting.id)));
        }
        self.0.len() < before
    }

    /// Fails those whose time is up; how many those were.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        let mut late = 0;
        for waiting in self.0.extract_if(.., |waiting| waiting.deadline <= now) {
            let _ = waiting.answer.send(Err(SendError::NoAnswer));
            late += 1;
        }
        late
    }

    /// Fails all of them.
    pub(super) fn fail(&mut self, error: &SendError) {
        for waiting in self.0.drain(..) {
            let _ = waiting.answer.send(Err(error.clone()));
        }
    }

    /// When the next one's time is up.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.0.iter().map(|waiting| waiting.deadline).min()
    }
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
            assert!(!pending.resolve(&foreign));
        }
        assert!(waiting.try_recv().is_err());
        assert!(pending.resolve(&ack("print", None, "20007")));
        assert!(waiting.try_recv().unwrap().unwrap().is_success());
        assert!(!pending.resolve(&ack("print", None, "20007")));
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
        waiting.pop();
        assert!(pending.has_room());
        pending.fail(&SendError::Lost);
        assert_eq!(waiting[9].try_recv().unwrap(), Err(SendError::Lost));
        assert_eq!(pending.next_deadline(), None);
    }
}
