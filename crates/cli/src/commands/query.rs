//! `bambu query`: ask the account and the printers once, print, and end.

mod status;

use std::{io::Write, time::Duration};

use bambu_protocol::{Serial, cloud::Device};
use bambulab::cloud::Cloud;
use serde_json::{Map, Value, json};

use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human},
    settings::{Flags, Settings},
    shutdown,
    targets::Which,
    watch::{self, Until},
};

/// Ask the account and its printers once
///
/// Without a flag: the account's printers; with --host: that printer's status. Several flags may be
/// given; with --json they are the keys of one object, a single one is printed alone.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu query\n  \
    bambu query --status \"P1S 1\"\n  \
    bambu query --profile --json\n  \
    bambu query 01P00A000000001 --host 192.168.1.50 --access-code -")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// The same as naming one PRINTER
    #[arg(long, value_name = "ID", hide_short_help = true)]
    device: Option<String>,
    /// The account's printers (the default)
    #[arg(long)]
    devices: bool,
    /// Live status, asked from each printer itself
    #[arg(long)]
    status: bool,
    /// Who you are to the cloud
    #[arg(long)]
    profile: bool,
    /// Firmware: what is installed and what the cloud offers
    #[arg(long)]
    firmware: bool,
    /// Not built yet
    #[arg(long, hide = true)]
    projects: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print access codes instead of masking them
    #[arg(long)]
    show_secrets: bool,
    /// How long to wait for the cloud and the printers, together
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = watch::seconds)]
    timeout: Duration,
}

pub(crate) async fn run(mut args: Args, flags: &Flags) -> Result<(), Failure> {
    if args.projects {
        return Err(Failure::say(
            Kind::Usage,
            "--projects is not built yet: it comes with the cloud part, in a later release",
        )
        .next("see `bambu query --help` for what is there"));
    }
    args.which.printers.extend(args.device.take());
    // An address on the local network is only good for asking the printer itself.
    args.status |= args.which.by_hand.host.is_some();
    args.devices |= !(args.status || args.profile || args.firmware);
    let settings = Settings::load(flags)?;
    let stop = shutdown::token();
    tokio::select! {
        result = ask(&args, &settings) => result,
        () = stop.cancelled() => Err(Failure::say(Kind::Failed, "interrupted")),
    }
}

async fn ask(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let mut page = Page { json: args.json, parts: Map::new(), text: Vec::new() };
    let colour = output::colour();
    let until = Until::after(Some(args.timeout));
    if args.devices || args.profile || args.firmware {
        until.cut(settings, account_parts(args, settings, colour, &mut page)).await?;
    }
    // The page so far is worth printing even where a printer does not answer.
    let status = match args.status {
        true => status::ask(args, settings, colour, until, &mut page).await,
        false => Ok(()),
    };
    page.print()?;
    status
}

/// What the cloud tells by itself.
async fn account_parts(
    args: &Args,
    settings: &Settings,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let cloud = account::cloud(settings)?;
    if args.devices {
        devices(&cloud, args, colour, page).await?;
    }
    if args.profile {
        profile(&cloud, page).await?;
    }
    if args.firmware {
        firmware(&cloud, args, colour, page).await?;
    }
    Ok(())
}

/// What is printed at the end, as text or as JSON.
struct Page {
    json: bool,
    parts: Map<String, Value>,
    text: Vec<Vec<u8>>,
}

impl Page {
    /// Appends a part; `text` is only run where text is wanted.
    fn add(
        &mut self,
        key: &str,
        value: impl FnOnce() -> Value,
        text: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        if self.json {
            self.parts.insert(key.to_owned(), value());
        } else {
            let mut part = Vec::new();
            text(&mut part)?;
            self.text.push(part);
        }
        Ok(())
    }

    fn print(self) -> Result<(), Failure> {
        let mut out = output::stdout();
        if self.json {
            let single = self.parts.len() == 1;
            let first = self.parts.values().next().filter(|_| single).cloned();
            let document = first.unwrap_or(Value::Object(self.parts));
            serde_json::to_writer_pretty(&mut out, &document).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            out.write_all(&self.text.join(&b'\n'))?;
        }
        Ok(out.flush()?)
    }
}

/// Whether a printer was asked for: by name, serial number or the beginning of one.
fn wanted(args: &Args, serial: &Serial, name: Option<&str>) -> bool {
    let begins = |text: &str, start: &String| {
        text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    args.which.printers.is_empty()
        || args.which.printers.iter().any(|printer| {
            begins(serial.as_str(), printer) || name.is_some_and(|name| begins(name, printer))
        })
}

fn none_is_called(args: &Args) -> Failure {
    Failure::say(
        Kind::Usage,
        format!("no printer of this account is called {}", args.which.printers.join(" or ")),
    )
    .next("see them all with: bambu query")
}

async fn devices(cloud: &Cloud, args: &Args, colour: bool, page: &mut Page) -> Result<(), Failure> {
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
            json!({
                "serial": device.serial, "name": device.name, "model": device.model(),
                "online": device.online, "print_status": device.print_status,
                "model_name": device.model_name, "product_name": device.product_name,
                "nozzle_diameter_mm": device.nozzle_diameter, "structure": device.structure,
                "print_job": device.print_job, "access_code": code(device),
            })
        };
        devices.iter().map(document).collect()
    };
    page.add("devices", value, |out| {
        if devices.is_empty() {
            return writeln!(out, "this account has no printer");
        }
        let mut table =
            Table::new(&["PRINTER", "SERIAL", "MODEL", "NOZZLE", "ONLINE", "STATE", "ACCESS CODE"]);
        for device in &devices {
            let (online, paint) = match device.online {
                Some(true) => ("yes", Paint::Green),
                Some(false) => ("no", Paint::Red),
                None => (human::UNKNOWN, Paint::Dim),
            };
            let model = device.model().map(|model| model.name());
            table.row([
                Cell::painted(device.name.as_deref().unwrap_or(human::UNKNOWN), Paint::Bold),
                device.serial.as_str().into(),
                model.or(device.product_name.as_deref()).unwrap_or(human::UNKNOWN).into(),
                device
                    .nozzle_diameter
                    .map_or(human::UNKNOWN.into(), |mm| format!("{mm} mm"))
                    .into(),
                Cell::painted(online, paint),
                device.print_status.as_deref().unwrap_or(human::UNKNOWN).to_lowercase().into(),
                code(device).unwrap_or_else(|| human::UNKNOWN.into()).into(),
            ]);
        }
        table.write(out, colour)
    })
}

async fn profile(cloud: &Cloud, page: &mut Page) -> Result<(), Failure> {
    let profile = cloud.user_profile().await.map_err(account::failure)?.value;
    let value = || {
        json!({
            "uid": profile.uid(), "name": profile.name, "account": profile.account,
            "avatar": profile.avatar, "fan_count": profile.fan_count,
            "follow_count": profile.follow_count, "product_models": profile.product_models,
        })
    };
    page.add("profile", value, |out| {
        let mut table = Table::new(&[]);
        let models = profile.product_models.join(", ");
        for (label, text) in [
            ("Account", profile.account.as_deref()),
            ("Name", profile.name.as_deref()),
            ("UID", profile.uid()),
            ("Printers", Some(models.as_str()).filter(|models| !models.is_empty())),
        ] {
            let text = text.unwrap_or(human::UNKNOWN);
            table.row([Cell::painted(label, Paint::Dim), text.into()]);
        }
        table.write(out, false)
    })
}

async fn firmware(
    cloud: &Cloud,
    args: &Args,
    colour: bool,
    page: &mut Page,
) -> Result<(), Failure> {
    let mut versions = cloud.device_versions().await.map_err(account::failure)?.value;
    let any = !versions.is_empty();
    versions.retain(|printer| wanted(args, &printer.serial, None));
    if any && versions.is_empty() {
        return Err(none_is_called(args));
    }
    page.add(
        "firmware",
        || json!(versions),
        |out| {
            let mut table = Table::new(&["SERIAL", "INSTALLED", "OFFERED"]);
            for printer in &versions {
                let offers = printer.firmware.iter().filter_map(|offer| offer.version.as_deref());
                let offers = offers.collect::<Vec<_>>().join(", ");
                let newest = if offers.is_empty() { "nothing newer" } else { &offers };
                table.row([
                    printer.serial.as_str().into(),
                    printer.version.as_deref().unwrap_or(human::UNKNOWN).into(),
                    newest.into(),
                ]);
            }
            table.write(out, colour)
        },
    )
}
