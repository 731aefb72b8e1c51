//! Waits for the end of the next job and says how it ended.
//!
//! `cargo run -p bambulab --example notify`; `support/printer.rs` says which printer.

use std::error::Error;

use bambulab::protocol::event::Event;

#[path = "support/printer.rs"]
mod printer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let printer = printer::from_environment().await?;
    let mut events = printer.events();
    // An event comes once; a progress of 100 % would be seen in every report after it.
    while let Some(event) = events.next().await {
        match event {
            Event::PrintCompleted { .. } => send_notification("Print complete!"),
            Event::PrintFailed { .. } => send_notification("Print failed."),
            Event::PrintCancelled { .. } => send_notification("Print cancelled."),
            other => {
                eprintln!("{}", other.name());
                continue;
            }
        }
        break;
    }
    printer.close().await;
    Ok(())
}

fn send_notification(text: &str) {
    println!("{text}");
}
