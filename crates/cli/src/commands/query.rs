//! `bambu query`: ask the account and the printers once, print, and end.

mod filaments;
mod history;
mod printers;
mod profile;
mod projects;
mod status;

use std::{io::Write, time::Duration};

use bambu_protocol::Serial;
use serde_json::{Map, Value};

use crate::{
    account,
    exit::{Failure, Kind},
    output,
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
    bambu query --tasks --limit 5\n  \
    bambu query --filaments \"P1S 1\"\n  \
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
    /// Projects: sliced files that the cloud keeps
    #[arg(long)]
    projects: bool,
    /// The print history, newest first
    #[arg(long)]
    tasks: bool,
    /// Messages of the account, newest first
    #[arg(long)]
    messages: bool,
    /// Spools of the account; with a PRINTER also what its AMS holds, asked from itself
    #[arg(long)]
    filaments: bool,
    /// How many projects, prints, messages and spools
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print access codes and signed addresses instead of masking them
    #[arg(long)]
    show_secrets: bool,
    /// How long to wait for the cloud and the printers, together
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = watch::seconds)]
    timeout: Duration,
    /// Called by the seeds' name: its JSON has the seeds' keys, too
    #[arg(long, hide = true)]
    as_the_seeds: bool,
}

pub(crate) async fn run(mut args: Args, flags: &Flags) -> Result<(), Failure> {
    args.which.printers.extend(args.device.take());
    // An address on the local network is only good for asking the printer itself.
    args.status |= args.which.by_hand.host.is_some();
    args.devices |= !(args.status || args.asks_account() || args.filaments);
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
    if args.asks_account() {
        until.cut(settings, account_parts(args, settings, colour, &mut page)).await?;
    }
    // The page so far is worth printing even where a printer does not answer.
    let filaments = match args.filaments {
        true => filaments::ask(args, settings, colour, until, &mut page).await,
        false => Ok(()),
    };
    let status = match args.status {
        true => status::ask(args, settings, colour, until, &mut page).await,
        false => Ok(()),
    };
    page.print()?;
    match (filaments, status) {
        (Err(one), Err(other)) if other.kind() > one.kind() => Err(other),
        (filaments, status) => filaments.and(status),
    }
}

impl Args {
    /// Whether anything is wanted that the cloud alone tells.
    fn asks_account(&self) -> bool {
        self.devices
            || self.profile
            || self.projects
            || self.tasks
            || self.messages
            || self.firmware
    }

    fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
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
        printers::devices(&cloud, args, colour, page).await?;
    }
    if args.profile {
        profile::ask(&cloud, page).await?;
    }
    if args.projects {
        projects::ask(&cloud, args, colour, page).await?;
    }
    if args.tasks {
        history::tasks(&cloud, args, colour, page).await?;
    }
    if args.messages {
        history::messages(&cloud, args, colour, page).await?;
    }
    if args.firmware {
        printers::firmware(&cloud, args, colour, page).await?;
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
        if self.parts.is_empty() && self.text.is_empty() {
            return Ok(());
        }
        let mut out = output::stdout();
        if self.json {
            let single = self.parts.len() == 1;
            let first = self.parts.values().next().filter(|_| single).cloned();
            let document = first.unwrap_or(Value::Object(self.parts));
            output::json(&mut out, &document)?;
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
