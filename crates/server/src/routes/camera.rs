//! `/api/v2/printers/{serial}/camera`: how a camera is, still pictures, MJPEG. Video over a WebSocket
//! is in `camera/live.rs`, the page that plays both in `camera/page.rs`, who is kept out in
//! `camera/guard.rs`.

mod guard;
mod live;
mod page;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{Path, State},
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use bambulab::camera::{CameraError, CameraKind, CameraState, Frame, View};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use hyper::{
    StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;
use tokio::time::timeout;

use super::{Roster, Shown, printers};
use crate::{
    error::ApiError,
    frames::{Cameras, Channel, NoCamera, Place, hopeless},
};

pub(crate) use guard::{Guard, is_page};

/// How long the first picture of a stream is waited for: a printer may take as long to show one.
const FIRST_PICTURE: Duration = Duration::from_secs(15);
/// What parts the pictures of a stream.
const BOUNDARY: &str = "bambu-picture";

/// What the routes stand on.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) roster: Arc<Roster>,
    pub(crate) cameras: Arc<Cameras>,
}

/// The printer that routes without a serial number are about.
#[derive(Clone)]
struct Only(Arc<str>);

/// How a camera is.
#[derive(Debug, Serialize)]
struct Told {
    serial: String,
    name: Option<String>,
    model: Option<&'static str>,
    /// `jpeg` or `h264`; `null` where there is none to ask.
    kind: Option<&'static str>,
    /// `idle`, `connecting`, `live`, `waiting` or `ended`; `none` where there is none to ask.
    state: &'static str,
    /// Why there is no picture, in a word and in a sentence.
    cause: Option<&'static str>,
    message: Option<String>,
    /// When it is tried again, in seconds.
    retry_in_seconds: Option<f64>,
    /// What the video is like, while somebody watches it.
    codec: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    /// How many look, in this process.
    viewers: usize,
}

/// All cameras.
#[derive(Debug, Serialize)]
struct All {
    cameras: Vec<Told>,
}

/// The routes of every printer's camera.
pub(crate) fn router(parts: Parts, guard: Guard) -> Router {
    let routes = Router::new()
        .route("/api/v2/cameras", get(list))
        .route("/api/v2/printers/{serial}/camera", get(told))
        .route("/api/v2/printers/{serial}/camera/snapshot.jpg", get(snapshot))
        .route("/api/v2/printers/{serial}/camera/stream", get(mjpeg))
        .route("/api/v2/printers/{serial}/camera/live", get(live::watch))
        .route("/api/v2/printers/{serial}/camera/", get(page::one));
    guarded(routes, parts, guard)
}

/// The page of all cameras. The short names say that there are several.
pub(crate) fn wall(parts: Parts, guard: Guard) -> Router {
    let routes = Router::new()
        .route("/camera", get(which))
        .route("/snapshot.jpg", get(which))
        .route("/stream", get(which))
        .route("/live", get(which))
        .route("/", get(page::wall));
    guarded(routes, parts, guard)
}

async fn which() -> ApiError {
    ApiError::not_found(
        "Which camera",
        "several cameras are shown here; ask for /api/v2/printers/SERIAL/camera and what is below \
         it, with a serial number of /api/v2/cameras",
    )
}

/// The same routes by short names, where there is one printer.
pub(crate) fn short(parts: Parts, guard: Guard, only: &str) -> Router {
    let routes = Router::new()
        .route("/camera", get(told))
        .route("/snapshot.jpg", get(snapshot))
        .route("/stream", get(mjpeg))
        .route("/live", get(live::watch))
        .route("/", get(page::one));
    guarded(routes, parts, guard).layer(Extension(Only(only.into())))
}

fn guarded(routes: Router<Parts>, parts: Parts, guard: Guard) -> Router {
    let guard = middleware::from_fn_with_state(guard, guard::check);
    routes.route_layer(guard).with_state(parts)
}

impl Parts {
    /// The printer that a request is about.
    fn printer(
        &self,
        path: Option<&Path<String>>,
        only: Option<&Extension<Only>>,
    ) -> Result<Arc<Shown>, ApiError> {
        let serial = match (path, only) {
            (Some(Path(serial)), _) => serial,
            (None, Some(Extension(Only(serial)))) => &**serial,
            (None, None) => "",
        };
        self.roster.printer(serial).ok_or_else(printers::unknown)
    }

    /// Its camera; what it reports counts only while it reports.
    fn channel(&self, printer: &Shown) -> Result<Arc<Channel>, NoCamera> {
        let snapshot = printer.link.as_ref().map(|link| link.snapshot());
        let live = snapshot.as_ref().filter(|it| self.roster.freshness(it).is_live);
        self.cameras.of(&printer.serial, printer.model, live.map(|it| &*it.status))
    }

    fn tell(&self, printer: &Shown) -> Told {
        let mut told = Told {
            serial: printer.serial.to_string(),
            name: printer.name.clone(),
            model: printer.model.map(|model| model.name()),
            kind: None,
            state: "none",
            cause: None,
            message: None,
            retry_in_seconds: None,
            codec: None,
            width: None,
            height: None,
            viewers: 0,
        };
        match self.channel(printer) {
            Err(none) => {
                told.cause = Some(word(&none));
                told.message = Some(none.to_string());
            }
            Ok(channel) => {
                let state = channel.camera.state().borrow().clone();
                told.kind = Some(channel.camera.kind().word());
                told.state = state.word();
                told.cause = state.error().map(CameraError::word);
                told.message = state.error().map(CameraError::to_string);
                told.retry_in_seconds = retry_in(&state);
                told.viewers = channel.camera.viewers();
                if let Some(video) = channel.video() {
                    told.codec = Some(video.codec.clone());
                    (told.width, told.height) = (Some(video.width), Some(video.height));
                }
            }
        }
        told
    }
}

fn word(none: &NoCamera) -> &'static str {
    match none {
        NoCamera::NoAddress => "no_address",
        NoCamera::Camera(error) => error.word(),
    }
}

fn retry_in(state: &CameraState) -> Option<f64> {
    let CameraState::Waiting { retry_in, .. } = state else { return None };
    Some((retry_in.as_secs_f64() * 10.0).round() / 10.0)
}

impl From<NoCamera> for ApiError {
    fn from(none: NoCamera) -> Self {
        match none {
            NoCamera::Camera(error) => refusal(&error),
            NoCamera::NoAddress => Self::new(StatusCode::CONFLICT, "No picture", none.to_string())
                .with("cause", word(&none)),
        }
    }
}

/// What it means to a caller that a camera shows nothing: 503 passes by itself, 409 needs somebody.
fn refusal(why: &CameraError) -> ApiError {
    let after = match why {
        CameraError::InUse => Some(30),
        CameraError::WrongAccessCode
        | CameraError::Untrusted { .. }
        | CameraError::CameraOff
        | CameraError::LiveviewOff
        | CameraError::UnknownKind
        | CameraError::NotThisKind(_)
        | CameraError::NoSnapshot => None,
        _ => Some(5),
    };
    let status = match (after, why) {
        (Some(_), _) => StatusCode::SERVICE_UNAVAILABLE,
        (None, CameraError::NoSnapshot) => StatusCode::NOT_IMPLEMENTED,
        (None, _) => StatusCode::CONFLICT,
    };
    let error = ApiError::new(status, "No picture", why.to_string()).with("cause", why.word());
    match after {
        Some(seconds) => error.header(header::RETRY_AFTER, HeaderValue::from(seconds)),
        None => error,
    }
}

fn no_place(cameras: &Cameras, how: &'static str) -> Result<Place, ApiError> {
    cameras.place(how).map_err(|full| ApiError::not_yet(full.to_string(), 10))
}

/// `GET /api/v2/cameras`.
async fn list(State(parts): State<Parts>) -> Json<All> {
    let printers = parts.roster.all();
    Json(All { cameras: printers.values().map(|printer| parts.tell(printer)).collect() })
}

/// `GET …/camera`.
async fn told(
    State(parts): State<Parts>,
    path: Option<Path<String>>,
    only: Option<Extension<Only>>,
) -> Result<Json<Told>, ApiError> {
    Ok(Json(parts.tell(&*parts.printer(path.as_ref(), only.as_ref())?)))
}

/// `GET …/camera/snapshot.jpg`: the picture of this moment, which tells how old it is.
async fn snapshot(
    State(parts): State<Parts>,
    path: Option<Path<String>>,
    only: Option<Extension<Only>>,
) -> Result<Response, ApiError> {
    let channel = parts.channel(&*parts.printer(path.as_ref(), only.as_ref())?)?;
    let _place = no_place(&parts.cameras, "snapshot")?;
    let still = channel.still().await.map_err(|why| refusal(&why))?;
    parts.cameras.metrics().camera_frames("snapshot", 1, 0);
    let age = still.age();
    let mut response = Response::new(Body::from(still.jpeg));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
    let mut put = |name: HeaderName, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    };
    put(HeaderName::from_static("x-picture-time"), still.at.to_string());
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&still.at) {
        put(header::LAST_MODIFIED, date);
    }
    Ok(response)
}

/// `GET …/camera/stream`: MJPEG, as `<img>` and old tools take it.
async fn mjpeg(
    State(parts): State<Parts>,
    path: Option<Path<String>>,
    only: Option<Extension<Only>>,
) -> Result<Response, ApiError> {
    let printer = parts.printer(path.as_ref(), only.as_ref())?;
    let channel = parts.channel(&printer)?;
    if channel.camera.kind() != CameraKind::Jpeg {
        let next = "this camera sends video, not single pictures; open the WebSocket live beside \
                    this, or the page, or ask for snapshot.jpg";
        return Err(ApiError::not_found("No MJPEG", next).with("cause", "not_this_kind"));
    }
    let place = no_place(&parts.cameras, "mjpeg")?;
    let state = channel.camera.state();
    let mut view = channel.camera.view();
    let first = tokio::select! {
        biased;
        first = timeout(FIRST_PICTURE, view.next()) => first.ok().flatten(),
        why = hopeless(state) => return Err(refusal(&why)),
    };
    let late = CameraError::NoPicture { within: FIRST_PICTURE };
    let first = first.ok_or_else(|| refusal(&view.error().unwrap_or(late)))?;
    let cameras = parts.cameras.clone();
    let pictures = Pictures { view, missed: 0, cameras, _place: place };
    let parted = stream::iter(part(&first)).chain(pictures.parts());
    let mut response =
        Body::from_stream(parted.map(Ok::<_, std::convert::Infallible>)).into_response();
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What a viewer of MJPEG holds.
struct Pictures {
    view: View,
    missed: u64,
    _place: Place,
    cameras: Arc<Cameras>,
}

impl Pictures {
    fn parts(self) -> impl Stream<Item = Bytes> + Send {
        let parts = stream::unfold(self, |mut it| async move {
            let frame = it.view.next().await?;
            let missed = it.view.missed();
            it.cameras.metrics().camera_frames("mjpeg", 1, missed - it.missed);
            it.missed = missed;
            Some((stream::iter(part(&frame)), it))
        });
        parts.flatten()
    }
}

/// One part: its head, the picture as all have it, and the boundary after it, so that nobody waits for
/// the next picture to see that this one is whole.
fn part(frame: &Frame) -> [Bytes; 3] {
    let (length, number, at) = (frame.data.len(), frame.number, frame.at);
    let head = format!(
        "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\
         X-Picture-Number: {number}\r\nX-Picture-Time: {at}\r\n\r\n"
    );
    [head.into(), frame.data.clone(), Bytes::from_static(b"\r\n")]
}
