//! The `bambu` binary: arguments in, text out. What it does lives in the libraries below it.

mod account;
mod called_as;
mod cli;
mod commands;
mod exit;
mod logging;
mod output;
mod settings;
mod shutdown;
mod targets;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match called_as::arguments(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(failure) => return exit::report(&failure),
    };
    let cli = cli::Cli::read(arguments);
    logging::start(cli.flags.verbose);
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => exit::report(&failure),
    }
}
