//! A picture of a printer's camera, under the names of the seeds and under ours.
//!
//! `cargo run -p bambulab --example camera -- ADDRESS ACCESS_CODE MODEL [FILE]`
//!
//! The seeds know no serial number, so the printer is asked for it (port 3000). `BAMBU_SERIAL` and
//! `BAMBU_CAMERA_PORT` spare that, `BAMBU_CA_FILE` names whom to trust.

use std::{env, error::Error, time::Duration};

use bambulab::{
    LanTarget, Options, Roots,
    camera::{Camera, CameraKind, JPEGFrameStream, VideoStream, video_stream},
    protocol::{AccessCode, Model, Serial},
};

/// How long a picture may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, code, model, more @ ..] = arguments.as_slice() else {
        return Err("usage: camera ADDRESS ACCESS_CODE MODEL [FILE]".into());
    };
    let file = more.first().map_or("camera.jpg", String::as_str);
    let (code, known) = (AccessCode::new(code), target(address, code, model)?);

    println!("{}", seeds(address, code, model, file, known.clone()).await?);
    if let Some((target, options)) = known {
        let kind = CameraKind::of(target.model, None)?;
        println!("{} pictures", pictures(target, kind, options, file).await?);
    }
    Ok(())
}

/// `get_video_stream(ip, code, model)`: `with JPEGFrameStream(ip, code) as stream`, or
/// `RTSPStream(ip, code).get_stream_url()`. What it shows or tells.
pub(crate) async fn seeds(
    address: &str,
    code: AccessCode,
    model: &str,
    file: &str,
    known: Option<(LanTarget, Options)>,
) -> Result<String, Box<dyn Error>> {
    let told = match video_stream(address, code, model)? {
        VideoStream::Jpeg(by_address) => {
            let mut stream = match known {
                Some((target, options)) => JPEGFrameStream::of(target, options),
                None => by_address,
            };
            stream.connect().await?;
            let frame = stream.frame().await;
            stream.disconnect().await;
            let frame = frame?;
            std::fs::write(file, &frame)?;
            format!("{file}: {} bytes", frame.len())
        }
        VideoStream::Rtsp(stream) => stream.stream_url().to_string(),
    };
    println!("{told}");
    Ok(told)
}

/// As it is here: both kinds, any number of viewers, one connection. How many pictures were seen.
pub(crate) async fn pictures(
    target: LanTarget,
    kind: CameraKind,
    options: Options,
    file: &str,
) -> Result<u32, Box<dyn Error>> {
    let camera = Camera::open(target, kind, options);
    let mut view = camera.view();
    let mut seen = 0;
    for _ in 0..3 {
        let frame = camera.next(&mut view, PATIENCE).await?;
        println!("frame {}: {} bytes, key: {}", frame.number, frame.data.len(), frame.is_key);
        seen += 1;
    }
    match camera.picture(PATIENCE).await {
        Ok(picture) => std::fs::write(file, picture)?,
        Err(why) => println!("{why}"),
    }
    camera.close().await;
    Ok(seen)
}

/// The printer, where the environment tells its serial number.
fn target(
    address: &str,
    code: &str,
    model: &str,
) -> Result<Option<(LanTarget, Options)>, Box<dyn Error>> {
    let Ok(serial) = env::var("BAMBU_SERIAL") else { return Ok(None) };
    let mut target = LanTarget::new(Serial::new(&serial)?, address, AccessCode::new(code));
    target.model = Model::from_name(model);
    if let Ok(port) = env::var("BAMBU_CAMERA_PORT") {
        target.camera_port = Some(port.parse()?);
    }
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    Ok(Some((target, Options { roots, ..Options::default() })))
}
