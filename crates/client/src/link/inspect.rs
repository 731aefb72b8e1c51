//! One look at a broker, without a link: what a printer shows, whether the cloud lets us in.

use bambu_protocol::{AccessCode, Serial};

use super::{CloudLogin, Reason, login::Login};
use crate::{endpoint::BrokerAddress, options::Options, tls::Verdict};

/// What a printer shows to whoever connects, before any login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of its certificate, in hex.
    pub sha256: String,
    /// Why that is taken for the printer's.
    pub verdict: Verdict,
}

/// Shakes hands with a printer and hangs up: no access code is sent and nothing is remembered.
///
/// # Errors
/// The [`Reason`]: nobody there, no TLS, or a certificate that is not trusted.
pub async fn inspect(
    serial: &Serial,
    address: BrokerAddress,
    options: &Options,
) -> Result<Shown, Reason> {
    let nobody = Login::lan(address, serial.clone(), &AccessCode::new(""));
    let seen = nobody.open(options)?.look().await.map_err(|error| nobody.reason(error))?;
    let silent = || Reason::NotABroker {
        address: nobody.address.clone(),
        why: "it shows no certificate".to_owned(),
    };
    let (print, verdict) = seen.ok_or_else(silent)?;
    Ok(Shown { sha256: print.to_string(), verdict })
}

/// Logs in to the cloud's broker and out again: whether it takes user and token.
///
/// # Errors
/// The [`Reason`].
pub async fn try_login(login: CloudLogin, options: &Options) -> Result<(), Reason> {
    let login = Login::cloud(login);
    let socket = login.open(options)?.open().await.map_err(|error| login.reason(error))?;
    socket.close(options.timing.connect).await;
    Ok(())
}
