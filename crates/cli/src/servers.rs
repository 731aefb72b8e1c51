//! What every server verb does: take the ports, say where it listens, and serve until it is asked to
//! stop. Which faces run is said by `commands/serve.rs`, `proxy.rs` and `compat.rs`.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use bambu_emulator::files::replace_private;
use bambu_server::{App, BindError, Bound, Config, SavedLogin, Surroundings};
use bambulab::LanTarget;
use clap::ValueHint;

use crate::{
    account,
    exit::{Failure, Kind},
    output,
    settings::{Settings, Source},
    shutdown, targets,
};

/// What every server verb takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Serving {
    /// Write one JSON object with the address of each server there once all of them listen
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ready_file: Option<PathBuf>,
}

/// An address that is no address.
#[derive(Debug, thiserror::Error)]
#[error("write an address and a port, such as 127.0.0.1:5001, 0.0.0.0:5001 or [::1]:5001")]
pub(crate) struct InvalidAddress;

/// Reads what `--listen` takes.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, InvalidAddress> {
    text.trim().parse().map_err(|_| InvalidAddress)
}

/// Serves until Ctrl-C, SIGTERM or SIGHUP.
///
/// # Errors
/// A setting that cannot be used, a port that is taken, a file that cannot be written.
pub(crate) async fn run(
    config: Config,
    settings: &Settings,
    serving: Serving,
) -> Result<(), Failure> {
    run_over(config, settings, targets::on_lan(settings)?, serving).await
}

/// The same over these printers of the local network.
///
/// # Errors
/// As [`run`].
pub(crate) async fn run_over(
    config: Config,
    settings: &Settings,
    printers: Vec<LanTarget>,
    serving: Serving,
) -> Result<(), Failure> {
    let stop = shutdown::token();
    raise_file_limit();
    let ready_file = serving.ready_file.as_deref();
    ready_file.map_or(Ok(()), clear_ready_file)?;
    let app = tokio::select! {
        app = App::bind(config, surroundings(settings, printers)?) => app.map_err(|error| failure(&error))?,
        () = stop.cancelled() => return Ok(()),
    };
    for warning in app.warnings() {
        tracing::warn!("{warning}");
    }
    if let Some(path) = ready_file {
        let text = serde_json::to_string(&urls(app.faces())).map_err(io::Error::from)?;
        replace_private(path, text.as_bytes()).map_err(|error| cannot_write(error, path))?;
    }
    // Whoever started us may not care to read: that is no reason to end.
    let _no_reader = tell(app.faces());
    app.run(stop).await.map_err(|error| Failure::advised(Kind::Failed, &error))
}

/// The address of each server, by its name in the ready file.
pub(crate) fn urls(faces: &[Bound]) -> BTreeMap<String, String> {
    faces.iter().map(|bound| (bound.face.name().to_owned(), bound.url.clone())).collect()
}

/// Removes what an earlier run left at the ready file's place: it would be taken for ours.
pub(crate) fn clear_ready_file(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::from(error).about(format!("cannot replace {}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Lets this process have as many files open as the system allows: a shell gives its programs 1024 or
/// fewer, and every connection is one.
#[cfg(unix)]
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_file_limit() {}

/// What it means to a user that a server cannot start.
pub(crate) fn failure(error: &BindError) -> Failure {
    let kind = match error {
        BindError::Listen { .. } => Kind::Failed,
        _ => Kind::Usage,
    };
    Failure::advised(kind, error)
}

fn surroundings(settings: &Settings, printers: Vec<LanTarget>) -> Result<Surroundings, Failure> {
    // A token that was given is not replaced by one that is saved later.
    let is_saved = settings.token.as_ref().is_none_or(|token| token.source == Source::Session);
    // Who is not signed in may still have tokens of others in the file.
    let signed_in = settings.token.as_ref().is_some_and(|token| !token.value.is_empty());
    // So may who is signed in for the other region; that the login is not used is told by the servers.
    let of_session = settings.session.as_ref().and_then(|session| session.region);
    let is_elsewhere = is_saved && of_session.is_some_and(|of| of != settings.region.value);
    let login = (signed_in && !is_elsewhere).then(|| account::token(settings)).transpose()?;
    let saved = is_saved
        .then(|| SavedLogin { file: settings.session_file(), region: settings.region.value });
    let options = settings.options()?;
    Ok(Surroundings {
        endpoint: settings.endpoint.clone(),
        roots: options.roots.clone(),
        options,
        manners: settings.manners(),
        uid: settings.uid.as_ref().map(|uid| uid.value.clone()),
        login,
        saved,
        printers,
        state_dir: settings.state_dir.value.clone(),
    })
}

fn tell(faces: &[Bound]) -> io::Result<()> {
    let mut out = output::stdout();
    for Bound { face, url, .. } in faces {
        writeln!(out, "{:<12}  {url}", face.name().replace('_', " "))?;
    }
    out.flush()
}

fn cannot_write(error: io::Error, path: &Path) -> Failure {
    Failure::from(error).about(format!("cannot write {}", path.display()))
}
