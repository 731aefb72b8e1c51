//! `bambu camera save`: pictures into a folder, as they come.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bambulab::camera::{Camera, CameraError, Frame, View};
use clap::ValueHint;
use tokio::{fs::File, io::AsyncWriteExt as _, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Failure, Kind},
    output::waiting::Waiting,
};

/// Into it goes a film, as it comes (Annex B).
const FILM: &str = "camera.h264";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder; it is made if need be
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) dir: PathBuf,
    /// End after this many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_frames: Option<u64>,
}

pub(super) async fn run(
    args: Args,
    camera: &Camera,
    within: Duration,
    stop: &CancellationToken,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let mut folder = Folder::open(args.dir).await?;
    let mut view = camera.view();
    let limit = args.max_frames.unwrap_or(u64::MAX);
    let mut count = 0;
    let result = loop {
        if count >= limit {
            break Ok(());
        }
        let frame = tokio::select! {
            () = stop.cancelled() => break Ok(()),
            frame = next(camera, &mut view, (count == 0).then_some(within)) => frame,
        };
        match frame {
            Ok(frame) => {
                count += 1;
                if let Err(failure) = folder.put(&frame).await {
                    break Err(failure);
                }
                waiting.say(format!("{count} frames, Ctrl-C ends …"));
            }
            Err(failure) => break Err(failure),
        }
    };
    let result = result.and(folder.end_still().await);
    waiting.say("");
    let missed = match view.missed() {
        0 => String::new(),
        missed => format!(", {missed} missed: this machine was too slow"),
    };
    eprintln!("saved {count} frames in {}{missed}", folder.dir.display());
    result
}

/// The next frame. The first one has a limit; later ones may take as long as the camera needs to
/// come back.
async fn next(
    camera: &Camera,
    view: &mut View,
    within: Option<Duration>,
) -> Result<Arc<Frame>, Failure> {
    let frame = match within {
        Some(within) => camera.next(view, within).await,
        None => view.next().await.ok_or_else(|| view.error().unwrap_or(CameraError::Closed)),
    };
    frame.map_err(|why| super::failure(&why))
}

/// Where frames go.
struct Folder {
    dir: PathBuf,
    /// The number of the newest picture.
    newest: u64,
    film: Option<File>,
    /// A picture of the film that is being made, beside what comes.
    still: Option<JoinHandle<Result<(), Unsaved>>>,
    has_noted: bool,
}

/// Why a picture is not there.
enum Unsaved {
    NoPicture(CameraError),
    NotWritten(Failure),
}

impl Folder {
    async fn open(dir: PathBuf) -> Result<Self, Failure> {
        let newest = tokio::task::spawn_blocking({
            let dir = dir.clone();
            move || {
                std::fs::create_dir_all(&dir)?;
                let names = std::fs::read_dir(&dir)?.filter_map(Result::ok);
                Ok(names.filter_map(|file| number(&file.path())).max().unwrap_or(0))
            }
        });
        let newest = newest.await.map_err(|error| Failure::new(Kind::Failed, error))?;
        let newest = newest.map_err(|error: std::io::Error| super::unwritable(&dir, error))?;
        Ok(Self { dir, newest, film: None, still: None, has_noted: false })
    }

    async fn put(&mut self, frame: &Arc<Frame>) -> Result<(), Failure> {
        if let Some(part) = frame.annex_b() {
            let path = self.dir.join(FILM);
            let film = self.film(&path).await?;
            film.write_all(&part).await.map_err(|error| super::unwritable(&path, error))?;
            film.flush().await.map_err(|error| super::unwritable(&path, error))?;
            return if frame.is_key { self.begin_still(frame).await } else { Ok(()) };
        }
        let picture = frame.jpeg().await.map_err(|why| super::failure(&why))?;
        super::write(&self.next_path(), &picture).await
    }

    /// Makes a picture of a key frame, unless the one before is not done: decoding takes longer than
    /// a frame lasts, and the film has all of them.
    async fn begin_still(&mut self, frame: &Arc<Frame>) -> Result<(), Failure> {
        if self.still.as_ref().is_some_and(|still| !still.is_finished()) {
            return Ok(());
        }
        self.end_still().await?;
        let (frame, path) = (Arc::clone(frame), self.next_path());
        self.still = Some(tokio::spawn(async move {
            let picture = frame.jpeg().await.map_err(Unsaved::NoPicture)?;
            super::write(&path, &picture).await.map_err(Unsaved::NotWritten)
        }));
        Ok(())
    }

    /// Waits for the picture that is being made.
    async fn end_still(&mut self) -> Result<(), Failure> {
        let Some(still) = self.still.take() else { return Ok(()) };
        match still.await.map_err(|error| Failure::new(Kind::Failed, error))? {
            Ok(()) => Ok(()),
            Err(Unsaved::NotWritten(failure)) => Err(failure),
            Err(Unsaved::NoPicture(why)) => {
                if !std::mem::replace(&mut self.has_noted, true) {
                    eprintln!("note: no JPEG beside the film: {why}");
                }
                Ok(())
            }
        }
    }

    fn next_path(&mut self) -> PathBuf {
        self.newest += 1;
        self.dir.join(format!("frame_{:06}.jpg", self.newest))
    }

    async fn film(&mut self, path: &Path) -> Result<&mut File, Failure> {
        if self.film.is_none() {
            let file = File::options().create(true).append(true).open(path).await;
            self.film = Some(file.map_err(|error| super::unwritable(path, error))?);
        }
        self.film.as_mut().ok_or_else(|| Failure::told(Kind::Failed))
    }
}

/// The number in the name of a picture.
fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("frame_")?.strip_suffix(".jpg")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pictures_are_numbered_on_from_those_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["frame_000003.jpg", "frame_000012.jpg", "frame_x.jpg", "other_99.jpg"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let folder = Folder::open(dir.path().to_owned()).await.unwrap();
        assert_eq!(folder.newest, 12);
        let made = Folder::open(dir.path().join("new/one")).await.unwrap();
        assert_eq!(made.newest, 0);
    }
}
