//! Prints what filament is in a printer and how much of it is left.
//!
//! `cargo run -p bambulab --example filament`; `support/printer.rs` says which printer.

use std::error::Error;

#[path = "support/printer.rs"]
mod printer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let printer = printer::from_environment().await?;
    let status = printer.status();
    for unit in &status.ams.units {
        for tray in &unit.trays {
            let Some(material) = &tray.material else { continue };
            println!("Unit {} tray {}: {material}", unit.id, tray.id);
            match tray.remain_percent {
                Some(percent) => println!("  Remaining: {percent}%"),
                None => println!("  Remaining: unknown"),
            }
            println!("  Color: {}", tray.color.as_deref().unwrap_or("unknown"));
        }
    }
    printer.close().await;
    Ok(())
}
