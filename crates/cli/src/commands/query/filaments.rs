//! `query --filaments`: the account's spools, and what the AMS of a named printer holds.

use std::io::{self, Write};

use bambu_protocol::cloud::{Spool, SpoolFilter};
use bambulab::cloud::{AmsFilaments, Cloud};
use futures_util::future::join_all;
use serde_json::json;

use super::{Args, Page, history};
use crate::{
    exit::Failure,
    output::{Cell, Paint, Table, human},
    settings::Settings,
    targets, watch,
};

pub(super) async fn ask(
    cloud: &Cloud,
    args: &Args,
    settings: &Settings,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let spools = history::first(cloud.spools_pages(SpoolFilter::default()), args).await?;
    let printers = match args.which.printers.is_empty() {
        true => Vec::new(),
        false => held(args, settings).await?,
    };
    page.add(
        "filaments",
        || json!({"spools": spools, "printers": printers}),
        |out| {
            match spools.is_empty() {
                true => writeln!(out, "this account has no spool")?,
                false => table(&spools).write(out, colour)?,
            }
            printers.iter().try_for_each(|printer| write(printer, out, colour))
        },
    )
}

/// What the printers' own reports say.
async fn held(args: &Args, settings: &Settings) -> Result<Vec<AmsFilaments>, Failure> {
    let chosen = targets::choose(&args.which, settings).await?;
    let connected = targets::connect(chosen, settings).await?;
    connected.tell_lost();
    let ask = async |link: &bambulab::Link| {
        let snapshot = link.ready().await.map_err(|reason| watch::failure(&reason))?;
        Ok(AmsFilaments::of(link.serial().clone(), &snapshot.status))
    };
    let told: Vec<Result<AmsFilaments, Failure>> = join_all(connected.fleet.links().map(ask)).await;
    connected.close().await;
    told.into_iter().collect()
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
