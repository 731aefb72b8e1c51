//! The detect face of a printer, port 3000 in the clear and 3002 over TLS: who is asked tells who it
//! is, without a login.
//!
//! The frames are in `protocol/discovery/detect.rs`; what is broadcast is in `ssdp.rs`.

use std::{
    pin::Pin,
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
use serde_json::{Value, json};
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

/// Longest wait for the cloud once a ticket is out, as long as tickets count [G].
const BIND_PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Ends when the machine is bound.
pub type Bound = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is answered here.
#[derive(Clone)]
pub struct Desk {
    /// Who is there.
    pub about: About,
    /// A ticket by which an account takes the machine, and when one has; `None` while none can.
    pub ticket: Arc<dyn Fn() -> Option<(String, Bound)> + Send + Sync>,
}

/// What an answer leads to.
enum Next {
    /// The end of the conversation.
    End,
    /// A wait for the cloud.
    Bound(Bound),
}

/// Serves the questions of who is there until `shutdown`, over TLS or in the clear.
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    machine: Arc<dyn Machine>,
    desk: Desk,
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
                let (tls, desk, sequence) = (tls.clone(), desk.clone(), sequence.clone());
                conversations.spawn(async move {
                    match tls {
                        None => attend(wire, &desk, &sequence).await,
                        Some(tls) => match timeout(PATIENCE, tls.accept(wire)).await {
                            Ok(Ok(stream)) => attend(stream, &desk, &sequence).await,
                            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                            Err(_) => {}
                        },
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
}

/// One question and its answer; after a ticket, the word that the machine is bound.
async fn attend<S>(mut stream: S, desk: &Desk, sequence: &AtomicU32)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = timeout(PATIENCE, converse(&mut stream, desk, sequence)).await;
    if let Ok(Some(Next::Bound(bound))) = asked
        && waited(&mut stream, bound).await
        && let Some(frame) = detect::frame(&report(json!({"session_id": 0, "status": "SUCCESS"})))
    {
        let _ = timeout(PATIENCE, stream.write_all(&frame)).await;
    }
    let _ = timeout(PATIENCE, stream.shutdown()).await;
}

/// Whether the machine was bound while the asker was still there.
async fn waited<S: AsyncRead + Unpin>(stream: &mut S, bound: Bound) -> bool {
    let gone = async {
        let mut block = [0; 256];
        while matches!(stream.read(&mut block).await, Ok(1..)) {}
    };
    tokio::select! {
        () = bound => true,
        () = gone => false,
        () = sleep(BIND_PATIENCE) => false,
    }
}

async fn converse<S>(stream: &mut S, desk: &Desk, sequence: &AtomicU32) -> Option<Next>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = BytesMut::new();
    loop {
        while let Some(json) = detect::decode(&mut buffer) {
            let answer = answer(&json, desk, || sequence.fetch_add(1, Ordering::Relaxed));
            if let Some((answer, next)) = answer
                && let Some(frame) = detect::frame(&answer)
            {
                stream.write_all(&frame).await.ok()?;
                return Some(next);
            }
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return None;
        }
    }
}

/// What is said to a frame; nothing to what nobody asks here.
fn answer(json: &[u8], desk: &Desk, sequence: impl FnOnce() -> u32) -> Option<(String, Next)> {
    let (message, about) = (detect::read(json)?, (desk.about)()?);
    match message {
        Message::Question => Some((detect::answer(&about, sequence()), Next::End)),
        Message::Login => Some(match (about.connect, (desk.ticket)()) {
            (_, Some((ticket, bound))) => {
                let waiting = json!({"status": "wait_auth", "ticket": ticket});
                (report(waiting), Next::Bound(bound))
            }
            // An account owns it; the code of that is not known.
            (Some(Mode::Cloud), None) => {
                (detect::refusal("need logout", 0, REFUSED_SEQUENCE), Next::End)
            }
            (_, None) => {
                let refusal = "LAN-ONLY enabled";
                (detect::refusal(refusal, detect::LAN_ONLY, REFUSED_SEQUENCE), Next::End)
            }
        }),
        Message::Answer(_) | Message::Report(_) => None,
    }
}

/// How a bind goes [L].
fn report(mut said: Value) -> String {
    said["command"] = "login_report".into();
    said["sequence_id"] = (-1).into();
    json!({ "login": said }).to_string()
}
