//! RTSP 1.0 with RTP inside the same connection, as far as the printers' cameras speak it.
//!
//! [`Reader`] takes messages from bytes, [`auth`] logs in, [`sdp`] describes, [`rtp`] and [`rtcp`]
//! travel in [`Interleaved`] frames, and [`Depacketizer`] makes H.264 of them. The session is the
//! client's `camera/rtsp.rs`, the printer's side the emulator's `rtsp.rs`.

pub mod auth;
mod depacketize;
mod message;
mod read;
pub mod rtcp;
pub mod rtp;
pub mod sdp;

pub use depacketize::{AccessUnit, Depacketizer, Losses, MAX_ACCESS_UNIT};
pub use message::{Headers, Interleaved, Message, Request, Response};
pub use read::{BadMessage, Limits, Reader};

/// The realm that printers ask a login for [L].
pub const REALM: &str = "LIVE555 Streaming Media";

#[cfg(test)]
mod tests;
