//! Over the cloud: the file is uploaded and registered, then the cloud is given the task, once, and
//! tells the printer.

use std::{io::Write as _, path::Path, time::Duration};

use bambu_protocol::{cloud::SignedUrl, request::Auto};
use bambulab::{
    Cloud,
    cloud::{CloudFile, JobFile, PrintError, PrintErrorKind, PrintOptions, Started, UploadError},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    Args,
    shown::{self, Seen},
};
use crate::{
    account,
    commands::upload,
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, human, progress},
    settings::Settings,
    shutdown,
    targets::{self, Target},
};

/// How long the printer may take to show the job.
const WAIT: Duration = Duration::from_secs(60);

pub(super) async fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let name = match (args.printer.as_deref(), args.printers.as_slice()) {
        (None, []) if args.group.is_none() && !args.all => None,
        (Some(name), []) => Some(name),
        (None, [name]) => Some(name.as_str()),
        _ => {
            return Err(Failure::say(Kind::Usage, "over the cloud one printer at a time")
                .next("name one printer, or print over the local network: --lan"));
        }
    };
    let stop = shutdown::token();
    let shown = progress::Shown::new(!args.json);
    let options = args.options(&shown, &stop);
    let cloud = account::cloud(settings)?;
    let stored = stored(args)?;
    let printer = tokio::select! {
        printer = targets::in_account(name, settings) => printer?,
        () = stop.cancelled() => return Err(Failure::say(Kind::Failed, "interrupted, nothing prints")),
    };
    let started = match stored {
        Some(file) => cloud.start_print_job(&printer.serial, file, options).await,
        None if args.dry_run => return dry_run(&cloud, &printer, &options, args).await,
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
            let wait = args.wait.unwrap_or(WAIT);
            Some(shown::wait(settings, &printer, &started, wait, &stop).await)
        }
    };
    write(&started, seen.as_ref(), &printer, args.json)?;
    match seen {
        None | Some(Seen::Shown(_)) => Ok(()),
        Some(other) => Err(other.failure(&started, &printer)),
    }
}

impl Args {
    pub(super) fn options(
        &self,
        shown: &progress::Shown,
        stop: &CancellationToken,
    ) -> PrintOptions {
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
pub(super) fn failure(error: &PrintError, file: &Path) -> Failure {
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
