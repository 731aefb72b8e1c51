//! The `bambu` binary: arguments in, text out. What it does lives in the libraries below it.

mod account;
mod called_as;
mod cli;
mod commands;
mod exit;
mod logging;
mod output;
mod servers;
mod settings;
mod shutdown;
mod targets;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::read(called_as::arguments(std::env::args_os()));
    let started = logging::start(cli.flags.verbose, cli.flags.log_format);
    match started.and_then(|()| cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => exit::report(&failure),
    }
}
