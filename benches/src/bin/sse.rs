//! Many readers of `GET /api/v2/events`, each of all printers: what the server takes for it, and how
//! long a report is under way from the simulated printer that sends it to the reader who sees it.
//!
//! Readers and printers are in this process, the server is one of its own.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bambu_benches::{Error, subject::Subject};
use bambu_emulator::{
    machine::Machine as _,
    world::{Config, State, World},
};
use bambu_protocol::Model;
use clap::Parser;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::broadcast::error::RecvError,
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Prints one row of a table.
#[derive(Parser)]
struct Arguments {
    /// The built `bambu`.
    binary: PathBuf,
    /// Printers, each with one report per second.
    #[arg(long, default_value_t = 50)]
    printers: usize,
    /// Readers, each of all printers.
    #[arg(long, default_value_t = 1000)]
    readers: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

/// What all tasks share.
struct Shared {
    begun: Instant,
    /// Microseconds from the beginning to the last report of each printer, and how many there were.
    sent: Vec<AtomicU64>,
    reports: AtomicU64,
    index: HashMap<String, usize>,
    measuring: AtomicBool,
    connected: AtomicU64,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn counts(&self) -> bool {
        self.measuring.load(Ordering::Relaxed)
    }
}

/// What one reader saw.
#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    snapshots: u64,
    bytes: u64,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let asked = Arguments::parse();
    let stop = CancellationToken::new();
    let config = Config {
        printers: asked.printers,
        models: vec![Model::X1C],
        state: State::Printing,
        ..Config::default()
    };
    let world = World::start(config, stop.clone()).await?;
    let folder = tempfile::tempdir()?;
    let server = serve(&asked, &world, folder.path())?;
    let shared = Arc::new(Shared {
        begun: Instant::now(),
        sent: world.printers().iter().map(|_| AtomicU64::new(0)).collect(),
        reports: AtomicU64::new(0),
        index: serials(&world).zip(0..).collect(),
        measuring: AtomicBool::new(false),
        connected: AtomicU64::new(0),
    });
    let mut tasks = JoinSet::new();
    for (at, printer) in world.printers().iter().enumerate() {
        tasks.spawn(note(printer.reports(), at, shared.clone(), stop.clone()));
    }
    // Links come up before there are readers.
    sleep(Duration::from_secs(5)).await;
    let idle = server.resident_kib()?;
    let mut readers = JoinSet::new();
    for _ in 0..asked.readers {
        readers.spawn(read(server.address, shared.clone(), stop.clone()));
    }
    let patience = Instant::now() + Duration::from_secs(60);
    while shared.connected.load(Ordering::Relaxed) < asked.readers as u64 {
        if Instant::now() > patience {
            return Err("not all readers were let in".into());
        }
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(3)).await;
    let (reports, cpu, at) =
        (shared.reports.load(Ordering::Relaxed), server.processor_seconds()?, Instant::now());
    shared.measuring.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(asked.seconds)).await;
    shared.measuring.store(false, Ordering::Relaxed);
    let (took, cpu) = (at.elapsed().as_secs_f64(), server.processor_seconds()? - cpu);
    let (reports, most) =
        (shared.reports.load(Ordering::Relaxed) - reports, server.resident_kib()?);
    stop.cancel();
    let (mut micros, mut bytes, mut resent) = (Vec::new(), 0, 0);
    while let Some(seen) = readers.join_next().await {
        let seen = seen??;
        micros.extend(seen.micros);
        bytes += seen.bytes;
        resent += seen.snapshots;
    }
    micros.sort_unstable();
    let events = micros.len();
    let milliseconds = |part: usize| {
        let at = (events * part / 1000).min(events.saturating_sub(1));
        micros.get(at).map_or(f64::NAN, |micros| f64::from(*micros) / 1e3)
    };
    println!(
        "| readers | printers | reports/s | events/s | of all | MB/s | resent | CPU % | MiB before | MiB | p50 ms | p99 ms | max ms |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    println!(
        "| {} | {} | {:.0} | {:.0} | {:.1} % | {:.1} | {resent} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
        asked.readers,
        asked.printers,
        reports as f64 / took,
        events as f64 / took,
        events as f64 / (reports * asked.readers as u64).max(1) as f64 * 100.0,
        bytes as f64 / took / 1e6,
        cpu / took * 100.0,
        idle / 1024.0,
        most / 1024.0,
        milliseconds(500),
        milliseconds(990),
        milliseconds(1000),
    );
    drop(server);
    while tasks.join_next().await.is_some() {}
    world.stopped().await;
    Ok(())
}

fn serials(world: &World) -> impl Iterator<Item = String> + '_ {
    world.printers().iter().map(|printer| printer.serial().to_string())
}

/// The compatibility layer over the world, without a token, since its events are the same.
fn serve(asked: &Arguments, world: &World, folder: &std::path::Path) -> Result<Subject, Error> {
    let (ready, config) = (world.ready(), folder.join("compatibility_config.json"));
    let text = serde_json::json!({
        "cloud_token": ready.account.token,
        "user_uid": ready.account.uid,
        "devices": serials(world).map(|serial| serde_json::json!({"device_id": serial})).collect::<Vec<_>>(),
        "server": {"host": "127.0.0.1", "port": 0, "enable_mqtt_bridge": true},
    });
    fs::write(&config, text.to_string())?;
    let mut command = Command::new(&asked.binary);
    command
        .args(["compat", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .env("BAMBU_API_URL", &ready.api_url)
        .env("BAMBU_MQTT_URL", format!("mqtts://{}:{}", ready.mqtt.host, ready.mqtt.port))
        .env("BAMBU_CA_FILE", &ready.ca_file)
        .env("BAMBU_CONFIG_DIR", folder);
    Subject::served(&mut command, &folder.join("ready.json"))
}

/// Notes when a printer sends.
async fn note(
    mut reports: tokio::sync::broadcast::Receiver<bytes::Bytes>,
    at: usize,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    loop {
        let report = tokio::select! {
            report = reports.recv() => report,
            () = stop.cancelled() => return,
        };
        match report {
            Ok(_) => {
                if let Some(place) = shared.sent.get(at) {
                    place.store(shared.now(), Ordering::Relaxed);
                }
                shared.reports.fetch_add(1, Ordering::Relaxed);
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Reads events until the end; HTTP/1.0, so that they come without a frame of their own.
async fn read(
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> Result<Seen, Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /api/v2/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").await?;
    let (mut seen, mut held, mut buffer) = (Seen::default(), Vec::new(), vec![0; 65_536]);
    let mut first = true;
    loop {
        let length = tokio::select! {
            length = stream.read(&mut buffer) => length?,
            () = stop.cancelled() => return Ok(seen),
        };
        if length == 0 {
            return Err("the server ended the stream".into());
        }
        let now = shared.now();
        held.extend_from_slice(buffer.get(..length).unwrap_or_default());
        if std::mem::take(&mut first) {
            if !held.starts_with(b"HTTP/1.0 200") && !held.starts_with(b"HTTP/1.1 200") {
                return Err(String::from_utf8_lossy(&held).into());
            }
            shared.connected.fetch_add(1, Ordering::Relaxed);
        }
        seen.bytes += if shared.counts() { length as u64 } else { 0 };
        let mut done = 0;
        while let Some(end) = find(held.get(done..).unwrap_or_default(), b"\n\n") {
            take(held.get(done..done + end).unwrap_or_default(), now, &shared, &mut seen);
            done += end + 2;
        }
        held.drain(..done);
    }
}

/// One event.
fn take(event: &[u8], now: u64, shared: &Shared, seen: &mut Seen) {
    const SERIAL: &[u8] = b"data: {\"serial\":\"";
    let Some(at) = find(event, SERIAL).filter(|_| shared.counts()) else {
        return;
    };
    if find(event.get(..at).unwrap_or_default(), b"snapshot").is_some() {
        seen.snapshots += 1;
        return;
    }
    let serial = event.get(at + SERIAL.len()..).unwrap_or_default();
    let length = serial.iter().take_while(|byte| **byte != b'"').count();
    let sent = std::str::from_utf8(serial.get(..length).unwrap_or_default())
        .ok()
        .and_then(|serial| shared.sent.get(*shared.index.get(serial)?))
        .map(|sent| sent.load(Ordering::Relaxed));
    if let Some(sent) = sent {
        seen.micros.push(u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX));
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
