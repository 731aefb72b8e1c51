//! The video of X1, P2S, H2 and X2D, port 322: RTSP over TLS, as the live555 server in these
//! printers speaks it.
//!
//! `rtsp/session.rs` is one connection, `rtsp/message.rs` and `digest.rs` what it says,
//! `rtsp/packets.rs` how pictures travel. They are drawn in `picture.rs`, encoded in `h264.rs`.

mod digest;
mod message;
mod packets;
mod session;

use std::sync::{Arc, Mutex};

use bambu_protocol::Model;
use rustls::ServerConfig;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    door,
    faults::{Circumstances, Fault, Faults},
    machine::Machine,
    picture::{Picture, Size},
};

/// What a model's video is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// How large pictures are.
    pub size: Size,
    /// Pictures a second.
    pub per_second: u32,
    /// Seconds from one key picture to the next.
    pub key_seconds: u32,
    /// Time stamps advance by one from picture to picture, whatever time passes.
    pub stamps_alike: bool,
}

impl Habits {
    /// X1: 1280x720 at 25 a second, where 24.7 were seen [L]; all others 1920x1080 at 30 [L on
    /// P2S]. A P2S hardly advances its time stamps and is slow with key pictures [L]; how slow, two
    /// seconds, is ours [G].
    pub fn of(model: Model) -> Self {
        let usual =
            Self { size: Size::FullHd, per_second: 30, key_seconds: 1, stamps_alike: false };
        match model {
            Model::X1 | Model::X1C | Model::X1E => Self { size: Size::Hd, per_second: 25, ..usual },
            Model::P2S => Self { key_seconds: 2, stamps_alike: true, ..usual },
            _ => usual,
        }
    }
}

/// The video of one printer.
struct Server {
    machine: Arc<dyn Machine>,
    faults: Faults,
    habits: Habits,
    picture: Mutex<Picture>,
    /// One viewer at a time.
    place: Arc<Semaphore>,
}

/// Serves the video of `machine` until `shutdown`; in the clear without TLS.
///
/// Who is second is told 453 at `SETUP`: that there is one viewer is known [L], how the printer
/// refuses the next is not [G]. While live view is off, the port is closed.
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    machine: Arc<dyn Machine>,
    habits: Habits,
    shutdown: CancellationToken,
) {
    let circumstances = Circumstances::of(&*machine).shut_by(Fault::LiveviewOff);
    let picture = Picture::new(habits.size, machine.serial().as_str());
    let server = Arc::new(Server {
        faults: machine.faults(),
        machine,
        habits,
        picture: Mutex::new(picture),
        place: Arc::new(Semaphore::new(1)),
    });
    let attend = |stream| session::attend(Arc::clone(&server), stream);
    door::serve(listener, tls, circumstances, shutdown, attend).await;
}

#[cfg(test)]
mod tests;
