//! `bambu-camera` with the seeds' arguments; `called_as.rs` turns that name into this verb.

use std::{path::PathBuf, time::Duration};

use bambu_protocol::{Model, cloud::Device};
use bambulab::camera::{Camera, CameraKind};
use clap::ValueHint;

use super::{GLANCE, failure, one, save, unless};
use crate::{
    account,
    exit::{Failure, Kind},
    output::waiting::Waiting,
    settings::Settings,
    shutdown,
    targets::{ByHand, Which},
};

/// Look at a printer's camera, with the arguments of the seeds' tool
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address of the printer
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// Access code of the printer
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Model of the printer, where it does not tell
    #[arg(long)]
    model: Option<Model>,
    /// Which printer of the account, from 0
    #[arg(long, value_name = "INDEX")]
    device: Option<usize>,
    /// Save pictures into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    save: Option<PathBuf>,
    /// End after this many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_frames: Option<u64>,
    /// Has no meaning: no window is opened
    #[arg(long)]
    no_display: bool,
    /// Has no meaning: no Python library is needed
    #[arg(long)]
    use_pil: bool,
    /// Tell the address of an H.264 stream with the access code in it
    #[arg(long)]
    show_code: bool,
}

pub(super) async fn run(
    args: Args,
    by_hand: ByHand,
    within: Duration,
    settings: &Settings,
) -> Result<(), Failure> {
    let stop = shutdown::token();
    let waiting = Waiting::default();
    waiting.say("looking for the printer …");
    let work = async {
        let device = unless(&stop, device(&args, settings)).await?;
        let printers = device.iter().map(|device| device.serial.to_string()).collect();
        let code = device.as_ref().and_then(|it| it.access_code.as_ref());
        let code = code.map(|code| code.reveal().to_owned());
        let by_hand = ByHand {
            host: args.ip.or(by_hand.host),
            access_code: args.code.or(by_hand.access_code).or(code),
            ..by_hand
        };
        let which = Which { printers, by_hand, group: None };
        let mut target = unless(&stop, one(&which, settings)).await?;
        target.model = args.model.or(target.model);
        let options = settings.options()?;
        let kind =
            async { CameraKind::ask(&target, &options, GLANCE).await.map_err(|why| failure(&why)) };
        let kind = unless(&stop, kind).await?;
        let Some(dir) = args.save else {
            waiting.say("");
            return without_window(kind.url(&target), args.show_code);
        };
        let camera = Camera::open(target, kind, options);
        let args = save::Args { dir, max_frames: args.max_frames };
        let result = save::run(args, &camera, within, &stop, &waiting).await;
        camera.close().await;
        result
    };
    waiting.during(work).await
}

/// The printer of the account that is meant; `None` without a token or with an address alone.
async fn device(args: &Args, settings: &Settings) -> Result<Option<Device>, Failure> {
    if settings.token.is_none() || (args.ip.is_some() && args.device.is_none()) {
        return Ok(None);
    }
    let devices = account::cloud(settings)?.devices().await.map_err(account::failure)?.value;
    let count = devices.len();
    let index = match args.device {
        None if count > 1 => {
            return Err(Failure::say(Kind::Usage, format!("the account has {count} printers"))
                .next("say which one: --device INDEX, from 0"));
        }
        index => index.unwrap_or(0),
    };
    devices.into_iter().nth(index).map(Some).ok_or_else(|| {
        Failure::say(
            Kind::Usage,
            format!("the account has {count} printers, none with index {index}"),
        )
        .next("say which one: --device INDEX, from 0")
    })
}

/// The seeds' tool opens a window for pictures, and tells the address of a stream.
fn without_window(
    url: Option<bambulab::camera::StreamUrl>,
    show_code: bool,
) -> Result<(), Failure> {
    let Some(url) = url else {
        return Err(Failure::say(Kind::Usage, "no window is opened here")
            .next("save the pictures with --save DIR, or take one: bambu camera snapshot FILE"));
    };
    println!("RTSP Stream URL:");
    if show_code {
        println!("{}", url.reveal());
    } else {
        println!("{url}");
        eprintln!("note: the access code is hidden; a player needs it: --show-code");
    }
    eprintln!("note: a player: ffplay -rtsp_transport tcp URL; or save it: --save DIR");
    Ok(())
}
