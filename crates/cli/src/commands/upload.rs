//! `bambu upload`: store a file in the account's cloud storage.

use std::{io::Write as _, path::PathBuf};

use bambulab::cloud::{UploadError, UploadOptions, Uploaded};

use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human, progress::Shown},
    settings::{Flags, Settings},
    shutdown,
};

/// Store a file in the account's cloud storage
///
/// Takes 3MF, G-code, STL and STEP files of at most 1 GiB, told by what is in them. What was broken
/// off is sent again from the start, up to 256 MiB; the store cannot go on where it broke.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu upload cube.gcode.3mf\n  \
    bambu upload cube.stl --name \"cube 20 mm.stl\" --json\n\n\
    To print a sliced file, no upload is needed before: bambu print FILE --cloud. What is stored\n\
    already is printed by what this tells: bambu print URL --md5 MD5 --cloud")]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the cloud is to call it [default: as it is called here]
    #[arg(long)]
    name: Option<String>,
    /// Tell the MD5 of a file of more than 256 MiB, too; on a fast line this takes longer
    #[arg(long)]
    md5: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let cloud = account::cloud(&settings)?;
    let shown = Shown::new(false);
    let mut options = UploadOptions {
        name: args.name,
        progress: shown.listener(),
        cancel: shutdown::token(),
        ..UploadOptions::default()
    };
    if args.md5 {
        options.md5_up_to = u64::MAX;
    }
    let uploaded = cloud.upload_file(&args.file, options).await;
    shown.clear();
    write(&uploaded.map_err(|error| failure(&error))?, args.json)
}

fn write(uploaded: &Uploaded, json: bool) -> Result<(), Failure> {
    let mut out = output::stdout();
    if json {
        output::json(&mut out, uploaded)?;
        return Ok(out.flush()?);
    }
    let mut table = Table::new(&[]);
    let rows = [
        ("File", human::printable(&uploaded.file_name)),
        ("Size", format!("{} bytes", uploaded.size_bytes)),
        ("URL", uploaded.file_url.to_string()),
        ("Status", uploaded.status_code.to_string()),
    ];
    for (label, text) in rows.into_iter().chain(uploaded.md5.clone().map(|md5| ("MD5", md5))) {
        table.row([Cell::painted(label, Paint::Dim), text.as_str().into()]);
    }
    table.write(&mut out, output::colour())?;
    Ok(out.flush()?)
}

/// What a failed upload means to a user.
pub(super) fn failure(error: &UploadError) -> Failure {
    let failure = Failure::advised(kind(error), error);
    match error {
        UploadError::Cloud(error) => account::advised(failure, error),
        _ => failure,
    }
}

pub(super) fn kind(error: &UploadError) -> Kind {
    match error {
        UploadError::Unreadable { .. }
        | UploadError::BadName
        | UploadError::Kind(_)
        | UploadError::ThreeMf { .. }
        | UploadError::TooLarge { .. } => Kind::Usage,
        UploadError::NoCloudStorage => Kind::Refused,
        UploadError::Refused { status, .. } | UploadError::SizeRefused { status, .. }
            if *status < 500 =>
        {
            Kind::Refused
        }
        UploadError::Refused { .. }
        | UploadError::SizeRefused { .. }
        | UploadError::Broken { .. }
        | UploadError::Stalled { .. } => Kind::Unreachable,
        UploadError::Cloud(error) => account::kind(error),
        _ => Kind::Failed,
    }
}
