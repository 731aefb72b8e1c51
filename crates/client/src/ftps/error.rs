//! Why something with a printer's storage failed, by kind. No text here holds an access code.

use std::{io, path::PathBuf, time::Duration};

use bambu_protocol::{
    Serial,
    ftp::{BadPath, Reply},
};

use crate::{endpoint::BrokerAddress, link::Unreachable};

/// Why something with a printer's storage failed. The text tells the cause and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FtpsError {
    /// Nothing answers there: check address, network and power.
    #[error("the storage at {address} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        address: BrokerAddress,
        /// What happened.
        why: Unreachable,
    },
    /// Who answers cannot prove to be the printer that is wanted.
    #[error("the certificate of {address}{} is not trusted: {why}", presented(.fingerprint.as_deref()))]
    Untrusted {
        /// Where.
        address: BrokerAddress,
        /// What is wrong with it, and the next step.
        why: String,
        /// SHA-256 of the certificate that was presented, in hex, where it is known.
        fingerprint: Option<String>,
    },
    /// What answers there speaks no FTP over TLS: check the port.
    #[error(
        "what answers at {address} is no printer storage over TLS ({why}); check host and port"
    )]
    NotFtps {
        /// Where.
        address: BrokerAddress,
        /// What it did.
        why: String,
    },
    /// The printer refused the access code.
    #[error(
        "the printer at {0} refused the access code; compare it with the printer's screen \
         (Settings > Network), and with BAMBU_ACCESS_CODE"
    )]
    WrongAccessCode(BrokerAddress),
    /// The printer takes no further session now (421): another program has one.
    #[error(
        "the printer takes no further session with its storage ({text}); close other programs that \
         look at its files, or try again in a minute"
    )]
    TooManySessions {
        /// Its words.
        text: String,
    },
    /// Another session of this process is with this printer, and does nothing: close it, or use it.
    #[error(
        "another session of this program holds the storage of {serial} and does nothing; close it, \
         or use that one"
    )]
    InUse {
        /// Which printer.
        serial: Serial,
    },
    /// The printer has no storage, or does not find it.
    #[error("the printer shows no storage; put in a USB stick or an SD card, and see its screen")]
    NoStorage,
    /// The storage is full; what was left of the file is removed.
    #[error("the printer's storage is full ({text}); remove files that are not needed any more")]
    StorageFull {
        /// Its words.
        text: String,
    },
    /// The printer does not take this name.
    #[error("{path} cannot be a name on the printer ({why}); give another one")]
    NameRefused {
        /// Which path.
        path: String,
        /// Its words, or ours where nothing was sent.
        why: String,
    },
    /// There is no such file or folder.
    #[error("{path} is not on the printer; look at what is there")]
    NotFound {
        /// Which path.
        path: String,
    },
    /// Something of that name is there already, and was to be left alone.
    #[error("{path} is on the printer already; give another name, or let it be replaced")]
    Exists {
        /// Which path.
        path: String,
    },
    /// It is a folder, and a file was meant.
    #[error("{path} is a folder on the printer; give the path of a file")]
    IsFolder {
        /// Which path.
        path: String,
    },
    /// It is a file, and a folder was meant.
    #[error("{path} is a file on the printer; give the path of a folder")]
    IsFile {
        /// Which path.
        path: String,
    },
    /// The folder is not empty.
    #[error("the folder {path} is not empty; remove what is in it before")]
    NotEmpty {
        /// Which path.
        path: String,
    },
    /// The transfer broke.
    #[error("the transfer broke after {done} of {of} bytes; try again, nearer to the network")]
    Cut {
        /// Bytes that went over.
        done: u64,
        /// Bytes in all; 0 where that is not known.
        of: u64,
    },
    /// Nothing moved, or too slowly.
    #[error(
        "the transfer stood at {done} of {of} bytes and was given up after {} s; see to the \
         printer's network", waited.as_secs()
    )]
    Stalled {
        /// Bytes that went over.
        done: u64,
        /// Bytes in all; 0 where that is not known.
        of: u64,
        /// How long nothing moved, or how long it took in all.
        waited: Duration,
    },
    /// The printer wants data connections to resume the TLS session, and did not see that.
    #[error(
        "the printer wants the data connection to resume its TLS session ({text}); whoever stands \
         between may break that, connect to the printer itself"
    )]
    SessionReuseDemanded {
        /// Its words.
        text: String,
    },
    /// No data connection could be made, or TLS did not begin on it.
    #[error("the printer opens no data connection ({why}); switch it off and on, and try again")]
    NoData {
        /// What happened.
        why: String,
    },
    /// The printer stored something else than was sent; that is removed.
    #[error("the printer stored {} of {of} bytes; try again", in_words(*.stored))]
    Incomplete {
        /// What it has, in bytes, where it tells.
        stored: Option<u64>,
        /// What was sent, in bytes.
        of: u64,
    },
    /// The file is complete, but under the name it had on the way, and the printer renames nothing.
    /// It is removed; the same session stores at once under the last name from now on.
    #[error("the printer does not rename what it stored ({text}); send it again")]
    RenameRefused {
        /// Its words.
        text: String,
    },
    /// It was given up on this side; what was left of an upload is removed.
    #[error("the transfer was cancelled")]
    Cancelled,
    /// The file of this machine cannot be read or written.
    #[error("{} cannot be read or written; check the path, its permissions and the room", path.display())]
    Local {
        /// Which file; empty for a stream.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was to be sent is another file by now; what was stored of it is removed.
    #[error(
        "the file changed while it was sent ({done} of {of} bytes); send it again once it is complete"
    )]
    Changed {
        /// What was sent.
        done: u64,
        /// What it should have.
        of: u64,
    },
    /// The session broke between two answers.
    #[error("the session with the printer's storage was lost ({why}); try again")]
    Lost {
        /// What happened.
        why: String,
    },
    /// The printer answers what no storage answers.
    #[error("the printer's storage answers with {why}; switch it off and on, and try again")]
    Malformed {
        /// What came.
        why: String,
    },
    /// The printer refused, in its own words.
    #[error("the printer refused {command} ({code} {text}); see its screen")]
    Refused {
        /// Which command, without its argument.
        command: &'static str,
        /// Its code.
        code: u16,
        /// Its words.
        text: String,
    },
}

impl FtpsError {
    /// One word for logs and JSON, such as `no_storage`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Untrusted { .. } => "untrusted_certificate",
            Self::NotFtps { .. } => "not_ftps",
            Self::WrongAccessCode(_) => "wrong_credentials",
            Self::TooManySessions { .. } => "busy",
            Self::InUse { .. } => "in_use",
            Self::NoStorage => "no_storage",
            Self::StorageFull { .. } => "storage_full",
            Self::NameRefused { .. } => "name_refused",
            Self::NotFound { .. } => "not_found",
            Self::Exists { .. } => "exists",
            Self::IsFolder { .. } => "is_folder",
            Self::IsFile { .. } => "is_file",
            Self::NotEmpty { .. } => "not_empty",
            Self::Cut { .. } => "cut",
            Self::Stalled { .. } => "stalled",
            Self::SessionReuseDemanded { .. } => "session_reuse_demanded",
            Self::NoData { .. } => "no_data_connection",
            Self::Incomplete { .. } => "incomplete",
            Self::RenameRefused { .. } => "rename_refused",
            Self::Cancelled => "cancelled",
            Self::Local { .. } => "local_file",
            Self::Changed { .. } => "changed",
            Self::Lost { .. } => "lost",
            Self::Malformed { .. } => "malformed",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether the access code was refused.
    pub fn is_wrong_access_code(&self) -> bool {
        matches!(self, Self::WrongAccessCode(_))
    }

    /// Whether the same again may well go through: the way failed, not the printer or the file.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::TooManySessions { .. }
                | Self::Cut { .. }
                | Self::Stalled { .. }
                | Self::NoData { .. }
                | Self::Incomplete { .. }
                | Self::RenameRefused { .. }
                | Self::Lost { .. }
        ) || matches!(self, Self::Unreachable { why: Unreachable::Silent, .. })
    }

    /// A refusal in the printer's own words.
    pub(super) fn refused(command: &'static str, reply: &Reply) -> Self {
        match reply.code {
            421 => Self::Lost { why: reply.text() },
            452 | 552 => Self::StorageFull { text: reply.text() },
            522 => Self::SessionReuseDemanded { text: reply.text() },
            code => Self::Refused { command, code, text: reply.text() },
        }
    }

    /// A path that is not sent.
    pub(super) fn bad_path(path: &str, why: BadPath) -> Self {
        let path = path.chars().filter(|c| !c.is_control()).take(100).collect();
        Self::NameRefused { path, why: why.to_string() }
    }
}

/// The fingerprint as part of a sentence.
fn presented(fingerprint: Option<&str>) -> String {
    fingerprint.map_or_else(String::new, |print| format!(" (SHA-256 {print})"))
}

fn in_words(stored: Option<u64>) -> String {
    stored.map_or_else(|| "an unknown number".to_owned(), |stored| stored.to_string())
}
