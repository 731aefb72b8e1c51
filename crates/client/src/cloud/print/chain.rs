//! The steps of a print over the cloud up to its task. Each notes where it is and what was made, so
//! that whatever ends them can say so.

use std::time::Duration;

use bambu_protocol::{
    FileKind, Serial,
    cloud::{
        CloudEntry, CreatedProject, PlateFile, PrintProfile, PrintReady, Processing, SignedUrl,
        UploadDone, UploadTicket, UploadUrls,
    },
    format,
};
use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{CloudFile, JobFile, PrintErrorKind as Kind, PrintOptions, Step};
use crate::cloud::{
    Call, Cloud, Progress, UploadError,
    upload::{Content, FILE_TYPE, LocalFile, Manner},
};

/// Between two questions for how far processing is.
const POLL: Duration = Duration::from_secs(1);

pub(super) struct Chain<'a> {
    cloud: &'a Cloud,
    printer: &'a Serial,
    options: &'a PrintOptions,
    /// Where it is.
    pub(super) step: Option<Step>,
    /// What was made for this print.
    pub(super) made: Option<String>,
    /// Whether something is being made that must not end without its name being known.
    making: watch::Sender<bool>,
}

/// A registered file: all that a task needs.
pub(super) struct Ready {
    pub(super) project_id: String,
    pub(super) model_id: String,
    pub(super) profile_id: u64,
    pub(super) file_name: String,
}

/// What is to be printed, and where it is.
pub(super) enum Found {
    /// On this machine.
    Here(LocalFile),
    /// In the store, with an address to it.
    Uploaded(JobFile),
    /// In the cloud's lists.
    Listed(CloudEntry),
}

/// A project with its ids.
struct Ids {
    project: String,
    model: String,
    profile: String,
}

impl<'a> Chain<'a> {
    pub(super) fn new(cloud: &'a Cloud, printer: &'a Serial, options: &'a PrintOptions) -> Self {
        Self { cloud, printer, options, step: None, made: None, making: watch::Sender::new(false) }
    }

    /// Ends when it is cancelled, but never between a project and its name.
    pub(super) fn cancelled(&self) -> impl Future<Output = ()> + use<> {
        let (cancel, mut making) = (self.options.cancel.clone(), self.making.subscribe());
        async move {
            cancel.cancelled().await;
            let _ = making.wait_for(|making| !making).await;
        }
    }

    pub(super) fn begin(&mut self, step: Step) {
        self.step = Some(step);
        self.options.progress.tell(Progress::Step(step));
    }

    /// Everything before the task.
    pub(super) async fn prepare(&mut self, file: &CloudFile) -> Result<Ready, Kind> {
        match self.look(file).await? {
            Found::Here(file) => self.bring(&file).await,
            Found::Uploaded(file) => self.stored(&file).await,
            Found::Listed(entry) => self.again(entry).await,
        }
    }

    /// What would be printed, and whether it could be; nothing is changed.
    pub(super) async fn look(&mut self, file: &CloudFile) -> Result<Found, Kind> {
        self.options.check()?;
        let name = match file {
            CloudFile::Local(path) => {
                let file = LocalFile::open(path, None).await?;
                self.is_sliced(&file).await?;
                self.look_at_printer().await?;
                return Ok(Found::Here(file));
            }
            CloudFile::Named(name) | CloudFile::Project(name) => name,
        };
        self.look_at_printer().await?;
        let by_name = matches!(file, CloudFile::Named(_));
        if let Some(stored) = self.cloud.uploads.find(name).filter(|_| by_name) {
            return Ok(Found::Uploaded(JobFile::from(&stored)));
        }
        let files = self.cloud.cloud_files().await?.value;
        let found = if by_name { newest_named(&files, name) } else { by_id(&files, name) };
        found.map(Found::Listed).ok_or_else(|| Kind::NoSuchFile { name: name.clone() })
    }

    /// The printer is there and has nothing to do, as far as the cloud knows.
    pub(super) async fn look_at_printer(&mut self) -> Result<(), Kind> {
        self.begin(Step::Check);
        if self.options.force {
            return Ok(());
        }
        let devices = self.cloud.devices().await?.value;
        let Some(device) = devices.into_iter().find(|it| it.serial == *self.printer) else {
            return Err(Kind::NotYours { serial: self.printer.clone() });
        };
        let name = device.name.unwrap_or_else(|| self.printer.to_string());
        if device.online == Some(false) {
            return Err(Kind::Offline { name });
        }
        match device.print_status {
            Some(status) if has_job(&status) => Err(Kind::Busy { name, status }),
            _ => Ok(()),
        }
    }

    async fn is_sliced(&self, file: &LocalFile) -> Result<(), Kind> {
        let (name, kind, plate) = (file.name.clone(), file.kind, self.options.plate);
        if kind != FileKind::ThreeMf {
            return Err(Kind::NotPrintable { name, kind });
        }
        let sliced = file.plates().await?;
        if !sliced.contains(&plate) {
            return Err(Kind::NotSliced { name, plate, sliced });
        }
        Ok(())
    }

    /// A file of this machine: the whole chain.
    async fn bring(&mut self, file: &LocalFile) -> Result<Ready, Kind> {
        let stem = stem(&file.name);
        let (ids, made) = self.create(stem).await?;
        let place = made.upload_url.ok_or(UploadError::NoCloudStorage)?;
        self.begin(Step::UploadConfig);
        let manner = self.manner();
        match file.config_part().await? {
            Some(part) => manner.put(&place, Content::Bytes(&Bytes::from(part)), FILE_TYPE).await?,
            None => manner.put(&place, Content::File { file, md5: false }, FILE_TYPE).await?,
        };
        file.unchanged().await?;
        if let Some(ticket) = made.upload_ticket {
            self.announce(&ticket, &format!("{stem}.3mf")).await?;
            self.processed(&ticket).await?;
        }
        self.begin(Step::UploadModel);
        let key = format!("{}_{}_{}.3mf", ids.model, ids.profile, self.options.plate.max(1));
        let mut place = self.model_place(&key).await?;
        let content = Content::File { file, md5: true };
        let stored = match manner.put(&place, content, FILE_TYPE).await {
            Err(UploadError::Expired) => {
                place = self.model_place(&key).await?;
                manner.put(&place, content, FILE_TYPE).await?
            }
            other => other?,
        };
        file.unchanged().await?;
        let changed = || UploadError::Changed { name: file.name.clone() };
        let md5 = stored.md5.ok_or_else(changed)?;
        self.register(&ids, &place, &md5).await?;
        ids.ready(file.name.clone())
    }

    /// A file that was stored before: a new project that points to it.
    pub(super) async fn stored(&mut self, file: &JobFile) -> Result<Ready, Kind> {
        let name = file.file_name.clone().unwrap_or_else(|| "untitled.3mf".into());
        let (Some(url), Some(md5)) = (&file.file_url, &file.md5) else {
            return Err(Kind::Incomplete);
        };
        let md5 = md5.to_ascii_uppercase();
        let is_digest = md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest || !url.reveal().starts_with("http") {
            return Err(Kind::Incomplete);
        }
        let (ids, _) = self.create(stem(&name)).await?;
        self.register(&ids, url, &md5).await?;
        ids.ready(name)
    }

    /// What the cloud has already: the file of a project is registered for the plate, that of a
    /// print in the history in a new project.
    async fn again(&mut self, entry: CloudEntry) -> Result<Ready, Kind> {
        let nothing = || Kind::NothingToPrint { name: entry.name.clone() };
        let (mut model, mut profile) = (entry.model_id.clone(), entry.profile_id.clone());
        let mut download = None;
        if let Some(id) = &entry.project_id {
            let project = self.cloud.project(id).await?.value;
            let first = project.profiles.into_iter().next();
            self.has_plate(&entry.name, first.as_ref())?;
            model = project.model_id.or(model);
            profile = first.and_then(|it| it.profile_id).or(profile);
            download = project.download_url.zip(project.download_md5);
        }
        let (model, profile) = model.zip(profile).ok_or_else(nothing)?;
        let file = self.cloud.profile(&profile, &model).await?.value;
        let (url, md5) = file.url.zip(file.md5).or(download).ok_or_else(nothing)?;
        let name = file.filename.unwrap_or_else(|| entry.name.clone());
        let Some(project) = entry.project_id else {
            let file_name = Some(name);
            return self
                .stored(&JobFile { file_id: None, file_name, file_url: Some(url), md5: Some(md5) })
                .await;
        };
        let ids = Ids { project, model, profile };
        self.register(&ids, &url, &md5.to_ascii_uppercase()).await?;
        ids.ready(name)
    }

    /// Where the cloud says which plates are sliced, this one is.
    fn has_plate(&self, name: &str, profile: Option<&PrintProfile>) -> Result<(), Kind> {
        let plates = profile.and_then(|it| it.context.as_ref()).map(|it| it.plates.as_slice());
        let sliced: Vec<u32> = plates
            .unwrap_or_default()
            .iter()
            .filter(|plate| plate.gcode.is_some())
            .filter_map(|plate| plate.index?.try_into().ok())
            .collect();
        let plate = self.options.plate;
        if sliced.is_empty() || sliced.contains(&plate) {
            return Ok(());
        }
        Err(Kind::NotSliced { name: name.to_owned(), plate, sliced })
    }

    async fn create(&mut self, name: &str) -> Result<(Ids, CreatedProject), Kind> {
        self.begin(Step::CreateProject);
        let title = self.options.title.as_deref().unwrap_or(name).to_owned();
        self.making.send_replace(true);
        let made = self.cloud.create_project(title.as_str()).await.map(|answer| answer.value);
        if let Ok(made) = &made {
            self.made.clone_from(&made.project_id);
        }
        self.making.send_replace(false);
        let made = made?;
        let missing = |what| Kind::Missing { what };
        let ids = Ids {
            project: made.project_id.clone().ok_or(missing("project_id"))?,
            model: made.model_id.clone().ok_or(missing("model_id"))?,
            profile: made.profile_id.clone().ok_or(missing("profile_id"))?,
        };
        Ok((ids, made))
    }

    async fn announce(&mut self, ticket: &str, name: &str) -> Result<(), Kind> {
        self.begin(Step::Announce);
        let upload = UploadTicket { origin_file_name: name, ticket };
        let call = Call::put("/v1/iot-service/api/user/notification").json(&UploadDone { upload });
        self.cloud.done(call).await?;
        Ok(())
    }

    /// Asks until the cloud is done with it; what is no answer is asked again in the same time.
    async fn processed(&mut self, ticket: &str) -> Result<(), Kind> {
        self.begin(Step::Processing);
        let until = Instant::now() + self.options.processing;
        loop {
            let call = Call::get("/v1/iot-service/api/user/notification")
                .query("action", "upload")
                .query("ticket", ticket);
            let failure = match self.cloud.reply(call).await {
                Ok(reply) if reply.is_success() => match Processing::read(&reply.body) {
                    Processing::Done => return Ok(()),
                    Processing::Failed(text) => return Err(Kind::Unprocessed { text }),
                    Processing::Running => None,
                },
                Ok(reply) => Some(reply.refusal()),
                Err(error) => Some(error),
            };
            let late = Instant::now() + POLL > until;
            match failure {
                Some(error) if late || !error.is_retryable() => return Err(error.into()),
                None if late => {
                    let seconds = self.options.processing.as_secs();
                    return Err(Kind::StillProcessing { seconds });
                }
                _ => sleep(POLL).await,
            }
        }
    }

    async fn model_place(&self, key: &str) -> Result<SignedUrl, Kind> {
        let call = Call::get("/v1/iot-service/api/user/upload").query("models", key);
        let places = self.cloud.call::<UploadUrls>(call).await?.value;
        let place = places.urls.into_iter().next().map(|place| place.url).or(places.upload_url);
        Ok(place.ok_or(UploadError::NoCloudStorage)?)
    }

    async fn register(&mut self, ids: &Ids, url: &SignedUrl, md5: &str) -> Result<(), Kind> {
        self.begin(Step::Register);
        let file = PlateFile { md5, plate_idx: self.options.plate, url };
        let body = PrintReady { profile_id: &ids.profile, profile_print_3mf: [file] };
        let call = Call::patch("/v1/iot-service/api/user/project/{}").value(&ids.project);
        self.cloud.done(call.json(&body)).await?;
        Ok(())
    }

    fn manner(&self) -> Manner<'a> {
        let options = self.options;
        Manner { roots: &self.cloud.roots, patience: options.stall, progress: &options.progress }
    }
}

impl Ids {
    fn ready(self, file_name: String) -> Result<Ready, Kind> {
        let missing = Kind::Missing { what: "numeric profile_id" };
        Ok(Ready {
            profile_id: self.profile.parse().map_err(|_| missing)?,
            project_id: self.project,
            model_id: self.model,
            file_name,
        })
    }
}

/// The newest of that name, written as it is, else but for its ending.
fn newest_named(files: &[CloudEntry], name: &str) -> Option<CloudEntry> {
    let newest = |is: fn(&str) -> &str| {
        let same = files.iter().filter(|file| is(&file.name) == is(name));
        // Projects and prints tell their times in two forms.
        same.max_by_key(|file| file.created_at.as_deref().and_then(format::unix_seconds))
    };
    newest(|name| name).or_else(|| newest(stem)).cloned()
}

/// By any of the ids that the cloud's lists show.
fn by_id(files: &[CloudEntry], id: &str) -> Option<CloudEntry> {
    let is = |own: &Option<String>| own.as_deref() == Some(id);
    files.iter().find(|it| is(&it.project_id) || is(&it.file_id) || is(&it.model_id)).cloned()
}

/// What the cloud calls a printer that is at work. The words are free text. [L]
fn has_job(status: &str) -> bool {
    let busy = ["RUNNING", "PAUSE", "PAUSED", "PREPARE", "SLICING", "INIT", "ACTIVE"];
    busy.contains(&status.trim().to_ascii_uppercase().as_str())
}

/// `part.gcode.3mf` is `part`.
pub(super) fn stem(name: &str) -> &str {
    let end = |name: &str, ending: &str| {
        let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0)?;
        name.get(at..).filter(|tail| tail.eq_ignore_ascii_case(ending)).map(|_| at)
    };
    let cut = |name: &str| [".3mf", ".gcode"].iter().find_map(|ending| end(name, ending));
    let bare = cut(name).and_then(|at| name.get(..at)).unwrap_or(name);
    cut(bare).and_then(|at| bare.get(..at)).unwrap_or(bare)
}
