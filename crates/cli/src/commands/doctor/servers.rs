//! The servers' checks, where there are any: the tokens of the proxy's clients, and whether what the
//! config file turns on is running.

use std::{io, net::SocketAddr, time::Duration};

use bambu_server::{Face, config::Proxy};
use bambulab::ProxyTokens;
use tokio::{net::TcpStream, time::timeout};

use super::findings::{Finding, Findings};
use crate::{
    exit::{Failure, Kind},
    settings::{Settings, Source},
};

/// A server on this machine or near it answers at once.
const GLANCE: Duration = Duration::from_secs(2);

/// Looks at them. None of it is in the way of anything else, so it is at most a warning.
pub(super) async fn look(settings: &Settings, findings: &mut Findings) -> Result<(), Failure> {
    let Proxy { strict, full, .. } = &settings.servers.proxy;
    let runs_proxy = strict.is_some() || full.is_some();
    let is_there =
        settings.proxy_tokens.source != Source::Default || settings.proxy_tokens.value.is_file();
    if runs_proxy || is_there {
        findings.add(tokens(settings).mild())?;
    }
    let legacy = settings.servers.compat.as_ref().filter(|compat| compat.config.is_none());
    let camera = settings.servers.camera.as_ref();
    for (name, face, listen) in [
        ("proxy_strict", Face::ProxyStrict, strict.as_ref().map(|face| face.listen)),
        ("proxy_full", Face::ProxyFull, full.as_ref().map(|face| face.listen)),
        ("compat", Face::Compat, legacy.map(|face| face.listen)),
        ("camera", Face::Camera, camera.map(|face| face.listen)),
    ] {
        if let Some(listen) = listen {
            findings.add(running(name, listen.unwrap_or(face.default_address())).await)?;
        }
    }
    Ok(())
}

fn tokens(settings: &Settings) -> Finding {
    const NAME: &str = "proxy_tokens";
    let path = settings.proxy_tokens.value.display();
    let tokens = match ProxyTokens::open(&settings.proxy_tokens.value) {
        Ok(tokens) => tokens,
        Err(error) => return Finding::of(NAME, Failure::advised(Kind::Usage, &error)),
    };
    let own = settings.token.as_ref().map(|token| token.value.fingerprint());
    let others = tokens.list().iter().filter(|entry| Some(entry.real) != own).count();
    match tokens.len() {
        0 if settings.servers.proxy.token.is_empty() => Finding::warn(
            NAME,
            format!("none in {path}: the proxy refuses everybody"),
            "bambu token add --generate",
        ),
        many if others > 0 && own.is_some() => Finding::warn(
            NAME,
            format!("{others} of {many} in {path} stand for another token than yours"),
            "if that was your last login's, remove and add them anew: bambu token list",
        ),
        many => Finding::ok(NAME, format!("{many} in {path}")),
    }
}

async fn running(name: &'static str, address: SocketAddr) -> Finding {
    let mut here = address;
    if address.ip().is_unspecified() {
        here.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let late = |_| Err(io::Error::from(io::ErrorKind::TimedOut));
    match timeout(GLANCE, TcpStream::connect(here)).await.unwrap_or_else(late) {
        Ok(_) => Finding::ok(name, format!("something listens on {address}")),
        Err(error) => Finding::warn(
            name,
            format!("nothing answers on {address}: {error}"),
            "start it, if it should run: bambu serve",
        ),
    }
}
