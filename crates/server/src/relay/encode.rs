//! One printer's status document as frames of an event stream, encoded once for all readers.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bambu_protocol::Serial;
use bambulab::{Connection, Snapshot};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{View, patch};
use crate::mask::Masker;

/// No caller's token is known to a printer, so one mask is right for all readers.
static MASKER: LazyLock<Masker> = LazyLock::new(|| Masker::new(None));

/// So long an age that was told counts as the present one.
const SAME_AGE: Duration = Duration::from_millis(250);

/// What a printer's readers were told last.
pub(super) struct Encoder {
    serial: Serial,
    shown: Option<Shown>,
}

struct Shown {
    snapshot: Arc<Snapshot>,
    document: Map<String, Value>,
    /// The frame that tells everything, and when its age was true.
    whole: ByView,
    told: Option<Instant>,
}

/// The same in each view, as far as somebody wanted it.
#[derive(Default)]
struct ByView([Option<Bytes>; View::ALL.len()]);

/// What changed, for readers of any view.
pub(super) struct Change {
    id: u64,
    head: Vec<u8>,
    patch: Map<String, Value>,
    frames: ByView,
}

/// What stands before the document or the patch in both kinds of frames.
#[derive(Serialize)]
struct Head<'a> {
    serial: &'a Serial,
    connection: &'static str,
    reason: Option<&'static str>,
    stale: bool,
    age_seconds: Option<f64>,
}

impl Encoder {
    pub(super) fn new(serial: Serial) -> Self {
        Self { serial, shown: None }
    }

    /// Nobody reads: what was told last is not needed any more.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// Takes what is known now; what changed, if readers have to hear of it.
    pub(super) fn take(&mut self, snapshot: Arc<Snapshot>, id: u64) -> Option<Change> {
        if self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(&shown.snapshot, &snapshot)) {
            return None;
        }
        let document = match serde_json::to_value(&*snapshot.status) {
            Ok(Value::Object(document)) => document,
            _ => Map::new(),
        };
        let change = self.shown.as_ref().and_then(|shown| {
            let patch = patch::diff(&shown.document, &document);
            let is_news = !patch.is_empty() || shown.snapshot.connection != snapshot.connection;
            let head = self.head(&snapshot);
            is_news.then(|| Change { id, head, patch, frames: ByView::default() })
        });
        self.shown = Some(Shown { snapshot, document, whole: ByView::default(), told: None });
        change
    }

    /// The frame that tells everything; those who join together are handed the same bytes.
    pub(super) fn snapshot(&mut self, view: View, id: u64, now: Instant) -> Bytes {
        let Some(mut shown) = self.shown.take() else { return Bytes::new() };
        if shown.told.is_none_or(|told| now.duration_since(told) > SAME_AGE) {
            (shown.told, shown.whole) = (Some(now), ByView::default());
        }
        let whole = shown.whole.of(view, || {
            let status = json(&shown.document, view);
            frame("snapshot", id, &self.head(&shown.snapshot), "status", &status)
        });
        self.shown = Some(shown);
        whole
    }

    fn head(&self, snapshot: &Snapshot) -> Vec<u8> {
        plain(&Head {
            serial: &self.serial,
            connection: snapshot.connection.word(),
            reason: snapshot.connection.reason().map(|reason| reason.word()),
            stale: snapshot.connection != Connection::Online,
            age_seconds: snapshot.age().map(seconds),
        })
    }
}

impl Change {
    /// The frame that tells it.
    pub(super) fn frame(&mut self, view: View) -> Bytes {
        let Self { id, head, patch, frames } = self;
        frames.of(view, || frame("change", *id, head, "patch", &json(patch, view)))
    }
}

impl ByView {
    fn of(&mut self, view: View, make: impl FnOnce() -> Bytes) -> Bytes {
        match self.0.get_mut(view as usize) {
            Some(place) => place.get_or_insert_with(make).clone(),
            None => make(),
        }
    }
}

/// To the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

fn json(value: &Map<String, Value>, view: View) -> Vec<u8> {
    match view {
        View::Clear => plain(value),
        View::Masked => MASKER.json(&plain(value)),
    }
}

fn plain(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

/// `head` is a JSON object that gets one more key.
fn frame(event: &str, id: u64, head: &[u8], key: &str, value: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(head.len() + value.len() + 64);
    out.put_slice(format!("id: {id}\nevent: {event}\ndata: ").as_bytes());
    out.put_slice(head.strip_suffix(b"}").unwrap_or(head));
    out.put_slice(format!(",\"{key}\":").as_bytes());
    out.put_slice(value);
    out.put_slice(b"}\n\n");
    out.freeze()
}
