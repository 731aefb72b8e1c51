//! Printing over the cloud: a project, its file, a task. The cloud itself then tells the printer;
//! nothing here speaks to it, or it would get the job twice.
//!
//! The steps before the task are in `print/chain.rs`, what can be said about a print in
//! `print/options.rs`; storing files is in [`upload`](super::upload).

mod chain;
mod error;
mod options;

use std::time::Duration;

use bambu_protocol::{
    Serial,
    cloud::{CreatedTask, NewTask},
};
use serde::Serialize;

use super::{Answer, Call, Cloud, CloudError, upload::Uploaded};

pub use error::{PrintError, PrintErrorKind};
pub use options::{CloudFile, JobFile, PrintOptions, Step};

use chain::{Chain, Ready};

/// How long the cloud may take to create a task.
const TASK: Duration = Duration::from_secs(60);

/// A print that the cloud has taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The task: `id` in the history, `job_id` in the printer's reports.
    pub job_id: String,
    /// What the cloud says about it; `created` when it says nothing.
    pub status: String,
    /// The printer.
    pub device_id: Serial,
    /// What is printed.
    pub file_name: String,
    /// When, by this machine's clock: `YYYY-MM-DDTHH:MM:SSZ`.
    pub created_at: String,
    /// The project that it belongs to.
    pub project_id: String,
    /// Its model.
    pub model_id: String,
    /// Its profile.
    pub profile_id: u64,
    /// Which plate, from 1.
    pub plate: u32,
    /// What the history shows.
    pub title: String,
}

impl Cloud {
    /// Prints a plate of a sliced 3MF: uploads and registers what is on this machine, finds what is
    /// in the cloud, then creates the task, once. [L]
    ///
    /// The small file with settings and pictures that the cloud makes its history from is cut out of
    /// the 3MF. Nothing prints before the task: what ends earlier, dropping included, leaves at
    /// worst a project that is not printed, which the error names. The task itself is never given
    /// up half-way.
    ///
    /// # Errors
    /// [`PrintError`]. [`PrintErrorKind::ReservedForVendor`]: the cloud takes tasks from the
    /// vendor's own programs only.
    pub async fn start_cloud_print(
        &self,
        printer: &Serial,
        file: CloudFile,
        options: PrintOptions,
    ) -> Result<Started, PrintError> {
        self.start(printer, &options, async |chain| chain.prepare(&file).await).await
    }

    /// Looks at file and printer as [`start_cloud_print`](Self::start_cloud_print) does first, and
    /// leaves it at that: nothing is made and nothing sent.
    ///
    /// # Errors
    /// [`PrintError`].
    pub async fn check_cloud_print(
        &self,
        printer: &Serial,
        file: &CloudFile,
        options: &PrintOptions,
    ) -> Result<(), PrintError> {
        let mut chain = Chain::new(self, printer, options);
        let result = chain.look(file).await.map(|_| ());
        result.map_err(|kind| PrintError { kind, step: chain.step, project_id: None })
    }

    /// Prints a file that is stored already: by its address and MD5, as
    /// [`upload_file`](Self::upload_file) tells them, else by the id of its project, else by name.
    ///
    /// # Errors
    /// [`PrintError`].
    pub async fn start_print_job(
        &self,
        printer: &Serial,
        file: JobFile,
        options: PrintOptions,
    ) -> Result<Started, PrintError> {
        let file = match (&file.file_url, &file.file_id, &file.file_name) {
            (None, Some(id), _) => CloudFile::Project(id.clone()),
            (None, None, Some(name)) => CloudFile::Named(name.clone()),
            _ => {
                let stored = async |chain: &mut Chain<'_>| {
                    options.check()?;
                    chain.look_at_printer().await?;
                    chain.stored(&file).await
                };
                return self.start(printer, &options, stored).await;
            }
        };
        self.start_cloud_print(printer, file, options).await
    }

    /// Creates a task: `POST my/task`. The printer begins. Never repeated: it could print twice.
    /// The project has to have a file registered. [L]
    ///
    /// # Errors
    /// [`CloudError`]; HTTP 403 means that the cloud takes tasks from the vendor's own programs only.
    pub async fn create_task(&self, task: &NewTask) -> Result<Answer<CreatedTask>, CloudError> {
        let call = Call::post("/v1/user-service/my/task");
        self.call(call.json(task).within(TASK).with_possession()).await
    }

    async fn start(
        &self,
        printer: &Serial,
        options: &PrintOptions,
        prepare: impl AsyncFnOnce(&mut Chain<'_>) -> Result<Ready, PrintErrorKind>,
    ) -> Result<Started, PrintError> {
        let mut chain = Chain::new(self, printer, options);
        let cancelled = chain.cancelled();
        let ready = tokio::select! {
            biased;
            () = cancelled => Err(PrintErrorKind::Cancelled),
            result = prepare(&mut chain) => result,
        };
        let result = match ready {
            Ok(ready) => {
                chain.begin(Step::CreateTask);
                self.print(printer, options, ready).await
            }
            Err(kind) => Err(kind),
        };
        result.map_err(|kind| PrintError { kind, step: chain.step, project_id: chain.made })
    }

    async fn print(
        &self,
        printer: &Serial,
        options: &PrintOptions,
        ready: Ready,
    ) -> Result<Started, PrintErrorKind> {
        let title = options.title_of(&ready.file_name);
        let task = options.task(printer.as_str(), &ready.model_id, ready.profile_id, title);
        let created = match self.create_task(&task).await {
            Ok(created) => created.value,
            Err(error) => return Err(refused(error)),
        };
        let missing = PrintErrorKind::Unconfirmed(Box::new(CloudError::BadBody {
            route: "/v1/user-service/my/task",
            why: "it names no task",
        }));
        let now = jiff::Timestamp::now().as_second();
        let created_at = jiff::Timestamp::from_second(now).unwrap_or_default();
        Ok(Started {
            job_id: created.id.ok_or(missing)?,
            status: created.status.unwrap_or_else(|| "created".into()),
            device_id: printer.clone(),
            created_at: created_at.to_string(),
            project_id: ready.project_id,
            model_id: ready.model_id,
            profile_id: ready.profile_id,
            plate: options.plate,
            title: title.to_owned(),
            file_name: ready.file_name,
        })
    }
}

/// What a refused task means. Where the answer is lost, the task may exist.
fn refused(error: CloudError) -> PrintErrorKind {
    match error {
        // Code 8 is about somebody else's printer or project. [L]
        CloudError::Forbidden { text, code, .. } if code != Some(8) => {
            PrintErrorKind::ReservedForVendor { text }
        }
        CloudError::TimedOut { .. }
        | CloudError::Broken { .. }
        | CloudError::BadBody { .. }
        | CloudError::TooLarge { .. }
        | CloudError::Server { .. } => PrintErrorKind::Unconfirmed(Box::new(error)),
        other => other.into(),
    }
}

impl From<&Uploaded> for JobFile {
    fn from(file: &Uploaded) -> Self {
        Self {
            file_id: None,
            file_name: Some(file.file_name.clone()),
            file_url: Some(file.file_url.clone()),
            md5: file.md5.clone(),
        }
    }
}
