//! The camera on port 322: RTSP inside TLS, and the H.264 in it.
//!
//! One connection is `rtsp/talk.rs`, what it plays `rtsp/playing.rs`; messages and packets are in
//! `bambu_protocol::rtsp`. The order of requests is the vendor's, and so are the reports every 2 s
//! and the `GET_PARAMETER` every 5 s, without which some printers stop after 10 s [L].

mod playing;
mod talk;

use std::{convert::Infallible, time::Duration};

use bambu_protocol::{
    camera::RTSPS_PATH,
    rtsp::{Headers, Interleaved, Message, Response, sdp},
};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::{
    CameraError,
    upstream::{Dial, Dialled, Proof, Sink},
};
use playing::{Channels, Playing};
use talk::Talk;

/// How often the printer is told what came. [L]
const REPORT_EVERY: Duration = Duration::from_secs(2);
/// How often the printer is told that somebody is there. [L]
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// A stream without packets for so long is dead. [L]
const SILENCE: Duration = Duration::from_secs(5);
/// A stream without a key frame for so long is none that can be shown. [G]
const KEY_FRAME: Duration = Duration::from_secs(60);

/// Looks until the printer ends it or nobody wants it any more.
pub(super) async fn run(dial: &Dial, sink: &mut Sink) -> Result<(), CameraError> {
    let left = sink.left();
    let Dialled { stream, proof } = tokio::select! {
        dialled = dial.connect() => dialled?,
        () = left.cancelled() => return Ok(()),
    };
    let mut talk = Talk::new(dial, stream);
    let end = tokio::select! {
        end = look(dial, &mut talk, proof, sink) => end.map(|never| match never {}),
        () = left.cancelled() => Ok(()),
    };
    talk.close().await;
    end
}

/// Ends with an error only.
async fn look(
    dial: &Dial,
    talk: &mut Talk,
    proof: Proof,
    sink: &mut Sink,
) -> Result<Infallible, CameraError> {
    let mut playing = open(dial, talk, proof, sink).await?;
    let end = play(dial, talk, &mut playing, sink).await;
    let losses = playing.losses();
    if losses.packets > 0 || losses.access_units > 0 {
        tracing::info!(
            printer = %dial.target.serial,
            packets = losses.packets,
            pictures = losses.access_units,
            "the camera's stream had gaps"
        );
    }
    end
}

/// From the first request to the answer to `PLAY`.
async fn open(
    dial: &Dial,
    talk: &mut Talk,
    proof: Proof,
    sink: &mut Sink,
) -> Result<Playing, CameraError> {
    let uri = format!("rtsps://{}{RTSPS_PATH}", dial.address());
    let none = Headers::default;
    let ignore = &mut |_: Interleaved| Ok(());
    good(talk.ask("OPTIONS", &uri, none(), ignore).await?)?;

    let mut headers = none();
    headers.push("Accept", "application/sdp");
    let described = good(talk.ask("DESCRIBE", &uri, headers, ignore).await?)?;
    let video = sdp::Video::parse(&described.body)
        .map_err(|bad| CameraError::NotThisKind(bad.to_string()))?;
    let told = ["Content-Base", "Content-Location"];
    let base = told.into_iter().find_map(|name| described.headers.value(name)).unwrap_or(&uri);

    let mut headers = none();
    headers.push("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1");
    let track = sdp::resolve(base, video.control.as_deref());
    let agreed = good(talk.ask("SETUP", &track, headers, ignore).await?)?;
    if talk.is_in() {
        proof.accepted().await?;
    }
    let session = agreed.headers.value("Session").unwrap_or_default();
    let session = session.split(';').next().unwrap_or_default().trim();
    let whole = sdp::resolve(base, video.session_control.as_deref());
    talk.begin(session, &whole);
    let channels = Channels::of(agreed.headers.value("Transport").unwrap_or_default())?;

    let mut playing = Playing::new(&video, channels);
    let mut headers = none();
    headers.push("Range", "npt=0.000-");
    let played = talk.ask("PLAY", &whole, headers, &mut |frame| playing.take(&frame, sink)).await?;
    good(played)?;
    Ok(playing)
}

async fn play(
    dial: &Dial,
    talk: &mut Talk,
    playing: &mut Playing,
    sink: &mut Sink,
) -> Result<Infallible, CameraError> {
    let silence = dial.options.timing.camera_silence.min(SILENCE);
    let (mut report, mut keep) = (interval(REPORT_EVERY), interval(KEEP_EVERY));
    report.set_missed_tick_behavior(MissedTickBehavior::Delay);
    keep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    keep.reset();
    loop {
        while let Some(message) = talk.message()? {
            match message {
                Message::Interleaved(frame) => playing.take(&frame, sink)?,
                Message::Response(response) => talk.kept(&response)?,
                Message::Request(request) => talk.refuse(&request)?,
            }
        }
        tokio::select! {
            read = talk.read() => read?,
            _ = report.tick() => talk.queue(&playing.report()),
            _ = keep.tick() => talk.keep(),
            () = sleep_until(playing.heard() + silence) => return Err(playing.silent(silence)),
        }
        if !sink.has_begun() && playing.began().elapsed() > KEY_FRAME {
            let why = format!("no key frame within {} s", KEY_FRAME.as_secs());
            return Err(CameraError::Malformed(why));
        }
        talk.flush().await?;
    }
}

/// The answer, if it is a good one.
fn good(response: Response) -> Result<Response, CameraError> {
    match response.status {
        200..=299 => Ok(response),
        453 | 503 => Err(CameraError::InUse),
        status => Err(CameraError::Refused(format!("{status} {}", shown(&response.reason)))),
    }
}

/// Words of the printer, as far as they may be shown.
fn shown(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(60).collect()
}
