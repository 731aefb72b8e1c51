//! Which printers a command is about: the config file knows some, the account knows others, a
//! call may name one by hand. What a name means is in `find.rs`, how to get there in `way.rs`.

mod address;
mod find;
mod way;

use std::{collections::HashSet, time::Duration};

use bambu_protocol::{AccessCode, Model, Serial};
use bambulab::LanTarget;
use tokio::time::timeout;

use crate::{
    account,
    exit::{Failure, Kind},
    settings::{self, PrinterEntry, Settings},
};

pub(crate) use address::{LISTEN, look_for};
pub(crate) use find::names;
pub(crate) use way::{broker_login, connect};

/// How long the account may take to say whether it knows a printer that is named already.
const GLANCE: Duration = Duration::from_secs(3);

/// Which printers, and how to reach one by hand.
#[derive(Default, clap::Args)]
pub(crate) struct Which {
    /// Name, serial number or the unique beginning of one; all known printers when none is given
    #[arg(value_name = "PRINTER")]
    pub(crate) printers: Vec<String>,
    /// Only printers of this group of the config file
    #[arg(long)]
    pub(crate) group: Option<String>,
    #[command(flatten)]
    pub(crate) by_hand: ByHand,
}

/// How to reach one printer by hand. A secret is in it, so it has no `Debug`.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct ByHand {
    /// Address on the local network of the one printer named, instead of the cloud
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    #[command(flatten)]
    pub(crate) ports: Ports,
    /// LAN access code; `-` reads it from standard input [env: BAMBU_ACCESS_CODE]
    #[arg(long, value_name = "CODE")]
    pub(crate) access_code: Option<String>,
}

/// Ports of a printer that are not the usual ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Ports {
    /// Port of the printer's MQTT broker [default: 8883]
    #[arg(long, value_name = "PORT")]
    pub(crate) mqtt_port: Option<u16>,
    /// Port of the printer's storage [default: 990]
    #[arg(long, value_name = "PORT", hide_short_help = true)]
    pub(crate) ftps_port: Option<u16>,
    /// Port of the printer's camera [default: 6000 or 322, by model]
    #[arg(long, value_name = "PORT", hide_short_help = true)]
    pub(crate) camera_port: Option<u16>,
}

impl Ports {
    /// These, and of the others those that are not given here.
    fn or(self, other: Self) -> Self {
        Self {
            mqtt_port: self.mqtt_port.or(other.mqtt_port),
            ftps_port: self.ftps_port.or(other.ftps_port),
            camera_port: self.camera_port.or(other.camera_port),
        }
    }
}

/// One printer and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) serial: Serial,
    pub(crate) name: Option<String>,
    model: Option<Model>,
    /// Address and ports on the local network; without one it is reached over the cloud.
    lan: Option<(String, Ports)>,
    access_code: Option<AccessCode>,
    group: Option<String>,
    /// Whether the account has it, so that the cloud is a way to it, too.
    in_account: bool,
    /// Why there is no way to it, while there is one to others.
    lost: bool,
}

impl Target {
    /// What people call it.
    pub(crate) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(self.serial.as_str())
    }

    /// Its model, as far as it is known without asking it.
    pub(crate) fn model(&self) -> Option<Model> {
        self.model.or_else(|| Model::from_serial(&self.serial))
    }

    /// Whether its address on the local network is known.
    pub(crate) fn has_address(&self) -> bool {
        self.lan.is_some()
    }

    /// The ports that were given for it.
    pub(crate) fn ports(&self) -> Ports {
        self.lan.as_ref().map(|(_, ports)| *ports).unwrap_or_default()
    }

    /// Whether it can be asked to let us in.
    pub(crate) fn has_access_code(&self) -> bool {
        self.access_code.as_ref().is_some_and(|code| !code.is_empty())
    }

    /// The same with the local network as its only way.
    pub(crate) fn over_lan(self) -> Self {
        Self { in_account: false, ..self }
    }

    fn bare(serial: Serial) -> Self {
        Self {
            serial,
            name: None,
            model: None,
            lan: None,
            access_code: None,
            group: None,
            in_account: false,
            lost: false,
        }
    }
}

/// The printers a command is about.
///
/// # Errors
/// A name that fits none or several, no printer at all, an account that cannot be asked.
pub(crate) async fn choose(which: &Which, settings: &Settings) -> Result<Vec<Target>, Failure> {
    let mut known: Vec<Target> = settings.printers.iter().map(configured).collect();
    let sure = |name: &String| find::exact(&known, name).len() == 1 || find::is_serial(name);
    let named = !which.printers.is_empty() && which.printers.iter().all(sure);
    // With a token, the account is asked for names, unless the call needs none of them.
    let by_hand = which.by_hand.host.is_some();
    if settings.token.is_some() && !named && !by_hand && which.group.is_none() {
        match account::cloud(settings)?.devices().await.map_err(account::failure) {
            Ok(devices) => find::merge(&mut known, devices.value),
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
    let known_by_address = which.by_hand.host.as_ref().filter(|_| known.len() != 1);
    if let (true, Some(host)) = (which.printers.is_empty(), known_by_address) {
        let serial = address::who(host).await?;
        chosen.push(find::one(&known, serial.as_str(), true)?);
    } else if which.printers.is_empty() {
        chosen = known;
    } else {
        for name in &which.printers {
            chosen.push(find::one(&known, name, by_hand)?);
        }
    }
    let mut seen = HashSet::new();
    chosen.retain(|target| seen.insert(target.serial.clone()));
    let code = match which.by_hand.access_code.clone() {
        Some(given) => Some(AccessCode::new(&read_secret(given).await?)),
        None => settings.access_code.as_ref().map(|setting| setting.value.clone()),
    };
    by_hand_overrides(which, code, &mut chosen)?;
    if settings.token.is_some() && named && !by_hand {
        look_up(settings, &mut chosen).await;
    }
    address::find(&mut chosen, which.by_hand.ports, settings).await?;
    if chosen.is_empty() {
        return Err(no_printer(which, settings));
    }
    Ok(chosen)
}

/// The one printer of the account that a name means; without a name its only one.
///
/// # Errors
/// A name that fits none or several, several printers and no name, an account that cannot be asked.
pub(crate) async fn in_account(name: Option<&str>, settings: &Settings) -> Result<Target, Failure> {
    let mut known: Vec<Target> = settings.printers.iter().map(configured).collect();
    let devices = account::cloud(settings)?.devices().await.map_err(account::failure)?;
    find::merge(&mut known, devices.value);
    known.retain(|target| target.in_account);
    match (name, known.as_slice()) {
        (Some(name), _) => find::one(&known, name, false),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(Failure::say(Kind::Failed, "this account has no printer")
            .next("bind one in Bambu Handy")),
        (None, several) => Err(Failure::say(Kind::Usage, "there are several printers")
            .next(format!("name one after the file; known are: {}", names(several.iter())))),
    }
}

/// Whether the account knows printers that may be on the local network: then they have two ways. An account
/// that does not say so at once is done without.
async fn look_up(settings: &Settings, chosen: &mut Vec<Target>) {
    if !chosen.iter().any(|target| target.lan.is_some() || target.access_code.is_some()) {
        return;
    }
    let Ok(cloud) = account::cloud(settings) else { return };
    if let Ok(Ok(devices)) = timeout(GLANCE, cloud.devices()).await {
        let mut devices = devices.value;
        devices.retain(|device| chosen.iter().any(|target| target.serial == device.serial));
        find::merge(chosen, devices);
    }
}

/// Reads beside the runtime, so that Ctrl-C is heard while somebody types.
async fn read_secret(given: String) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(move || settings::secret(&given)).await;
    read.map_err(|error| Failure::new(Kind::Failed, error))?
}

/// The printers of the config file that can be reached on the local network.
///
/// # Errors
/// A host that is no address.
pub(crate) fn on_lan(settings: &Settings) -> Result<Vec<LanTarget>, Failure> {
    let mut found = Vec::new();
    for target in settings.printers.iter().map(configured) {
        if !target.has_address() {
            continue;
        }
        let code = target.access_code.clone().or(settings.access_code.clone().map(|it| it.value));
        let Some(access_code) = code.filter(|code| !code.is_empty()) else {
            tracing::warn!(
                "{} has a host, but no access_code: it is reached over the cloud alone",
                target.shown()
            );
            continue;
        };
        let target = Target { access_code: Some(access_code), ..target };
        found.extend(target.on_lan()?);
    }
    Ok(found)
}

fn configured(entry: &PrinterEntry) -> Target {
    let entry = entry.clone();
    let PrinterEntry { mqtt_port, ftps_port, camera_port, .. } = entry;
    let lan = entry.host.map(|host| (host, Ports { mqtt_port, ftps_port, camera_port }));
    Target {
        serial: entry.serial,
        name: entry.name,
        model: entry.model,
        lan,
        access_code: entry.access_code,
        group: entry.group,
        in_account: false,
        lost: false,
    }
}

/// `--host`, `--mqtt-port` and the access code of the call.
fn by_hand_overrides(
    which: &Which,
    code: Option<AccessCode>,
    chosen: &mut [Target],
) -> Result<(), Failure> {
    match (chosen, &which.by_hand.host) {
        ([target], Some(host)) => {
            target.lan = Some((host.clone(), which.by_hand.ports));
            // The way is said.
            target.in_account = false;
            target.access_code = code.or(target.access_code.take());
        }
        (_, Some(_)) => {
            return Err(Failure::say(Kind::Usage, "--host wants exactly one printer")
                .next("give its serial number, such as: bambu monitor 01P00A000000001 --host …"));
        }
        ([target], None) if target.lan.is_some() => {
            if let Some((_, ports)) = &mut target.lan {
                *ports = which.by_hand.ports.or(*ports);
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
        return Failure::say(Kind::Usage, format!("no printer is in the group {group:?}")).next(
            format!(
                "write group = {group:?} to the printers in {}",
                settings.config_file.value.display()
            ),
        );
    }
    if settings.token.is_some() {
        return Failure::say(Kind::Failed, "this account has no printer")
            .next("bind one in Bambu Handy, or list it in the config file");
    }
    Failure::say(Kind::NotAuthenticated, "no printer is known: you are not logged in, and the config file lists none")
        .next("bambu login, or name one: bambu monitor SERIAL --host ADDRESS --access-code -; to try without a printer: bambu demo")
}
