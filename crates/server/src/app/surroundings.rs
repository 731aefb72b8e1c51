//! What the process brings along, beside what `bambu.toml` says about the servers.

use std::path::PathBuf;

use bambulab::{Endpoint, LanTarget, Options, Roots, Token, cloud::Manners};

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
    /// The printers of the local network.
    pub printers: Vec<LanTarget>,
    /// Where a made certificate is kept.
    pub state_dir: PathBuf,
}
