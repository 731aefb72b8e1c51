//! Which printers a world has: names, serial numbers, access codes and owners, from the seed.

use std::{collections::HashMap, net::Ipv4Addr, sync::Arc};

use bambu_protocol::{AccessCode, Model, Serial};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{Config, MAX_PRINTERS, Planned, State, WorldError};
use crate::{
    cloud::account::{Account, Accounts},
    simulator::{PrinterSpec, StartState},
};

/// One of each telemetry style.
pub(super) const DEFAULT_MODELS: [Model; 3] = [Model::P1S, Model::X1C, Model::A1Mini];
/// Serial numbers of printers that the further accounts own count from here.
const FURTHER: u64 = 900_000_000;

/// The printers asked for, then one for each further account, so that there is something
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
    for (account, number) in [(&accounts.plain, 1), (&accounts.authenticator, 2)] {
        let name = format!("P1S of {}", account.name);
        let number = FURTHER.saturating_add(number);
        planned.push(plan(config, planned.len(), account, Model::P1S, number, name)?);
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
    let seed = config.seed.wrapping_mul(1_000_003).wrapping_add(at as u64);
    let code = StdRng::seed_from_u64(seed ^ 0xC0DE).random_range(10_000_000..100_000_000_u32);
    let serial = format!("{}00A{number:09}", model.serial_prefix());
    let serial = Serial::new(&serial)
        .map_err(|_| WorldError::Setting { setting: "the serial number", range: "well-formed" })?;
    let printing = match config.state {
        State::Idle => false,
        State::Printing => true,
        State::Mixed => at % 3 != 2,
    };
    let spec = PrinterSpec {
        name,
        seed,
        start: if printing { StartState::Printing } else { StartState::Idle },
        speed: config.speed,
        ip: config.lan_addresses.map_or(Ok(Ipv4Addr::LOCALHOST), |first| address(first, at))?,
        ..PrinterSpec::new(serial, model, AccessCode::new(&code.to_string()))
    };
    Ok(Planned { owner: Arc::clone(owner), spec })
}

/// The loopback address `at` places after `first`.
fn address(first: Ipv4Addr, at: usize) -> Result<Ipv4Addr, WorldError> {
    u32::try_from(at)
        .ok()
        .and_then(|at| u32::from(first).checked_add(at))
        .map(Ipv4Addr::from)
        .filter(|address| address.is_loopback() && *address != Ipv4Addr::new(127, 255, 255, 255))
        .ok_or(WorldError::Addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(config: &Config) -> Vec<PrinterSpec> {
        let accounts = Accounts::from_seed(config.seed);
        printers(config, &accounts).unwrap().into_iter().map(|planned| planned.spec).collect()
    }

    #[test]
    fn models_are_taken_in_turn_and_numbered_each_for_itself() {
        let specs = planned(&Config { printers: 4, ..Config::default() });
        let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names[..4], ["P1S 1", "X1C 1", "A1 mini 1", "P1S 2"]);
        assert_eq!(specs[0].serial.as_str(), "01P00A000000001");
        assert_eq!(specs[3].serial.as_str(), "01P00A000000002");
        assert!(specs.iter().all(|spec| spec.serial.as_str().len() == 15));
    }

    #[test]
    fn the_same_seed_gives_the_same_access_codes() {
        let codes = |seed| {
            let specs = planned(&Config { seed, ..Config::default() });
            specs.iter().map(|spec| spec.access_code.reveal().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(codes(5), codes(5));
        assert_ne!(codes(5), codes(6));
        assert!(codes(5).iter().all(|code| code.len() == 8));
    }

    #[test]
    fn own_addresses_count_up_and_stay_on_the_loopback_network() {
        let first = Some(Ipv4Addr::new(127, 0, 1, 255));
        let specs = planned(&Config { lan_addresses: first, ..Config::default() });
        assert_eq!(specs[1].ip, Ipv4Addr::new(127, 0, 2, 0));
        let accounts = Accounts::from_seed(1);
        for first in [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(127, 255, 255, 254)] {
            let config = Config { lan_addresses: Some(first), ..Config::default() };
            assert!(matches!(printers(&config, &accounts), Err(WorldError::Addresses)));
        }
    }
}
