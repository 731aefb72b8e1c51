//! The camera on port 6000: one login packet, then pictures without being asked.
//!
//! The packets are in `bambu_protocol::camera`. There is no mark to find the next picture by, so
//! whatever does not fit ends the connection.

use std::time::Duration;

use bambu_protocol::camera::{HEADER_LENGTH, Header, Login, is_jpeg};
use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{
    CameraError,
    upstream::{Dial, Dialled, Sink},
};

/// Room that is made for a picture before its bytes are there; more comes with the bytes.
const FIRST_ROOM: usize = 128 << 10;

/// Bytes that the file tunnel of P2S, X2D and H2 answers before it closes. [L]
const TUNNEL_ANSWER: usize = 24;
/// How long its close may take.
const MOMENT: Duration = Duration::from_secs(1);

/// Looks until the printer ends it or nobody wants it any more.
pub(super) async fn run(dial: &Dial, sink: &mut Sink) -> Result<(), CameraError> {
    let left = sink.left();
    let Dialled { mut stream, proof } = tokio::select! {
        dialled = dial.connect() => dialled?,
        () = left.cancelled() => return Ok(()),
    };
    let looking = async {
        login(dial, &mut stream).await?;
        let first = picture(dial, &mut stream, true).await?;
        proof.accepted().await?;
        sink.picture(first);
        loop {
            let next = picture(dial, &mut stream, false).await?;
            sink.picture(next);
        }
    };
    let end = tokio::select! {
        end = looking => end,
        () = left.cancelled() => Ok(()),
    };
    let _ = stream.shutdown().await;
    end
}

async fn login(dial: &Dial, stream: &mut TlsStream<TcpStream>) -> Result<(), CameraError> {
    let Ok(login) = Login::new(&dial.target.access_code) else {
        return Err(CameraError::WrongAccessCode);
    };
    let said = async {
        stream.write_all(login.as_bytes()).await?;
        stream.flush().await
    };
    match timeout(dial.patience(), said).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(CameraError::Lost(error.to_string())),
        Err(_) => Err(CameraError::InUse),
    }
}

/// The next picture; what its absence means depends on whether it is the first one.
async fn picture(
    dial: &Dial,
    stream: &mut TlsStream<TcpStream>,
    is_first: bool,
) -> Result<Bytes, CameraError> {
    let mut inbox = BytesMut::new();
    let read = timeout(dial.options.timing.camera_silence, read(stream, &mut inbox)).await;
    let seconds = dial.options.timing.camera_silence.as_secs();
    match read {
        Ok(Ok(())) => Ok(inbox.freeze()),
        Ok(Err(error)) if !is_first => Err(error.into()),
        Ok(Err(End::HungUp { read: 0 })) => Err(CameraError::WrongAccessCode),
        // P2S, X2D and H2 have their files behind this port. [L]
        Ok(Err(End::FileTunnel)) => {
            Err(CameraError::NotThisKind("it keeps files behind this port".to_owned()))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) if is_first && inbox.is_empty() => Err(CameraError::InUse),
        Err(_) => Err(CameraError::Lost(format!("no picture for {seconds} s"))),
    }
}

/// How a picture did not come.
enum End {
    HungUp { read: usize },
    FileTunnel,
    Odd(String),
    Broken(String),
}

/// Reads header and picture. `inbox` holds what has come so far, in the end the picture alone.
async fn read(stream: &mut TlsStream<TcpStream>, inbox: &mut BytesMut) -> Result<(), End> {
    fill(stream, inbox, HEADER_LENGTH, 0).await?;
    let mut bytes = [0; HEADER_LENGTH];
    bytes.copy_from_slice(&inbox.split_to(HEADER_LENGTH));
    let header = Header::read(bytes);
    if header.is_file_tunnel() {
        return Err(End::FileTunnel);
    }
    if !header.has_sane_size() {
        let rest = timeout(MOMENT, fill(stream, inbox, TUNNEL_ANSWER, HEADER_LENGTH)).await;
        return match rest {
            Ok(Err(End::HungUp { read: TUNNEL_ANSWER })) => Err(End::FileTunnel),
            _ => Err(End::Odd(format!("it announces {} bytes", header.size))),
        };
    }
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    fill(stream, inbox, size, HEADER_LENGTH).await?;
    if !is_jpeg(inbox) {
        return Err(End::Odd("no JPEG where one has to be".to_owned()));
    }
    Ok(())
}

/// Reads until `inbox` holds `wanted` bytes, and not one more. Room grows with what has come, so
/// that a size alone takes no memory.
async fn fill(
    stream: &mut TlsStream<TcpStream>,
    inbox: &mut BytesMut,
    wanted: usize,
    before: usize,
) -> Result<(), End> {
    while inbox.len() < wanted {
        let missing = wanted - inbox.len();
        inbox.reserve(missing.min(FIRST_ROOM));
        let mut limited = (&mut *stream).take(u64::try_from(missing).unwrap_or(u64::MAX));
        match limited.read_buf(inbox).await {
            Ok(0) => return Err(End::HungUp { read: before + inbox.len() }),
            Ok(_) => {}
            // Printers hang up without a word of TLS.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(End::HungUp { read: before + inbox.len() });
            }
            Err(error) => return Err(End::Broken(error.to_string())),
        }
    }
    Ok(())
}

impl From<End> for CameraError {
    fn from(end: End) -> Self {
        match end {
            End::HungUp { .. } => Self::Lost("it hung up".to_owned()),
            End::FileTunnel => Self::Malformed("a header of another protocol".to_owned()),
            End::Odd(why) => Self::Malformed(why),
            End::Broken(why) => Self::Lost(why),
        }
    }
}
