//! `…/camera/live`: a camera over a WebSocket, as a page can play it.
//!
//! Text messages say what comes (`{"type": "video", …}`) and why nothing comes (`{"type": "state", …}`).
//! Binary ones are, of H.264, a first segment and then one fragment of MP4 per picture; else one JPEG.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{
        Path, State,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    response::Response,
};
use bambu_protocol::fmp4::Unfit;
use bambulab::camera::{CameraError, CameraState, Frame, View};
use bytes::Bytes;
use hyper::{StatusCode, header};
use serde_json::json;
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{Only, Parts, no_place, retry_in};
use crate::{
    app::Session,
    auth::PROTOCOL,
    error::ApiError,
    frames::{Cameras, Channel, Place, Reader, Segment},
};

/// What a viewer may send, which is nothing but words of the protocol.
const LARGEST_MESSAGE: usize = 4096;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Viewers of this kind in the metrics.
const HOW: &str = "live";

/// `GET …/camera/live`.
pub(super) async fn watch(
    State(parts): State<Parts>,
    path: Option<Path<String>>,
    only: Option<Extension<Only>>,
    session: Option<Extension<Session>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let channel = parts.channel(&*parts.printer(path.as_ref(), only.as_ref())?)?;
    let upgrade = upgrade.map_err(|_| {
        let next = "this is a WebSocket; open the page beside it in a browser, or connect with a \
                    WebSocket client";
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "Not a WebSocket", next)
            .header(header::UPGRADE, header::HeaderValue::from_static("websocket"))
    })?;
    let Some(Extension(session)) = session else {
        return Err(ApiError::not_yet("this connection cannot change its protocol", 60));
    };
    let place = no_place(&parts.cameras, HOW)?;
    let (sender, receiver) = oneshot::channel();
    let (cameras, shutdown) = (parts.cameras.clone(), session.shutdown().clone());
    session.run(async move {
        if let Ok(socket) = receiver.await {
            Viewer::new(socket, &channel, cameras, shutdown, place).run().await;
        }
    });
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE);
    // The connection's own task goes on with it: this one only hands it over.
    Ok(upgrade.protocols([PROTOCOL]).on_upgrade(|socket| async move {
        drop(sender.send(socket));
    }))
}

struct Viewer {
    socket: WebSocket,
    view: View,
    state: watch::Receiver<CameraState>,
    reader: Reader,
    told_jpeg: bool,
    counted: (u64, u64),
    cameras: Arc<Cameras>,
    shutdown: CancellationToken,
    _place: Place,
}

/// Why a viewer ends.
enum End {
    /// It left, or cannot be reached.
    Left,
    /// There will be no more pictures.
    Over(CameraError),
    /// The pictures fit into no MP4.
    Unfit(Unfit),
}

impl Viewer {
    fn new(
        socket: WebSocket,
        channel: &Channel,
        cameras: Arc<Cameras>,
        shutdown: CancellationToken,
        place: Place,
    ) -> Self {
        // Looking first: how the camera ended for others is not told to this one.
        let view = channel.camera.view();
        let mut state = channel.camera.state();
        if !matches!(*state.borrow(), CameraState::Ended(_)) {
            state.mark_changed();
        }
        let reader = channel.reader();
        let (told_jpeg, counted) = (false, (0, 0));
        let _place = place;
        Self { socket, view, state, reader, told_jpeg, counted, cameras, shutdown, _place }
    }

    async fn run(mut self) {
        let end = loop {
            let step = tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_))) | Some(Err(_)) | None => Err(End::Left),
                    // Pings are answered by the socket itself; nothing else means anything.
                    Some(Ok(_)) => Ok(()),
                },
                () = self.shutdown.cancelled() => Err(End::Over(CameraError::Closed)),
                Ok(()) = self.state.changed() => self.tell().await,
                frame = self.view.next() => match frame {
                    Some(frame) => self.show(&frame).await,
                    None => Err(End::Over(self.view.error().unwrap_or(CameraError::Closed))),
                },
            };
            if let Err(end) = step {
                break end;
            }
        };
        let (code, reason) = match end {
            End::Left => return,
            End::Over(CameraError::Closed) => (close_code::AWAY, "the server ends".to_owned()),
            End::Over(why) => {
                let ended = CameraState::Ended(why.clone());
                drop(timeout(GOODBYE, self.socket.send(state_message(&ended))).await);
                (close_code::ERROR, why.word().to_owned())
            }
            End::Unfit(why) => (close_code::UNSUPPORTED, why.to_string()),
        };
        let close = Message::Close(Some(CloseFrame { code, reason: shortened(reason).into() }));
        drop(timeout(GOODBYE, self.socket.send(close)).await);
    }

    async fn tell(&mut self) -> Result<(), End> {
        let message = state_message(&self.state.borrow_and_update().clone());
        self.send(message).await
    }

    async fn show(&mut self, frame: &Arc<Frame>) -> Result<(), End> {
        if frame.video.is_none() {
            return self.show_jpeg(frame).await;
        }
        for segment in self.reader.take(frame).map_err(End::Unfit)? {
            match segment {
                Segment::Opening(video, first) => {
                    let (codec, width, height) = (&video.codec, video.width, video.height);
                    self.send(video_message(codec, Some((width, height)))).await?;
                    self.send(Message::Binary(first)).await?;
                }
                Segment::Picture(bytes) => self.picture(bytes).await?,
            }
        }
        Ok(())
    }

    async fn show_jpeg(&mut self, frame: &Frame) -> Result<(), End> {
        if !self.told_jpeg {
            self.told_jpeg = true;
            self.send(video_message("image/jpeg", None)).await?;
        }
        self.picture(frame.data.clone()).await
    }

    async fn picture(&mut self, bytes: Bytes) -> Result<(), End> {
        self.send(Message::Binary(bytes)).await?;
        let (missed, skipped) = (self.view.missed(), self.reader.skipped());
        let lost = missed - self.counted.0 + skipped - self.counted.1;
        self.counted = (missed, skipped);
        self.cameras.metrics().camera_frames(HOW, 1, lost);
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            sent = self.socket.send(message) => sent.map_err(|_| End::Left),
            () = self.shutdown.cancelled() => Err(End::Over(CameraError::Closed)),
        }
    }
}

fn video_message(codec: &str, size: Option<(u32, u32)>) -> Message {
    let (width, height) = size.unzip();
    let text = json!({"type": "video", "codec": codec, "width": width, "height": height});
    Message::Text(text.to_string().into())
}

fn state_message(state: &CameraState) -> Message {
    let why = state.error();
    let text = json!({
        "type": "state", "state": state.word(), "cause": why.map(CameraError::word),
        "message": why.map(CameraError::to_string), "retry_in_seconds": retry_in(state),
    });
    Message::Text(text.to_string().into())
}

/// What fits into a close frame.
fn shortened(mut text: String) -> String {
    let mut end = text.len().min(120);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
