//! The face of a printer's storage: FTP over implicit TLS, as vsFTPd in printers speaks it.
//!
//! `ftps/session.rs` is one conversation, `command.rs` what can be said in it, `transfer.rs` and
//! `data.rs` carry files, `habits.rs` is what differs from model to model. The files themselves are in
//! `storage.rs`.

mod command;
mod data;
mod habits;
mod line;
mod listing;
mod session;
mod transfer;

use std::{sync::Arc, time::Duration};

use bambu_protocol::Model;
use rustls::{ServerConfig, server::ServerSessionMemoryCache, version::TLS12};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::{habits::Habits, session::Session};
use crate::{
    faults::{Circumstances, port::Port, wire::Wire},
    machine::Machine,
    storage::Storage,
};

/// Most conversations at once; further ones are closed.
const MOST: usize = 32;
/// TLS sessions of one conversation that are remembered to be resumed.
const SESSIONS: usize = 8;
/// Longest TLS handshake.
const PATIENCE: Duration = Duration::from_secs(15);
/// Rest after a failed accept, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is served here.
#[derive(Clone)]
pub struct Files {
    /// Whose code is asked for, and whose faults are met.
    pub machine: Arc<dyn Machine>,
    /// Its habits are followed.
    pub model: Model,
    /// Where the files are.
    pub storage: Storage,
}

/// Serves the files of a printer until `shutdown`, with the certificate of `tls`.
///
/// TLS is 1.2 whatever `tls` says, since data connections resume the session of the control
/// connection [L].
pub async fn run(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    files: Files,
    shutdown: CancellationToken,
) {
    let circumstances = Circumstances::of(&*files.machine);
    let mut port = Port::new(listener, Some(circumstances));
    let mut conversations = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = conversations.join_next() => continue,
            accepted = port.accept() => accepted,
        };
        match accepted {
            Ok(wire) if conversations.len() < MOST => {
                let Some(acceptor) = resuming(&tls).map(TlsAcceptor::from) else { continue };
                let (files, shutdown) = (files.clone(), shutdown.clone());
                conversations.spawn(async move {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = converse(wire, acceptor, files) => {}
                    }
                });
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(port);
    while conversations.join_next().await.is_some() {}
}

/// The same certificate over TLS 1.2, for one conversation: what is resumed there began there.
fn resuming(of: &ServerConfig) -> Option<Arc<ServerConfig>> {
    let provider = Arc::clone(of.crypto_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS12]);
    let config = config.inspect_err(|error| tracing::error!(%error, "no TLS 1.2")).ok()?;
    let resolver = Arc::clone(&of.cert_resolver);
    let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Some(Arc::new(config))
}

async fn converse(wire: Wire, acceptor: TlsAcceptor, files: Files) {
    let Ok((here, peer)) = wire.addresses() else { return };
    let stream = match timeout(PATIENCE, acceptor.accept(wire)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => return,
    };
    let habits = Habits::of(files.model);
    Session::new(files, habits, acceptor, data::Peer { here, peer }).run(stream).await;
}
