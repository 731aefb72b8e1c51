//! `bambu discover`: which printers are on this network. Addresses to ask are read in
//! `discover/hosts.rs`.

mod hosts;

use std::{
    io::{self, IsTerminal as _, Write},
    net::Ipv4Addr,
    time::Duration,
};

use bambulab::discovery::{DetectError, Found, Search, SearchOptions, Sighting};
use serde_json::json;

use crate::{
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human},
    settings::{Flags, Settings},
    shutdown,
    watch::{Until, seconds},
};

/// How long is listened where nothing else is said: printers broadcast every five seconds.
const LISTEN: Duration = Duration::from_secs(6);

/// List the printers on this network
///
/// Listens to what printers broadcast, and asks for them. Needs no account and no access code.
/// What is listed is what the printers say about themselves: it is checked when one is connected.
/// Exit code 5 when nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu discover\n  \
    bambu discover --watch\n  \
    bambu discover --host 192.168.1.50          # where broadcasts do not get through\n  \
    bambu discover --host 192.168.2.0/24 --json | jq -r '.[].serial'")]
pub(crate) struct Args {
    /// Ask at this address instead of listening; ADDRESS:PORT, or a network such as
    /// 192.168.1.0/24; repeatable
    #[arg(long, value_name = "ADDRESS", conflicts_with = "watch")]
    host: Vec<hosts::Hosts>,
    /// Tell printers as they come and go, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Write JSON: a list, or with --watch one document per line
    #[arg(long)]
    json: bool,
    /// Stop after so many seconds [default: 6; with --watch, never; per address with --host: 5]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Own address on the network to search [env: BAMBU_DISCOVERY_INTERFACE]
    #[arg(long, value_name = "ADDRESS")]
    interface: Option<Ipv4Addr>,
    /// UDP port instead of 2021 and 1990, for simulated printers [env: BAMBU_DISCOVERY_PORT]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let stop = shutdown::token();
    let work = async {
        if !args.host.is_empty() {
            return ask(&args).await;
        }
        let settings = Settings::load(flags)?;
        let search = open(settings.search(args.interface, args.port)?)?;
        match args.watch {
            true => watch(&args, search).await,
            false => list(&args, search).await,
        }
    };
    tokio::select! {
        result = work => result,
        () = stop.cancelled() => Ok(()),
    }
}

fn open(options: SearchOptions) -> Result<Search, Failure> {
    let search =
        Search::new(options).map_err(|error| Failure::advised(Kind::Unreachable, &error))?;
    for deaf in search.deaf() {
        eprintln!("note: {deaf}; only answers to our own questions are heard there");
    }
    Ok(search)
}

async fn list(args: &Args, mut search: Search) -> Result<(), Failure> {
    let mut found: Vec<Found> = Vec::new();
    let listen = args.timeout.unwrap_or(LISTEN);
    if io::stderr().is_terminal() {
        eprintln!("note: listening for {} s", listen.as_secs_f64());
    }
    let end = Until::after(Some(listen));
    loop {
        let sighting = tokio::select! {
            sighting = search.next() => sighting,
            () = end.passed() => break,
        };
        let (about, place) = match &sighting {
            Sighting::Seen(seen) => (&seen.serial, seen.address),
            Sighting::Gone { serial, address } => (serial, *address),
        };
        found.retain(|known| known.serial != *about || known.address != place);
        if let Sighting::Seen(seen) = sighting {
            found.push(seen);
        }
    }
    print(args, &mut found)?;
    let mut before = found.iter();
    while let Some(printer) = before.next() {
        if before.as_slice().first().is_some_and(|next| next.serial == printer.serial) {
            eprintln!(
                "note: {} is claimed by several addresses; its certificate tells who is right",
                printer.serial
            );
        }
    }
    if found.is_empty() { Err(nothing(&search)) } else { Ok(()) }
}

fn nothing(search: &Search) -> Failure {
    let next = match search.deaf().first() {
        Some(deaf) => format!(
            "UDP port {} is taken: close the slicer that holds it, or ask an address: bambu \
             discover --host 192.168.1.50",
            deaf.port
        ),
        None => "check that the printer is on the same subnet and that the firewall lets UDP 2021 \
                 in, or ask an address: bambu discover --host 192.168.1.50"
            .to_owned(),
    };
    Failure::say(Kind::Unreachable, "no printer was heard").next(next)
}

async fn watch(args: &Args, mut search: Search) -> Result<(), Failure> {
    let end = Until::after(args.timeout);
    let mut names = std::collections::HashMap::new();
    loop {
        let sighting = tokio::select! {
            sighting = search.next() => sighting,
            () = end.passed() => return Ok(()),
        };
        let mut out = output::stdout();
        match &sighting {
            Sighting::Seen(seen) if args.json => {
                writeln!(out, "{}", json!({"event": "seen", "printer": seen}))?;
            }
            Sighting::Gone { serial, address } if args.json => {
                let gone = json!({"event": "gone", "serial": serial, "address": address});
                writeln!(out, "{gone}")?;
            }
            Sighting::Seen(seen) => {
                let claim = (seen.serial.clone(), seen.address);
                let known = names.insert(claim, seen.name.clone());
                line(if known.is_some() { "~" } else { "+" }, &cells(seen), &mut out)?;
            }
            Sighting::Gone { serial, address } => {
                let name = names.remove(&(serial.clone(), *address)).flatten();
                let name = name.as_deref().unwrap_or(human::UNKNOWN);
                let place = address.to_string().into();
                line("-", &[name.into(), serial.as_str().into(), place], &mut out)?;
            }
        }
        out.flush()?;
    }
}

/// One line of `--watch`: when, what, about whom.
fn line(sign: &str, cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
    let now = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
    let mut table = Table::new(&[]);
    // Lines stand one by one, so the columns are guessed.
    let cells =
        cells.iter().zip([20, 15, 7, 15, 5, 8, 11, 0]).map(|(cell, width)| cell.padded(width));
    table.row([Cell::painted(now, Paint::Dim), sign.into()].into_iter().chain(cells));
    table.write(out, output::colour())
}

async fn ask(args: &Args) -> Result<(), Failure> {
    let (mut found, errors) = hosts::ask(&args.host, args.timeout).await?;
    print(args, &mut found)?;
    let refused = |error: &DetectError| matches!(error, DetectError::Refused { .. });
    let kind = match errors.iter().all(refused) {
        true => Kind::Refused,
        false => Kind::Unreachable,
    };
    let failures = errors.iter().map(|error| Failure::advised(kind, error));
    match failures.reduce(|first, second| {
        crate::exit::report(&first);
        second
    }) {
        Some(last) => Err(last),
        None if found.is_empty() => Err(Failure::say(Kind::Unreachable, "no printer answered")
            .next("check the network's address, and that the printers are switched on")),
        None => Ok(()),
    }
}

fn print(args: &Args, found: &mut [Found]) -> io::Result<()> {
    found.sort_by_key(|found| {
        let name = found.name.as_deref().unwrap_or_default();
        (human::sort_key(name), found.serial.clone(), found.address)
    });
    let mut out = output::stdout();
    if args.json {
        output::json(&mut out, &*found)?;
    } else if !found.is_empty() {
        let headings =
            ["NAME", "SERIAL", "MODEL", "ADDRESS", "MODE", "ACCOUNT", "FIRMWARE", "WLAN"];
        let mut table = Table::new(&headings);
        found.iter().for_each(|found| table.row(cells(found)));
        table.write(&mut out, output::colour())?;
    }
    out.flush()
}

fn cells(found: &Found) -> [Cell; 8] {
    let text = |text: &Option<String>| Cell::from(text.as_deref().unwrap_or(human::UNKNOWN));
    let model = match found.model {
        Some(model) => model.name().into(),
        None => text(&found.model_code),
    };
    let signal = found.signal_dbm.map(|dbm| format!("{dbm} dBm"));
    [
        text(&found.name),
        found.serial.as_str().into(),
        model,
        found.address.to_string().into(),
        found.connect.map_or(human::UNKNOWN, |mode| mode.as_str()).into(),
        found.bind.map_or(human::UNKNOWN, |bind| bind.as_str()).into(),
        text(&found.firmware),
        text(&signal),
    ]
}
