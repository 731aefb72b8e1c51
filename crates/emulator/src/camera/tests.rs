use std::net::SocketAddr;

use bambu_protocol::{AccessCode, Model};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::*;
use crate::simulator::{Printer, PrinterSpec, invented_serial};

const CODE: &str = "12345678";

/// A P1S with its camera, in the clear.
struct World {
    address: SocketAddr,
    faults: Faults,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    async fn start() -> Self {
        let serial = invented_serial(Model::P1S, 1).unwrap();
        let code = AccessCode::new(CODE);
        let printer = Printer::new(PrinterSpec::new(serial, Model::P1S, code));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let faults = Machine::faults(&*printer);
        tokio::spawn(run(listener, None, printer, shutdown.clone()));
        Self { address, faults, _stop: shutdown.drop_guard() }
    }

    async fn viewer(&self, code: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&login(code)).await.unwrap();
        stream
    }
}

fn login(code: &str) -> Vec<u8> {
    let mut login = vec![0x40, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    login.extend_from_slice(b"bblp");
    login.resize(48, 0);
    login.extend_from_slice(code.as_bytes());
    login.resize(80, 0);
    login
}

async fn picture(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[4..], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let size = u32::from_le_bytes(head[..4].try_into().unwrap());
    let mut jpeg = vec![0; size as usize];
    stream.read_exact(&mut jpeg).await.unwrap();
    jpeg
}

async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    all
}

#[tokio::test]
async fn a_viewer_with_the_code_gets_one_picture_after_the_other() {
    let world = World::start().await;
    let mut viewer = world.viewer(CODE).await;
    let (first, second) = (picture(&mut viewer).await, picture(&mut viewer).await);
    assert!(first.starts_with(&[0xFF, 0xD8]) && first.ends_with(&[0xFF, 0xD9]));
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_wrong_login_is_answered_with_no_byte() {
    let world = World::start().await;
    assert_eq!(rest(&mut world.viewer("87654321").await).await, b"");
    assert_eq!(rest(&mut world.viewer("").await).await, b"");
    assert_eq!(rest(&mut world.viewer("123456789012345678901234567890123").await).await, b"");
    let mut stranger = TcpStream::connect(world.address).await.unwrap();
    stranger.write_all(&[b'x'; 80]).await.unwrap();
    assert_eq!(rest(&mut stranger).await, b"");
    world.faults.set(Fault::WrongCode, 1.0);
    assert_eq!(rest(&mut world.viewer(CODE).await).await, b"");
}

#[tokio::test]
async fn a_second_viewer_starves_until_the_first_has_gone() {
    let world = World::start().await;
    let mut first = world.viewer(CODE).await;
    picture(&mut first).await;
    let mut second = world.viewer(CODE).await;
    let early = timeout(Duration::from_millis(300), second.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    drop(first);
    picture(&mut second).await;
}

#[tokio::test]
async fn one_who_gave_up_waiting_leaves_its_turn_to_the_next() {
    let world = World::start().await;
    let mut first = world.viewer(CODE).await;
    picture(&mut first).await;
    drop(world.viewer(CODE).await);
    let mut third = world.viewer(CODE).await;
    drop(first);
    picture(&mut third).await;
}

#[tokio::test]
async fn a_camera_that_is_off_or_frozen_stays_connected_and_shows_nothing() {
    for fault in [Fault::CameraOff, Fault::CameraFreeze] {
        let world = World::start().await;
        world.faults.set(fault, 1.0);
        let mut viewer = world.viewer(CODE).await;
        let early = timeout(Duration::from_millis(300), viewer.read_u8()).await;
        assert!(early.is_err(), "{early:?}");
        world.faults.clear(fault);
        picture(&mut viewer).await;
    }
}

#[tokio::test]
async fn faults_cut_pictures_spoil_them_or_let_them_drip() {
    let world = World::start().await;
    world.faults.set(Fault::CameraCut, 1.0);
    let half = rest(&mut world.viewer(CODE).await).await;
    let size = u32::from_le_bytes(half[..4].try_into().unwrap()) as usize;
    assert!(half.len() > 1000 && half.len() < size, "{} of {size}", half.len());
    world.faults.clear_all();

    world.faults.set(Fault::CameraRubbish, 1.0);
    let mut viewer = world.viewer(CODE).await;
    assert_eq!(picture(&mut viewer).await, b"no picture");
    assert_eq!(viewer.read_u32().await.unwrap(), 0xEEEE_EEEE);
    drop(viewer);
    world.faults.clear_all();

    world.faults.set(Fault::CameraDrip, 1.0);
    let mut viewer = world.viewer(CODE).await;
    let begun = Instant::now();
    picture(&mut viewer).await;
    assert!(begun.elapsed() > Duration::from_millis(500), "{:?}", begun.elapsed());
}
