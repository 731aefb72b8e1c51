//! `query --devices` and `--firmware`: the account's printers.

use std::{collections::HashMap, io::Write as _};

use bambu_protocol::{
    Serial,
    cloud::{Device, Offer},
};
use bambulab::cloud::Cloud;
use serde_json::{Value, json};

use super::{Args, Page, none_is_called, wanted};
use crate::{
    account,
    exit::Failure,
    output::{self, Cell, Paint, Table, human},
};

pub(super) async fn devices(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let mut devices = cloud.devices().await.map_err(account::failure)?.value;
    let any = !devices.is_empty();
    devices.retain(|device| wanted(args, &device.serial, device.name.as_deref()));
    if any && devices.is_empty() {
        return Err(none_is_called(args));
    }
    let code = |device: &Device| match (&device.access_code, args.show_secrets) {
        (None, _) => None,
        (Some(_), false) => Some(output::MASK.to_owned()),
        (Some(code), true) => Some(code.reveal().to_owned()),
    };
    let value = || {
        let document = |device: &Device| {
            let mut document = json!({
                "serial": device.serial, "name": device.name, "model": device.model(),
                "online": device.online, "print_status": device.print_status,
                "model_name": device.model_name, "product_name": device.product_name,
                "nozzle_diameter_mm": device.nozzle_diameter, "structure": device.structure,
                "print_job": device.print_job, "access_code": code(device),
            });
            if let (Value::Object(keys), true) = (&mut document, args.as_the_seeds) {
                keys.extend(seeds(device, code(device)));
            }
            document
        };
        devices.iter().map(document).collect()
    };
    page.add("devices", value, |out| {
        if devices.is_empty() {
            return writeln!(out, "this account has no printer");
        }
        if !args.which.printers.is_empty() {
            return details(&devices, &code, out, colour);
        }
        let mut table = Table::new(&[
            "PRINTER",
            "SERIAL",
            "MODEL",
            "STRUCTURE",
            "NOZZLE",
            "ONLINE",
            "STATE",
            "ACCESS CODE",
        ]);
        for device in &devices {
            table.row([
                Cell::painted(device.name.as_deref().unwrap_or(human::UNKNOWN), Paint::Bold),
                device.serial.as_str().into(),
                model(device).into(),
                device.structure.as_deref().unwrap_or(human::UNKNOWN).into(),
                nozzle(device).into(),
                online(device),
                state(device).into(),
                code(device).unwrap_or_else(|| human::UNKNOWN.into()).into(),
            ]);
        }
        match args.show_secrets {
            true => table.fit_terminal(&["STRUCTURE", "NOZZLE", "ONLINE"]),
            false => table.fit_terminal(&["ACCESS CODE", "STRUCTURE", "NOZZLE", "ONLINE"]),
        }
        table.write(out, colour)
    })
}

/// The keys that scripts of the seeds' tool look for.
fn seeds(device: &Device, code: Option<String>) -> impl Iterator<Item = (String, Value)> {
    [
        ("dev_id", json!(device.serial)),
        ("dev_model_name", json!(device.model_name)),
        ("dev_product_name", json!(device.product_name)),
        ("dev_access_code", code.into()),
        ("dev_structure", json!(device.structure)),
        ("nozzle_diameter", json!(device.nozzle_diameter)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
}

/// The printers that were asked for by name, one block each, with all that the cloud's list tells.
fn details(
    devices: &[Device],
    code: &impl Fn(&Device) -> Option<String>,
    out: &mut Vec<u8>,
    colour: bool,
) -> std::io::Result<()> {
    for (index, device) in devices.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let name = human::printable(device.name.as_deref().unwrap_or(device.serial.as_str()));
        writeln!(out, "{}", Paint::Bold.on(&name, colour))?;
        let mut table = Table::new(&[]);
        for (label, cell) in [
            ("  Serial number", device.serial.as_str().into()),
            ("  Model", model(device).into()),
            ("  Structure", device.structure.as_deref().unwrap_or(human::UNKNOWN).into()),
            ("  Nozzle", nozzle(device).into()),
            ("  Access code", code(device).unwrap_or_else(|| human::UNKNOWN.into()).into()),
            ("  Online", online(device)),
            ("  Print status", state(device).into()),
        ] {
            table.row([Cell::painted(label, Paint::Dim), cell]);
        }
        table.write(out, colour)?;
    }
    Ok(())
}

/// The model's name, and the cloud's code for it where that is another word.
fn model(device: &Device) -> String {
    let product = device.model().map(|model| model.name());
    let product = product.or(device.product_name.as_deref()).unwrap_or(human::UNKNOWN);
    match device.model_name.as_deref() {
        Some(wire) if wire != product => format!("{product} ({wire})"),
        _ => product.to_owned(),
    }
}

fn online(device: &Device) -> Cell {
    match device.online {
        Some(true) => Cell::painted("yes", Paint::Green),
        Some(false) => Cell::painted("no", Paint::Red),
        None => Cell::painted(human::UNKNOWN, Paint::Dim),
    }
}

fn nozzle(device: &Device) -> String {
    device.nozzle_diameter.map_or(human::UNKNOWN.into(), |mm| format!("{mm} mm"))
}

fn state(device: &Device) -> String {
    device.print_status.as_deref().unwrap_or(human::UNKNOWN).to_lowercase()
}

/// The names of the account's printers, asked for only where a printer is named: then a name may
/// stand for a serial number.
pub(super) async fn names(cloud: &Cloud, args: &Args) -> Result<HashMap<Serial, String>, Failure> {
    if args.which.printers.is_empty() {
        return Ok(HashMap::new());
    }
    all_names(cloud).await
}

async fn all_names(cloud: &Cloud) -> Result<HashMap<Serial, String>, Failure> {
    let devices = cloud.devices().await.map_err(account::failure)?.value;
    let named = |device: Device| Some((device.serial, device.name?));
    Ok(devices.into_iter().filter_map(named).collect())
}

pub(super) async fn firmware(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let mut versions = cloud.device_versions().await.map_err(account::failure)?.value;
    let any = !versions.is_empty();
    // A table is for people, who know printers by their names.
    let names = match args.json {
        true => names(cloud, args).await?,
        false => all_names(cloud).await?,
    };
    let name = |serial: &Serial| names.get(serial).map(String::as_str);
    versions.retain(|printer| wanted(args, &printer.serial, name(&printer.serial)));
    if any && versions.is_empty() {
        return Err(none_is_called(args));
    }
    page.add(
        "firmware",
        || json!(versions),
        |out| {
            let mut table = Table::new(&["PRINTER", "SERIAL", "INSTALLED", "OFFERED"]);
            for printer in &versions {
                let offers = printer.firmware.iter().filter_map(offered).collect::<Vec<_>>();
                let offers = offers.join(", ");
                let newest = if offers.is_empty() { "nothing newer" } else { &offers };
                table.row([
                    Cell::painted(name(&printer.serial).unwrap_or(human::UNKNOWN), Paint::Bold),
                    printer.serial.as_str().into(),
                    printer.version.as_deref().unwrap_or(human::UNKNOWN).into(),
                    newest.into(),
                ]);
            }
            table.write(out, colour)
        },
    )
}

fn offered(offer: &Offer) -> Option<String> {
    let version = offer.version.as_deref()?;
    let beta = offer.status.as_deref().filter(|status| *status != "release");
    let forced = (offer.force_update == Some(true)).then_some("forced");
    let notes: Vec<&str> = beta.into_iter().chain(forced).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    Some(format!("{version}{notes}"))
}
