//! One RTSP connection: requests, and pictures between them while it plays.

use std::{
    future::pending,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use bambu_protocol::camera::RTSPS_PATH as PATH;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::OwnedSemaphorePermit,
    task::spawn_blocking,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    Server,
    digest::Challenge,
    message::{self, Answer, Request, Said},
    packets::{PAYLOAD_TYPE, Packets},
};
use crate::{
    camera,
    door::{PATIENCE, Stream},
    faults::{Fate, Fault},
    h264::{self, Coded, Writer},
    picture::Picture,
};

/// Longest silence of a viewer, as live555 is built; and with the fault.
const SILENCE: Duration = Duration::from_secs(65);
const SHORT_SILENCE: Duration = Duration::from_secs(10);
/// Time between two sender reports.
const REPORTS: Duration = Duration::from_secs(5);
/// What may be asked for.
const METHODS: &str = "OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER, SET_PARAMETER";
/// The one track of the stream.
const TRACK: &str = "track1";

/// A stream that was set up.
struct Viewing {
    id: String,
    packets: Packets,
    /// Where its time stamps begin.
    base: u32,
    playing: Option<Playing>,
    _place: OwnedSemaphorePermit,
}

/// A stream that runs.
struct Playing {
    ticks: Interval,
    began: Instant,
    reported: Option<Instant>,
    writer: Option<Writer>,
    count: u32,
}

struct Session {
    server: Arc<Server>,
    out: WriteHalf<Box<dyn Stream>>,
    challenge: Challenge,
    viewing: Option<Viewing>,
    freeze: Fate,
    heard: Instant,
}

/// One connection, from the first request to its end.
pub(super) async fn attend(server: Arc<Server>, stream: Box<dyn Stream>) {
    let (mut reader, out) = split(stream);
    let (challenge, heard) = (Challenge::new(), Instant::now());
    let (viewing, freeze) = (None, Fate::default());
    let mut session = Session { server, out, challenge, viewing, freeze, heard };
    session.converse(&mut reader).await;
    if session.viewing.take().is_some() {
        session.server.picture().rest();
    }
    let _ = timeout(PATIENCE, session.out.shutdown()).await;
}

/// What woke the session.
enum Next {
    Said(Option<Said>),
    Picture(Instant),
    Silence,
}

impl Session {
    async fn converse(&mut self, reader: &mut ReadHalf<Box<dyn Stream>>) -> Option<()> {
        let mut buffer = BytesMut::new();
        loop {
            let patience = match self.server.faults.is_on(Fault::ImpatientVideo) {
                true => SHORT_SILENCE,
                false => SILENCE,
            };
            let silence = sleep_until(self.heard + patience);
            let next = tokio::select! {
                biased;
                said = listen(reader, &mut buffer) => Next::Said(said),
                at = tick(self.viewing.as_mut()) => Next::Picture(at),
                () = silence => Next::Silence,
            };
            match next {
                Next::Said(None) => return None,
                Next::Said(Some(said)) => {
                    self.heard = Instant::now();
                    if let Said::Request(request) = said {
                        self.answer(&request).await?;
                    }
                }
                Next::Picture(at) => self.show(at).await?,
                Next::Silence => {
                    self.end().await;
                    return None;
                }
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.out.write_all(bytes).await.ok()?;
        self.out.flush().await.ok()
    }

    async fn answer(&mut self, request: &Request) -> Option<()> {
        let answer = self.judge(request).bytes(request.header("CSeq"));
        if request.method == "TEARDOWN" && self.is_of_session(request) {
            self.end().await;
        }
        self.send(&answer).await
    }

    /// What is answered to a request; what it asks for is done, but for the end.
    fn judge(&mut self, request: &Request) -> Answer {
        if request.header("CSeq").is_none() {
            return Answer::new("400 Bad Request");
        }
        match request.method.as_str() {
            "OPTIONS" => return Answer::new("200 OK").with("Public", METHODS),
            "DESCRIBE" | "SETUP" | "PLAY" => {
                let code = self.server.machine.access_code();
                let is_known = self.challenge.is_met(request, code.reveal());
                if !is_known || self.server.faults.strikes(Fault::WrongCode) {
                    self.challenge = Challenge::new();
                    let wanted = self.challenge.header();
                    return Answer::new("401 Unauthorized").with("WWW-Authenticate", wanted);
                }
            }
            "TEARDOWN" | "GET_PARAMETER" | "SET_PARAMETER" => {}
            _ => return Answer::new("405 Method Not Allowed").with("Allow", METHODS),
        }
        match request.method.as_str() {
            "DESCRIBE" if request.path() != PATH => not_found(),
            "DESCRIBE" => {
                let base = format!("{}/", request.uri.trim_end_matches('/'));
                Answer::new("200 OK").with("Content-Base", base).describing(self.description())
            }
            "SETUP" => self.set_up(request),
            // Without a session it asks for nothing in particular, as a sign of life.
            "GET_PARAMETER" if request.header("Session").is_none() => Answer::new("200 OK"),
            _ if !self.is_of_session(request) => Answer::new("454 Session Not Found"),
            "PLAY" => self.play(request),
            _ => self.of_session(Answer::new("200 OK")),
        }
    }

    fn is_of_session(&self, request: &Request) -> bool {
        let named = request.header("Session").and_then(|value| value.split(';').next());
        let id = self.viewing.as_ref().map(|viewing| viewing.id.as_str());
        named.is_some() && named.map(str::trim) == id
    }

    fn of_session(&self, answer: Answer) -> Answer {
        match &self.viewing {
            Some(viewing) => answer.with("Session", viewing.id.clone()),
            None => answer,
        }
    }

    fn set_up(&mut self, request: &Request) -> Answer {
        if request.path().strip_prefix(PATH) != Some(&format!("/{TRACK}")) {
            return not_found();
        }
        let transport = request.header("Transport").unwrap_or_default();
        let mut offers = transport.split(',').filter(|offer| offer.contains("RTP/AVP/TCP"));
        let Some(offer) = offers.next() else {
            return Answer::new("461 Unsupported Transport");
        };
        let channel = channel(offer).unwrap_or(0);
        if self.viewing.is_some() {
            return Answer::new("455 Method Not Valid in This State");
        }
        let Ok(place) = Arc::clone(&self.server.place).try_acquire_owned() else {
            return Answer::new("453 Not Enough Bandwidth");
        };
        let id = format!("{:08X}", rand::random::<u32>());
        let transport =
            format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel.wrapping_add(1));
        let session = format!("{id};timeout={}", SILENCE.as_secs());
        let (packets, base) = (Packets::new(channel), rand::random());
        self.viewing = Some(Viewing { id, packets, base, playing: None, _place: place });
        Answer::new("200 OK").with("Transport", transport).with("Session", session)
    }

    fn play(&mut self, request: &Request) -> Answer {
        let habits = self.server.habits;
        let Some(viewing) = self.viewing.as_mut() else {
            return Answer::new("454 Session Not Found");
        };
        let url = request.uri.trim_end_matches('/');
        let (first, base) = (viewing.packets.sequence(), viewing.base);
        let info = format!("url={url}/{TRACK};seq={first};rtptime={base}");
        if viewing.playing.is_none() {
            let mut ticks = interval(Duration::from_secs(1) / habits.per_second.max(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let writer = Some(Writer::new(habits.per_second * habits.key_seconds));
            let (began, reported) = (Instant::now(), None);
            viewing.playing = Some(Playing { ticks, began, reported, writer, count: 0 });
        }
        let answer = Answer::new("200 OK").with("Range", "npt=0.000-");
        self.of_session(answer).with("RTP-Info", info)
    }

    /// The stream in the words of SDP.
    fn description(&self) -> String {
        let habits = self.server.habits;
        let sets = self.server.parameter_sets().map(|unit| STANDARD.encode(unit)).join(",");
        let profile = h264::profile_and_level(habits.size.pixels());
        let since = Timestamp::now().as_microsecond();
        let lines = [
            "v=0".to_owned(),
            format!("o=- {since} 1 IN IP4 0.0.0.0"),
            "s=Session streamed by \"live555\"".to_owned(),
            format!("i={}", PATH.trim_start_matches('/')),
            "t=0 0".to_owned(),
            "a=tool:LIVE555 Streaming Media".to_owned(),
            "a=type:broadcast".to_owned(),
            "a=control:*".to_owned(),
            "a=range:npt=0-".to_owned(),
            format!("m=video 0 RTP/AVP {PAYLOAD_TYPE}"),
            "c=IN IP4 0.0.0.0".to_owned(),
            "b=AS:8000".to_owned(),
            format!("a=rtpmap:{PAYLOAD_TYPE} H264/90000"),
            format!(
                "a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile};\
                 sprop-parameter-sets={sets}"
            ),
            format!("a=control:{TRACK}"),
        ];
        lines.map(|line| line + "\r\n").concat()
    }

    /// The picture that is due, as a packet or many; what the faults make of it.
    async fn show(&mut self, at: Instant) -> Option<()> {
        let faults = self.server.faults.clone();
        let is_frozen = self.freeze.struck(&faults, Fault::CameraFreeze);
        if is_frozen || faults.is_on(Fault::CameraOff) {
            return Some(());
        }
        let server = Arc::clone(&self.server);
        let viewing = self.viewing.as_mut()?;
        let playing = viewing.playing.as_mut()?;
        let mut writer = playing.writer.take()?;
        let shot = spawn_blocking(move || (server.shoot(&mut writer), writer)).await;
        let (coded, writer) = shot.ok()?;
        playing.writer = Some(writer);
        let elapsed = match self.server.habits.stamps_alike {
            true => playing.count,
            false => (at.saturating_duration_since(playing.began).as_micros() * 9 / 100) as u32,
        };
        playing.count = playing.count.wrapping_add(1);
        let stamp = viewing.base.wrapping_add(elapsed);
        let sets = self.server.parameter_sets();
        let sets = if coded.is_key { &sets[..] } else { &[] };
        let mut bytes = viewing.packets.picture(sets, &coded.slice, stamp);
        if playing.reported.is_none_or(|reported| at.duration_since(reported) >= REPORTS) {
            playing.reported = Some(at);
            bytes.extend(viewing.packets.report(stamp, Timestamp::now()));
        }
        if faults.strikes(Fault::CameraRubbish) {
            // Neither a packet nor an answer.
            bytes = vec![0xEE; 160];
        }
        if faults.strikes(Fault::CameraCut) {
            self.send(bytes.get(..bytes.len() / 2).unwrap_or_default()).await?;
            return None;
        }
        if faults.is_on(Fault::CameraDrip) {
            return camera::drip(&mut self.out, &bytes).await;
        }
        self.send(&bytes).await
    }

    /// Says goodbye to a viewer, and lets the next one come.
    async fn end(&mut self) {
        if let Some(viewing) = self.viewing.take() {
            self.server.picture().rest();
            let goodbye = viewing.packets.goodbye();
            let _ = timeout(PATIENCE, self.send(&goodbye)).await;
        }
    }
}

impl Server {
    fn parameter_sets(&self) -> [Vec<u8>; 2] {
        let (pixels, per_second) = (self.habits.size.pixels(), self.habits.per_second);
        [h264::sequence_parameters(pixels, per_second), h264::picture_parameters()]
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next picture. Takes some milliseconds.
    fn shoot(&self, writer: &mut Writer) -> Coded {
        let scene = self.machine.scene();
        writer.write(self.picture().draw(scene, Timestamp::now()))
    }
}

fn not_found() -> Answer {
    Answer::new("404 File Not Found, Or In Incorrect Format")
}

/// The first channel of `interleaved=0-1`.
fn channel(offer: &str) -> Option<u8> {
    let wanted = offer.split(';').find_map(|part| part.trim().strip_prefix("interleaved="))?;
    wanted.split('-').next()?.parse().ok()
}

/// When the next picture is due; never while nothing plays.
async fn tick(viewing: Option<&mut Viewing>) -> Instant {
    match viewing.and_then(|viewing| viewing.playing.as_mut()) {
        Some(playing) => playing.ticks.tick().await,
        None => pending().await,
    }
}

/// The next thing that is said; `None` when the connection breaks or says nonsense. Nothing is
/// lost when the future is dropped.
async fn listen(reader: &mut ReadHalf<Box<dyn Stream>>, buffer: &mut BytesMut) -> Option<Said> {
    loop {
        if let Some(said) = message::next(buffer).ok()? {
            return Some(said);
        }
        if !matches!(reader.read_buf(buffer).await, Ok(1..)) {
            return None;
        }
    }
}
