//! `bambu completions`: a completion script for a shell.

use std::io::Write as _;

use clap_complete::Shell;

use crate::{exit::Failure, output};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell that will read it
    shell: Shell,
}

pub(crate) fn run(args: &Args, syntax: &mut clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, syntax, "bambu", &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    Ok(out.flush()?)
}
