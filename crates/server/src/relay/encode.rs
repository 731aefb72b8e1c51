//! One printer's status document as frames of an event stream, encoded once for all readers.

use std::{sync::Arc, time::Duration};

use bambu_protocol::Serial;
use bambulab::{Connection, Snapshot};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};

use super::patch;

/// What a printer's readers were told last.
pub(super) struct Encoder {
    serial: Serial,
    shown: Option<Shown>,
}

struct Shown {
    snapshot: Arc<Snapshot>,
    document: Map<String, Value>,
    /// The document as JSON, made when somebody wants it whole.
    whole: Option<Bytes>,
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

    /// Takes what is known now; the frame that tells what changed, if readers have to hear of it.
    pub(super) fn take(&mut self, snapshot: Arc<Snapshot>, id: u64) -> Option<Bytes> {
        if self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(&shown.snapshot, &snapshot)) {
            return None;
        }
        let document = match serde_json::to_value(&*snapshot.status) {
            Ok(Value::Object(document)) => document,
            _ => Map::new(),
        };
        let frame = self.shown.as_ref().and_then(|shown| {
            let patch = patch::diff(&shown.document, &document);
            let is_news = !patch.is_empty() || shown.snapshot.connection != snapshot.connection;
            is_news.then(|| {
                let patch = json(&patch);
                frame("change", id, &self.head(&snapshot), "patch", &patch)
            })
        });
        let same = frame.is_none();
        let whole = self.shown.take().and_then(|shown| shown.whole).filter(|_| same);
        self.shown = Some(Shown { snapshot, document, whole });
        frame
    }

    /// The frame that tells everything.
    pub(super) fn snapshot(&mut self, id: u64) -> Bytes {
        let Some(shown) = self.shown.as_mut() else { return Bytes::new() };
        let whole = shown.whole.get_or_insert_with(|| json(&shown.document).into()).clone();
        let snapshot = shown.snapshot.clone();
        frame("snapshot", id, &self.head(&snapshot), "status", &whole)
    }

    fn head(&self, snapshot: &Snapshot) -> Vec<u8> {
        json(&Head {
            serial: &self.serial,
            connection: snapshot.connection.word(),
            reason: snapshot.connection.reason().map(|reason| reason.word()),
            stale: snapshot.connection != Connection::Online,
            age_seconds: snapshot.age().map(seconds),
        })
    }
}

/// To the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

fn json(value: &impl Serialize) -> Vec<u8> {
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
