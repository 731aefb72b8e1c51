//! The printer's storage: its dialect of FTP over implicit TLS.
//!
//! What it answers is in `ftp/reply.rs`, its listings in `ftp/listing.rs`, names that it takes in
//! `ftp/name.rs`. Who calls is in the client's `ftps.rs`, who answers in the emulator's.

mod listing;
mod name;
mod passive;
mod reply;

pub use listing::{Entry, MOST_ENTRIES, entries};
pub use name::{BadPath, folder_of, name_of, partial_path, remote_path, upload_name};
pub use passive::{extended_passive_port, passive_port};
pub use reply::{BadReply, LONGEST_REPLY, Reply};

/// Where printers listen, TLS from the first byte. [L]
pub const PORT: u16 = 990;

/// The one user of a printer; the access code is the password. [L]
pub const USER: &str = "bblp";

/// What a printer reaches at least, in bytes per second: deadlines come from it. [L]
pub const SLOWEST: u64 = 25_000;
