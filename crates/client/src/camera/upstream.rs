//! The seam between the hub and an upstream: a [`Dial`] to reach the printer with, a [`Sink`] for
//! what it shows.
//!
//! An upstream is `async fn run(dial: &Dial, sink: &mut Sink) -> Result<(), CameraError>`. It ends
//! with the error, or with `Ok` soon after [`Sink::left`]; its socket is closed when it has ended
//! or is dropped, and only then is the printer dialled again.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::{CameraError, CameraKind, Video, hub::Hub};
use crate::{
    dial::{self, TlsFailure},
    endpoint::BrokerAddress,
    link::{LanTarget, Unreachable},
    options::Options,
    tls::Pinning,
};

/// Whom to dial, and how long to wait.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) target: LanTarget,
    pub(crate) kind: CameraKind,
    pub(crate) options: Options,
}

/// A connection to a printer's camera on which nothing was said yet.
pub(crate) struct Dialled {
    pub(crate) stream: TlsStream<TcpStream>,
    pub(crate) proof: Proof,
}

/// What a printer showed in the handshake, to be remembered once it has let us in.
pub(crate) struct Proof {
    pinning: Pinning,
    chain: Option<Vec<CertificateDer<'static>>>,
    address: BrokerAddress,
}

/// Where an upstream puts its frames. It holds no frame: what nobody has read in time is dropped.
pub(crate) struct Sink {
    hub: Arc<Hub>,
    left: CancellationToken,
    session: u64,
    has_begun: bool,
}

impl Dial {
    pub(crate) fn new(target: LanTarget, kind: CameraKind, options: Options) -> Self {
        let options = Options { timing: options.timing.bounded(), ..options };
        Self { target, kind, options }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> BrokerAddress {
        let port = self.target.camera_port.unwrap_or_else(|| self.kind.port());
        BrokerAddress { host: self.target.host.clone(), port }
    }

    /// Longest silence: for the answer to something that was said.
    pub(crate) fn patience(&self) -> Duration {
        self.options.timing.ack
    }

    /// TCP and TLS, with the printer's identity checked.
    pub(crate) async fn connect(&self) -> Result<Dialled, CameraError> {
        let within = self.options.timing.connect;
        let tls = self.options.identity.printer_tls(&self.options.roots, &self.target.serial);
        let tls = tls.map_err(|error| CameraError::NotThisKind(error.to_string()))?;
        let BrokerAddress { host, port } = self.address();
        let tcp = dial::tcp(&host, port, within).await.map_err(|why| self.unreachable(why))?;
        let stream = dial::tls(tcp, tls.config, tls.name, within).await;
        let stream = stream.map_err(|failure| self.not_secured(failure))?;
        let chain = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
        let proof = Proof { pinning: tls.pinning, chain, address: self.address() };
        Ok(Dialled { stream, proof })
    }

    fn unreachable(&self, why: Unreachable) -> CameraError {
        // Nobody listens on 322 while the live view is switched off. [L]
        if why == Unreachable::Refused && self.kind == CameraKind::H264 {
            return CameraError::LiveviewOff;
        }
        CameraError::Unreachable { address: self.address(), why }
    }

    fn not_secured(&self, failure: TlsFailure) -> CameraError {
        match failure {
            TlsFailure::Silent => self.unreachable(Unreachable::Silent),
            TlsFailure::Untrusted { why, .. } => {
                CameraError::Untrusted { address: self.address(), why }
            }
            // A printer that restarts hangs up, too.
            TlsFailure::NotTls(why) => CameraError::Lost(why),
        }
    }
}

impl Proof {
    /// To be called when the printer has accepted the access code, and not before: it is pinned
    /// now where it is seen for the first time.
    ///
    /// # Errors
    /// Somebody else pinned another certificate in the meantime.
    pub(crate) async fn accepted(self) -> Result<(), CameraError> {
        let Self { pinning, chain, address } = self;
        let refused = pinning.accepted(chain).await;
        refused.map_err(|why| CameraError::Untrusted { address, why: why.to_string() })
    }
}

impl Sink {
    pub(super) fn new(hub: Arc<Hub>, session: u64) -> Self {
        Self { hub, left: CancellationToken::new(), session, has_begun: false }
    }

    /// Cancelled when nobody looks any more: the upstream says goodbye and ends, within a second.
    pub(crate) fn left(&self) -> CancellationToken {
        self.left.clone()
    }

    /// Whether this upstream has shown something.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// A JPEG picture.
    pub(crate) fn picture(&mut self, data: Bytes) {
        self.put(data, true, None);
    }

    /// One access unit, NAL units with lengths of four bytes. What comes before the first key frame
    /// is dropped. Size is bounded by the caller.
    pub(crate) fn access_unit(&mut self, data: Bytes, is_key: bool, video: &Arc<Video>) {
        if self.has_begun || is_key {
            self.put(data, is_key, Some(video.clone()));
        }
    }

    fn put(&mut self, data: Bytes, is_key: bool, video: Option<Arc<Video>>) {
        self.has_begun = true;
        self.hub.put(self.session, data, is_key, video);
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("target", &self.target).field("kind", &self.kind).finish()
    }
}
