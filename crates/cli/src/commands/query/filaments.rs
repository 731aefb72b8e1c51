//! `query --filaments`: the account's spools, and what the AMS of a named printer holds.

use std::io::{self, Write};

use bambu_protocol::cloud::{Spool, SpoolFilter};
use bambulab::{Link, cloud::AmsFilaments};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Args, Page, history, status};
use crate::{
    account,
    exit::Failure,
    output::{Cell, Paint, Table, brief, human},
    settings::Settings,
    targets,
    watch::{self, Until},
};

/// A printer, and what its AMS holds or why that is not known.
struct Entry {
    name: String,
    serial: String,
    held: Result<AmsFilaments, Failure>,
}

pub(super) async fn ask(
    args: &Args,
    settings: &Settings,
    colour: bool,
    until: Until,
    page: &mut Page,
) -> Result<(), Failure> {
    let cloud = account::cloud(settings)?;
    let spools = history::first(cloud.spools_pages(SpoolFilter::default()), args);
    let spools = until.cut(settings, spools).await?;
    let (printers, found) = match args.which.printers.is_empty() {
        true => (Vec::new(), Ok(())),
        // The spools are worth printing even where no printer is found.
        false => match held(args, settings, until).await {
            Ok((printers, lost)) => (printers, lost.map_or(Ok(()), Err)),
            Err(failure) => (Vec::new(), Err(failure)),
        },
    };
    page.add(
        "filaments",
        || {
            let printers: Vec<Value> = printers.iter().map(Entry::document).collect();
            json!({"spools": spools, "printers": printers})
        },
        |out| {
            match spools.is_empty() {
                true => writeln!(out, "this account has no spool")?,
                false => table(&spools).write(out, colour)?,
            }
            printers.iter().try_for_each(|printer| printer.write(out, colour))
        },
    )?;
    let failures = printers.into_iter().filter_map(|printer| printer.held.err());
    match failures.chain(found.err()).max_by_key(Failure::kind) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// What the printers' own reports say, and why one of them has no way to it.
async fn held(
    args: &Args,
    settings: &Settings,
    until: Until,
) -> Result<(Vec<Entry>, Option<Failure>), Failure> {
    let connect = async {
        let chosen = targets::choose(&args.which, settings).await?;
        targets::connect(chosen, settings).await
    };
    let mut connected = until.cut(settings, connect).await?;
    connected.tell_lost();
    let ask = async |link: &Link| {
        let answer = tokio::select! {
            biased;
            answer = link.ready() => Some(answer),
            () = until.passed() => None,
        };
        let (serial, snapshot) = (link.serial().clone(), link.snapshot());
        let name = brief::name(&snapshot.status).to_owned();
        let held = match answer {
            Some(Ok(told)) => Ok(AmsFilaments::of(serial.clone(), &told.status)),
            Some(Err(reason)) => Err(watch::failure(&reason)),
            None => Err(status::no_answer(&snapshot, args)),
        };
        Entry { name, serial: serial.to_string(), held }
    };
    let told = join_all(connected.fleet.links().map(ask)).await;
    let lost = std::mem::take(&mut connected.lost).into_iter().map(|(_, failure)| failure);
    let lost = lost.max_by_key(Failure::kind);
    connected.close().await;
    Ok((told, lost))
}

impl Entry {
    fn document(&self) -> Value {
        match &self.held {
            Ok(held) => json!(held),
            Err(failure) => json!({"device_id": self.serial, "failure": failure.to_string()}),
        }
    }

    fn write(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        match &self.held {
            Ok(held) => write(held, out, colour),
            Err(failure) => {
                writeln!(out, "\n{}", Paint::Bold.on(&human::printable(&self.name), colour))?;
                let why = human::printable(&failure.to_string());
                writeln!(out, "  {}", Paint::Red.on(&why, colour))
            }
        }
    }
}

fn table(spools: &[Spool]) -> Table {
    let mut table = Table::new(&["SPOOL", "VENDOR", "MATERIAL", "COLOUR", "LEFT", "NOTE", "ID"]);
    for spool in spools {
        let text = |it: &Option<String>| Cell::from(it.as_deref().unwrap_or(human::UNKNOWN));
        let left = match (spool.net_weight_grams, spool.total_net_weight_grams) {
            (Some(left), Some(total)) => format!("{left:.0} of {total:.0} g"),
            (Some(left), None) => format!("{left:.0} g"),
            (None, _) => human::UNKNOWN.into(),
        };
        table.row([
            Cell::painted(spool.name.as_deref().unwrap_or(human::UNKNOWN), Paint::Bold),
            text(&spool.vendor),
            text(&spool.material),
            text(&spool.color),
            left.into(),
            text(&spool.note),
            spool.id.map_or(human::UNKNOWN.into(), |id| id.to_string()).into(),
        ]);
    }
    table
}

fn write(printer: &AmsFilaments, out: &mut impl Write, colour: bool) -> io::Result<()> {
    writeln!(out, "\n{}", Paint::Bold.on(printer.device_id.as_str(), colour))?;
    if !printer.has_ams {
        return writeln!(out, "  no AMS");
    }
    let mut table = Table::new(&["  TRAY", "MATERIAL", "COLOUR", "LEFT", "NOZZLE", "FIRMWARE"]);
    for unit in &printer.ams_units {
        for tray in &unit.trays {
            let text = |it: &Option<String>| Cell::from(it.as_deref().unwrap_or(human::UNKNOWN));
            let hottest = tray.temperature_max.map(f64::from);
            let nozzle = match tray.temperature {
                Some(least) => format!("{least}-{}", human::temperature(hottest)),
                None => human::UNKNOWN.into(),
            };
            table.row([
                format!("  {}", human::tray(unit.unit_id, tray.tray_id)).into(),
                text(&tray.filament_type),
                text(&tray.filament_color),
                human::percent(tray.remaining).into(),
                nozzle.into(),
                text(&unit.sw_version),
            ]);
        }
    }
    table.write(out, colour)
}
