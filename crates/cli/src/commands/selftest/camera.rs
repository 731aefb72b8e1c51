//! The cameras of the printers on the local network: a picture of each, one camera after the other.

use bambulab::camera::{Camera, CameraError, CameraKind};

use super::{
    record::{NotPassed, Records, skip},
    subject::{Subject, count},
};
use crate::{
    commands::camera::{GLANCE, failure},
    exit::Failure,
    targets,
};

pub(super) async fn run(subject: &Subject<'_>, records: &mut Records) -> Result<(), Failure> {
    records.check("video_stream", std::time::Duration::MAX, look(subject)).await
}

async fn look(subject: &Subject<'_>) -> Result<String, NotPassed> {
    let targets = targets::on_lan(subject.settings)?;
    if targets.is_empty() {
        return skip("no printer of the config file has an address and an access code");
    }
    let options = subject.settings.options()?;
    let (mut seen, mut off) = (Vec::new(), Vec::new());
    for target in targets {
        let name = target.name.clone().unwrap_or_else(|| target.serial.to_string());
        let pictured = async {
            let kind = CameraKind::ask(&target, &options, GLANCE).await?;
            let camera = Camera::open(target, kind, options.clone());
            let picture = camera.picture(subject.config.timeouts.video_frame()).await;
            // A printer keeps its one place for a viewer that left without a word.
            camera.close().await;
            picture
        };
        match pictured.await {
            Ok(picture) => seen.push(picture.len().div_ceil(1000)),
            // Somebody's wish, not a fault.
            Err(CameraError::CameraOff | CameraError::LiveviewOff) => {
                off.push(format!("{name} is switched off"));
            }
            Err(CameraError::NoSnapshot) => {
                off.push(format!("{name} has H.264, not in this build"))
            }
            Err(error) => return Err(failure(&error).about(name).into()),
        }
    }
    if seen.is_empty() {
        return skip(off.join(", "));
    }
    let sum: usize = seen.iter().sum();
    let seen = format!("{}, {sum} kB", count(seen.len(), "picture"));
    Ok(std::iter::once(seen).chain(off).collect::<Vec<_>>().join("; "))
}
