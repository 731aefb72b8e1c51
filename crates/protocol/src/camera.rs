//! The camera on the local network, as far as it is no RTSP.
//!
//! Who looks is in the client's `camera.rs`, who shows in the emulator's.

/// Where JPEG pictures come from (A1, P1). [L]
pub const JPEG_PORT: u16 = 6000;
/// Where H.264 comes from (X1, P2S, H2, X2D). [L]
pub const RTSPS_PORT: u16 = 322;
