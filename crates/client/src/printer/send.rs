//! From a command to its outcome: guard, send, watch the statuses.

use std::{pin::pin, sync::Arc, time::Duration};

use bambu_protocol::{
    command::{Command, Refusal},
    request::Request,
    status::Status,
    verify::{Outcome, Verification},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{CommandError, SendOptions};
use crate::link::{Link, SendError, Snapshot, hangs_up};

pub(super) async fn send(
    link: &Link,
    command: &Command,
    options: SendOptions,
) -> Result<Outcome, CommandError> {
    let before = link.snapshot();
    let requests = match command.requests(&before.status, options.force) {
        Ok(requests) => requests,
        // Why it is offline tells more.
        Err(refusal @ Refusal::Offline) => {
            before.connection.check()?;
            return Err(refusal.into());
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let all_lights = matches!(command, Command::Light { node: None, .. });
    let mut outcome = Outcome::Accepted;
    for (index, request) in requests.into_iter().enumerate() {
        let is_seen = Verification::new(&request, &before.status).expected().is_some();
        let next = match perform(link, request, options.wait).await {
            Ok(outcome) => outcome,
            Err((error, _)) if index == 0 => return Err(error.into()),
            // What went before has acted: that is no error, but not done either.
            Err((_, expected)) => Outcome::Unconfirmed { expected },
        };
        match next {
            // What the status showed before is not less true because this shows nowhere.
            Outcome::Accepted if index > 0 => {}
            // A second light that the printer does not report, it may not have.
            Outcome::Rejected(_) if index > 0 && all_lights && !is_seen => {}
            next => outcome = next,
        }
        if !outcome.is_ok() {
            break;
        }
    }
    Ok(outcome)
}

/// Sends one request and follows it to its outcome; the error, with what was to be done, when it
/// was not sent.
async fn perform(
    link: &Link,
    request: Request,
    wait: Option<Duration>,
) -> Result<Outcome, (SendError, String)> {
    let mut updates = link.updates();
    let mut verification = Verification::new(&request, &updates.borrow_and_update().status);
    let name = request.command().to_owned();
    let hangs_up = hangs_up(&request);
    let mut answer = pin!(link.ask(request));
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut answer => break answer,
            outcome = next(&mut updates, &mut verification) => {
                if let Some(outcome) = outcome {
                    return Ok(outcome);
                }
            }
        }
    };
    match answer {
        Ok(ack) => {
            if let Some(outcome) = verification.ack(&ack) {
                return Ok(outcome);
            }
        }
        Err(SendError::NoAnswer) => {
            if let Some(outcome) = verification.unanswered(&status(&updates)) {
                return Ok(outcome);
            }
        }
        Err(SendError::Lost) if hangs_up => return Ok(Outcome::Accepted),
        // It may have arrived all the same; the next connection shows.
        Err(SendError::Lost) => {}
        Err(error) => return Err((error, verification.expected().unwrap_or(name))),
    }
    let patience = wait.unwrap_or_else(|| verification.patience());
    let end = Instant::now().checked_add(patience);
    let mut end = pin!(async {
        match end {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    });
    loop {
        tokio::select! {
            biased;
            outcome = next(&mut updates, &mut verification) => {
                if let Some(outcome) = outcome {
                    return Ok(outcome);
                }
            }
            () = &mut end => return Ok(verification.out_of_time(&status(&updates))),
        }
    }
}

/// What the next status says about the command.
async fn next(
    updates: &mut watch::Receiver<Arc<Snapshot>>,
    verification: &mut Verification,
) -> Option<Outcome> {
    if updates.changed().await.is_err() {
        // Impossible while the link is borrowed.
        return std::future::pending().await;
    }
    let status = updates.borrow_and_update().status.clone();
    verification.status(&status)
}

fn status(updates: &watch::Receiver<Arc<Snapshot>>) -> Arc<Status> {
    updates.borrow().status.clone()
}
