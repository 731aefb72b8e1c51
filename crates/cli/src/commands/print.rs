//! `bambu print`: start a print over the cloud, and see that the printer has it.
//!
//! What is waited for afterwards is in `print/shown.rs`.

mod shown;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use bambu_protocol::{
    cloud::{BED_TYPES, SignedUrl},
    request::{Auto, TrayId},
};
use bambulab::{
    Cloud,
    cloud::{CloudFile, JobFile, PrintError, PrintErrorKind, PrintOptions, Started, UploadError},
};
use clap::builder::PossibleValuesParser;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use self::shown::Seen;
use super::upload;
use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human, progress},
    settings::{Flags, Settings},
    shutdown,
    targets::{self, Target},
    watch::seconds,
};

/// Print a sliced 3MF over the cloud
///
/// The file is uploaded and registered, then the cloud is given the task, once, and tells the
/// printer. `ok` means that the printer's own status shows the job. What slicing has settled, such as
/// layer height or temperature, cannot be set here.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0 the printer shows the job       4 not signed in\n  \
    2 a file that cannot be printed   5 cloud or printer not reachable\n  \
    3 refused                         6 the task exists, the printer does not show it\n\n\
    Examples:\n  \
    bambu print cube.gcode.3mf --cloud\n  \
    bambu print cube.gcode.3mf --cloud \"P1S 1\" --plate 2 --ams-map A1,external\n  \
    bambu print cube.gcode.3mf --cloud --dry-run\n  \
    bambu print cube --cloud \"P1S 2\"                  # once more, from the cloud")]
pub(crate) struct Args {
    /// A sliced 3MF, or one that is in the cloud: the name or id of a project or of an earlier
    /// print, or the address that `bambu upload` told
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The printer by name, serial number or the unique beginning of one [default: the only one]
    #[arg(value_name = "PRINTER")]
    printer: Option<String>,
    /// Print over the cloud
    #[arg(long)]
    cloud: bool,
    /// MD5 of a file that is named by its address, as `bambu upload` told it
    #[arg(long, value_name = "MD5")]
    md5: Option<String>,
    /// Which plate of the file
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=99))]
    plate: u32,
    /// Where the file's filaments come from, in their order: A1, 0, external, or none
    #[arg(long, value_name = "TRAYS", value_delimiter = ',', value_parser = tray, allow_hyphen_values = true)]
    ams_map: Vec<Tray>,
    /// Take everything from the external spool
    #[arg(long, conflicts_with = "ams_map")]
    no_ams: bool,
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
    /// Print although the printer seems to be away or at work
    #[arg(long)]
    force: bool,
    /// Make and send nothing: look at file and printer, and show the task
    #[arg(long)]
    dry_run: bool,
    /// How long the printer may take to show the job
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60")]
    wait: Duration,
    /// Do not look whether the printer shows the job
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    /// Print JSON
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
    if !args.cloud {
        return Err(Failure::say(
            Kind::Usage,
            "printing over the local network is not built yet: it comes with a later release",
        )
        .next("print over the cloud: bambu print FILE --cloud"));
    }
    let stop = shutdown::token();
    let shown = progress::Shown::new(!args.json);
    let options = args.options(&shown, &stop);
    options.check().map_err(|kind| failure(&kind.into(), &args.file))?;
    let settings = Settings::load(flags)?;
    let cloud = account::cloud(&settings)?;
    let stored = stored(&args)?;
    let printer = tokio::select! {
        printer = targets::in_account(args.printer.as_deref(), &settings) => printer?,
        () = stop.cancelled() => return Err(Failure::say(Kind::Failed, "interrupted, nothing prints")),
    };
    let started = match stored {
        Some(file) => cloud.start_print_job(&printer.serial, file, options).await,
        None if args.dry_run => return dry_run(&cloud, &printer, &options, &args).await,
        None => cloud.start_cloud_print(&printer.serial, which(&args.file), options).await,
    };
    shown.clear();
    let started = started.map_err(|error| failure(&error, &args.file))?;
    let seen = match args.no_wait {
        true => None,
        false => {
            if !args.json {
                eprintln!("waiting until {} shows it …", human::printable(printer.shown()));
            }
            Some(shown::wait(&settings, &printer, &started, args.wait, &stop).await)
        }
    };
    write(&started, seen.as_ref(), &printer, args.json)?;
    match seen {
        None | Some(Seen::Shown(_)) => Ok(()),
        Some(other) => Err(other.failure(&started, &printer)),
    }
}

impl Args {
    fn options(&self, shown: &progress::Shown, stop: &CancellationToken) -> PrintOptions {
        let name = |setting: &String| setting.split('=').next().unwrap_or_default().to_owned();
        PrintOptions {
            plate: self.plate,
            title: self.title.clone(),
            trays: self.ams_map.iter().map(|tray| tray.0).collect(),
            use_ams: self.no_ams.then_some(false),
            level_bed: if self.no_bed_leveling { Auto::Off } else { Auto::On },
            calibrate_flow: if self.flow_calibration { Auto::On } else { Auto::Off },
            calibrate_vibration: self.vibration_calibration,
            inspect_layer: self.layer_inspect,
            timelapse: self.timelapse,
            bed_type: self.bed_type.clone(),
            settings: self.settings.iter().map(name).collect(),
            force: self.force,
            progress: shown.listener(),
            cancel: stop.clone(),
            ..PrintOptions::default()
        }
    }
}

/// A file that is named by its address, as an upload told it.
fn stored(args: &Args) -> Result<Option<JobFile>, Failure> {
    let address = args.file.to_str().filter(|text| text.contains("://"));
    let Some(address) = address.filter(|_| !args.file.exists()) else {
        return match args.md5 {
            None => Ok(None),
            Some(_) => Err(Failure::say(Kind::Usage, "--md5 goes with the address of a file")
                .next("leave it out, or give the URL that bambu upload told")),
        };
    };
    if args.dry_run {
        return Err(Failure::say(Kind::Usage, "nobody can look into a file by its address")
            .next("leave out --dry-run, or give the file itself"));
    }
    let Some(md5) = args.md5.clone() else {
        return Err(Failure::say(Kind::Usage, "a file that is named by its address needs its MD5")
            .next("bambu print URL --md5 MD5 --cloud, both as bambu upload --md5 tells them"));
    };
    let name = address.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
    Ok(Some(JobFile {
        file_id: None,
        file_name: name.map(str::to_owned),
        file_url: Some(SignedUrl::new(address)),
        md5: Some(md5),
    }))
}

/// A file on this machine, if there is one; else the name or the id of one in the cloud.
fn which(file: &Path) -> CloudFile {
    let is_id = |name: &str| {
        let model = name.strip_prefix("US").filter(|rest| rest.len() == 14);
        let digits = model.unwrap_or(name);
        name.len() > 5
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (model.is_some() || digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match file.to_str() {
        Some(name) if file.exists() || name.contains(['/', '\\']) => CloudFile::Local(name.into()),
        Some(name) if is_id(name) => CloudFile::Project(name.to_owned()),
        Some(name) => CloudFile::Named(name.to_owned()),
        None => CloudFile::Local(file.to_owned()),
    }
}

async fn dry_run(
    cloud: &Cloud,
    printer: &Target,
    options: &PrintOptions,
    args: &Args,
) -> Result<(), Failure> {
    let file = which(&args.file);
    let checked = cloud.check_cloud_print(&printer.serial, &file, options).await;
    checked.map_err(|error| failure(&error, &args.file))?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let title = options.title_of(&name);
    let mut task = serde_json::to_value(options.task(printer.serial.as_str(), "", 0, title))
        .map_err(|error| Failure::new(Kind::Failed, error))?;
    // The project names them.
    task["modelId"] = serde_json::Value::Null;
    task["profileId"] = serde_json::Value::Null;
    let mut out = output::stdout();
    if !args.json {
        writeln!(out, "{name} can be printed on {}; nothing was sent. The task:", printer.shown())?;
    }
    output::json(&mut out, &task)?;
    Ok(out.flush()?)
}

fn write(
    started: &Started,
    seen: Option<&Seen>,
    printer: &Target,
    json: bool,
) -> Result<(), Failure> {
    let mut out = output::stdout();
    let state = seen.and_then(Seen::state);
    if json {
        let mut document = json!(started);
        document["shown"] = json!(seen.map(|seen| matches!(seen, Seen::Shown(_))));
        document["printer_state"] = json!(state);
        output::json(&mut out, &document)?;
        return Ok(out.flush()?);
    }
    let mut table = Table::new(&[]);
    let name = format!("{} ({})", printer.shown(), started.device_id);
    for (label, text) in [
        ("Job", started.job_id.as_str()),
        ("Status", state.unwrap_or(&started.status)),
        ("Printer", &name),
        ("File", &started.file_name),
        ("Title", &started.title),
        ("Created", &started.created_at),
    ] {
        table.row([Cell::painted(label, Paint::Dim), human::printable(text).as_str().into()]);
    }
    table.write(&mut out, output::colour())?;
    Ok(out.flush()?)
}

/// What a print that was not started means to a user.
fn failure(error: &PrintError, file: &Path) -> Failure {
    use PrintErrorKind as E;
    let kind = match &error.kind {
        E::NoSuchFile { .. } => {
            let file = file.display();
            let text = format!("there is no file {file}, and no project or print of that name");
            return Failure::say(Kind::Usage, text).next(
                "check the path, or see what there is: bambu query --projects --tasks; what bambu \
                 upload stored is printed by its URL and --md5",
            );
        }
        E::Setting { .. }
        | E::BedType { .. }
        | E::NotPrintable { .. }
        | E::NotSliced { .. }
        | E::NothingToPrint { .. }
        | E::Incomplete
        | E::NotYours { .. } => Kind::Usage,
        E::Busy { .. } | E::ReservedForVendor { .. } | E::Unprocessed { .. } => Kind::Refused,
        E::Offline { .. } => Kind::Unreachable,
        E::Unconfirmed(_) => Kind::Unconfirmed,
        E::Upload(error) => upload::kind(error),
        E::Cloud(error) => account::kind(error),
        _ => Kind::Failed,
    };
    let failure = Failure::advised(kind, error);
    match &error.kind {
        E::Busy { .. } | E::Offline { .. } => {
            let next = failure.next_step().unwrap_or_default().to_owned();
            failure.next(format!("{next}; --force prints all the same"))
        }
        E::Cloud(error) | E::Upload(UploadError::Cloud(error)) => account::advised(failure, error),
        _ => failure,
    }
}
