//! Ports: a fixed one if it is free, else a free one, and that is said.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::WorldError;

/// Listens on `wanted`, or on a free port when there is no wish or the port cannot be had.
pub(super) async fn tcp(
    address: Ipv4Addr,
    wanted: Option<u16>,
    what: &str,
    notes: &mut Vec<String>,
) -> Result<TcpListener, WorldError> {
    let refused = match wanted.filter(|port| *port != 0) {
        None => None,
        Some(port) => match TcpListener::bind((address, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => Some((port, error)),
        },
    };
    let free = TcpListener::bind((address, 0)).await;
    let free = free
        .map_err(|source| WorldError::Listen { address: format!("{address} ({what})"), source })?;
    if let (Some((port, error)), Ok(instead)) = (refused, free.local_addr()) {
        notes.push(format!("{what}: {address}:{port} cannot be had ({error}), took {instead}"));
    }
    Ok(free)
}

/// The port of a listener.
pub(super) fn port(listener: &TcpListener) -> Result<u16, WorldError> {
    let address = listener.local_addr();
    address
        .map(|address| address.port())
        .map_err(|source| WorldError::Listen { address: "a port just opened".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_replaced_by_a_free_one_and_said() {
        let mut notes = Vec::new();
        let first = tcp(Ipv4Addr::LOCALHOST, None, "first", &mut notes).await.unwrap();
        assert!(notes.is_empty());
        let taken = first.local_addr().unwrap().port();
        let second = tcp(Ipv4Addr::LOCALHOST, Some(taken), "second", &mut notes).await.unwrap();
        assert_ne!(second.local_addr().unwrap().port(), taken);
        assert!(notes[0].starts_with("second: "), "{notes:?}");
    }
}
