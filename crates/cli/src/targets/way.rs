//! The way to a printer: over the local network, over the cloud, or over both as one.

use bambu_server::Fleet;
use bambulab::{
    BrokerAddress, CloudLogin, CloudSession, LanTarget, Link, Options, connect_both, connect_lan,
};
use futures_util::future::join_all;

use super::{Target, address};
use crate::{
    account,
    exit::{Failure, Kind},
    settings::Settings,
};

/// An address alone: IPv6 loses its brackets, a port or a scheme beside it is a mistake.
fn bare(host: &str) -> Result<String, Failure> {
    let host = host.trim();
    let plain = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let is_v6 = plain.parse::<std::net::Ipv6Addr>().is_ok() || plain.contains('%');
    if plain.is_empty() || plain.contains(['/', ' ']) || (plain.contains(':') && !is_v6) {
        return Err(Failure::say(Kind::Usage, format!("{host:?} is no host name or address"))
            .next("give the address alone; the port goes into --mqtt-port or mqtt_port"));
    }
    Ok(plain.to_owned())
}

impl Target {
    /// Where its broker is on the local network, if that is known.
    ///
    /// # Errors
    /// What was given is no address.
    pub(crate) fn address(&self) -> Result<Option<BrokerAddress>, Failure> {
        let Some((host, ports)) = &self.lan else { return Ok(None) };
        let port = ports.mqtt_port.unwrap_or(bambulab::endpoint::MQTT_PORT);
        Ok(Some(BrokerAddress { host: bare(host)?, port }))
    }

    /// Everything that it takes to reach it on the local network; `None` without an address.
    ///
    /// # Errors
    /// What was given is no address, or its access code is not known.
    pub(crate) fn on_lan(&self) -> Result<Option<LanTarget>, Failure> {
        let Some((host, ports)) = &self.lan else { return Ok(None) };
        let host = bare(host)?;
        let Some(access_code) = self.access_code.clone().filter(|code| !code.is_empty()) else {
            return Err(Failure::say(
                Kind::NotAuthenticated,
                format!("the access code of {} is not known", self.shown()),
            )
            .next("read it from the printer's screen and give it as BAMBU_ACCESS_CODE, --access-code - or in the config file"));
        };
        let mut target = LanTarget::new(self.serial.clone(), host, access_code);
        target.port = ports.mqtt_port.unwrap_or(target.port);
        target.ftps_port = ports.ftps_port.unwrap_or(target.ftps_port);
        target.camera_port = ports.camera_port;
        Ok(Some(LanTarget { name: self.name.clone(), model: self.model, ..target }))
    }
}

/// Connected printers. Dropping it closes the connections.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) fleet: Fleet,
    /// Printers that were wanted and not found, and why.
    pub(crate) lost: Vec<(Target, Failure)>,
    /// One session carries all printers of the account.
    session: Option<CloudSession>,
}

impl Connected {
    /// Says goodbye to every broker: a printer has few places, and keeps one that nobody left.
    pub(crate) async fn close(self) {
        let Self { fleet, session, .. } = self;
        join_all(fleet.links().map(Link::close)).await;
        if let Some(session) = session {
            session.close().await;
        }
    }

    /// Tells of the printers that were not found; the others are shown without them.
    pub(crate) fn tell_lost(&self) {
        for (_, failure) in &self.lost {
            eprintln!("note: {failure}; it is left out");
        }
    }
}

/// Begins to connect; each link tells how it goes.
///
/// # Errors
/// A printer without a way to it, an account whose number cannot be found out.
pub(crate) async fn connect(
    targets: Vec<Target>,
    settings: &Settings,
) -> Result<Connected, Failure> {
    let options = settings.options()?;
    let mut fleet = Fleet::new();
    let mut session = None;
    let mut lost = Vec::new();
    for target in targets {
        if target.lost {
            let failure = address::missing(&target);
            lost.push((target, failure));
            continue;
        }
        let on_lan = target.lan.is_some();
        if session.is_none() && (!on_lan || target.in_account) {
            session = match broker_login(settings).await {
                Ok(login) => Some(CloudSession::connect(login, options.clone())),
                // The local network does without.
                Err(_) if on_lan => None,
                Err(_) if settings.token.is_none() => return Err(no_way(target.shown())),
                Err(failure) => return Err(failure),
            };
        }
        let cloud = session.as_ref().filter(|_| target.in_account || !on_lan);
        fleet.add(link(target, cloud, &options)?);
    }
    Ok(Connected { fleet, lost, session })
}

fn link(target: Target, cloud: Option<&CloudSession>, options: &Options) -> Result<Link, Failure> {
    let Some(on_lan) = target.on_lan()? else {
        let cloud = cloud.ok_or_else(|| no_way(target.shown()))?;
        let Target { serial, name, model, .. } = target;
        return Ok(cloud.printer(serial, name, model));
    };
    Ok(match cloud {
        Some(cloud) => connect_both(on_lan, cloud, options.clone()),
        None => connect_lan(on_lan, options.clone()),
    })
}

fn no_way(name: &str) -> Failure {
    let cause = format!("there is no way to {name}: neither its access code nor a token is known");
    Failure::say(Kind::NotAuthenticated, cause).next(
        "read the code from the printer's screen (Settings > Network) and give it as --access-code \
         or in the config file, or log in: bambu login; to try without a printer: bambu demo",
    )
}

/// Who logs in to the cloud's broker.
///
/// # Errors
/// No token, or an account whose number cannot be found out.
pub(crate) async fn broker_login(settings: &Settings) -> Result<CloudLogin, Failure> {
    let token = account::token(settings)?;
    let uid = match &settings.uid {
        Some(uid) => uid.value.clone(),
        None => match token.uid() {
            Some(uid) => uid,
            None => account::cloud(settings)?.uid().await.map_err(account::failure)?,
        },
    };
    let broker = settings.endpoint.mqtt.clone();
    Ok(CloudLogin { uid, token, broker })
}
