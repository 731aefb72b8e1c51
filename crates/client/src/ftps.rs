//! A printer's storage on the local network: FTP over implicit TLS.
//!
//! What is said on the wire is in `bambu_protocol::ftp`.

mod error;
mod transfer;

pub use bambu_protocol::ftp::Entry;
pub use error::FtpsError;
pub use transfer::{Existing, Stored, Transfer, TransferProgress};
