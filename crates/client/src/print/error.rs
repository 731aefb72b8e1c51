//! Why a print over the local network did not begin.

use std::{io, path::PathBuf};

use bambu_protocol::{
    Model,
    cloud::BED_TYPES,
    command::Refusal,
    threemf::{BadThreeMf, NoFit},
    verify::Outcome,
};

use crate::{
    ftps::FtpsError,
    link::{Reason, SendError},
    printer::CommandError,
};

/// Why nothing prints, or why nobody knows whether it does.
///
/// [`is_sent`](Self::is_sent) tells whether the printer was given the job at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintJobError {
    /// The file on this machine cannot be read.
    #[error("{} cannot be read; check the path and its permissions", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is no 3MF, or a damaged one.
    #[error("{name} is no 3MF that can be printed; export it again from the slicer")]
    BadFile {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: BadThreeMf,
    },
    /// Its G-code is not what its slicer wrote.
    #[error(
        "the G-code of plate {plate} does not have the MD5 that stands beside it; export the file again from the slicer"
    )]
    WrongMd5 {
        /// Which plate.
        plate: u32,
    },
    /// A 3MF without G-code.
    #[error("{name} is not sliced; slice it and export the sliced plate, as .gcode.3mf")]
    NotSliced {
        /// Its name.
        name: String,
    },
    /// It has other plates.
    #[error("plate {plate} is not sliced in this file; it has {}", listed(plates))]
    NoSuchPlate {
        /// What was asked for.
        plate: u32,
        /// What there is.
        plates: Vec<u32>,
    },
    /// Sliced for another machine.
    #[error(
        "the file is sliced for {file} and this is {printer}; slice it for {printer}, or force it"
    )]
    WrongModel {
        /// What the file names.
        file: String,
        /// What the printer is.
        printer: Model,
    },
    /// Sliced for another nozzle.
    #[error(
        "the file is sliced for a nozzle of {file} mm and the printer has {printer} mm; change the nozzle, slice it anew, or force it"
    )]
    WrongNozzle {
        /// What the file wants, in mm.
        file: f64,
        /// What the printer reports, in mm.
        printer: String,
    },
    /// Nothing to store a file on, or nothing that can be written.
    #[error(
        "the printer's storage is {0}; put a card or stick into it that can be written, or force it"
    )]
    NoStorage(&'static str),
    /// The printer has no tray that fits.
    #[error(transparent)]
    NoFit(#[from] NoFit),
    /// No build plate that printers know.
    #[error("there is no build plate {0:?}; choose one of {known}", known = BED_TYPES.join(", "))]
    BedType(String),
    /// An object that cannot be left out.
    #[error(
        "object {0} cannot be skipped; `bambu inspect` lists the objects of each plate, and only files that label several can leave some out"
    )]
    NoSuchObject(u32),
    /// A path on the printer that is none.
    #[error("{0:?} is no path of a file on the printer; write it as /cache/cube.gcode.3mf")]
    BadPath(String),
    /// This model does not read files in that way.
    #[error("{0} does not take addresses of the form file:///sdcard; leave that out")]
    NoSdCardUrl(Model),
    /// Something speaks against it now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no way to the printer.
    #[error(transparent)]
    NoWay(#[from] Reason),
    /// It did not tell its status in time.
    #[error(
        "the printer did not tell its status in time; check that it is switched on and in this network"
    )]
    Silent,
    /// The file could not be stored.
    #[error(transparent)]
    Storage(#[from] FtpsError),
    /// Somebody changed the file while it was sent.
    #[error("{name} was changed while it was sent; print it again")]
    Changed {
        /// Its name.
        name: String,
    },
    /// The printer has another file under that name.
    #[error("the printer has {stored} bytes of {sent}; print it again")]
    Differs {
        /// Bytes of the file here.
        sent: u64,
        /// Bytes that the printer counts.
        stored: u64,
    },
    /// There is no such file on the printer.
    #[error("there is no file {0} on the printer; list its files with `bambu files ls`")]
    NotThere(String),
    /// The request could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
    /// The printer refused, or did not answer: the outcome says what to do.
    #[error("{0}")]
    NotStarted(Outcome),
    /// It began and gave up.
    #[error("the printer gave the job up: {why}; look at the printer")]
    GaveUp {
        /// Its error, in words where it is known.
        why: String,
    },
    /// It has the job and waits.
    #[error(
        "the printer has the job and holds it: {why}; look at the printer, then resume or stop the job"
    )]
    Held {
        /// Its error, in words where it is known.
        why: String,
    },
    /// It took the request, and its status does not show the job.
    #[error(
        "the printer took the request, but its status does not show the job (it is {state}); look at the printer before starting it again"
    )]
    NotShown {
        /// What it shows.
        state: &'static str,
    },
    /// Somebody wanted it no more.
    #[error("cancelled; nothing prints")]
    Cancelled,
}

impl PrintJobError {
    /// Whether the same job with [`force`](super::PrintJob::force) gets past this.
    pub fn can_be_forced(&self) -> bool {
        match self {
            Self::WrongModel { .. } | Self::WrongNozzle { .. } | Self::NoStorage(_) => true,
            Self::Refused(refusal) => refusal.can_be_forced(),
            _ => false,
        }
    }

    /// Whether the printer was sent the request; then it may print.
    pub fn is_sent(&self) -> bool {
        matches!(
            self,
            Self::NotStarted(_) | Self::GaveUp { .. } | Self::Held { .. } | Self::NotShown { .. }
        )
    }

    /// One word for programs, such as `wrong_model`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::BadFile { .. } => "bad_file",
            Self::WrongMd5 { .. } => "wrong_md5",
            Self::NotSliced { .. } => "not_sliced",
            Self::NoSuchPlate { .. } => "no_such_plate",
            Self::WrongModel { .. } => "wrong_model",
            Self::WrongNozzle { .. } => "wrong_nozzle",
            Self::NoStorage(_) => "no_storage",
            Self::NoFit(_) => "no_fit",
            Self::BedType(_) => "bed_type",
            Self::NoSuchObject(_) => "no_such_object",
            Self::BadPath(_) => "bad_path",
            Self::NoSdCardUrl(_) => "no_sdcard_url",
            Self::Refused(refusal) => refusal.word(),
            Self::NoWay(reason) => reason.word(),
            Self::Silent => "silent",
            Self::Storage(_) => "storage",
            Self::Changed { .. } => "changed",
            Self::Differs { .. } => "differs",
            Self::NotThere(_) => "not_there",
            Self::NotSent(_) => "not_sent",
            Self::NotStarted(outcome) => outcome.name(),
            Self::GaveUp { .. } => "gave_up",
            Self::Held { .. } => "held",
            Self::NotShown { .. } => "not_shown",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<CommandError> for PrintJobError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::NotSent(error) => error.into(),
        }
    }
}

fn listed(plates: &[u32]) -> String {
    let all: Vec<_> = plates.iter().map(u32::to_string).collect();
    let many = if all.len() == 1 { "plate" } else { "plates" };
    format!("{many} {}", all.join(", "))
}
