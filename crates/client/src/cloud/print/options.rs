//! How something is printed: what a task can say, and nothing that slicing has settled.

use std::{fmt, path::PathBuf, time::Duration};

use bambu_protocol::{
    cloud::{BED_TYPES, NewTask, SignedUrl},
    request::{Auto, TrayId},
};
use tokio_util::sync::CancellationToken;

use super::PrintErrorKind;
use crate::cloud::OnProgress;

/// What is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudFile {
    /// A sliced 3MF on this machine; it is uploaded first.
    Local(PathBuf),
    /// A file in the cloud by name: one that this [`Cloud`](crate::Cloud) has just uploaded, else
    /// the newest project of that name.
    Named(String),
    /// A project by its id, or by the id of its model.
    Project(String),
}

/// A file in the cloud, as the seeds name it.
///
/// An [`Uploaded`](crate::cloud::Uploaded) is one: its address and MD5 are enough. Without them the
/// id of its project, or else its name, finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFile {
    /// Id of its project, or of its model.
    pub file_id: Option<String>,
    /// What the history shows.
    pub file_name: Option<String>,
    /// Where it is stored.
    pub file_url: Option<SignedUrl>,
    /// Its MD5 in hex digits.
    pub md5: Option<String>,
}

/// How something is printed.
#[derive(Debug, Clone)]
pub struct PrintOptions {
    /// Which plate, from 1.
    pub plate: u32,
    /// What the printer and the history show; the file's name by default.
    pub title: Option<String>,
    /// Where each filament of the file comes from, in its order; `None` is not used. Empty: all
    /// from the external spool, unless [`use_ams`](Self::use_ams) says otherwise.
    pub trays: Vec<Option<TrayId>>,
    /// Whether an AMS is used; by default when a tray of one is named.
    pub use_ams: Option<bool>,
    /// Whether the bed is levelled first.
    pub level_bed: Auto,
    /// Whether the flow is calibrated first.
    pub calibrate_flow: Auto,
    /// Whether vibration is calibrated first.
    pub calibrate_vibration: bool,
    /// Whether the first layer is looked at.
    pub inspect_layer: bool,
    /// Whether a time-lapse is taken.
    pub timelapse: bool,
    /// One of [`BED_TYPES`].
    pub bed_type: String,
    /// Names of settings that somebody asks for, such as `layer_height`: they do not exist on the
    /// wire, and each is refused by name.
    pub settings: Vec<String>,
    /// Print although the printer is not in the account's list, not connected or not idle.
    pub force: bool,
    /// Who is told how far it is.
    pub progress: OnProgress,
    /// Ends it before the task is created. Dropping the future does, too.
    pub cancel: CancellationToken,
    /// How long nothing may move in an upload before it is given up; 100 s.
    pub stall: Duration,
    /// How long the cloud may process the file; 120 s.
    pub processing: Duration,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self {
            plate: 1,
            title: None,
            trays: Vec::new(),
            use_ams: None,
            level_bed: Auto::On,
            calibrate_flow: Auto::Off,
            calibrate_vibration: false,
            inspect_layer: false,
            timelapse: false,
            bed_type: "auto".into(),
            settings: Vec::new(),
            force: false,
            progress: OnProgress::default(),
            cancel: CancellationToken::new(),
            stall: Duration::from_secs(100),
            processing: Duration::from_secs(120),
        }
    }
}

impl PrintOptions {
    /// What makes no sense, whatever is printed.
    ///
    /// # Errors
    /// [`PrintErrorKind::Setting`], [`PrintErrorKind::BedType`].
    pub fn check(&self) -> Result<(), PrintErrorKind> {
        if let Some(name) = self.settings.first() {
            return Err(PrintErrorKind::Setting { name: name.chars().take(60).collect() });
        }
        if !BED_TYPES.contains(&self.bed_type.as_str()) {
            let name = self.bed_type.chars().take(60).collect();
            return Err(PrintErrorKind::BedType { name });
        }
        Ok(())
    }

    /// What printer and history show of a file of this name.
    pub fn title_of<'a>(&'a self, file_name: &'a str) -> &'a str {
        self.title.as_deref().unwrap_or_else(|| super::chain::stem(file_name))
    }

    /// The task that says it.
    pub fn task(&self, device: &str, model_id: &str, profile_id: u64, title: &str) -> NewTask {
        let mut task = NewTask::new(device, model_id, profile_id, self.plate, title)
            .level_bed(self.level_bed)
            .calibrate_flow(self.calibrate_flow)
            .map_trays(&self.trays);
        task.use_ams = self.use_ams.unwrap_or(task.use_ams);
        task.vibration_cali = self.calibrate_vibration;
        task.layer_inspect = self.inspect_layer;
        task.timelapse = self.timelapse;
        task.bed_type.clone_from(&self.bed_type);
        task
    }
}

/// Where a print over the cloud is, in the order in which they come. What is in the cloud already
/// skips those that bring it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The printer and the file are looked at.
    Check,
    /// `POST user/project`.
    CreateProject,
    /// `PUT` of settings and pictures, which the history shows.
    UploadConfig,
    /// `PUT user/notification`.
    Announce,
    /// `GET user/notification`, until it is done.
    Processing,
    /// `PUT` of the sliced file.
    UploadModel,
    /// `PATCH user/project/{id}`.
    Register,
    /// `POST my/task`, once.
    CreateTask,
}

impl Step {
    /// All of them in order.
    pub const ALL: [Self; 8] = [
        Self::Check,
        Self::CreateProject,
        Self::UploadConfig,
        Self::Announce,
        Self::Processing,
        Self::UploadModel,
        Self::Register,
        Self::CreateTask,
    ];
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "looking at printer and file",
            Self::CreateProject => "creating a project",
            Self::UploadConfig => "uploading settings and pictures",
            Self::Announce => "telling the cloud that they are there",
            Self::Processing => "waiting until the cloud has processed it",
            Self::UploadModel => "uploading the sliced file",
            Self::Register => "registering the sliced file",
            Self::CreateTask => "creating the task",
        })
    }
}
