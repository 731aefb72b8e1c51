//! Which printers a world has: names, serial numbers, access codes and owners, from the seed.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    path::Path,
    sync::Arc,
};

use bambu_protocol::{AccessCode, Model, discovery::ssdp};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio_util::sync::CancellationToken;

use super::{Config, MAX_PRINTERS, State, WorldError};
use crate::{
    cloud::{
        Listed,
        account::{Account, Accounts},
    },
    simulator::{Printer, PrinterSpec, Replay, StartState, Summary, invented_serial},
};

/// One of each telemetry style.
pub(super) const DEFAULT_MODELS: [Model; 3] = [Model::P1S, Model::X1C, Model::A1Mini];
/// Serial numbers of replayed printers count from here, where the capture masks its own.
const REPLAYED: u32 = 800_000_001;
/// Serial numbers of printers that the further accounts own count from here.
const FURTHER: u64 = 900_000_001;

/// A printer to be, with its owner and its address.
pub(super) struct Planned {
    pub(super) owner: Arc<Account>,
    pub(super) ip: Ipv4Addr,
    pub(super) printer: Kind,
}

/// Invented or recorded.
#[derive(Clone)]
pub(super) enum Kind {
    Invented(Arc<Printer>),
    Recorded(Arc<Replay>),
}

impl Kind {
    /// As the cloud and the faces see it.
    pub(super) fn listed(&self) -> Arc<dyn Listed> {
        match self {
            Self::Invented(printer) => Arc::clone(printer) as _,
            Self::Recorded(replay) => Arc::clone(replay) as _,
        }
    }

    /// Lets it live until `shutdown`.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        match self {
            Self::Invented(printer) => printer.run(shutdown).await,
            Self::Recorded(replay) => replay.run(shutdown).await,
        }
    }

    pub(super) fn summary(&self) -> Summary {
        match self {
            Self::Invented(printer) => printer.summary(),
            Self::Recorded(replay) => replay.summary(),
        }
    }
}

/// The printers asked for, then the replays, then one for each further account, so that there is something
/// that the ready account must not see.
pub(super) fn printers(config: &Config, accounts: &Accounts) -> Result<Vec<Planned>, WorldError> {
    if config.printers > MAX_PRINTERS {
        return Err(WorldError::Setting {
            setting: "the number of printers",
            range: "0 to 20,000",
        });
    }
    if !(config.speed > 0.0 && config.speed <= 1e6) {
        return Err(WorldError::Setting { setting: "the speed", range: "above 0, at most 1e6" });
    }
    let models = if config.models.is_empty() { &DEFAULT_MODELS[..] } else { &config.models };
    let mut numbers = HashMap::new();
    let mut planned = Vec::with_capacity(config.printers.saturating_add(2));
    for (at, model) in models.iter().copied().cycle().take(config.printers).enumerate() {
        let number: &mut u64 = numbers.entry(model).or_default();
        *number = number.saturating_add(1);
        let name = format!("{} {number}", model.name());
        planned.push(plan(config, at, &accounts.ready, model, *number, name)?);
    }
    for (number, path) in (REPLAYED..).zip(&config.replay) {
        planned.push(replay(config, planned.len(), &accounts.ready, path, number)?);
    }
    for (number, account) in (FURTHER..).zip([&accounts.plain, &accounts.authenticator]) {
        let name = format!("P1S of {}", account.name);
        planned.push(plan(config, planned.len(), account, Model::P1S, number, name)?);
    }
    let mut serials = HashSet::new();
    for planned in &planned {
        let serial = planned.printer.summary().serial;
        if !serials.insert(serial.clone()) {
            return Err(WorldError::Twice { serial });
        }
    }
    Ok(planned)
}

fn plan(
    config: &Config,
    at: usize,
    owner: &Arc<Account>,
    model: Model,
    number: u64,
    name: String,
) -> Result<Planned, WorldError> {
    let seed = seed(config, at);
    let serial = invented_serial(model, number)
        .map_err(|_| WorldError::Setting { setting: "the serial number", range: "well-formed" })?;
    let printing = match config.state {
        State::Idle => false,
        State::Printing => true,
        State::Mixed => at % 3 != 2,
    };
    let ip = address(config, at)?;
    let spec = PrinterSpec {
        name,
        seed,
        start: if printing { StartState::Printing } else { StartState::Idle },
        speed: config.speed,
        ip,
        ..PrinterSpec::new(serial, model, access_code(seed))
    };
    let printer = Kind::Invented(Printer::new(spec));
    Ok(Planned { owner: Arc::clone(owner), ip, printer })
}

fn replay(
    config: &Config,
    at: usize,
    owner: &Arc<Account>,
    path: &Path,
    number: u32,
) -> Result<Planned, WorldError> {
    let code = access_code(seed(config, at));
    let replay = Replay::open(path, number, code)
        .map_err(|source| WorldError::Replay { path: path.to_owned(), source })?;
    let printer = Kind::Recorded(replay);
    Ok(Planned { owner: Arc::clone(owner), ip: address(config, at)?, printer })
}

fn seed(config: &Config, at: usize) -> u64 {
    config.seed.wrapping_mul(1_000_003).wrapping_add(at as u64)
}

fn access_code(seed: u64) -> AccessCode {
    let code = StdRng::seed_from_u64(seed ^ 0xC0DE).random_range(10_000_000..100_000_000_u32);
    AccessCode::new(&code.to_string())
}

/// The loopback address `at` places after the first, or the one that all share.
fn address(config: &Config, at: usize) -> Result<Ipv4Addr, WorldError> {
    let Some(first) = config.lan_addresses else { return Ok(Ipv4Addr::LOCALHOST) };
    u32::try_from(at)
        .ok()
        .and_then(|at| u32::from(first).checked_add(at))
        .map(Ipv4Addr::from)
        .filter(|address| address.is_loopback() && *address != ssdp::LOOPBACK_BROADCAST)
        .ok_or(WorldError::Addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(config: &Config) -> Vec<Planned> {
        printers(config, &Accounts::from_seed(config.seed)).unwrap()
    }

    fn summaries(config: &Config) -> Vec<Summary> {
        planned(config).iter().map(|planned| planned.printer.summary()).collect()
    }

    #[test]
    fn models_are_taken_in_turn_and_numbered_each_for_itself() {
        let printers = summaries(&Config { printers: 4, ..Config::default() });
        let names: Vec<&str> = printers.iter().map(|printer| printer.name.as_str()).collect();
        assert_eq!(names[..4], ["P1S 1", "X1C 1", "A1 mini 1", "P1S 2"]);
        assert_eq!(printers[0].serial.as_str(), "01P00A000000001");
        assert_eq!(printers[3].serial.as_str(), "01P00A000000002");
        assert!(printers.iter().all(|printer| printer.serial.as_str().len() == 15));
    }

    #[test]
    fn the_same_seed_gives_the_same_access_codes() {
        let codes = |seed| {
            let printers = summaries(&Config { seed, ..Config::default() });
            printers.iter().map(|p| p.access_code.reveal().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(codes(5), codes(5));
        assert_ne!(codes(5), codes(6));
        assert!(codes(5).iter().all(|code| code.len() == 8));
    }

    #[test]
    fn own_addresses_count_up_and_stay_on_the_loopback_network() {
        let first = Some(Ipv4Addr::new(127, 0, 1, 255));
        let planned = planned(&Config { lan_addresses: first, ..Config::default() });
        assert_eq!(planned[1].ip, Ipv4Addr::new(127, 0, 2, 0));
        let accounts = Accounts::from_seed(1);
        for first in [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(127, 255, 255, 254)] {
            let config = Config { lan_addresses: Some(first), ..Config::default() };
            assert!(matches!(printers(&config, &accounts), Err(WorldError::Addresses)));
        }
    }
}
