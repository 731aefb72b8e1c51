//! What the process brings along, beside what `bambu.toml` says about the servers.

use std::path::PathBuf;

use bambulab::{Endpoint, LanTarget, Options, Region, Roots, SessionFile, Token, cloud::Manners};

/// What the process brings along: settled by whoever starts the servers, the same as for every
/// command.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the cloud is.
    pub endpoint: Endpoint,
    /// Whom to trust.
    pub roots: Roots,
    /// How links behave.
    pub options: Options,
    /// How the cloud is asked.
    pub manners: Manners,
    /// The token of the saved login, if somebody is signed in.
    pub login: Option<Token>,
    /// The user id of the saved login, if it is known.
    pub uid: Option<String>,
    /// Where that login is saved, to be taken anew when it is renewed; `None` when the token came
    /// otherwise.
    pub saved: Option<SavedLogin>,
    /// The printers of the local network.
    pub printers: Vec<LanTarget>,
    /// Where a made certificate is kept.
    pub state_dir: PathBuf,
}

/// The place of the saved login.
#[derive(Debug, Clone)]
pub struct SavedLogin {
    /// Its file, which need not be there yet.
    pub file: SessionFile,
    /// The region that the servers work in; a login of the other one is not taken.
    pub region: Region,
}
