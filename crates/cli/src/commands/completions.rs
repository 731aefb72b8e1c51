//! `bambu completions`: a completion script for a shell.

use std::io::Write as _;

use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::control;
use crate::{exit::Failure, output};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell that will read it
    shell: Shell,
}

pub(crate) fn run(args: &Args, syntax: clap::Command) -> Result<(), Failure> {
    // `control` reads its words by itself; a shell is told which there are.
    let words = PossibleValuesParser::new(control::words());
    let mut syntax = syntax.mut_subcommand("control", |control| {
        control.mut_arg("words", |argument| argument.value_parser(words))
    });
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut syntax, "bambu", &mut script);
    if args.shell == Shell::Fish {
        // The generator knows no words of arguments there.
        writeln!(
            script,
            "complete -c bambu -n \"__fish_bambu_using_subcommand control\" -f -a \"{}\"",
            control::words().join(" "),
        )?;
    }
    let mut out = output::stdout();
    out.write_all(&script)?;
    Ok(out.flush()?)
}
