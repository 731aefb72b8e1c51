//! What becomes of a command that a key gave.

use bambu_protocol::request::{Job, LightMode, LightNode, Request, System};
use bambulab::Link;

use super::board::Deed;
use crate::output::Paint;

/// Sends it and waits; the answer in words.
pub(super) async fn perform(link: Link, deed: Deed) -> (String, Paint) {
    let request: Request = match deed {
        Deed::Pause => Job::Pause.into(),
        Deed::Resume => Job::Resume.into(),
        Deed::Stop => Job::Stop.into(),
        Deed::Light(on) => {
            let mode = if on { LightMode::On } else { LightMode::Off };
            System::light(LightNode::Chamber, mode).into()
        }
    };
    match link.send(request).await {
        Ok(_) => ("was answered".to_owned(), Paint::Green),
        Err(error) => (error.to_string(), Paint::Red),
    }
}
