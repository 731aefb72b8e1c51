//! What becomes of a command that a key gave.

use bambu_protocol::{command::Command, request::LightMode, verify::Outcome};
use bambulab::{Link, Printer};

use super::board::Deed;
use crate::output::Paint;

/// Sends it and waits; the answer in words. `ok` is only what is seen, or cannot be seen.
pub(super) async fn perform(link: Link, deed: Deed) -> (String, Paint) {
    match Printer::from(link).send(command(deed)).await {
        Ok(Outcome::Confirmed) => ("ok, its status shows it".to_owned(), Paint::Green),
        Ok(Outcome::Accepted) => ("ok, accepted; its status cannot show it".into(), Paint::Green),
        Ok(outcome @ Outcome::Rejected(_)) => (outcome.to_string(), Paint::Red),
        Ok(outcome) => (outcome.to_string(), Paint::Yellow),
        Err(error) => {
            let error = error.to_string();
            let why = error.strip_prefix("the request was not sent: ").unwrap_or(&error);
            (format!("not sent: {why}"), Paint::Red)
        }
    }
}

fn command(deed: Deed) -> Command {
    let light = |on| if on { LightMode::On } else { LightMode::Off };
    match deed {
        Deed::Pause => Command::Pause,
        Deed::Resume => Command::Resume,
        Deed::Stop => Command::Stop,
        Deed::Light(on) => Command::Light { node: None, mode: light(on) },
    }
}
