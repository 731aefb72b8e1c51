//! The JPEG camera of A1 and P1, port 6000 over TLS: after 80 bytes of login, pictures without end.
//!
//! What they show is drawn in `picture.rs`; the video of the other models is in `rtsp.rs`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bambu_protocol::camera::USER;
use jiff::Timestamp;
use rustls::ServerConfig;
use subtle::ConstantTimeEq as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::Semaphore,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    door::{self, PATIENCE, Stream},
    faults::{Circumstances, Fate, Fault, Faults},
    machine::Machine,
    picture::{Picture, Size},
};

/// Time between two pictures: at rest, and while it prints. [L]
const AT_REST: Duration = Duration::from_secs(1);
const PRINTING: Duration = Duration::from_millis(500);

/// Length of the login.
const LOGIN: usize = 80;
/// How it begins, little-endian: 64 bytes follow, and it is a login. [L]
const LOGIN_HEAD: [u8; 16] = [0x40, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The camera of one printer.
struct Camera {
    machine: Arc<dyn Machine>,
    faults: Faults,
    picture: Mutex<Picture>,
    /// One viewer at a time: the next is served when the one before has gone. [L]
    place: Semaphore,
}

/// Serves the pictures of `machine` until `shutdown`; in the clear without TLS.
///
/// A wrong code is answered with no byte at all, and a second viewer with none until the first
/// has gone. Nothing is drawn while nobody looks. [L]
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    machine: Arc<dyn Machine>,
    shutdown: CancellationToken,
) {
    let circumstances = Circumstances::of(&*machine);
    let picture = Mutex::new(Picture::new(Size::Hd, machine.serial().as_str()));
    let (faults, place) = (machine.faults(), Semaphore::new(1));
    let camera = Arc::new(Camera { machine, faults, picture, place });
    let attend = |stream| Arc::clone(&camera).attend(stream);
    door::serve(listener, tls, circumstances, shutdown, attend).await;
}

impl Camera {
    /// One viewer, from the login to its end.
    async fn attend(self: Arc<Self>, mut stream: Box<dyn Stream>) {
        let mut login = [0; LOGIN];
        let read = timeout(PATIENCE, stream.read_exact(&mut login)).await;
        if !matches!(read, Ok(Ok(_))) || !self.admits(&login) {
            let _ = timeout(PATIENCE, stream.shutdown()).await;
            return;
        }
        let (mut reader, mut writer) = tokio::io::split(stream);
        tokio::select! {
            () = gone(&mut reader) => {}
            () = self.show(&mut writer) => {}
        }
        self.picture().rest();
        let _ = timeout(PATIENCE, writer.shutdown()).await;
    }

    fn admits(&self, login: &[u8; LOGIN]) -> bool {
        let code = self.machine.access_code();
        let mut right = [0; LOGIN];
        let parts = [(0, &LOGIN_HEAD[..]), (16, USER.as_bytes()), (48, code.reveal().as_bytes())];
        for (from, part) in parts {
            let field = right.get_mut(from..from + part.len());
            let Some(field) = field else { return false };
            field.copy_from_slice(part);
        }
        let right = bool::from(login.ct_eq(&right)) && !code.is_empty();
        right && !self.faults.strikes(Fault::WrongCode)
    }

    /// Pictures, once it is this viewer's turn, until the connection breaks.
    async fn show<W: AsyncWrite + Unpin>(self: &Arc<Self>, writer: &mut W) {
        let Ok(_place) = self.place.acquire().await else { return };
        let mut freeze = Fate::default();
        loop {
            let is_printing = self.machine.scene().is_some_and(|scene| scene.is_printing);
            let frozen = freeze.struck(&self.faults, Fault::CameraFreeze);
            if !frozen && !self.faults.is_on(Fault::CameraOff) {
                let camera = Arc::clone(self);
                let Ok(Some(jpeg)) = spawn_blocking(move || camera.shoot()).await else { return };
                if self.send(writer, &jpeg).await.is_none() {
                    return;
                }
            }
            sleep(if is_printing { PRINTING } else { AT_REST }).await;
        }
    }

    /// The next picture. Takes some milliseconds.
    fn shoot(&self) -> Option<Vec<u8>> {
        let scene = self.machine.scene();
        let mut picture = self.picture();
        let jpeg = picture.draw(scene, Timestamp::now()).jpeg();
        jpeg.inspect_err(|error| tracing::error!(%error, "no picture")).ok()
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One picture, or what the faults make of it; `None` ends the connection.
    async fn send<W: AsyncWrite + Unpin>(&self, writer: &mut W, jpeg: &[u8]) -> Option<()> {
        if self.faults.strikes(Fault::CameraRubbish) {
            // A picture that is none, and then nothing that could be read at all.
            let none = b"no picture";
            write(writer, &head(none)).await?;
            write(writer, none).await?;
            return write(writer, &[0xEE; 160]).await;
        }
        // In a TLS record of its own: clients in use take the header for what one read gives them.
        write(writer, &head(jpeg)).await?;
        if self.faults.strikes(Fault::CameraCut) {
            write(writer, jpeg.get(..jpeg.len() / 2).unwrap_or_default()).await?;
            return None;
        }
        match self.faults.is_on(Fault::CameraDrip) {
            true => drip(writer, jpeg).await,
            false => write(writer, jpeg).await,
        }
    }
}

/// Sends two kilobytes each tenth of a second.
pub(crate) async fn drip<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> Option<()> {
    for drop in bytes.chunks(2 << 10) {
        write(writer, drop).await?;
        sleep(Duration::from_millis(100)).await;
    }
    Some(())
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> Option<()> {
    writer.write_all(bytes).await.ok()?;
    writer.flush().await.ok()
}

/// The header before a picture: size, track 0, flags 1, 0. [L]
fn head(jpeg: &[u8]) -> Vec<u8> {
    [jpeg.len() as u32, 0, 1, 0].into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Ends when the other side has gone; what it says meanwhile is not listened to.
async fn gone<R: AsyncRead + Unpin>(reader: &mut R) {
    let mut block = [0; 256];
    while matches!(reader.read(&mut block).await, Ok(1..)) {}
}

#[cfg(test)]
mod tests;
