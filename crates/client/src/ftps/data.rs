//! The data connection of one transfer: TCP to the control host, the command, its 150, and only
//! then TLS, which resumes the session of the control connection. [L]

use std::{net::SocketAddr, time::Duration};

use bambu_protocol::ftp::Reply;
use rustls::HandshakeKind;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::{
    Ftps, FtpsError,
    control::{Control, silent},
    place::Protection,
};
use crate::dial;

/// How long a refusal is waited for when the data connection has failed: it is on its way then.
const REFUSAL: Duration = Duration::from_secs(3);

/// Under TLS, or in the clear where the printer knows nothing else.
pub(super) type Data = Either<TlsStream<TcpStream>, TcpStream>;

/// What a transfer is asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The folder to go to before.
    pub(super) folder: Option<&'a str>,
    pub(super) verb: &'static str,
    pub(super) argument: &'a str,
}

/// How a transfer began.
pub(super) enum Begun {
    /// It goes; the answer at its end is still to come.
    Going(Box<(Control, Data)>),
    /// The printer refused the folder (`is_folder`) or the transfer itself; the session is kept.
    Refused { reply: Reply, is_folder: bool },
}

/// Why no data connection came about.
enum Failed {
    /// The printer took `PROT P` and does no TLS.
    NotSecured(FtpsError),
    Else(FtpsError),
}

impl From<FtpsError> for Failed {
    fn from(error: FtpsError) -> Self {
        Self::Else(error)
    }
}

impl Ftps {
    /// Begins a transfer; where TLS does not begin on an A1's data connection, in the clear on a
    /// fresh session.
    pub(super) async fn begin(&mut self, asked: Asked<'_>) -> Result<Begun, FtpsError> {
        let control = self.control().await?;
        match self.begin_on(control, asked).await {
            Err(Failed::NotSecured(error)) if self.place.may_be_clear(self.model()) => {
                tracing::warn!(%error, "no TLS on the data connection; its data goes in the clear");
                let control = self.open(Protection::Clear).await?;
                self.begin_on(control, asked).await
            }
            begun => begun,
        }
        .map_err(|(Failed::NotSecured(error) | Failed::Else(error))| error)
    }

    async fn begin_on(
        &mut self,
        mut control: Control,
        Asked { folder, verb, argument }: Asked<'_>,
    ) -> Result<Begun, Failed> {
        if let Some(folder) = folder {
            let reply = control.ask(&format!("CWD {folder}")).await?;
            if !reply.is_done() {
                self.keep(control, &reply)?;
                return Ok(Begun::Refused { reply, is_folder: true });
            }
        }
        let port = control.passive(&mut self.plain_passive).await?;
        let within = self.options.timing.connect;
        let address = SocketAddr::new(control.peer, port);
        let no_data = |why: String| FtpsError::NoData { why };
        let tcp = timeout(within, TcpStream::connect(address))
            .await
            .map_err(|_| no_data("its port does not answer".into()))?
            .map_err(|error| no_data(error.to_string()))?;
        let _ = tcp.set_nodelay(true);
        let command = match argument {
            "" => verb.to_owned(),
            _ => format!("{verb} {argument}"),
        };
        let Some(reply) = control.ask_in_time(&command).await? else {
            // A printer without a stick does not even say no. [L]
            let no_storage = verb == "STOR";
            return Err(if no_storage { FtpsError::NoStorage } else { silent() }.into());
        };
        if !matches!(reply.code, 125 | 150) {
            self.keep(control, &reply)?;
            return Ok(Begun::Refused { reply, is_folder: false });
        }
        if control.protection == Protection::Clear {
            self.place.worked(Protection::Clear);
            return Ok(Begun::Going(Box::new((control, Either::Right(tcp)))));
        }
        let (config, name) = control.tls.clone();
        match dial::tls(tcp, config, name, within).await {
            Ok(stream) => {
                let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
                tracing::trace!(resumed, "TLS on the data connection");
                self.place.worked(Protection::Private);
                Ok(Begun::Going(Box::new((control, Either::Left(stream)))))
            }
            Err(failure) => {
                if let Ok(Ok(reply)) = timeout(REFUSAL, control.reply()).await
                    && let Some(error) = demanded(&reply)
                {
                    return Err(error.into());
                }
                let why = format!("TLS does not begin on it: {failure}");
                Err(Failed::NotSecured(no_data(why)))
            }
        }
    }

    /// Keeps the session for what comes next, unless the printer ends it.
    pub(super) fn keep(&mut self, control: Control, reply: &Reply) -> Result<(), FtpsError> {
        self.place.touch();
        if reply.code == 421 {
            return Err(FtpsError::Lost { why: reply.text() });
        }
        self.control = Some(control);
        Ok(())
    }
}

/// The printer's wish that data connections resume the session: 522, or a 425 that says so. [L]
pub(super) fn demanded(reply: &Reply) -> Option<FtpsError> {
    let text = reply.text();
    let words = text.to_ascii_lowercase();
    let says_so = ["reuse", "session", "ssl", "tls"].iter().any(|word| words.contains(word));
    let is_wish = reply.code == 522 || (reply.code == 425 && says_so);
    is_wish.then_some(FtpsError::SessionReuseDemanded { text })
}
