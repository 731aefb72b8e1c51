//! Prints progress and temperatures of a printer as they change.
//!
//! `cargo run -p bambulab --example monitor -- [LINES]`; `support/printer.rs` says which printer.

use std::{env, error::Error};

#[path = "support/printer.rs"]
mod printer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = env::args().nth(1).map_or(Ok(usize::MAX), |lines| lines.parse())?;
    let printer = printer::from_environment().await?;
    let mut updates = printer.updates();
    for _ in 0..lines {
        let status = updates.borrow_and_update().status.clone();
        let nozzle = status.temperatures.nozzles.first().and_then(|nozzle| nozzle.current);
        println!("Progress: {}%", text(status.job.progress_percent));
        println!("Nozzle: {}°C", text(nozzle));
        println!("Bed: {}°C", text(status.temperatures.bed.current));
        updates.changed().await?;
    }
    printer.close().await;
    Ok(())
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or("?".into(), |value| value.to_string())
}
