//! Our broker beside Debian's mosquitto, over TLS 1.2 with the same RSA key and authority:
//! fan-out to many subscribers, and memory per idle client.
//!
//! `cargo run --release -p bambu-benches --bin fanout` (Debian's `mosquitto` must be installed)

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bambu_benches::{
    Error,
    load::{self, fan_out},
    median,
    subject::Subject,
};
use bambu_emulator::{
    certs::{Ca, Shape},
    mqtt::{Broker, ConnectRefusal, Hooks, Limits, User},
};
use bambu_protocol::{Serial, mqtt::Connect};
use bytes::Bytes;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Measures our broker and mosquitto in turns.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    serve: Option<Serve>,
    /// Subscribers of the fan-out.
    #[arg(long, default_value_t = 200)]
    subscribers: usize,
    /// Messages of one fan-out.
    #[arg(long, default_value_t = 2000)]
    messages: u64,
    /// Bytes of one payload; at least 8.
    #[arg(long, default_value_t = 4096)]
    size: usize,
    /// Idle clients for the memory figure; 0 leaves it out.
    #[arg(long, default_value_t = 1000)]
    idle: usize,
    /// Runs of each; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

#[derive(Subcommand)]
enum Serve {
    /// Our broker alone: everybody may do everything; prints its port.
    Serve {
        /// The state directory with the certificates.
        state_dir: PathBuf,
        /// Without TLS.
        #[arg(long)]
        plain: bool,
    },
}

/// Everybody comes in and may do everything.
struct Open;

impl Hooks for Open {
    fn connect(&self, _: &Connect) -> Result<User, ConnectRefusal> {
        Ok("anyone".into())
    }

    fn may_subscribe(&self, _: &User, _: &str) -> bool {
        true
    }

    fn may_publish(&self, _: &User, _: &str) -> bool {
        true
    }

    fn published(&self, _: &User, _: &str, _: &Bytes) {}

    fn full_report(&self, _: &str) -> Option<Bytes> {
        None
    }
}

/// The figures of one broker, one entry per run.
#[derive(Default)]
struct Figures {
    deliveries_per_second: Vec<f64>,
    processor_us_per_delivery: Vec<f64>,
    idle_kib: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    match &arguments.serve {
        Some(Serve::Serve { state_dir, plain }) => serve(state_dir, *plain).await,
        None => compare(&arguments).await,
    }
}

fn serial() -> Result<Serial, Error> {
    Ok(Serial::new("01P00A000000001")?)
}

async fn serve(state_dir: &Path, plain: bool) -> Result<(), Error> {
    let tls = Ca::open_or_create(state_dir)?.printer_config(&serial()?)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let broker = Broker::new(Arc::new(Open), Limits::default());
    broker.run(listener, (!plain).then_some(tls), CancellationToken::new()).await;
    Ok(())
}

async fn compare(arguments: &Arguments) -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let state = dir.path().to_str().ok_or("odd path")?.to_owned();
    let chain = dir.path().join("chain.pem");
    let ca = Ca::open_or_create(dir.path())?;
    std::fs::write(&chain, ca.printer_chain_pem(&serial()?, Shape::Version3)?)?;
    let own = std::env::current_exe()?;
    let start = |ours: bool| {
        if ours {
            Subject::ours(&own, &["serve", &state])
        } else {
            Subject::mosquitto(dir.path(), &chain, &dir.path().join("printer-key.pem"))
        }
    };
    let (mut our, mut their) = (Figures::default(), Figures::default());
    for run in 0..arguments.runs {
        for ours in [run % 2 == 0, run % 2 != 0] {
            let figures = if ours { &mut our } else { &mut their };
            measure(&start(ours)?, arguments, figures).await?;
            if arguments.idle > 0 {
                let kib = idle(&start(ours)?, arguments.idle).await?;
                figures.idle_kib.push(kib);
            }
        }
    }
    println!(
        "TLS 1.2, {} subscribers, {} messages of {} bytes, median of {}",
        arguments.subscribers, arguments.messages, arguments.size, arguments.runs
    );
    println!("{:<34}{:>12}{:>12}{:>9}", "", "ours", "mosquitto", "ratio");
    row("deliveries per second", &our.deliveries_per_second, &their.deliveries_per_second);
    let (ours, theirs) = (&our.processor_us_per_delivery, &their.processor_us_per_delivery);
    row("processor µs per delivery", ours, theirs);
    row("KiB per idle client", &our.idle_kib, &their.idle_kib);
    Ok(())
}

fn row(name: &str, ours: &[f64], theirs: &[f64]) {
    let (ours, theirs) = (median(ours), median(theirs));
    println!("{name:<34}{ours:>12.1}{theirs:>12.1}{:>9.2}", ours / theirs);
}

async fn measure(
    subject: &Subject,
    arguments: &Arguments,
    figures: &mut Figures,
) -> Result<(), Error> {
    let tls = load::tls()?;
    let (subscribers, size) = (arguments.subscribers, arguments.size);
    fan_out(subject, &tls, subscribers, arguments.messages / 10, size).await?;
    let result = fan_out(subject, &tls, subscribers, arguments.messages, size).await?;
    let deliveries = result.deliveries as f64;
    if result.deliveries != arguments.messages * subscribers as u64 {
        return Err("deliveries are missing".into());
    }
    figures.deliveries_per_second.push(deliveries / result.took.as_secs_f64());
    figures.processor_us_per_delivery.push(result.processor_seconds * 1e6 / deliveries);
    Ok(())
}

/// KiB that one more idle client costs, after some that warm the process up.
async fn idle(subject: &Subject, count: usize) -> Result<f64, Error> {
    let tls = load::tls()?;
    let first = load::subscribers(subject.address, &tls, 100).await?;
    let before = subject.resident_kib()?;
    let more = load::subscribers(subject.address, &tls, count).await?;
    let after = subject.resident_kib()?;
    drop((first, more));
    Ok((after - before) / count as f64)
}
