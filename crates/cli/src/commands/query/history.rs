//! `query --tasks` and `--messages`: what was printed, and what the account was told.

use std::{io::Write as _, time::Duration};

use bambu_protocol::{
    Serial,
    cloud::{Message, SignedUrl, Task, TaskState},
    format,
};
use bambulab::cloud::{Cloud, CloudError, MessageQuery, TaskQuery};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future};
use serde_json::{Value, json};

use super::{Args, Page, printers, projects::when, wanted};
use crate::{
    account,
    exit::Failure,
    output::{Cell, Paint, Table, human},
};

/// Entries per call of a list that comes in pages.
const PAGE: u32 = 100;

pub(super) async fn tasks(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let names = printers::names(cloud, args).await?;
    // One printer that is known exactly is the cloud's to filter by.
    let device = match args.which.printers.as_slice() {
        [only] => names.iter().find(|(serial, name)| is(serial, name, only)).map(|it| it.0.clone()),
        _ => None,
    };
    let query = TaskQuery { device, limit: Some(args.limit.min(PAGE)), ..TaskQuery::default() };
    let ours = cloud.tasks_pages(query).try_filter(|task| {
        let serial = task.serial.as_ref();
        let name = serial.and_then(|it| names.get(it)).or(task.device_name.as_ref());
        let known = |serial: &Serial| wanted(args, serial, name.map(String::as_str));
        future::ready(serial.map_or(args.which.printers.is_empty(), known))
    });
    let tasks = first(ours, args).await?;
    page.add(
        "tasks",
        || tasks.iter().map(|task| task_document(task, args)).collect(),
        |out| {
            if tasks.is_empty() {
                return match args.which.printers.as_slice() {
                    [] => writeln!(out, "nothing was printed through this account"),
                    some => writeln!(out, "the cloud printed nothing on {}", some.join(", ")),
                };
            }
            let mut table = Table::new(&[
                "PRINT",
                "PRINTER",
                "STATE",
                "STARTED (UTC)",
                "TOOK",
                "FILAMENT",
                "ID",
            ]);
            for task in &tasks {
                let serial = task.serial.as_ref().map(Serial::as_str);
                let (state, paint) = match task.state() {
                    Some(state @ TaskState::Printing) => (state.name(), Paint::Cyan),
                    Some(state @ TaskState::Finished) => (state.name(), Paint::Green),
                    Some(state @ TaskState::Failed) => (state.name(), Paint::Red),
                    None => (task.status.as_deref().unwrap_or(human::UNKNOWN), Paint::Dim),
                };
                let grams = task.weight_grams.map(|grams| format!("{grams:.0} g"));
                let text = |it: Option<&str>| Cell::from(it.unwrap_or(human::UNKNOWN));
                table.row([
                    Cell::painted(task.title.as_deref().unwrap_or(human::UNKNOWN), Paint::Bold),
                    text(task.device_name.as_deref().or(serial)),
                    Cell::painted(state, paint),
                    when(task.start_time.as_deref()),
                    format::time_remaining(took(task)).into(),
                    text(grams.as_deref()),
                    text(task.id.as_deref()),
                ]);
            }
            table.fit_terminal(&["FILAMENT", "ID", "TOOK"]);
            table.write(out, colour)
        },
    )
}

pub(super) async fn messages(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let query = MessageQuery { limit: Some(args.limit.min(PAGE)), ..MessageQuery::default() };
    let messages = first(cloud.messages_pages(query), args).await?;
    page.add(
        "messages",
        || messages.iter().map(|message| message_document(message, args)).collect(),
        |out| {
            if messages.is_empty() {
                return writeln!(out, "this account has no message");
            }
            let mut table = Table::new(&["SENT (UTC)", "FROM", "ABOUT", "ID"]);
            for message in &messages {
                let from = message.from.as_ref().and_then(|from| from.name.as_deref());
                table.row([
                    when(message.create_time.as_deref()),
                    from.unwrap_or(human::UNKNOWN).into(),
                    Cell::painted(message.subject().unwrap_or(human::UNKNOWN), Paint::Bold),
                    message.id.as_deref().unwrap_or(human::UNKNOWN).into(),
                ]);
            }
            table.write(out, colour)
        },
    )
}

/// As many as were asked for, and no page more than that takes.
pub(super) async fn first<T>(
    all: impl Stream<Item = Result<T, CloudError>>,
    args: &Args,
) -> Result<Vec<T>, Failure> {
    all.take(args.limit()).try_collect().await.map_err(account::failure)
}

fn is(serial: &Serial, name: &str, called: &str) -> bool {
    serial.as_str().eq_ignore_ascii_case(called) || name.eq_ignore_ascii_case(called)
}

/// What a print took: only an ended one has taken any time.
fn took(task: &Task) -> Option<Duration> {
    if task.state() == Some(TaskState::Printing) {
        return None;
    }
    let start = format::unix_seconds(task.start_time.as_deref()?)?;
    let end = format::unix_seconds(task.end_time.as_deref()?)?;
    u64::try_from(end.checked_sub(start)?).ok().map(Duration::from_secs)
}

fn task_document(task: &Task, args: &Args) -> Value {
    let mut document = json!(task);
    if let Value::Object(keys) = &mut document {
        keys.insert("state".into(), json!(task.state()));
        keys.insert("model".into(), json!(task.model()));
        keys.insert("cover".into(), address(task.cover.as_ref(), args));
    }
    document
}

fn message_document(message: &Message, args: &Args) -> Value {
    let mut document = json!(message);
    let cover = message.task.as_ref().and_then(|task| task.cover.as_ref());
    if let Some(shown) = document.pointer_mut("/task/cover") {
        *shown = address(cover, args);
    }
    document
}

/// A signed address: the signature only for who asks for secrets.
fn address(url: Option<&SignedUrl>, args: &Args) -> Value {
    match url {
        Some(url) if args.show_secrets => json!(url.reveal()),
        other => json!(other),
    }
}
