//! `query --projects`: the sliced files that the cloud keeps.

use std::io::Write as _;

use bambu_protocol::{cloud::Project, format};
use bambulab::cloud::Cloud;
use serde_json::{Value, json};

use super::{Args, Page, history};
use crate::{
    exit::Failure,
    output::{Cell, Paint, Table, human},
};

pub(super) async fn ask(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let projects = history::first(cloud.projects_pages(), args).await?;
    page.add(
        "projects",
        || projects.iter().map(document).collect(),
        |out| {
            if projects.is_empty() {
                return writeln!(out, "this account has no project");
            }
            let mut table = Table::new(&["PROJECT", "CREATED (UTC)", "STATUS", "MODEL", "ID"]);
            for project in &projects {
                let text = |it: &Option<String>| it.clone().unwrap_or(human::UNKNOWN.into());
                table.row([
                    Cell::painted(text(&project.name), Paint::Bold),
                    when(project.create_time.as_deref()),
                    text(&project.status).to_lowercase().into(),
                    text(&project.model_id).into(),
                    text(&project.project_id).into(),
                ]);
            }
            table.write(out, colour)
        },
    )
}

/// The list's keys alone: what only the details have is not told as missing.
fn document(project: &Project) -> Value {
    json!({
        "project_id": project.project_id, "name": project.name, "status": project.status,
        "model_id": project.model_id, "user_id": project.user_id,
        "created_at": project.create_time, "updated_at": project.update_time,
    })
}

/// A time of the cloud as a cell: in one form, or as it was sent.
pub(super) fn when(sent: Option<&str>) -> Cell {
    let shown = sent.map(|sent| format::timestamp(sent).unwrap_or_else(|| sent.to_owned()));
    shown.unwrap_or_else(|| human::UNKNOWN.into()).into()
}
