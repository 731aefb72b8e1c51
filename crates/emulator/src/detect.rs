//! The detect face of a printer, port 3000 in the clear and 3002 over TLS: who is asked tells who it
//! is, without a login.
//!
//! The frames are in `protocol/discovery/detect.rs`; what is broadcast is in `ssdp.rs`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bambu_protocol::discovery::{
    Mode,
    detect::{self, Message},
};
use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    faults::{Circumstances, port::Port},
    machine::{About, Machine},
};

/// Most conversations at once; further ones are closed.
const MOST: usize = 64;
/// Longest conversation, TLS included; who asks nothing that is known hears nothing until then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rest after a failed accept, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The first of the printer's own sequence ids, as one was seen to count [L].
const FIRST_SEQUENCE: u32 = 3021;

/// The sequence id of refusals [L].
const REFUSED_SEQUENCE: u32 = 1000;

/// Serves the questions of who is there until `shutdown`, over TLS or in the clear.
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    machine: Arc<dyn Machine>,
    about: About,
    shutdown: CancellationToken,
) {
    let tls = tls.map(TlsAcceptor::from);
    let mut port = Port::new(listener, Some(Circumstances::of(&*machine)));
    let sequence = Arc::new(AtomicU32::new(FIRST_SEQUENCE));
    let mut conversations = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            Some(_) = conversations.join_next() => continue,
            accepted = port.accept() => accepted,
        };
        match accepted {
            Ok(wire) if conversations.len() < MOST => {
                let (tls, about, sequence) = (tls.clone(), about.clone(), sequence.clone());
                conversations.spawn(timeout(PATIENCE, async move {
                    match tls {
                        None => converse(wire, &about, &sequence).await,
                        Some(tls) => match tls.accept(wire).await {
                            Ok(stream) => converse(stream, &about, &sequence).await,
                            Err(error) => tracing::debug!(%error, "TLS handshake failed"),
                        },
                    }
                }));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One question, one answer, and the end.
async fn converse<S>(mut stream: S, about: &About, sequence: &AtomicU32)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = BytesMut::new();
    loop {
        while let Some(json) = detect::decode(&mut buffer) {
            let answer = answer(&json, about, || sequence.fetch_add(1, Ordering::Relaxed));
            if let Some(frame) = answer.as_deref().and_then(detect::frame) {
                let _ = stream.write_all(&frame).await;
                let _ = stream.shutdown().await;
                return;
            }
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

/// What is said to a frame; nothing to what nobody asks here.
fn answer(json: &[u8], about: &About, sequence: impl FnOnce() -> u32) -> Option<String> {
    let (message, about) = (detect::read(json)?, about()?);
    match message {
        Message::Question => Some(detect::answer(&about, sequence())),
        Message::Login => Some(match about.connect {
            // An account owns it; the code of that is not known.
            Some(Mode::Cloud) => detect::refusal("need logout", 0, REFUSED_SEQUENCE),
            _ => detect::refusal("LAN-ONLY enabled", detect::LAN_ONLY, REFUSED_SEQUENCE),
        }),
        Message::Answer(_) | Message::Report(_) => None,
    }
}
