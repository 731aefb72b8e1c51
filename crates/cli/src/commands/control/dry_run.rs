//! `--dry-run`: the exact requests, and nothing sent but the question for the status.

use bambu_protocol::{
    command::Command,
    request::{Request, SequenceId},
    status::Status,
};
use bambulab::Link;
use serde_json::json;

use super::{
    Args, Said,
    answer::{self, Answer},
    ready,
};
use crate::{
    exit::Failure,
    output::{self, brief, human},
    targets::Target,
    watch::Until,
};

/// Whether the printer must tell who it is before anybody knows the form of the command.
pub(super) fn wants_status(command: &Command) -> bool {
    !matches!(
        command,
        Command::Pause
            | Command::Resume
            | Command::Stop
            | Command::Speed(_)
            | Command::SkipObjects(_)
            | Command::Light { node: Some(_), .. }
            | Command::Gcode(_)
            | Command::AmsControl(_)
            | Command::Exact(_)
    )
}

/// The requests for printers that are not asked.
pub(super) fn offline(targets: &[Target], said: &Said, json: bool) -> Result<(), Failure> {
    let mut out = output::stdout();
    let mut refused = Vec::new();
    for target in targets {
        let status = Status {
            serial: Some(target.serial.clone()),
            name: target.name.clone(),
            model: target.model(),
            online: Some(true),
            ..Status::default()
        };
        // Whether it makes sense now is not known without the status.
        match said.command.requests(&status, true) {
            Ok(requests) => show(&mut out, &status, said, &requests, json)?,
            Err(refusal) => refused.push(
                Answer::new(target.serial.to_string(), target.shown().to_owned(), &said.text)
                    .refused(refusal),
            ),
        }
    }
    end(out, refused, targets.len(), json)
}

/// The requests for printers that told their status.
pub(super) async fn live(
    mut links: Vec<Link>,
    lost: Vec<Answer>,
    said: &Said,
    args: &Args,
    until: Until,
) -> Result<(), Failure> {
    links.sort_by_cached_key(|link| human::sort_key(brief::name(&link.snapshot().status)));
    let count = links.len() + lost.len();
    let all = futures_util::future::join_all(links.iter().map(|link| ready(link, until))).await;
    let mut out = output::stdout();
    let mut failed = lost;
    for (link, ready) in links.iter().zip(all) {
        let status = link.snapshot().status.clone();
        let answer = Answer::about(link, brief::name(&status).to_owned(), &said.text);
        match ready {
            Err(failure) => failed.push(answer.not_reached(link, &failure)),
            Ok(()) => match said.command.requests(&status, args.force) {
                Ok(requests) => show(&mut out, &status, said, &requests, args.json)?,
                Err(refusal) => failed.push(answer.refused(refusal)),
            },
        }
    }
    end(out, failed, count, args.json)
}

/// The printers for which there are no requests, and how it ends.
fn end(
    mut out: impl std::io::Write,
    failed: Vec<Answer>,
    all: usize,
    json: bool,
) -> Result<(), Failure> {
    if json {
        failed.iter().try_for_each(|answer| answer.write_json(&mut out))?;
    } else if all > 1 && !failed.is_empty() {
        answer::write(&failed, true, &mut out)?;
    }
    out.flush()?;
    if failed.len() < all {
        eprintln!("{NOTE}");
    }
    answer::verdict(failed, all)
}

const NOTE: &str = "note: nothing was sent; each request gets a sequence_id of its own when it is";

fn show(
    out: &mut impl std::io::Write,
    status: &Status,
    said: &Said,
    requests: &[Request],
    json: bool,
) -> Result<(), Failure> {
    let serial = status.serial.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut id = SequenceId::from_random(0);
    let mut texts = Vec::new();
    for request in requests {
        texts.push(request.json(id));
        id = id.next();
    }
    if json {
        // The requests stand in it byte by byte as they are sent.
        let (name, command) = (json!(brief::name(status)), json!(said.text));
        let requests = texts.join(",");
        writeln!(
            out,
            r#"{{"serial":"{serial}","name":{name},"command":{command},"outcome":"dry_run","requests":[{requests}]}}"#
        )?;
    } else {
        writeln!(out, "{} -> device/{serial}/request", human::printable(brief::name(status)))?;
        for text in texts {
            writeln!(out, "  {text}")?;
        }
    }
    Ok(())
}
