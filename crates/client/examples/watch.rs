//! Prints what a printer on the local network does, until Ctrl-C.
//!
//! `cargo run -p bambulab --example watch -- SERIAL ADDRESS ACCESS_CODE [CA_FILE [PORT]]`
//!
//! Without a file of authorities the printer is taken for what it says: nothing is remembered from
//! one run to the next, unless `Options::identity` names a file of pins.

use std::{env, error::Error};

use bambulab::protocol::{AccessCode, Serial};
use bambulab::{LanTarget, Options, Roots, connect_lan};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [serial, address, code, more @ ..] = arguments.as_slice() else {
        return Err("usage: watch SERIAL ADDRESS ACCESS_CODE [CA_FILE [PORT]]".into());
    };
    let mut roots = Roots::public();
    if let Some(ca_file) = more.first() {
        roots = roots.with_pem_file(ca_file)?;
    }
    let mut printer = LanTarget::new(Serial::new(serial)?, address, AccessCode::new(code));
    if let Some(port) = more.get(1) {
        printer.port = port.parse()?;
    }

    let link = connect_lan(printer, Options { roots, ..Options::default() });
    link.ready().await.map_err(|reason| reason.to_string())?;
    let mut updates = link.updates();
    loop {
        let snapshot = updates.borrow_and_update().clone();
        let (status, connection) = (&snapshot.status, snapshot.connection.word());
        println!("{connection} {} {:?}", status.state.name(), status.job.progress_percent);
        updates.changed().await?;
    }
}
