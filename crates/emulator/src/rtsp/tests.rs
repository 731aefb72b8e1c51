use std::net::SocketAddr;

use bambu_protocol::{AccessCode, camera::RTSPS_PATH};
use md5::{Digest as _, Md5};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::simulator::{Printer, PrinterSpec, invented_serial};

const CODE: &str = "12345678";

/// An X1C with its video, in the clear.
struct World {
    address: SocketAddr,
    faults: Faults,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    async fn start() -> Self {
        let serial = invented_serial(Model::X1C, 1).unwrap();
        let code = AccessCode::new(CODE);
        let printer = Printer::new(PrinterSpec::new(serial, Model::X1C, code));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let faults = Machine::faults(&*printer);
        let habits = Habits::of(Model::X1C);
        tokio::spawn(run(listener, None, printer, habits, shutdown.clone()));
        Self { address, faults, _stop: shutdown.drop_guard() }
    }

    async fn viewer(&self) -> Viewer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        Viewer { stream, nonce: String::new(), code: CODE, count: 0 }
    }
}

struct Viewer {
    stream: TcpStream,
    nonce: String,
    code: &'static str,
    count: u32,
}

fn hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Viewer {
    /// Asks for something below the stream; the answer's status and whole text.
    async fn ask(&mut self, method: &str, below: &str, headers: &str) -> (u32, String) {
        let uri = format!("rtsp://printer{below}");
        let secret = hex(&format!("bblp:LIVE555 Streaming Media:{}", self.code));
        let response = hex(&format!("{secret}:{}:{}", self.nonce, hex(&format!("{method}:{uri}"))));
        self.count += 1;
        let text = format!(
            "{method} {uri} RTSP/1.0\r\nCSeq: {}\r\nAuthorization: Digest username=\"bblp\", \
             realm=\"LIVE555 Streaming Media\", nonce=\"{}\", uri=\"{uri}\", \
             response=\"{response}\"\r\n{headers}\r\n",
            self.count, self.nonce,
        );
        self.stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let byte = self.stream.read_u8().await.unwrap();
            if answer.is_empty() && byte == b'$' {
                self.packet_after_dollar().await;
                continue;
            }
            answer.push(byte);
        }
        let mut answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(&format!("CSeq: {}\r\n", self.count)), "{answer}");
        if let Some((_, rest)) = answer.split_once("Content-Length: ") {
            let length = rest.split("\r\n").next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.unwrap();
            answer.push_str(&String::from_utf8(body).unwrap());
        }
        if let Some((_, rest)) = answer.split_once("nonce=\"") {
            self.nonce = rest.split('"').next().unwrap().to_owned();
        }
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    async fn packet_after_dollar(&mut self) -> (u8, Vec<u8>) {
        let (channel, length) =
            (self.stream.read_u8().await.unwrap(), self.stream.read_u16().await.unwrap());
        let mut packet = vec![0; usize::from(length)];
        self.stream.read_exact(&mut packet).await.unwrap();
        (channel, packet)
    }

    async fn packet(&mut self) -> (u8, Vec<u8>) {
        assert_eq!(self.stream.read_u8().await.unwrap(), b'$');
        self.packet_after_dollar().await
    }

    /// Up to `PLAY`; gives the header with the session.
    async fn play(&mut self) -> String {
        assert_eq!(self.ask("DESCRIBE", RTSPS_PATH, "").await.0, 401);
        assert_eq!(self.ask("DESCRIBE", RTSPS_PATH, "").await.0, 200);
        let (status, answer) = self.set_up().await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains("interleaved=0-1"), "{answer}");
        let id = answer.split("Session: ").nth(1).unwrap().split(';').next().unwrap();
        let session = format!("Session: {id}\r\n");
        let (status, answer) = self.ask("PLAY", &format!("{RTSPS_PATH}/"), &session).await;
        assert!(status == 200 && answer.contains("RTP-Info: url="), "{answer}");
        session
    }

    async fn set_up(&mut self) -> (u32, String) {
        let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
        self.ask("SETUP", &format!("{RTSPS_PATH}/track1"), transport).await
    }
}

#[tokio::test]
async fn only_options_are_told_to_strangers() {
    let world = World::start().await;
    let mut viewer = world.viewer().await;
    viewer.code = "87654321";
    let (status, answer) = viewer.ask("OPTIONS", RTSPS_PATH, "").await;
    assert!(status == 200 && answer.contains("Public: OPTIONS, DESCRIBE"), "{answer}");
    for _ in 0..3 {
        let (status, answer) = viewer.ask("DESCRIBE", RTSPS_PATH, "").await;
        assert!(status == 401 && !answer.contains("qop"), "{answer}");
    }
    assert_eq!(viewer.set_up().await.0, 401);
    viewer.code = CODE;
    let (status, answer) = viewer.ask("DESCRIBE", RTSPS_PATH, "").await;
    assert_eq!(status, 200);
    assert!(answer.contains("profile-level-id=42C01F;sprop-parameter-sets=Z0LA"), "{answer}");
}

#[tokio::test]
async fn what_is_not_there_or_cannot_be_has_its_own_status() {
    let world = World::start().await;
    let mut viewer = world.viewer().await;
    viewer.ask("DESCRIBE", RTSPS_PATH, "").await;
    assert_eq!(viewer.ask("DESCRIBE", "/streaming/live/2", "").await.0, 404);
    let udp = "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n";
    let track = format!("{RTSPS_PATH}/track1");
    assert_eq!(viewer.ask("SETUP", &track, udp).await.0, 461);
    assert_eq!(viewer.ask("PLAY", RTSPS_PATH, "Session: 12345678\r\n").await.0, 454);
    assert_eq!(viewer.ask("RECORD", RTSPS_PATH, "").await.0, 405);
    assert_eq!(viewer.ask("GET_PARAMETER", RTSPS_PATH, "").await.0, 200);
}

#[tokio::test]
async fn a_key_picture_comes_first_with_its_parameter_sets_and_every_packet_counts() {
    let world = World::start().await;
    let mut viewer = world.viewer().await;
    let session = viewer.play().await;
    let (mut sequence, mut pictures, mut kinds) = (None, 0, Vec::new());
    let mut reports = 0;
    while pictures < 30 {
        let (channel, packet) = viewer.packet().await;
        if channel == 1 {
            assert_eq!(packet[1], 200);
            reports += 1;
            continue;
        }
        let number = u16::from_be_bytes(packet[2..4].try_into().unwrap());
        assert!(sequence.is_none_or(|last: u16| number == last.wrapping_add(1)));
        sequence = Some(number);
        pictures += u32::from(packet[1] >> 7);
        kinds.push(match packet[12] & 0x1F {
            28 => packet[13] & 0x1F,
            kind => kind,
        });
    }
    assert_eq!(reports, 1);
    assert_eq!(kinds[..2], [24, 5]);
    assert_eq!(kinds.iter().filter(|kind| **kind == 24).count(), 2);
    let (status, _) = viewer.ask("TEARDOWN", RTSPS_PATH, &session).await;
    assert_eq!(status, 200);
    assert_eq!(viewer.set_up().await.0, 200);
}

#[tokio::test]
async fn a_second_viewer_is_refused_until_the_first_has_gone() {
    let world = World::start().await;
    let (mut first, mut second) = (world.viewer().await, world.viewer().await);
    first.play().await;
    second.ask("DESCRIBE", RTSPS_PATH, "").await;
    assert_eq!(second.set_up().await.0, 453);
    drop(first);
    for _ in 0..200 {
        if second.set_up().await.0 == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place stayed taken");
}

#[tokio::test]
async fn without_live_view_the_port_is_closed_and_viewers_are_cut_off() {
    let world = World::start().await;
    let mut viewer = world.viewer().await;
    viewer.play().await;
    world.faults.set(Fault::LiveviewOff, 1.0);
    let mut sink = Vec::new();
    let _ = viewer.stream.read_to_end(&mut sink).await;
    for _ in 0..200 {
        if TcpStream::connect(world.address).await.is_err() {
            world.faults.clear(Fault::LiveviewOff);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for _ in 0..200 {
        if TcpStream::connect(world.address).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the port stayed closed");
}

#[tokio::test]
async fn nonsense_ends_the_connection() {
    let world = World::start().await;
    for nonsense in ["GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "x\r\n\r\n"] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        assert!(all.is_empty(), "{nonsense}");
    }
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let _ = stream.write_all(&[b'x'; 20_000]).await;
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    assert!(all.is_empty());
}
