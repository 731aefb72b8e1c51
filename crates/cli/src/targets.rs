//! Which printers a command is about, and the way to each: the config file knows some, the
//! account knows others, a call may name one by hand.

use std::collections::HashSet;

use bambu_protocol::{AccessCode, Model, Serial};
use bambu_server::Fleet;
use bambulab::{CloudLogin, CloudSession, LanTarget, Link, connect_lan};
use futures_util::future::join_all;

use crate::{
    account,
    exit::{Failure, Kind},
    settings::{self, Settings},
};

/// Which printers, and how to reach one by hand. A secret is in it, so it has no `Debug`.
#[derive(Default, clap::Args)]
pub(crate) struct Which {
    /// Name, serial number or the unique beginning of one; all known printers when none is given
    #[arg(value_name = "PRINTER")]
    pub(crate) printers: Vec<String>,
    /// Only printers of this group of the config file
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Address on the local network of the one printer named, instead of the cloud
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    /// Port of the printer's MQTT broker [default: 8883]
    #[arg(long, value_name = "PORT")]
    pub(crate) mqtt_port: Option<u16>,
    /// LAN access code; `-` reads it from standard input [env: BAMBU_ACCESS_CODE]
    #[arg(long, value_name = "CODE")]
    pub(crate) access_code: Option<String>,
}

/// One printer and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) serial: Serial,
    pub(crate) name: Option<String>,
    model: Option<Model>,
    /// Address and port on the local network; without one it is reached over the cloud.
    lan: Option<(String, Option<u16>)>,
    access_code: Option<AccessCode>,
    group: Option<String>,
}

impl Target {
    fn bare(serial: Serial) -> Self {
        Self { serial, name: None, model: None, lan: None, access_code: None, group: None }
    }
}

/// The printers a command is about.
///
/// # Errors
/// A name that fits none or several, no printer at all, an account that cannot be asked.
pub(crate) async fn choose(which: &Which, settings: &Settings) -> Result<Vec<Target>, Failure> {
    let mut known: Vec<Target> = settings.printers.iter().map(configured).collect();
    let sure = |name: &String| exact(&known, name).len() == 1 || looks_like_a_serial(name);
    let named = !which.printers.is_empty() && which.printers.iter().all(sure);
    // With a token, the account is asked for names, unless the call needs none of them.
    let by_hand = which.host.is_some();
    if settings.token.is_some() && !named && !by_hand && which.group.is_none() {
        match account::cloud(settings)?.devices().await.map_err(account::failure) {
            Ok(devices) => merge(&mut known, devices.value),
            // Printers on the local network do not need the cloud.
            Err(failure) if known.iter().any(|target| target.lan.is_some()) => {
                eprintln!("note: only the config file's printers are known: {failure}");
            }
            Err(failure) => return Err(failure),
        }
    }
    if let Some(group) = &which.group {
        known.retain(|target| target.group.as_ref() == Some(group));
    }
    let mut chosen = Vec::new();
    if which.printers.is_empty() {
        chosen = known;
    } else {
        for name in &which.printers {
            chosen.push(find(&known, name, by_hand)?);
        }
    }
    let mut seen = HashSet::new();
    chosen.retain(|target| seen.insert(target.serial.clone()));
    let code = match which.access_code.clone() {
        Some(given) => Some(AccessCode::new(&read_secret(given).await?)),
        None => settings.access_code.as_ref().map(|setting| setting.value.clone()),
    };
    by_hand_overrides(which, code, &mut chosen)?;
    if chosen.is_empty() {
        return Err(no_printer(which, settings));
    }
    Ok(chosen)
}

/// Reads beside the runtime, so that Ctrl-C is heard while somebody types.
async fn read_secret(given: String) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(move || settings::secret(&given)).await;
    read.map_err(|error| Failure::new(Kind::Failed, error))?
}

/// An address alone: IPv6 loses its brackets, a port or a scheme beside it is a mistake.
fn address(host: &str) -> Result<String, Failure> {
    let host = host.trim();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let is_v6 = bare.parse::<std::net::Ipv6Addr>().is_ok() || bare.contains('%');
    if bare.is_empty() || bare.contains(['/', ' ']) || (bare.contains(':') && !is_v6) {
        return Err(Failure::say(Kind::Usage, format!("{host:?} is no host name or address"))
            .next("give the address alone; the port goes into --mqtt-port or mqtt_port"));
    }
    Ok(bare.to_owned())
}

fn configured(entry: &settings::PrinterEntry) -> Target {
    let entry = entry.clone();
    let lan = entry.host.map(|host| (host, entry.mqtt_port));
    Target {
        serial: entry.serial,
        name: entry.name,
        model: entry.model,
        lan,
        access_code: entry.access_code,
        group: entry.group,
    }
}

/// Adds the printers of the account; what the config file says about one goes first.
fn merge(known: &mut Vec<Target>, devices: Vec<bambu_protocol::cloud::Device>) {
    for device in devices {
        let model = device.model();
        match known.iter_mut().find(|target| target.serial == device.serial) {
            Some(target) => {
                target.name = target.name.take().or(device.name);
                target.model = target.model.or(model);
                target.access_code = target.access_code.take().or(device.access_code);
            }
            None => known.push(Target {
                name: device.name,
                model,
                access_code: device.access_code,
                ..Target::bare(device.serial)
            }),
        }
    }
}

/// A whole serial number is taken at its word, so that the account need not be asked.
fn looks_like_a_serial(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    name.len() == 15 && name.bytes().all(plain)
}

/// Those with exactly this serial number, else those with exactly this name.
fn exact<'a>(known: &'a [Target], name: &str) -> Vec<&'a Target> {
    let same = |text: &str| text.eq_ignore_ascii_case(name);
    if let Some(target) = known.iter().find(|target| same(target.serial.as_str())) {
        return vec![target];
    }
    known.iter().filter(|target| target.name.as_deref().is_some_and(same)).collect()
}

/// `any` takes whatever may be a serial number: the address is given by hand.
fn find(known: &[Target], name: &str, any: bool) -> Result<Target, Failure> {
    let begins = |text: &str| {
        let start = text.get(..name.len()).filter(|_| !name.is_empty());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let mut fits = exact(known, name);
    if fits.is_empty() {
        fits.extend(known.iter().filter(|target| {
            begins(target.serial.as_str()) || target.name.as_deref().is_some_and(begins)
        }));
    }
    match fits.as_slice() {
        [one] => Ok((*one).clone()),
        [] if any || looks_like_a_serial(name) => name.parse().map(Target::bare).map_err(
            |error: bambu_protocol::serial::InvalidSerial| {
                Failure::new(Kind::Usage, error)
                    .next("read it from the printer's screen, under Settings > Device")
            },
        ),
        [] if known.is_empty() => {
            Err(Failure::say(Kind::Usage, format!("no printer is called {name:?}"))
                .next("none is known: set BAMBU_TOKEN, or list printers in the config file"))
        }
        [] => Err(Failure::say(Kind::Usage, format!("no printer is called {name:?}"))
            .next(format!("known are: {}", names(known.iter())))),
        several => Err(Failure::say(Kind::Usage, format!("{name:?} fits several printers"))
            .next(format!("write more of one of these: {}", names(several.iter().copied())))),
    }
}

fn names<'a>(targets: impl Iterator<Item = &'a Target>) -> String {
    let shown = |target: &Target| match &target.name {
        Some(name) => format!("{name} ({})", target.serial),
        None => target.serial.to_string(),
    };
    let all: Vec<String> = targets.map(shown).collect();
    match all.len() {
        0..=12 => all.join(", "),
        more => format!("{}, and {} more", all.get(..12).unwrap_or_default().join(", "), more - 12),
    }
}

/// `--host`, `--mqtt-port` and the access code of the call.
fn by_hand_overrides(
    which: &Which,
    code: Option<AccessCode>,
    chosen: &mut [Target],
) -> Result<(), Failure> {
    match (chosen, &which.host) {
        ([target], Some(host)) => {
            target.lan = Some((host.clone(), which.mqtt_port));
            target.access_code = code.or(target.access_code.take());
        }
        (_, Some(_)) => {
            return Err(Failure::say(Kind::Usage, "--host wants exactly one printer")
                .next("give its serial number, such as: bambu monitor 01P00A000000001 --host …"));
        }
        ([target], None) if target.lan.is_some() => {
            if let (Some((_, port)), Some(given)) = (&mut target.lan, which.mqtt_port) {
                *port = Some(given);
            }
            target.access_code = code.or(target.access_code.take());
        }
        (several, None) => {
            for target in several {
                target.access_code = target.access_code.take().or_else(|| code.clone());
            }
        }
    }
    Ok(())
}

fn no_printer(which: &Which, settings: &Settings) -> Failure {
    if let Some(group) = &which.group {
        return Failure::say(Kind::Usage, format!("no printer is in the group {group:?}"))
            .next(format!("see {}", settings.config_file.value.display()));
    }
    if settings.token.is_some() {
        return Failure::say(Kind::Failed, "this account has no printer")
            .next("bind one in Bambu Handy, or list it in the config file");
    }
    Failure::say(Kind::NotAuthenticated, "no printer is known: there is no token, and the config file lists none")
        .next("set BAMBU_TOKEN, or name one: bambu monitor SERIAL --host ADDRESS --access-code -; to try without a printer: bambu demo")
}

/// Connected printers. Dropping it closes the connections.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) fleet: Fleet,
    /// One session carries all printers of the account.
    session: Option<CloudSession>,
}

impl Connected {
    /// Says goodbye to every broker: a printer has few places, and keeps one that nobody left.
    pub(crate) async fn close(self) {
        let Self { fleet, session } = self;
        join_all(fleet.links().map(Link::close)).await;
        if let Some(session) = session {
            session.close().await;
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
    for target in targets {
        let Target { serial, name, model, lan, access_code, .. } = target;
        let link = match lan {
            Some((host, port)) => {
                let host = address(&host)?;
                let Some(access_code) = access_code.filter(|code| !code.is_empty()) else {
                    return Err(Failure::say(
                        Kind::NotAuthenticated,
                        format!("the access code of {} is not known", name.as_deref().unwrap_or(serial.as_str())),
                    )
                    .next("read it from the printer's screen and give it as BAMBU_ACCESS_CODE, --access-code - or in the config file"));
                };
                let port = port.unwrap_or(bambulab::endpoint::MQTT_PORT);
                connect_lan(
                    LanTarget { serial, host, port, access_code, name, model },
                    options.clone(),
                )
            }
            None => {
                if session.is_none() {
                    session = Some(CloudSession::connect(login(settings).await?, options.clone()));
                }
                let Some(session) = &session else { continue };
                session.printer(serial, name, model)
            }
        };
        fleet.add(link);
    }
    Ok(Connected { fleet, session })
}

async fn login(settings: &Settings) -> Result<CloudLogin, Failure> {
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
