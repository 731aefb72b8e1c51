//! The door of a camera: connections come in through its port, shake hands, and are attended to,
//! a bounded number at a time.

use std::{sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::faults::{Circumstances, port::Port};

/// Most connections at once, those that starve included; further ones are closed.
const MOST: usize = 32;
/// Longest TLS handshake, and longest wait for what has to come right after it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Rest after a failed accept, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A connection, whatever carries it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Gives each connection to `attend` until `shutdown`, which breaks those that are left; in the
/// clear without TLS.
pub(crate) async fn serve<F, Attended>(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    circumstances: Circumstances,
    shutdown: CancellationToken,
    attend: F,
) where
    F: Fn(Box<dyn Stream>) -> Attended,
    Attended: Future<Output = ()> + Send + 'static,
{
    let tls = tls.map(TlsAcceptor::from);
    let mut port = Port::new(listener, Some(circumstances));
    let mut connections = JoinSet::new();
    let mut shaking: JoinSet<Option<Box<dyn Stream>>> = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            Some(stream) = shaking.join_next() => {
                if let Ok(Some(stream)) = stream {
                    connections.spawn(attend(stream));
                }
                continue;
            }
            accepted = port.accept() => accepted,
        };
        match accepted {
            Ok(wire) if connections.len() + shaking.len() < MOST => match tls.clone() {
                None => drop(connections.spawn(attend(Box::new(wire)))),
                Some(tls) => {
                    shaking.spawn(async move {
                        let stream = timeout(PATIENCE, tls.accept(wire)).await.ok()?;
                        let failed = |error| tracing::debug!(%error, "TLS handshake failed");
                        Some(Box::new(stream.map_err(failed).ok()?) as Box<dyn Stream>)
                    });
                }
            },
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
