//! Why a print over the cloud was not started: the cause, the step, and what was left behind.

use std::fmt;

use bambu_protocol::{FileKind, Serial};

use super::Step;
use crate::cloud::{CloudError, UploadError};

/// Why no print was started. The text tells the cause and the next step, and names a project that
/// was made and stays without a print.
#[derive(Debug)]
#[non_exhaustive]
pub struct PrintError {
    /// What went wrong.
    pub kind: PrintErrorKind,
    /// The step at which it did; `None` when nothing had been asked of the cloud.
    pub step: Option<Step>,
    /// The project that was made for this print and is not printed.
    pub project_id: Option<String>,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintErrorKind {
    /// No such setting exists on the wire: slice the file with it.
    #[error(
        "{name} cannot be set when a print starts, it is part of the sliced file; slice it with \
         that setting"
    )]
    Setting {
        /// Its name.
        name: String,
    },
    /// There is no such bed plate.
    #[error("{name:?} is no bed plate; use one of {}", bambu_protocol::cloud::BED_TYPES.join(", "))]
    BedType {
        /// What was given.
        name: String,
    },
    /// Only a sliced 3MF can be printed over the cloud.
    #[error("{name} is {kind}, and only a sliced 3MF is printed over the cloud; export one")]
    NotPrintable {
        /// The file's name.
        name: String,
        /// What it is.
        kind: FileKind,
    },
    /// The plate has no G-code: slice it first.
    #[error(
        "{name}: plate {plate} is not sliced{}; slice it first, and export it with its G-code",
        others(sliced)
    )]
    NotSliced {
        /// The file's name.
        name: String,
        /// The plate that was to be printed, from 1.
        plate: u32,
        /// The plates that are sliced.
        sliced: Vec<u32>,
    },
    /// Nothing in the cloud has that name or id.
    #[error("the cloud has no file called {name:?}; upload it, or see the account's projects")]
    NoSuchFile {
        /// What was given.
        name: String,
    },
    /// The cloud has the project, but nothing in it to print.
    #[error("the cloud has nothing to print in {name:?}; print the file itself")]
    NothingToPrint {
        /// What was given.
        name: String,
    },
    /// A stored file is printed by its address and its MD5, or by the id of its project. Of a large
    /// one the MD5 is known where [`UploadOptions::md5_up_to`](crate::cloud::UploadOptions) said so.
    #[error("a stored file needs its address and its MD5, or the id of its project; give them")]
    Incomplete,
    /// The printer is not one of this account.
    #[error("{serial} is no printer of this account; bind it first, or use its own account")]
    NotYours {
        /// Which printer.
        serial: Serial,
    },
    /// The cloud does not see the printer.
    #[error("{name} is not connected to the cloud; switch it on, or check its network")]
    Offline {
        /// The printer's name.
        name: String,
    },
    /// The printer has a job.
    #[error(
        "{name} has a job already ({}); wait until it is done, or stop it",
        status.to_lowercase()
    )]
    Busy {
        /// The printer's name.
        name: String,
        /// What the cloud says about it.
        status: String,
    },
    /// The cloud takes this task only from the vendor's own programs. [L]
    #[error(
        "the cloud keeps this for the vendor's own programs (HTTP 403{}); print over the local \
         network with LAN mode and Developer Mode switched on",
        text.as_ref().map(|text| format!(", {text}")).unwrap_or_default()
    )]
    ReservedForVendor {
        /// The cloud's words.
        text: Option<String>,
    },
    /// The cloud cannot make anything of the file. [L]
    #[error("the cloud cannot process the file: {text}; export it again from the slicer")]
    Unprocessed {
        /// The cloud's words.
        text: String,
    },
    /// The cloud did not say in time that it is done with the file.
    #[error("the cloud is still processing the file after {seconds} s; try again later")]
    StillProcessing {
        /// How long was waited, in s.
        seconds: u64,
    },
    /// The answer has not what it should have.
    #[error("the cloud's answer has no {what}; check BAMBU_API_URL")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// The task was sent and nobody knows whether it exists. It is never sent again.
    #[error(
        "it is not known whether the cloud took the task; look at the printer and the history \
         before you try again"
    )]
    Unconfirmed(#[source] Box<CloudError>),
    /// It was cancelled before the task was created: nothing prints.
    #[error("cancelled, nothing prints; start it again when you want it")]
    Cancelled,
    /// The file could not be stored.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The cloud refused, or cannot be reached.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl PrintError {
    /// Whether the cloud takes prints from the vendor's own programs only.
    pub fn is_reserved_for_vendor(&self) -> bool {
        matches!(self.kind, PrintErrorKind::ReservedForVendor { .. })
    }

    /// Whether the print may have been started all the same.
    pub fn is_unconfirmed(&self) -> bool {
        matches!(self.kind, PrintErrorKind::Unconfirmed(_))
    }

    /// What the cloud's interface said, if it was that.
    pub fn cloud(&self) -> Option<&CloudError> {
        match &self.kind {
            PrintErrorKind::Cloud(error) => Some(error),
            PrintErrorKind::Upload(error) => error.cloud(),
            PrintErrorKind::Unconfirmed(error) => Some(error),
            _ => None,
        }
    }
}

/// What was found before anything was asked for.
impl From<PrintErrorKind> for PrintError {
    fn from(kind: PrintErrorKind) -> Self {
        Self { kind, step: None, project_id: None }
    }
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.kind.to_string();
        let (cause, next) = text.rsplit_once("; ").unwrap_or((&text, ""));
        // Before anything was made, the cause says it all.
        if let Some(step) = self.step.filter(|step| *step != Step::Check) {
            write!(f, "{step}: ")?;
        }
        f.write_str(cause)?;
        if let Some(project) = &self.project_id {
            write!(f, " (project {project} was made and is not printed)")?;
        }
        if next.is_empty() { Ok(()) } else { write!(f, "; {next}") }
    }
}

impl std::error::Error for PrintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

fn others(sliced: &[u32]) -> String {
    match sliced {
        [] => String::new(),
        [one] => format!(", plate {one} is"),
        several => {
            let numbers: Vec<_> = several.iter().take(20).map(u32::to_string).collect();
            format!(", plates {} are", numbers.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_step_cause_rest_and_way_out_in_this_order() {
        let kind = PrintErrorKind::StillProcessing { seconds: 120 };
        let error =
            PrintError { kind, step: Some(Step::Processing), project_id: Some("17".to_owned()) };
        assert_eq!(
            error.to_string(),
            "waiting until the cloud has processed it: the cloud is still processing the file after \
             120 s (project 17 was made and is not printed); try again later"
        );
        let kind = PrintErrorKind::NotSliced { name: "a.3mf".into(), plate: 1, sliced: vec![2, 3] };
        let text = PrintError::from(kind).to_string();
        assert!(text.starts_with("a.3mf: plate 1 is not sliced, plates 2, 3 are; "), "{text}");
    }
}
