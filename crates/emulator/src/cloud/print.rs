//! Prints over the cloud: `POST my/task` judged, the task made, and its printer started.
//!
//! Uploads and projects before it are in `http/upload.rs` and `http/projects.rs`, what is kept of
//! them in `library/`; `http/print.rs` is what it looks like over HTTP.

mod body;
mod frame;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Bound, Cloud, Dialect,
    account::Account,
    history::number,
    library::{NewTask, PrintReady, Project, Task, TaskState},
};
use crate::simulator::Summary;

/// Why a task is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// A field is missing.
    NotSet(String),
    /// A field has another type.
    TypeMismatch(String),
    /// A value is none of those known, or names nothing.
    Invalid,
    /// Printer or project belong to somebody else.
    Forbidden,
}

impl Cloud {
    /// Makes a task of what `POST my/task` says, and starts its printer.
    pub(super) fn task(
        &self,
        account: &Account,
        body: Map<String, Value>,
    ) -> Result<Task, Refused> {
        body::judge(&body, self.dialect())?;
        let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or("");
        let bound = self.own(account, text("deviceId")).ok_or(Refused::Forbidden)?;
        let project = self.project_of_task(account, &body)?;
        let plate = body.get("plateIndex").and_then(Value::as_u64).unwrap_or(1);
        let plate = u32::try_from(plate).ok().filter(|plate| (1..=99).contains(plate));
        let plate = plate.ok_or(Refused::Invalid)?;
        let file = project.prints.iter().find(|print| print.plate == plate).cloned();
        let title = match text("title") {
            "" => project.name.clone(),
            title => title.chars().take(255).collect(),
        };
        let what = task_of(project, plate, title, bound.summary(), body);
        Ok(self.start_task(account, bound, what, file))
    }

    fn project_of_task(
        &self,
        account: &Account,
        body: &Map<String, Value>,
    ) -> Result<Project, Refused> {
        let model_id = body.get("modelId").and_then(Value::as_str).unwrap_or("");
        let profile_id = match body.get("profileId") {
            Some(Value::Number(id)) => id.as_u64(),
            Some(Value::String(id)) => Some(number(id)),
            _ => None,
        };
        let library = self.library();
        let project = match profile_id {
            Some(id) => library.project_of(model_id, id),
            // The documented dialect does without.
            None => library.projects(account.uid).into_iter().find(|of| of.model_id == model_id),
        };
        let project = project.ok_or(Refused::Invalid)?;
        if project.owner == account.uid { Ok(project) } else { Err(Refused::Forbidden) }
    }

    /// Makes a task and sends its file to the printer, which may be busy or away: then the task has
    /// failed, and is there all the same.
    pub(super) fn start_task(
        &self,
        account: &Account,
        bound: &Bound,
        what: NewTask,
        file: Option<PrintReady>,
    ) -> Task {
        // What has ended on this printer is taken down before its list moves on.
        self.follow(account);
        let now = Timestamp::now();
        let task = self.library().add_task(what, now);
        // Registered with the signature of an upload; the printer gets one that it can read by.
        let file = file.map(|file| PrintReady { url: self.readable(&file.url), ..file });
        let print = bound.printer();
        if bound.online() && print.power().is_on() {
            print.order(&frame::project_file(&task, file.as_ref(), now.as_second()));
        }
        let running = print.summary().job.filter(|job| number(&job.task_id) == task.id);
        match running {
            Some(job) => {
                self.library().foresee_task(task.id, job.prediction_seconds);
            }
            None => {
                self.library().end_task(task.id, TaskState::Failed, now);
            }
        }
        self.library().task(task.id).unwrap_or(task)
    }

    /// A URL of this cloud's store, signed anew for reading; another one stays as it is.
    pub(super) fn readable(&self, url: &str) -> String {
        let signed = self.store().and_then(|store| Some(store.presign_get(&store.key_of(url)?)));
        signed.unwrap_or_else(|| url.to_owned())
    }

    /// What `POST my/task` answers.
    pub(super) fn task_reply(&self, task: &Task) -> Value {
        match self.dialect() {
            Dialect::Observed => serde_json::json!({"id": task.id}),
            Dialect::Documented => serde_json::json!({"id": task.id, "status": "created"}),
        }
    }
}

/// What a task of a project is made from.
pub(super) fn task_of(
    project: Project,
    plate: u32,
    title: String,
    printer: Summary,
    body: Map<String, Value>,
) -> NewTask {
    NewTask {
        owner: project.owner,
        serial: printer.serial,
        device_name: printer.name,
        device_model: printer.model.product_name().to_owned(),
        title,
        project_id: project.id,
        model_id: project.model_id,
        profile_id: project.profile_id,
        plate,
        seconds: 0,
        grams: 0.0,
        body,
    }
}
