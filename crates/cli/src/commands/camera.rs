//! `bambu camera`: pictures of a printer, over the local network.
//!
//! A verb is a file in `camera/`; what they share, whom to look at and what failures mean, is here.

mod save;
mod seeds;
mod serve;
mod timelapse;

use std::{path::PathBuf, time::Duration};

use bambulab::{
    LanTarget, Options,
    camera::{Camera, CameraError, CameraKind},
};
use clap::{Subcommand, ValueHint};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Failure, Kind},
    output::waiting::Waiting,
    settings::{Flags, Settings},
    shutdown,
    targets::{self, ByHand, Which},
    watch::seconds,
};

/// How long a printer may take to tell which camera it has; then its model decides.
pub(crate) const GLANCE: Duration = Duration::from_secs(4);

/// Look at a printer's camera, over the local network
///
/// The printer is named first; where only one is known it need not be. A1 and P1 send JPEG pictures
/// (port 6000), all others H.264 (RTSPS, port 322; "LAN Mode Liveview" must be on). A camera has one
/// viewer at a time: what looks at it elsewhere keeps it from us, and we from that.
#[derive(clap::Args)]
#[command(subcommand_precedence_over_arg = true)]
#[command(override_usage = "bambu camera [OPTIONS] [PRINTER] <COMMAND>")]
#[command(after_help = "Examples:\n  \
    bambu camera \"P1S 1\" snapshot now.jpg\n  \
    bambu camera snapshot - > now.jpg\n  \
    bambu camera workshop save pictures --max-frames 100\n  \
    bambu camera workshop timelapse cube.avi\n  \
    bambu camera workshop url --show-code\n  \
    bambu camera workshop serve --listen 127.0.0.1:8081")]
pub(crate) struct Args {
    /// Name, serial number or the unique beginning of one
    #[arg(value_name = "PRINTER")]
    printer: Option<String>,
    #[command(flatten)]
    by_hand: ByHand,
    /// How long the first picture may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "20")]
    timeout: Duration,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Save one picture as JPEG
    Snapshot {
        /// Where to; `-` is standard output
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Save pictures until Ctrl-C, numbered on from those that are there
    ///
    /// A JPEG camera gives frame_000001.jpg and so on. H.264 goes into camera.h264 as it comes, and
    /// each of its key frames into a numbered JPEG beside it.
    Save(save::Args),
    /// Tell the address for a player; H.264 cameras have one
    Url {
        /// With the access code in it, as a player needs it
        #[arg(long)]
        show_code: bool,
        /// As JSON: kind and url
        #[arg(long)]
        json: bool,
    },
    /// Save one picture for each layer of the print, until it ends
    Timelapse(timelapse::Args),
    /// Show it in browsers, to any number of viewers, until Ctrl-C
    ///
    /// A page that plays it, MJPEG at /stream, still pictures at /snapshot.jpg. Without a printer, all of
    /// the config file that have an address are shown.
    Serve(serve::Args),
    #[command(hide = true)]
    AsTheSeeds(seeds::Args),
}

impl Args {
    /// Whether it serves many, which takes all cores.
    pub(crate) fn serves(&self) -> bool {
        matches!(self.verb, Verb::Serve(_))
    }
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let Args { printer, by_hand, timeout, verb } = args;
    let verb = match verb {
        Verb::AsTheSeeds(seeds) => return seeds::run(seeds, by_hand, timeout, &settings).await,
        Verb::Serve(serve) => {
            let which = Which { printers: printer.into_iter().collect(), by_hand, group: None };
            return serve::run(serve, which, &settings).await;
        }
        verb => verb,
    };
    let stop = shutdown::token();
    let waiting = Waiting::default();
    waiting.say("looking for the printer …");
    let work = async {
        let which = Which { printers: printer.into_iter().collect(), by_hand, group: None };
        let target = unless(&stop, one(&which, &settings)).await?;
        let options = settings.options()?;
        waiting.say("asking for its camera …");
        if let Verb::Url { show_code, json } = verb {
            return unless(&stop, url(&target, &options, show_code, json)).await;
        }
        let camera = unless(&stop, open(target, options)).await?;
        waiting.say("waiting for a picture …");
        let result = match verb {
            Verb::Snapshot { file } => {
                unless(&stop, snapshot(&camera, &file, timeout, &waiting)).await
            }
            Verb::Save(args) => save::run(args, &camera, timeout, &stop, &waiting).await,
            Verb::Timelapse(args) => {
                timelapse::run(args, &camera, &settings, timeout, &stop, &waiting).await
            }
            Verb::Url { .. } | Verb::AsTheSeeds(_) | Verb::Serve(_) => Ok(()),
        };
        // A printer keeps its one place for a viewer that left without a word.
        camera.close().await;
        result
    };
    waiting.during(work).await
}

/// What is done, if nobody ends it before.
async fn unless<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        () = stop.cancelled() => Err(Failure::say(Kind::Failed, "interrupted")),
        result = work => result,
    }
}

/// The one printer that is meant, on the local network.
async fn one(which: &Which, settings: &Settings) -> Result<LanTarget, Failure> {
    let targets = targets::choose(which, settings).await?;
    let [target] = targets.as_slice() else {
        let known = targets::names(targets.iter());
        return Err(Failure::say(Kind::Usage, "there are several printers")
            .next(format!("name one in front of the command; known are: {known}")));
    };
    let (shown, model) = (target.shown().to_owned(), target.model());
    let mut chosen = std::slice::from_ref(target).to_vec();
    if !target.has_address() {
        chosen = targets::look_for(chosen, targets::LISTEN, settings).await?.0;
    }
    let found = chosen.first().map(targets::Target::on_lan).transpose()?.flatten();
    let target = found.ok_or_else(|| {
        let text = format!("{shown} was not found on this network, and its camera is nowhere else");
        Failure::say(Kind::Unreachable, text).next("give its address with --host")
    })?;
    Ok(LanTarget { model, ..target })
}

/// Its camera, by what it reports, else by its model. Nothing is dialled yet.
async fn open(target: LanTarget, options: Options) -> Result<Camera, Failure> {
    let kind = CameraKind::ask(&target, &options, GLANCE).await.map_err(|why| failure(&why))?;
    Ok(Camera::open(target, kind, options))
}

async fn snapshot(
    camera: &Camera,
    file: &std::path::Path,
    within: Duration,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let picture = camera.picture(within).await.map_err(|why| failure(&why))?;
    waiting.say("");
    if file.as_os_str() == "-" {
        let mut out = tokio::io::stdout();
        out.write_all(&picture).await?;
        return Ok(out.flush().await?);
    }
    write(file, &picture).await?;
    eprintln!("saved {} ({} kB)", file.display(), picture.len().div_ceil(1000));
    Ok(())
}

/// Writes a whole file.
async fn write(file: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    tokio::fs::write(file, bytes).await.map_err(|error| unwritable(file, error))
}

fn unwritable(file: &std::path::Path, error: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, error).about(format!("cannot write {}", file.display()))
}

async fn url(
    target: &LanTarget,
    options: &Options,
    show_code: bool,
    json: bool,
) -> Result<(), Failure> {
    let kind = CameraKind::ask(target, options, GLANCE).await.map_err(|why| failure(&why))?;
    let Some(url) = kind.url(target) else {
        let text = format!("the camera of {} has no address that a player knows", target.serial);
        return Err(Failure::say(Kind::Refused, text)
            .next("it sends JPEG pictures over TLS: take snapshot, save or serve"));
    };
    let text = if show_code { url.reveal() } else { url.to_string() };
    match json {
        true => println!("{}", json!({"kind": kind.word(), "url": text})),
        false => println!("{text}"),
    }
    if !show_code {
        eprintln!("note: the access code is hidden; a player needs it: --show-code");
    }
    Ok(())
}

/// What a camera's error means to a user.
pub(crate) fn failure(error: &CameraError) -> Failure {
    let kind = match error {
        CameraError::WrongAccessCode => Kind::NotAuthenticated,
        CameraError::InUse
        | CameraError::CameraOff
        | CameraError::LiveviewOff
        | CameraError::Refused(_) => Kind::Refused,
        CameraError::UnknownKind | CameraError::NotThisKind(_) => Kind::Usage,
        CameraError::NoSnapshot | CameraError::Undecodable(_) | CameraError::Closed => Kind::Failed,
        _ => Kind::Unreachable,
    };
    Failure::advised(kind, error)
}
