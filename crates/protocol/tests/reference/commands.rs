//! `docs/commands.md`.

use std::fmt::Write;

use bambu_protocol::{
    command::SEED_NAMES,
    request::{self, Answer, Entry, Request, SequenceId},
};

use super::{MADE, SOURCES, cell, examples, forms};

const HEAD: &str = "\
Every command that a printer takes, by section. Each table is followed by one payload per row, in the same order, as this
project publishes it to `device/<serial>/request`. How they are acknowledged, and what an acknowledgement is worth, is in
[mqtt.md](mqtt.md#acknowledgements).

* **Printers**: which ones obey. `fun` and `fun2` are the capability bits of newer machines, see [report-fields.md](report-fields.md).
* **Answer**: `ack` an echo with `result`, `data` an echo with what was asked for, `report` a report instead of an
  acknowledgement, `none` nothing.
* **Effect**: where the [status document](status-document.md) shows it. `bambu control` and `Printer::send` wait for it and
  say `confirmed` only when it is there; without such a place the answer is `accepted`.
";

const FORMS: &str = "\
The same wish is another command on another model. `bambu control` and the library's `Command` choose by model, firmware and
capability bits. This is what they send to an idle printer of each model, in Developer Mode, that reports all capability bits of
its kind; one that lacks a bit gets the G-code. A dash: the model has no such thing, and nothing is sent.
";

pub(super) fn page() -> String {
    let mut page = format!("# Commands\n\n{HEAD}\n{SOURCES} {MADE}\n");
    let examples = examples::all();
    let mut entries: Vec<&Entry> = request::catalogue().collect();
    while let Some(section) = entries.first().map(|entry| entry.section) {
        let rows: Vec<&Entry> = entries.iter().copied().filter(|e| e.section == section).collect();
        entries.retain(|entry| entry.section != section);
        write!(page, "\n## {section}\n\n").unwrap();
        page.push_str("| Command | What it does | Printers | Answer | Effect | |\n");
        page.push_str("|---|---|---|---|---|---|\n");
        for entry in &rows {
            page.push_str(&row(entry));
        }
        page.push_str("\n```json\n");
        for entry in rows {
            page.push_str(&payload(entry, &examples));
        }
        page.push_str("```\n");
    }
    write!(page, "\n## What each model gets\n\n{FORMS}\n{}", forms::table()).unwrap();
    let names: Vec<_> = SEED_NAMES.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(", ");
    write!(page, "\nThe command names of earlier tools mean these wishes too: {names}.\n").unwrap();
    page
}

fn row(entry: &Entry) -> String {
    let answer = match entry.answer {
        Answer::Ack => "ack",
        Answer::Data => "data",
        Answer::Report => "report",
        Answer::Nothing => "none",
    };
    let effect =
        if entry.effect.is_empty() { String::new() } else { format!("`{}`", entry.effect) };
    format!(
        "| `{}` | {} | {} | {answer} | {effect} | {} |\n",
        entry.command,
        cell(entry.what),
        cell(entry.condition),
        entry.source
    )
}

fn payload(entry: &Entry, examples: &[Request]) -> String {
    let example = examples.iter().find(|request| request.entry() == Some(entry));
    let example = example.unwrap_or_else(|| panic!("{entry:?} has no example"));
    example.json(SequenceId::from_random(0)) + "\n"
}
