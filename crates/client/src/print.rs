//! Printing over the local network: a sliced 3MF goes to the printer's storage, the printer is told
//! to print it, and is watched until it does or says why not.
//!
//! What is looked at first is in `print/plan.rs`, the way to the nozzle in `print/start.rs`. Over the
//! cloud it is [`Cloud::start_cloud_print`](crate::Cloud::start_cloud_print).
//!
//! ```no_run
//! use bambulab::{LanTarget, Options, Printer, print::PrintJob};
//!
//! # async fn example(target: LanTarget) -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::default();
//! let printer = Printer::connect(target.clone(), options.clone());
//! let job = PrintJob::new("cube.gcode.3mf").plate(1);
//! let printing = job.start(&printer, &target, &options, |step| println!("{step:?}")).await?;
//! println!("{} prints {}", printing.serial, printing.title);
//! # Ok(())
//! # }
//! ```

mod error;
mod inspected;
mod plan;
mod seeds;
mod start;
mod watch;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bambu_protocol::{
    request::{Auto, TrayId},
    threemf::SlicedFile,
};
use tokio_util::sync::CancellationToken;

use crate::{fleet_upload::Places, ftps::Existing};

pub use error::PrintJobError;
pub use plan::{Check, Plan, PlannedPlate, Verdict};
pub use seeds::{
    LocalPrintClient, PrintArguments, UploadedPrint, create_gcode_print_command,
    create_print_command, upload_and_print,
};
pub use start::{JobProgress, JobStep, Printing};

use inspected::Inspected;

/// How long a printer may take to start a job, by default: P1 firmware parses one for up to 135 s [L].
const WAIT: Duration = Duration::from_secs(180);

/// One plate of a sliced file on one printer, and how it is to be printed. It is data until it is
/// [started](Self::start); the same one may be started on many printers.
#[derive(Debug, Clone)]
pub struct PrintJob {
    source: Source,
    inspected: Option<Arc<Inspected>>,
    plate: u32,
    title: Option<String>,
    folder: String,
    trays: Trays,
    level_bed: Auto,
    calibrate_flow: Auto,
    calibrate_vibration: bool,
    inspect_layer: bool,
    timelapse: bool,
    bed_type: String,
    skip_objects: Vec<u32>,
    sdcard_url: bool,
    existing: Existing,
    force: bool,
    wait: Option<Duration>,
    places: Places,
    cancel: CancellationToken,
}

/// Where the file is.
#[derive(Debug, Clone)]
enum Source {
    /// On this machine.
    Local(PathBuf),
    /// On the printer.
    Stored(String),
}

/// Where the filament comes from.
#[derive(Debug, Clone)]
enum Trays {
    /// The best that are loaded.
    Fit,
    /// These, by filament of the project.
    Named(Vec<Option<TrayId>>),
    /// The external spool.
    External,
}

impl PrintJob {
    /// A sliced 3MF on this machine: it is inspected, and uploaded first.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self::of(Source::Local(file.into()))
    }

    /// A file that is on the printer already, by its path there. Nobody looks into it: that it fits
    /// the printer, its nozzle and what is loaded is not checked.
    pub fn stored(path: impl Into<String>) -> Self {
        Self::of(Source::Stored(path.into()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            inspected: None,
            plate: 1,
            title: None,
            folder: "/".into(),
            trays: Trays::Fit,
            level_bed: Auto::On,
            calibrate_flow: Auto::Off,
            calibrate_vibration: false,
            inspect_layer: false,
            timelapse: false,
            bed_type: "auto".into(),
            skip_objects: Vec::new(),
            sdcard_url: false,
            existing: Existing::Replace,
            force: false,
            wait: Some(WAIT),
            places: Places::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// Which plate, from 1; the first by default.
    #[must_use]
    pub fn plate(self, plate: u32) -> Self {
        Self { plate, ..self }
    }

    /// What the printer shows; the file's name without suffix by default.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The folder on the printer to upload to; its root by default.
    #[must_use]
    pub fn folder(self, folder: impl Into<String>) -> Self {
        Self { folder: folder.into(), ..self }
    }

    /// Takes each filament of the project, in its order, from this tray; `None` is found, or not
    /// used. By default all are found by material and colour.
    #[must_use]
    pub fn trays(self, trays: impl Into<Vec<Option<TrayId>>>) -> Self {
        Self { trays: Trays::Named(trays.into()), ..self }
    }

    /// Takes everything from the external spool.
    #[must_use]
    pub fn external(self) -> Self {
        Self { trays: Trays::External, ..self }
    }

    /// Whether the bed is levelled first; on by default.
    #[must_use]
    pub fn level_bed(self, level_bed: Auto) -> Self {
        Self { level_bed, ..self }
    }

    /// Whether the flow is calibrated first.
    #[must_use]
    pub fn calibrate_flow(self, calibrate_flow: Auto) -> Self {
        Self { calibrate_flow, ..self }
    }

    /// Whether vibration is calibrated first.
    #[must_use]
    pub fn calibrate_vibration(self, calibrate_vibration: bool) -> Self {
        Self { calibrate_vibration, ..self }
    }

    /// Whether the first layer is looked at.
    #[must_use]
    pub fn inspect_layer(self, inspect_layer: bool) -> Self {
        Self { inspect_layer, ..self }
    }

    /// Whether a time-lapse is taken.
    #[must_use]
    pub fn timelapse(self, timelapse: bool) -> Self {
        Self { timelapse, ..self }
    }

    /// The plate that lies on the bed, one of [`BED_TYPES`](crate::protocol::cloud::BED_TYPES).
    #[must_use]
    pub fn bed_type(self, bed_type: impl Into<String>) -> Self {
        Self { bed_type: bed_type.into(), ..self }
    }

    /// Leaves these objects of the plate out, by the ids that inspecting the file tells.
    #[must_use]
    pub fn skip_objects(self, ids: impl Into<Vec<u32>>) -> Self {
        Self { skip_objects: ids.into(), ..self }
    }

    /// Names the file as `file:///sdcard/…` instead of `ftp://…`, for firmware of an X1, P1 or A1
    /// that finds it in no other way. [L]
    #[must_use]
    pub fn sdcard_url(self) -> Self {
        Self { sdcard_url: true, ..self }
    }

    /// What happens when the printer has a file of that name; by default it is replaced.
    #[must_use]
    pub fn existing(self, existing: Existing) -> Self {
        Self { existing, ..self }
    }

    /// Prints although something speaks against it, where
    /// [`can_be_forced`](PrintJobError::can_be_forced).
    #[must_use]
    pub fn force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// How long the printer may take to start; 180 s by default. `None` does not look at all.
    #[must_use]
    pub fn wait(self, wait: Option<Duration>) -> Self {
        Self { wait, ..self }
    }

    /// Shares the bound on parallel transfers with other jobs.
    #[must_use]
    pub fn places(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// Ends it before the request is sent; later it only stops looking.
    #[must_use]
    pub fn cancel(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// Looks into the file now, so that starting it on many printers reads it once.
    ///
    /// # Errors
    /// [`PrintJobError`]: it is not there, no 3MF, not sliced, or its G-code was changed.
    pub async fn inspect(mut self) -> Result<Self, PrintJobError> {
        if let (Source::Local(path), None) = (&self.source, &self.inspected) {
            let (path, plate) = (path.clone(), self.plate);
            let look = tokio::task::spawn_blocking(move || Inspected::of(&path, plate));
            // It was cancelled with its runtime.
            let looked = look.await.map_err(|_| PrintJobError::Cancelled)?;
            self.inspected = Some(Arc::new(looked?));
        }
        Ok(self)
    }

    /// What is in the file, once it was [inspected](Self::inspect).
    pub fn file(&self) -> Option<&SlicedFile> {
        self.inspected.as_ref().map(|inspected| &inspected.file)
    }
}
