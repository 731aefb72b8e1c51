//! Opening a session: TLS at once, login, and only then the pin; then how data will be sent.

use std::time::Duration;

use bambu_protocol::ftp::USER;
use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::time::{Instant, timeout};

use super::{
    FtpsError,
    control::{Control, silent},
    place::Protection,
};
use crate::{
    LanTarget, Options,
    dial::{self, TlsFailure},
    endpoint::BrokerAddress,
    link::Unreachable,
    tls::{PrinterTls, SetupError},
};

/// While a file goes over for hours, nothing is said on the control connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A slow card takes its time for a command; a login has nothing to wait for.
const SLOW: u32 = 3;

/// Opens a session whose data connections will be protected in this way.
pub(super) async fn open(
    target: &LanTarget,
    options: &Options,
    protection: Protection,
) -> Result<Control, FtpsError> {
    let address = BrokerAddress { host: target.host.clone(), port: target.ftps_port };
    let timing = options.timing.clone().bounded();
    let code = target.access_code.reveal();
    // One with a line end would be two commands.
    if code.is_empty() || code.chars().any(char::is_control) {
        return Err(FtpsError::WrongAccessCode(address));
    }
    let unreachable = |why| FtpsError::Unreachable { address: address.clone(), why };
    let tls = options.identity.resuming_tls(&options.roots, &target.serial);
    let PrinterTls { config, name, pinning } = tls.map_err(|error| match error {
        SetupError::Host(_) => unreachable(Unreachable::UnknownName),
        SetupError::Tls(error) => not_ftps(&address, error.to_string()),
    })?;
    let tcp = dial::tcp(&address.host, address.port, timing.connect).await.map_err(unreachable)?;
    let _ = SockRef::from(&tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE));
    let peer = tcp.peer_addr().map_err(|_| unreachable(Unreachable::NoRoute))?.ip();
    let stream = dial::tls(tcp, config.clone(), name.clone(), timing.connect).await;
    let stream = stream.map_err(|failure| no_tls(&address, failure))?;
    let chain = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
    let mut session = Control {
        stream,
        buffer: BytesMut::new(),
        peer,
        tls: (config, name),
        protection,
        within: timing.ack,
        used: Instant::now(),
    };
    login(&mut session, &address, code).await?;
    let pinned = pinning.accepted(chain).await;
    pinned.map_err(|refused| no_tls(&address, refused.into()))?;
    session.within = timing.ack.saturating_mul(SLOW);
    prepare(&mut session).await?;
    Ok(session)
}

async fn login(
    session: &mut Control,
    address: &BrokerAddress,
    code: &str,
) -> Result<(), FtpsError> {
    // Whatever is wrong before the welcome, it is not known to be a printer.
    let welcome = timeout(session.within, session.reply()).await;
    let welcome = welcome.map_err(|_| silent()).flatten().map_err(|error| match error {
        FtpsError::Malformed { why } | FtpsError::Lost { why } => not_ftps(address, why),
        error => error,
    })?;
    if welcome.code == 421 {
        return Err(FtpsError::TooManySessions { text: welcome.text() });
    }
    if !welcome.is_done() {
        return Err(FtpsError::refused("the connection", &welcome));
    }
    let mut reply = session.ask(&format!("USER {USER}")).await?;
    if reply.code == 331 {
        reply = session.ask(&format!("PASS {code}")).await?;
    }
    match reply.code {
        200..=299 => Ok(()),
        530 => Err(FtpsError::WrongAccessCode(address.clone())),
        421 => Err(FtpsError::TooManySessions { text: reply.text() }),
        _ => Err(FtpsError::refused("the login", &reply)),
    }
}

async fn prepare(session: &mut Control) -> Result<(), FtpsError> {
    let protection = match session.protection {
        Protection::Private => "PROT P",
        Protection::Clear => "PROT C",
    };
    for (command, verb) in [("PBSZ 0", "PBSZ"), (protection, "PROT"), ("TYPE I", "TYPE")] {
        let reply = session.ask(command).await?;
        // What `PBSZ` is for TLS does without; `PROT` must hold.
        if !reply.is_done() && verb != "PBSZ" {
            return Err(FtpsError::refused(verb, &reply));
        }
    }
    Ok(())
}

fn not_ftps(address: &BrokerAddress, why: String) -> FtpsError {
    FtpsError::NotFtps { address: address.clone(), why }
}

fn no_tls(address: &BrokerAddress, failure: TlsFailure) -> FtpsError {
    let address = address.clone();
    match failure {
        TlsFailure::Untrusted { why, fingerprint } => {
            let fingerprint = fingerprint.map(|print| print.to_string());
            FtpsError::Untrusted { address, why, fingerprint }
        }
        TlsFailure::NotTls(why) => FtpsError::NotFtps { address, why },
        TlsFailure::Silent => FtpsError::Unreachable { address, why: Unreachable::Silent },
    }
}
