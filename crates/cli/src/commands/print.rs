//! `bambu print`: a sliced 3MF onto a printer, over the local network or the cloud.
//!
//! Which of the two is decided here; the rest is in `print/lan.rs`, `print/cloud.rs` and, for what is
//! waited for over the cloud, `print/shown.rs`.

mod cloud;
mod lan;
mod shown;

use std::{path::PathBuf, time::Duration};

use bambu_protocol::{cloud::BED_TYPES, request::TrayId};
use clap::builder::PossibleValuesParser;
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Failure, Kind},
    output::{human, progress},
    settings::{Flags, Settings},
    targets::{self, ByHand, Target, Which},
    watch::seconds,
};

/// How long printers are listened for.
const LOOK: Duration = Duration::from_secs(6);

/// Print a sliced 3MF on one printer or many
///
/// Over the local network the file is inspected, compared with the printer and its filament,
/// uploaded to its storage, and started; over the cloud (--cloud) it is uploaded and registered
/// there, and the cloud tells the printer. The local network is taken where address and access code
/// are known. `ok` means that the printer's own status shows the job. What slicing has settled, such
/// as layer height or temperature, cannot be set here.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0 it prints                       4 wrong access code, or not signed in\n  \
    2 a file that cannot be printed   5 printer or cloud not reachable\n  \
    3 refused                         6 sent, the printer does not show it\n\
    With several printers: 0 when all print, else the lowest code of those that do not.\n\n\
    Examples:\n  \
    bambu print cube.gcode.3mf \"P1S 1\" --dry-run\n  \
    bambu print cube.gcode.3mf --printer \"A1 mini 1\" --plate 2 --ams-map A1,external\n  \
    bambu print cube.gcode.3mf --all\n  \
    bambu print /cache/cube.gcode.3mf --stored --printer \"P1S 1\"\n  \
    bambu print cube.gcode.3mf --cloud \"P1S 1\"\n  \
    bambu print cube --cloud \"P1S 2\"                  # once more, from the cloud")]
pub(crate) struct Args {
    /// A sliced 3MF. With --stored its path on the printer; with --cloud also the name or id of a
    /// project or of an earlier print, or the address that `bambu upload` told
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The printer by name, serial number or the unique beginning of one [default: the only one]
    #[arg(value_name = "PRINTER")]
    printer: Option<String>,
    /// A printer; can be repeated
    #[arg(long = "printer", id = "printers", value_name = "PRINTER", conflicts_with = "printer")]
    printers: Vec<String>,
    /// All printers of this group of the config file
    #[arg(long, conflicts_with_all = ["printer", "printers"])]
    group: Option<String>,
    /// All known printers
    #[arg(long, conflicts_with_all = ["printer", "printers", "group"])]
    all: bool,
    /// Print over the cloud
    #[arg(long)]
    cloud: bool,
    /// Print over the local network, whatever else there is
    #[arg(long, conflicts_with = "cloud")]
    lan: bool,
    #[command(flatten)]
    by_hand: ByHand,
    /// MD5 of a file that is named by its address, as `bambu upload` told it
    #[arg(long, value_name = "MD5")]
    md5: Option<String>,
    /// FILE is a path on the printer: nothing is uploaded, and nobody looks into it
    #[arg(long, conflicts_with = "cloud")]
    stored: bool,
    /// Folder on the printer to upload to
    #[arg(long, value_name = "FOLDER", default_value = "/", conflicts_with = "stored")]
    folder: String,
    /// Take a file of the same name and size on the printer for the same one
    #[arg(long, conflicts_with_all = ["cloud", "stored"])]
    keep: bool,
    /// Which plate of the file
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=99))]
    plate: u32,
    /// Where the file's filaments come from, in their order: A1, 0, external, or none (over the
    /// local network: find one) [default: over the local network by material and colour]
    #[arg(long, value_name = "TRAYS", value_delimiter = ',', value_parser = tray, allow_hyphen_values = true)]
    ams_map: Vec<Tray>,
    /// Take everything from the external spool
    #[arg(long, conflicts_with = "ams_map")]
    no_ams: bool,
    /// Objects of the plate to leave out, by their ids
    #[arg(long, value_name = "IDS", value_delimiter = ',', conflicts_with = "cloud")]
    skip: Vec<u32>,
    /// Take a time-lapse
    #[arg(long)]
    timelapse: bool,
    /// Do not level the bed first
    #[arg(long)]
    no_bed_leveling: bool,
    /// Calibrate the flow first
    #[arg(long)]
    flow_calibration: bool,
    /// Calibrate vibration first
    #[arg(long)]
    vibration_calibration: bool,
    /// Look at the first layer
    #[arg(long)]
    layer_inspect: bool,
    /// The plate that lies on the bed
    #[arg(long, value_name = "TYPE", default_value = "auto", value_parser = PossibleValuesParser::new(BED_TYPES))]
    bed_type: String,
    /// What printer and history show [default: the file's name]
    #[arg(long)]
    title: Option<String>,
    /// Refused by name: what other tools offer here is settled by slicing
    #[arg(long = "setting", value_name = "KEY=VALUE", hide_short_help = true)]
    settings: Vec<String>,
    /// Name the file to the printer as file:///sdcard/…, where older firmware of an X1, P1 or A1
    /// finds it in no other way
    #[arg(long, conflicts_with = "cloud", hide_short_help = true)]
    sdcard_url: bool,
    /// Print although the printer is at work or away, or model, nozzle or storage speak against it
    #[arg(long)]
    force: bool,
    /// Make and send nothing: look at file and printer, and show what would be sent
    #[arg(long)]
    dry_run: bool,
    /// How long the printer may take to show the job [default: 180, over the cloud 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
    /// Do not look whether the printer shows the job
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    /// Transfers at a time, of several printers
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    at_a_time: u16,
    /// Print JSON: over the local network a line for each printer
    #[arg(long)]
    json: bool,
}

/// Where one filament comes from.
#[derive(Debug, Clone, Copy)]
struct Tray(Option<TrayId>);

fn tray(text: &str) -> Result<Tray, bambu_protocol::request::UnknownTray> {
    match text.trim() {
        "none" | "-" | "-1" => Ok(Tray(None)),
        text => text.parse().map(|tray| Tray(Some(tray))),
    }
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    // What makes no sense on either way.
    let options = args.options(&progress::Shown::new(false), &CancellationToken::new());
    options.check().map_err(|kind| cloud::failure(&kind.into(), &args.file))?;
    let settings = Settings::load(flags)?;
    if args.cloud {
        return cloud::run(&args, &settings).await;
    }
    let is_address = args.file.to_str().is_some_and(|file| file.contains("://"));
    if !args.stored && !args.file.exists() && (is_address || args.md5.is_some()) {
        return Err(Failure::say(Kind::Usage, "a file in the cloud is printed over the cloud")
            .next("bambu print FILE --cloud"));
    }
    match choose(&args, &settings).await? {
        Way::Lan(targets) => lan::run(args, targets, &settings).await,
        Way::Cloud => cloud::run(&args, &settings).await,
    }
}

enum Way {
    Lan(Vec<Target>),
    Cloud,
}

/// The local network where address and access code are known; else the cloud, when only one printer
/// is meant and there is an account.
async fn choose(args: &Args, settings: &Settings) -> Result<Way, Failure> {
    let printers: Vec<String> = args.printer.iter().chain(&args.printers).cloned().collect();
    let several = args.all || args.group.is_some() || !printers.is_empty();
    let which = Which { printers, group: args.group.clone(), by_hand: args.by_hand.clone() };
    let mut targets = targets::choose(&which, settings).await.map_err(|failure| {
        if args.lan || failure.kind() != Kind::NotAuthenticated {
            return failure;
        }
        let next = failure.next_step().unwrap_or_default().to_owned();
        failure.next(format!("{next}; over the cloud: bambu print FILE --cloud"))
    })?;
    if targets.len() > 1 && !several {
        let known = targets::names(targets.iter());
        return Err(Failure::say(Kind::Usage, "there are several printers")
            .next(format!("name one after the file, or say --all; known are: {known}")));
    }
    if args.lan || args.stored {
        // Those whose address nobody wrote down are looked for.
        (targets, _) = targets::look_for(targets, LOOK, settings).await?;
        return Ok(Way::Lan(targets));
    }
    let is_near = |target: &Target| target.has_address() && target.has_access_code();
    let way = match targets.as_slice() {
        [one] if !is_near(one) && settings.token.is_some() => Way::Cloud,
        _ => Way::Lan(targets),
    };
    if !args.json {
        match &way {
            Way::Lan(targets) => match targets.as_slice() {
                [one] => {
                    eprintln!("over the local network, to {} …", human::printable(one.shown()));
                }
                many => eprintln!("over the local network, to {} printers …", many.len()),
            },
            Way::Cloud => eprintln!("over the cloud, as address or access code is not known …"),
        }
    }
    Ok(way)
}
