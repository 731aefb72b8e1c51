//! One file to the storage of one printer or many.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use bambu_protocol::ftp::upload_name;
use bambulab::{
    LanTarget,
    fleet_upload::{FleetProgress, FleetUpload, Places},
    ftps::{Existing, FtpsError, Stored},
};
use serde::Serialize;

use super::{choose, failure, no_address};
use crate::{
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, bars::Bars, human},
    settings::Settings,
    shutdown,
    targets::{ByHand, Target, Which},
};

#[derive(clap::Args)]
#[command(override_usage = "bambu files put [OPTIONS] <PRINTER> <FILE> [PATH]\n       \
    bambu files put [OPTIONS] <FILE> [PATH] --printer <PRINTER>...")]
pub(super) struct Args {
    /// The printer, unless it is named by an option, the file, and where to: a path, or a folder
    /// that ends in a slash [default: the root]
    #[arg(value_name = "WORDS", required = true, num_args = 1..=3)]
    words: Vec<String>,
    /// A printer by name, serial number or the unique beginning of one; can be repeated
    #[arg(long = "printer", value_name = "PRINTER")]
    printers: Vec<String>,
    /// All printers of this group of the config file
    #[arg(long, conflicts_with = "printers")]
    group: Option<String>,
    /// All known printers
    #[arg(long, conflicts_with_all = ["printers", "group"])]
    all: bool,
    /// Leave a file of the same name and size alone: it counts as stored
    #[arg(long)]
    keep: bool,
    /// Leave any file of the same name alone, and fail there
    #[arg(long, conflicts_with = "keep")]
    no_replace: bool,
    /// Transfers at a time
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    at_a_time: u16,
    #[command(flatten)]
    by_hand: ByHand,
    /// Print JSON, a line for each printer
    #[arg(long)]
    json: bool,
}

/// What became of it at one printer.
#[derive(Debug, Serialize)]
struct Ended {
    serial: String,
    name: String,
    /// `stored`, `kept` or `failed`.
    outcome: &'static str,
    path: Option<String>,
    size: Option<u64>,
    md5: Option<String>,
    code: Option<&'static str>,
    reason: Option<String>,
    next: Option<String>,
    #[serde(skip)]
    kind: Option<Kind>,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), Failure> {
    let (which, file, to) = read(&args)?;
    let path = path_of(&file, to.as_deref());
    if !file.is_file() {
        let text = format!("there is no file {}", file.display());
        return Err(Failure::say(Kind::Usage, text).next(
            "check the path; without --printer the printer comes first: bambu files put PRINTER FILE",
        ));
    }
    let options = settings.options()?;
    let stop = shutdown::token();
    let targets = tokio::select! {
        targets = choose(&which, settings) => targets?,
        () = stop.cancelled() => return Err(Failure::say(Kind::Failed, "interrupted")),
    };
    let bars = Bars::new(!args.json, targets.iter().map(Target::shown));
    let mut ends = Vec::new();
    let mut near: Vec<(Ended, LanTarget)> = Vec::new();
    for target in &targets {
        let ended = Ended::of(target);
        match target.on_lan() {
            Ok(Some(on_lan)) => near.push((ended, on_lan)),
            Ok(None) => ends.push(ended.failed(&no_address(target), "unreachable")),
            Err(failure) => ends.push(ended.failed(&failure, "wrong_credentials")),
        }
    }
    let existing = match (args.keep, args.no_replace) {
        (true, _) => Existing::KeepSameSize,
        (_, true) => Existing::Refuse,
        _ => Existing::Replace,
    };
    let upload = FleetUpload::new(&file)
        .to(path)
        .places(Places::new(args.at_a_time.into()))
        .existing(existing)
        .cancel(stop);
    let lines: Vec<_> = near.iter().map(|(ended, _)| bars.add(&ended.name)).collect();
    let (mut waiting, near): (Vec<_>, Vec<_>) =
        near.into_iter().map(|(ended, on_lan)| (Some(ended), on_lan)).unzip();
    let mut uploads = upload.run(near, &options);
    let mut out = output::stdout();
    if args.json {
        ends.iter().try_for_each(|ended| ended.write_json(&mut out))?;
    }
    while let Some(event) = uploads.next().await {
        let Some(line) = lines.get(event.index) else { continue };
        match event.what {
            FleetProgress::Connected => line.say("uploading …"),
            FleetProgress::Sent { bytes, of } => line.sent(bytes, of),
            FleetProgress::Done(result) => {
                line.end();
                let Some(ended) = waiting.get_mut(event.index).and_then(Option::take) else {
                    continue;
                };
                let ended = ended.ended(result);
                if args.json {
                    ended.write_json(&mut out)?;
                    out.flush()?;
                }
                ends.push(ended);
            }
        }
    }
    ends.sort_by_cached_key(|ended| (human::sort_key(&ended.name), ended.serial.clone()));
    if !args.json {
        write(&ends, &mut out)?;
        out.flush()?;
    }
    verdict(ends)
}

/// Who, what, and where to.
fn read(args: &Args) -> Result<(Which, PathBuf, Option<String>), Failure> {
    let named = args.all || args.group.is_some() || !args.printers.is_empty();
    let usage = |text: &str| {
        Failure::say(Kind::Usage, text.to_owned())
            .next("bambu files put PRINTER FILE [PATH], or FILE [PATH] with --printer or --all")
    };
    let mut words = args.words.iter().cloned();
    let mut printers = args.printers.clone();
    if !named {
        printers.extend(words.next());
    }
    let file = words.next().ok_or_else(|| usage("a printer and a file are needed"))?;
    let to = words.next();
    if words.next().is_some() {
        return Err(usage("there is a word too many"));
    }
    let which = Which { printers, group: args.group.clone(), by_hand: args.by_hand.clone() };
    Ok((which, file.into(), to))
}

/// A path on the printer; the file's own name in a folder.
fn path_of(file: &Path, to: Option<&str>) -> String {
    let name = upload_name(&file.file_name().unwrap_or_default().to_string_lossy());
    match to {
        None => format!("/{name}"),
        Some(folder) if folder.ends_with('/') => format!("{folder}{name}"),
        Some(path) => path.to_owned(),
    }
}

impl Ended {
    fn of(target: &Target) -> Self {
        Self {
            serial: target.serial.to_string(),
            name: target.shown().to_owned(),
            outcome: "failed",
            path: None,
            size: None,
            md5: None,
            code: None,
            reason: None,
            next: None,
            kind: Some(Kind::Failed),
        }
    }

    fn failed(self, failure: &Failure, code: &'static str) -> Self {
        let (reason, next) = (failure.to_string(), failure.next_step().map(str::to_owned));
        Self { reason: Some(reason), next, code: Some(code), kind: Some(failure.kind()), ..self }
    }

    fn ended(self, result: Result<Stored, FtpsError>) -> Self {
        match result {
            Ok(stored) => Self {
                outcome: if stored.kept { "kept" } else { "stored" },
                path: Some(stored.path),
                size: Some(stored.size),
                md5: (!stored.kept).then_some(stored.md5),
                kind: None,
                ..self
            },
            Err(error) => {
                let word = error.word();
                self.failed(&failure(&error), word)
            }
        }
    }

    fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    fn what(&self) -> String {
        match (&self.path, self.size) {
            (Some(path), Some(size)) => format!("{path}, {}", human::bytes(size)),
            _ => self.reason.clone().unwrap_or_default(),
        }
    }
}

fn write(ends: &[Ended], out: &mut impl Write) -> io::Result<()> {
    if let [one] = ends {
        return match one.kind {
            None => writeln!(out, "ok: {}: {}", one.outcome, human::printable(&one.what())),
            Some(_) => Ok(()),
        };
    }
    let mut table = Table::new(&["PRINTER", "RESULT", "WHAT"]);
    for one in ends {
        let paint = if one.kind.is_none() { Paint::Green } else { Paint::Red };
        let what = one.what();
        table.row([
            Cell::painted(&one.name, Paint::Bold),
            Cell::painted(one.outcome, paint),
            what.as_str().into(),
        ]);
    }
    table.write(out, output::colour())
}

fn verdict(ends: Vec<Ended>) -> Result<(), Failure> {
    let all = ends.len();
    let mut failed: Vec<Ended> = ends.into_iter().filter(|it| it.kind.is_some()).collect();
    failed.sort_by_key(|ended| ended.kind);
    let count = failed.len();
    let Some(worst) = failed.into_iter().next() else { return Ok(()) };
    let kind = worst.kind.unwrap_or(Kind::Failed);
    let name = worst.name;
    let (failure, next) = match all {
        1 => {
            let reason = worst.reason.unwrap_or_default();
            (Failure::say(kind, format!("{name}: {reason}")), worst.next)
        }
        _ => {
            let text = format!("{count} of {all} printers do not have it");
            (Failure::say(kind, text), worst.next.map(|next| format!("{name}: {next}")))
        }
    };
    Err(match next {
        Some(next) => failure.next(next),
        None => failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_the_files_own_name() {
        let file = Path::new("out/cube.gcode.3mf");
        assert_eq!(path_of(file, None), "/cube.gcode.3mf");
        assert_eq!(path_of(file, Some("/cache/")), "/cache/cube.gcode.3mf");
        assert_eq!(path_of(file, Some("/other.3mf")), "/other.3mf");
    }
}
