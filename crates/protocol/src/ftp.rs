//! The printer's storage: its dialect of FTP over implicit TLS.
//!
//! Who calls is in the client's `ftps.rs`, who answers in the emulator's.

/// Where printers listen, TLS from the first byte. [L]
pub const PORT: u16 = 990;
