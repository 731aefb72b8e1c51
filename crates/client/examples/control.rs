//! Sends one command by its name and says whether it took effect.
//!
//! `cargo run -p bambulab --example control -- set_bed_temp 60`; `support/printer.rs` says which
//! printer.

use std::{env, error::Error, process::ExitCode};

use bambulab::protocol::command::{SEED_NAMES, seed_name};

#[path = "support/printer.rs"]
mod printer;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_default();
    let value = env::args().nth(2).unwrap_or_default();
    let Some(command) = seed_name(&name, &value) else {
        return Err(format!("usage: control COMMAND [VALUE], of {}", SEED_NAMES.join(", ")).into());
    };
    let printer = printer::from_environment().await?;
    let outcome = printer.send(command).await;
    printer.close().await;
    match outcome {
        Ok(outcome) => {
            println!("{}: {outcome}", outcome.name());
            Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            eprintln!("not sent: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}
