//! The addresses that `--host` names, and asking all of them.

use std::{net::Ipv4Addr, str::FromStr, sync::Arc, time::Duration};

use bambulab::discovery::{DetectError, DetectOptions, Found, detect};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::exit::{Failure, Kind};

/// Questions at a time.
const AT_ONCE: usize = 128;

/// How long one address of a network may take: most are empty.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(2);

/// One address, perhaps with a port, or all addresses of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hosts {
    One { host: String, port: Option<u16> },
    Network(Vec<Ipv4Addr>),
}

/// A text that names no address.
#[derive(Debug, thiserror::Error)]
#[error(
    "write an address such as 192.168.1.50, or a network of at most 1024 such as 192.168.1.0/24"
)]
pub(crate) struct InvalidHosts;

impl FromStr for Hosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let text = text.trim();
        if let Some((first, bits)) = text.split_once('/') {
            let first: Ipv4Addr = first.parse().map_err(|_| InvalidHosts)?;
            let bits: u32 = bits.parse().map_err(|_| InvalidHosts)?;
            if !(22..=32).contains(&bits) {
                return Err(InvalidHosts);
            }
            let size = 1_u32 << (32 - bits);
            let base = u32::from(first) & !(size - 1);
            // Of a network, the first address is its own and the last one its broadcast.
            let hosts = if size > 2 { 1..size - 1 } else { 0..size };
            return Ok(Self::Network(hosts.map(|host| Ipv4Addr::from(base + host)).collect()));
        }
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            return Ok(Self::One { host: address.to_string(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| InvalidHosts)?)),
            None => (text, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(InvalidHosts);
        }
        Ok(Self::One { host: host.to_owned(), port })
    }
}

/// Asks all of them. Of a network only those who tell are told; of one address, why it does not.
pub(super) async fn ask(
    hosts: &[Hosts],
    timeout: Option<Duration>,
) -> Result<(Vec<Found>, Vec<DetectError>), Failure> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut asked = JoinSet::new();
    let mut put = |host: String, port: Option<u16>, within: Duration, is_named: bool| {
        let options = DetectOptions { within, ..DetectOptions::default() };
        let options = match port {
            Some(port) => DetectOptions { port, tls_port: port, ..options },
            None => options,
        };
        let turns = turns.clone();
        asked.spawn(async move {
            let _turn = turns.acquire().await;
            (detect(&host, &options).await, is_named)
        });
    };
    for hosts in hosts {
        match hosts.clone() {
            Hosts::One { host, port } => {
                put(host, port, timeout.unwrap_or(DetectOptions::default().within), true);
            }
            Hosts::Network(addresses) => addresses.into_iter().for_each(|address| {
                put(address.to_string(), None, timeout.unwrap_or(NETWORK_TIMEOUT), false);
            }),
        }
    }
    let (mut found, mut errors): (Vec<Found>, _) = (Vec::new(), Vec::new());
    while let Some(end) = asked.join_next().await {
        match end.map_err(|error| Failure::new(Kind::Failed, error))? {
            (Ok(printer), _) if found.iter().any(|known| known.serial == printer.serial) => {}
            (Ok(printer), _) => found.push(printer),
            (Err(error), true) => errors.push(error),
            (Err(error @ DetectError::Refused { .. }), false) => errors.push(error),
            (Err(_), false) => {}
        }
    }
    Ok((found, errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_port_and_a_network_are_told_apart() {
        let one = |host: &str, port| Hosts::One { host: host.into(), port };
        let read = |text: &str| text.parse::<Hosts>().unwrap();
        assert_eq!(read("192.168.1.50"), one("192.168.1.50", None));
        assert_eq!(read("127.0.0.1:3000"), one("127.0.0.1", Some(3000)));
        assert_eq!(read("fe80::1"), one("fe80::1", None));
        assert_eq!(read("[fe80::1]:3000"), one("fe80::1", Some(3000)));
        assert_eq!(read("printer.local"), one("printer.local", None));
        let Hosts::Network(all) = read("192.168.1.77/24") else { panic!() };
        assert_eq!(all.len(), 254);
        assert_eq!(all[0], Ipv4Addr::new(192, 168, 1, 1));
        assert_eq!(read("10.0.0.7/32"), Hosts::Network(vec![Ipv4Addr::new(10, 0, 0, 7)]));
        for bad in ["", "10.0.0.0/8", "x/24", "a:b", ":1", "1.2.3.4/33", "a b"] {
            assert!(bad.parse::<Hosts>().is_err(), "{bad}");
        }
    }
}
