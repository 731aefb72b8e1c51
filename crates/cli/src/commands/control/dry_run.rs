//! `--dry-run`: the exact requests, and nothing sent but the question for the status.

use std::io::Write as _;

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
    out.flush()?;
    eprintln!("{NOTE}");
    answer::verdict(refused, targets.len() > 1)
}

/// The requests for printers that told their status.
pub(super) async fn live(
    links: impl ExactSizeIterator<Item = &Link>,
    said: &Said,
    args: &Args,
    until: Until,
) -> Result<(), Failure> {
    let many = links.len() > 1;
    let links: Vec<&Link> = links.collect();
    let all = futures_util::future::join_all(links.iter().map(|link| ready(link, until))).await;
    let mut out = output::stdout();
    let mut failed = Vec::new();
    for (link, ready) in links.into_iter().zip(all) {
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
    if args.json {
        failed.iter().try_for_each(|answer| answer.write_json(&mut out))?;
    }
    out.flush()?;
    eprintln!("{NOTE}");
    answer::verdict(failed, many)
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
