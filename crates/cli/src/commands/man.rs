//! `bambu man`: manual pages for `bambu` and each of its verbs.

use std::{io::Write as _, path::PathBuf};

use clap::ValueHint;

use crate::{
    exit::{Failure, Kind},
    output,
};

/// Write the manual pages into a directory
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to; made when missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
}

pub(crate) fn run(args: &Args, syntax: clap::Command) -> Result<(), Failure> {
    let failed = |error| {
        Failure::new(Kind::Failed, error)
            .about(format!("cannot write the manual pages to {}", args.directory.display()))
            .next("name a directory that you may write to")
    };
    std::fs::create_dir_all(&args.directory).map_err(failed)?;
    clap_mangen::generate_to(syntax, &args.directory).map_err(failed)?;
    let mut out = output::stdout();
    writeln!(out, "manual pages are in {}", args.directory.display())?;
    Ok(out.flush()?)
}
