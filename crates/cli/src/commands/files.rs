//! `bambu files`: what is on a printer's storage, there and back.
//!
//! What one call does on one printer is in `files/one.rs`, one file to many printers in
//! `files/put.rs`.

mod one;
mod put;

use std::{path::PathBuf, time::Duration};

use bambulab::ftps::FtpsError;

use self::one::Task;
use crate::{
    exit::{Failure, Kind},
    settings::{Flags, Settings},
    targets::{self, ByHand, Target, Which},
};

/// How long printers whose address nobody wrote down are listened for.
const LOOK: Duration = Duration::from_secs(6);

/// List, fetch, store and remove files on a printer's storage
///
/// Over the local network alone, with the access code. Paths begin at the root of the storage.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0 done                            4 wrong access code\n  \
    2 a wrong call, or a file here    5 the printer's storage cannot be reached, or the line broke\n  \
    3 refused: no storage, full, not there, a name that it does not take\n\
    With several printers: 0 when all have it, else the lowest code of those that do not.\n\n\
    Examples:\n  \
    bambu files ls \"P1S 1\"\n  \
    bambu files put \"P1S 1\" cube.gcode.3mf /cache/\n  \
    bambu files put cube.gcode.3mf --all\n  \
    bambu files get \"P1S 1\" /timelapse/video.avi\n  \
    bambu files rm \"P1S 1\" /cache/cube.gcode.3mf")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List a folder
    Ls {
        #[command(flatten)]
        at: At,
        /// Which folder
        #[arg(value_name = "FOLDER", default_value = "/")]
        folder: String,
    },
    /// Store a file on one printer or many
    Put(put::Args),
    /// Fetch a file
    Get {
        #[command(flatten)]
        at: At,
        /// Path on the printer
        #[arg(value_name = "PATH")]
        path: String,
        /// Where to [default: here, under its own name]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Replace a file that is here already
        #[arg(long)]
        force: bool,
    },
    /// Remove files
    Rm {
        #[command(flatten)]
        at: At,
        /// Paths on the printer
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<String>,
    },
    /// Rename or move a file
    Mv {
        #[command(flatten)]
        at: At,
        /// Path on the printer
        #[arg(value_name = "FROM")]
        from: String,
        /// Its new path
        #[arg(value_name = "TO")]
        to: String,
    },
    /// Make a folder
    Mkdir {
        #[command(flatten)]
        at: At,
        /// Path on the printer
        #[arg(value_name = "FOLDER")]
        folder: String,
    },
    /// Remove an empty folder
    Rmdir {
        #[command(flatten)]
        at: At,
        /// Path on the printer
        #[arg(value_name = "FOLDER")]
        folder: String,
    },
    /// Tell how much room is left, where the printer says it
    Df {
        #[command(flatten)]
        at: At,
    },
}

/// Which printer, how to reach it and how to tell of it.
#[derive(clap::Args)]
struct At {
    /// The printer by name, serial number or the unique beginning of one
    #[arg(value_name = "PRINTER")]
    printer: String,
    #[command(flatten)]
    by_hand: ByHand,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let (at, task) = match args.what {
        What::Put(args) => return put::run(args, &settings).await,
        What::Ls { at, folder } => (at, Task::List(folder)),
        What::Get { at, path, file, force } => (at, Task::Get { path, file, force }),
        What::Rm { at, paths } => (at, Task::Remove(paths)),
        What::Mv { at, from, to } => (at, Task::Rename(from, to)),
        What::Mkdir { at, folder } => (at, Task::MakeFolder(folder)),
        What::Rmdir { at, folder } => (at, Task::RemoveFolder(folder)),
        What::Df { at } => (at, Task::Room),
    };
    one::run(at, &settings, task).await
}

/// Printers with their addresses, as far as these can be found.
async fn choose(which: &Which, settings: &Settings) -> Result<Vec<Target>, Failure> {
    let targets = targets::choose(which, settings).await?;
    Ok(targets::look_for(targets, LOOK, settings).await?.0)
}

/// A printer whose address nobody knows.
fn no_address(target: &Target) -> Failure {
    let text = format!("the address of {} is not known", target.shown());
    Failure::say(Kind::Unreachable, text).next(
        "write it as host into the config file, or give it as --host; see what is there with: \
         bambu discover",
    )
}

/// What a failure at a printer's storage means to a user.
pub(crate) fn failure(error: &FtpsError) -> Failure {
    use FtpsError as E;
    let kind = match error {
        E::WrongAccessCode(_) => Kind::NotAuthenticated,
        E::Unreachable { .. }
        | E::Untrusted { .. }
        | E::NotFtps { .. }
        | E::TooManySessions { .. }
        | E::Cut { .. }
        | E::Stalled { .. }
        | E::SessionReuseDemanded { .. }
        | E::NoData { .. }
        | E::Lost { .. }
        | E::Malformed { .. } => Kind::Unreachable,
        E::NoStorage
        | E::StorageFull { .. }
        | E::NameRefused { .. }
        | E::NotFound { .. }
        | E::Exists { .. }
        | E::IsFolder { .. }
        | E::IsFile { .. }
        | E::NotEmpty { .. }
        | E::RenameRefused { .. }
        | E::Refused { .. } => Kind::Refused,
        E::Local { .. } => Kind::Usage,
        _ => Kind::Failed,
    };
    Failure::advised(kind, error)
}
