//! How long a command takes from its publication to its acknowledgement: our client, one after the
//! other, at one printer. Called by `benches/round_trip.py`, which does the same with paho.

use std::{path::PathBuf, time::Instant};

use bambu_benches::Error;
use bambu_protocol::{
    AccessCode, Serial,
    request::{Gcode, Request},
};
use bambulab::{LanTarget, Options, Roots, link::connect_lan};
use clap::Parser;

/// Prints one JSON list of microseconds.
#[derive(Parser)]
struct Arguments {
    /// Serial number of the printer.
    #[arg(long)]
    serial: Serial,
    /// Its address.
    #[arg(long)]
    host: String,
    /// Its MQTT port.
    #[arg(long)]
    port: u16,
    /// Its access code.
    #[arg(long)]
    access_code: String,
    /// The authority to trust.
    #[arg(long)]
    ca_file: PathBuf,
    /// How many commands; the first tenth warms up and does not count.
    #[arg(long, default_value_t = 2000)]
    count: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let asked = Arguments::parse();
    let options =
        Options { roots: Roots::public().with_pem_file(&asked.ca_file)?, ..Options::default() };
    let target = LanTarget {
        port: asked.port,
        ..LanTarget::new(asked.serial, asked.host, AccessCode::new(&asked.access_code))
    };
    let link = connect_lan(target, options);
    link.ready().await?;
    let warm = asked.count / 10;
    let mut micros = Vec::new();
    for at in 0..asked.count + warm {
        // Another line each time; a printer that skipped one would be seen.
        let line = format!("M140 S{}\n", 20 + at % 60);
        let begun = Instant::now();
        let ack = link.send(Request::from(Gcode::Line(line))).await?;
        if at >= warm {
            micros.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        if ack.is_failure() {
            return Err(format!("command {at} was refused").into());
        }
    }
    link.close().await;
    println!("{}", serde_json::to_string(&micros)?);
    Ok(())
}
