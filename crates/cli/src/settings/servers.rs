//! What the servers need beside where and as whom we connect: their tables of the config file, the
//! file of the proxy's tokens, the folder where a made certificate is kept.

use std::path::{Path, PathBuf};

use bambu_server::{
    Config,
    config::{Camera, Compat, Proxy, Server, Tls},
};

use super::{Setting, Source, settle::Surroundings};

/// Name of the file of tokens, the seeds' and ours.
const TOKENS: &str = "proxy_tokens.json";

/// The tables with their paths made whole.
pub(super) fn resolved(
    mut server: Server,
    mut proxy: Proxy,
    mut compat: Option<Compat>,
    camera: Option<Camera>,
    place: impl Fn(&Path) -> PathBuf,
) -> Config {
    let paths =
        [proxy.tokens_file.as_mut(), compat.as_mut().and_then(|compat| compat.config.as_mut())];
    paths.into_iter().flatten().for_each(|path| *path = place(path));
    if let Some(Tls::Files { certificate, key }) = &mut server.tls {
        [certificate, key].into_iter().for_each(|path| *path = place(path));
    }
    Config { server, proxy, compat, camera }
}

/// Where the proxy's tokens are: as the config file says, else in the working folder if there are
/// any, as the seeds look for them, else beside the config file.
pub(super) fn proxy_tokens(
    proxy: &Proxy,
    around: &Surroundings<'_>,
    config_file: &Path,
) -> Setting<PathBuf> {
    if let Some(path) = &proxy.tokens_file {
        return Setting { value: path.clone(), source: Source::File };
    }
    let here = around.here.join(TOKENS);
    match here.is_file() {
        true => Setting { value: here, source: Source::WorkingFolder },
        false => Setting { value: config_file.with_file_name(TOKENS), source: Source::Default },
    }
}

/// Where the servers keep what they make; a service manager may name a folder, too.
pub(super) fn state_dir(around: &Surroundings<'_>) -> Setting<PathBuf> {
    let given = (around.variable)("STATE_DIRECTORY").filter(|text| !text.is_empty());
    match given.as_deref().and_then(|folders| folders.split(':').next()) {
        Some(folder) => {
            Setting { value: PathBuf::from(folder), source: Source::Environment("STATE_DIRECTORY") }
        }
        None => Setting { value: around.state_dir.clone(), source: Source::Default },
    }
}
