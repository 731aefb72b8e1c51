//! `bambu selftest`: the seeds' comprehensive check of a real account, from their `test_config.json`.
//!
//! Which checks there are is in `plan.rs`, what became of them in `record.rs`.

mod camera;
mod cloud;
mod config;
mod junit;
mod plan;
mod printers;
mod record;
mod storage;
mod subject;
mod upload;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use bambulab::Token;

use self::{
    config::Config,
    plan::{CHECKS, Plan},
    record::Records,
    subject::Subject,
};
use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Table},
    settings::{Flags, Setting, Settings, Source},
    shutdown, watch,
};

/// Check an account, its printers and the way to them
///
/// Reads only: nothing is changed, started or uploaded, unless --allow-upload is given. One line per
/// check with what was seen, then the sum. Exit code 0 when none failed, 1 when some did, 4 with a
/// token that is not accepted, 5 when nothing answers.
#[derive(clap::Args)]
#[command(after_help = "The file, of which every key may be left out:\n  \
    {\"cloud_token\": \"\",\n   \
    \"test_modes\": {\"cloud_api\": true, \"mqtt\": true, \"video_stream\": true,\n                  \
    \"file_upload\": false, \"local_ftp\": true},\n   \
    \"test_file\": {\"create_dummy\": true, \"path\": \"cube.gcode.3mf\", \"size_mb\": 1},\n   \
    \"timeouts\": {\"mqtt_connect\": 30, \"video_frame\": 30, \"api_request\": 30}}\n\n\
    Examples:\n  \
    bambu selftest\n  \
    bambu selftest --only mqtt --only firmware\n  \
    bambu selftest --test-config test_config.json --junit selftest.xml")]
pub(crate) struct Args {
    /// The one printer to look at, by name or serial number; otherwise the first that is online
    #[arg(value_name = "PRINTER")]
    printer: Option<String>,
    /// What to check, with what, and how long it may take [default: ./test_config.json, if it is there]
    #[arg(long, value_name = "FILE")]
    test_config: Option<PathBuf>,
    /// Only this check or group, whatever the file says; repeatable, --list names them
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Name the checks and end
    #[arg(long)]
    list: bool,
    /// Upload a file, where that is wanted; it stays in the account's cloud storage
    #[arg(long)]
    allow_upload: bool,
    /// How long to listen to the printers
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = watch::seconds)]
    listen: Duration,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
    /// Write a JUnit file, for build servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    if args.list {
        return list();
    }
    let config = Config::load(args.test_config.as_deref())?;
    let plan = Plan::new(&args.only, &config.test_modes)?;
    let mut settings = Settings::load(flags)?;
    if flags.token.is_none() {
        take_token(&config, &mut settings);
    }
    let cloud = account::cloud(&settings)?;
    let mut records = Records::new(plan, args.json);
    let mut subject = Subject::new(cloud, &settings, &config, args.printer.clone());
    let stop = shutdown::token();
    tokio::select! {
        result = checks(&args, &mut subject, &mut records) => result?,
        () = stop.cancelled() => return Err(Failure::say(Kind::Failed, "interrupted")),
    }
    subject.close().await;
    let junit = args.junit.as_deref();
    records.finish(|records, took| match junit {
        Some(path) => write(path, &junit::document(records, took)),
        None => Ok(()),
    })
}

/// The file's token is that of this call; a saved session's user id may belong to another one.
fn take_token(config: &Config, settings: &mut Settings) {
    let Some(token) = config.token() else { return };
    let source = Source::Flag("--test-config");
    settings.token = Some(Setting { value: Token::new(token), source });
    settings.uid = settings.uid.take().filter(|uid| uid.source != Source::Session);
}

async fn checks(
    args: &Args,
    subject: &mut Subject<'_>,
    records: &mut Records,
) -> Result<(), Failure> {
    cloud::run(subject, records).await?;
    printers::run(subject, records, args.listen).await?;
    upload::run(subject, records, args.allow_upload).await?;
    storage::run(subject, records).await?;
    camera::run(subject, records).await
}

fn list() -> Result<(), Failure> {
    let mut table = Table::new(&["GROUP", "CHECK", "LOOKS AT"]);
    for check in CHECKS {
        table.row([check.group.into(), check.name.into(), check.what.into()]);
    }
    let mut out = output::stdout();
    table.write(&mut out, output::colour())?;
    Ok(out.flush()?)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(Kind::Failed, error)
            .about(format!("cannot write {}", path.display()))
            .next("choose another place with --junit")
    })
}
