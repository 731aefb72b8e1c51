//! `bambu camera timelapse`: one picture for each layer, into a film or a folder.
//!
//! The film is in `timelapse/avi.rs`. The camera is looked at for each picture alone, so that
//! others have it between layers.

mod avi;

use std::{path::PathBuf, time::Duration};

use bambu_protocol::{event::Event, status::PrinterState};
use bambulab::{Printer, camera::Camera};
use clap::ValueHint;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::avi::Avi;
use crate::{
    exit::{Failure, Kind},
    output::waiting::Waiting,
    settings::Settings,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A film (Motion JPEG) if it ends in .avi, else a folder for layer_00001.jpg and so on
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    file: PathBuf,
    /// Pictures per second of the film
    #[arg(long, value_name = "N", default_value = "25", value_parser = clap::value_parser!(u32).range(1..=120))]
    fps: u32,
}

/// Where pictures go.
enum Into {
    Film(Box<Avi>),
    Folder(PathBuf),
}

pub(super) async fn run(
    args: Args,
    camera: &Camera,
    settings: &Settings,
    within: Duration,
    stop: &CancellationToken,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let mut into = Into::open(args).await?;
    let printer = Printer::connect(camera.target().clone(), settings.options()?);
    let mut count = 0;
    let result = tokio::select! {
        () = stop.cancelled() => Ok(()),
        result = follow(&printer, camera, within, waiting, &mut into, &mut count) => result,
    };
    printer.close().await;
    waiting.say("");
    let closed = into.close().await;
    eprintln!("saved {count} pictures");
    result.and(closed)
}

/// One picture per layer until the print ends.
async fn follow(
    printer: &Printer,
    camera: &Camera,
    within: Duration,
    waiting: &Waiting,
    into: &mut Into,
    count: &mut u64,
) -> Result<(), Failure> {
    let ready = timeout(within, printer.ready()).await;
    let silent = || {
        Failure::say(Kind::Unreachable, "the printer told no status in time")
            .next("check that it is switched on, or wait longer with --timeout")
    };
    let status = ready.map_err(|_| silent())?;
    let status = status.map_err(|why| Failure::advised(Kind::Unreachable, &why))?;
    let mut events = printer.events();
    if !matches!(status.state, PrinterState::Running | PrinterState::Paused) {
        waiting.say("waiting for a print to start …");
    }
    while let Some(event) = events.next().await {
        match event {
            Event::PrintLayer { layer, .. } => {
                // A picture that does not come leaves a gap; the print goes on.
                match camera.picture(within).await {
                    Ok(picture) => {
                        into.put(layer, &picture).await?;
                        *count += 1;
                        waiting.say(format!("layer {layer}, {count} pictures …"));
                    }
                    Err(why) if *count == 0 && why.is_fatal() => return Err(super::failure(&why)),
                    Err(why) => eprintln!("note: no picture of layer {layer}: {why}"),
                }
            }
            Event::PrintCompleted { .. }
            | Event::PrintFailed { .. }
            | Event::PrintCancelled { .. } => break,
            _ => {}
        }
    }
    Ok(())
}

impl Into {
    async fn open(Args { file, fps }: Args) -> Result<Self, Failure> {
        if file.extension().is_some_and(|it| it.eq_ignore_ascii_case("avi")) {
            return Ok(Self::Film(Box::new(Avi::create(file, fps).await?)));
        }
        let made = tokio::fs::create_dir_all(&file).await;
        made.map_err(|error| super::unwritable(&file, error))?;
        Ok(Self::Folder(file))
    }

    async fn put(&mut self, layer: u32, picture: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Film(film) => film.put(picture).await,
            Self::Folder(dir) => {
                super::write(&dir.join(format!("layer_{layer:05}.jpg")), picture).await
            }
        }
    }

    async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Film(film) => film.close().await,
            Self::Folder(_) => Ok(()),
        }
    }
}
