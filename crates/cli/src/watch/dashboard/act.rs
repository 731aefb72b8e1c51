//! What becomes of a command that a key gave.

use bambu_protocol::request::{LightMode, LightNode, Request};
use bambulab::Link;

use super::board::Deed;
use crate::output::Paint;

/// Sends it and waits; the answer in words.
pub(super) async fn perform(link: Link, deed: Deed) -> (String, Paint) {
    let request = match deed {
        Deed::Pause => Request::Pause,
        Deed::Resume => Request::Resume,
        Deed::Stop => Request::Stop,
        Deed::Light(on) => Request::Light {
            node: LightNode::Chamber,
            mode: if on { LightMode::On } else { LightMode::Off },
        },
    };
    match link.send(request).await {
        Ok(_) => ("was answered".to_owned(), Paint::Green),
        Err(error) => (error.to_string(), Paint::Red),
    }
}
