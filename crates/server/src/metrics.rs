//! What is counted, and its text for Prometheus. Labels are words of ours and the names of tokens:
//! bounded, and never a secret. Requests are counted in `trace`, who may read this is asked in
//! `faces/metrics.rs`.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends, in seconds, of the groups that times are counted in.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// All counters of a process. A clone counts into the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Timed, Histogram, fn() -> Histogram>,
    upstream: Family<Upstream, Histogram, fn() -> Histogram>,
    limited: Family<Limited, Counter>,
    realtime_sessions: Gauge,
    printers: Family<Printers, Gauge>,
    event_readers: Gauge,
    camera_viewers: Family<Viewers, Gauge>,
    camera_frames: Family<Frames, Counter>,
    connections: Gauge,
    refused_connections: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    face: &'static str,
    group: &'static str,
    method: &'static str,
    status: u16,
    token: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    face: &'static str,
    group: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Upstream {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    token: Arc<str>,
    group: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Printers {
    connection: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Viewers {
    how: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Frames {
    how: &'static str,
    outcome: &'static str,
}

/// One more of something, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("bambu");
        let made: fn() -> Histogram = histogram;
        let inner = Inner {
            requests: Family::default(),
            seconds: Family::new_with_constructor(made),
            upstream: Family::new_with_constructor(made),
            limited: Family::default(),
            realtime_sessions: Gauge::default(),
            printers: Family::default(),
            event_readers: Gauge::default(),
            camera_viewers: Family::default(),
            camera_frames: Family::default(),
            connections: Gauge::default(),
            refused_connections: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests answered", inner.requests.clone());
        let help = "Time from a request to the head of its answer";
        registry.register("request_seconds", help, inner.seconds.clone());
        let help = "Time from a request to the head of the cloud's answer";
        registry.register("upstream_seconds", help, inner.upstream.clone());
        registry.register("limited", "Requests refused by a limit", inner.limited.clone());
        let help = "Realtime sessions open now";
        registry.register("realtime_sessions", help, inner.realtime_sessions.clone());
        let help = "Printers with a link, by the state of its connection";
        registry.register("printers", help, inner.printers.clone());
        let help = "Readers of event streams";
        registry.register("event_readers", help, inner.event_readers.clone());
        let help = "Viewers of cameras now, by how they look";
        registry.register("camera_viewers", help, inner.camera_viewers.clone());
        let help =
            "Frames of cameras for all viewers: sent, or skipped since a viewer was too slow";
        registry.register("camera_frames", help, inner.camera_frames.clone());
        registry.register("connections", "Connections open now", inner.connections.clone());
        let help = "Connections closed at once because there were too many";
        registry.register("refused_connections", help, inner.refused_connections.clone());
        Self(Arc::new(Inner { registry, ..inner }))
    }

    /// A request was answered. `group` is a word of ours, `token` the name of the caller's token or
    /// `none`.
    pub(crate) fn request(
        &self,
        face: &'static str,
        group: &'static str,
        method: &'static str,
        status: u16,
        token: &Arc<str>,
        took: Duration,
    ) {
        let token = Arc::clone(token);
        self.0.requests.get_or_create(&Request { face, group, method, status, token }).inc();
        self.0.seconds.get_or_create(&Timed { face, group }).observe(took.as_secs_f64());
    }

    /// The cloud was asked. `outcome` is `ok` or the class of the failure.
    pub(crate) fn upstream(&self, outcome: &'static str, took: Duration) {
        self.0.upstream.get_or_create(&Upstream { outcome }).observe(took.as_secs_f64());
    }

    /// A request was refused by a limit.
    pub(crate) fn limited(&self, token: &Arc<str>, group: &'static str) {
        let labels = Limited { token: Arc::clone(token), group };
        self.0.limited.get_or_create(&labels).inc();
    }

    /// How many realtime sessions are open now.
    pub(crate) fn realtime_sessions(&self, sessions: usize) {
        self.0.realtime_sessions.set(i64::try_from(sessions).unwrap_or(i64::MAX));
    }

    /// How many printers have a link in this state now; `connection` is the word of the status
    /// document.
    pub(crate) fn printers(&self, connection: &'static str, printers: usize) {
        let number = i64::try_from(printers).unwrap_or(i64::MAX);
        self.0.printers.get_or_create(&Printers { connection }).set(number);
    }

    /// One reader of events more, until it is dropped.
    pub(crate) fn event_reader(&self) -> Counted {
        Counted::one(&self.0.event_readers)
    }

    /// One viewer of a camera more, until it is dropped. `how` is a word of ours.
    pub(crate) fn camera_viewer(&self, how: &'static str) -> Counted {
        Counted::one(&self.0.camera_viewers.get_or_create(&Viewers { how }))
    }

    /// Frames that one viewer was sent or that it missed.
    pub(crate) fn camera_frames(&self, how: &'static str, sent: u64, skipped: u64) {
        for (outcome, frames) in [("sent", sent), ("skipped", skipped)] {
            if frames > 0 {
                self.0.camera_frames.get_or_create(&Frames { how, outcome }).inc_by(frames);
            }
        }
    }

    /// One connection more, until it is dropped.
    pub(crate) fn connection(&self) -> Counted {
        Counted::one(&self.0.connections)
    }

    /// A connection was closed at once because there were too many.
    pub(crate) fn refused_connection(&self) {
        self.0.refused_connections.inc();
    }

    /// All of it as Prometheus reads it, of type [`CONTENT_TYPE`].
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let _ = text::encode(&mut out, &self.0.registry);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_with_its_labels() {
        let metrics = Metrics::new();
        let name: Arc<str> = "alice".into();
        metrics.request("proxy_strict", "device", "GET", 200, &name, Duration::from_millis(3));
        metrics.limited(&name, "device");
        metrics.upstream("ok", Duration::from_millis(2));
        metrics.printers("live", 3);
        let reader = metrics.event_reader();
        let viewer = metrics.camera_viewer("mjpeg");
        metrics.camera_frames("mjpeg", 2, 0);
        let text = metrics.text();
        for line in [
            r#"bambu_requests_total{face="proxy_strict",group="device",method="GET",status="200",token="alice"} 1"#,
            r#"bambu_request_seconds_bucket{le="0.005",face="proxy_strict",group="device"} 1"#,
            r#"bambu_limited_total{token="alice",group="device"} 1"#,
            r#"bambu_upstream_seconds_count{outcome="ok"} 1"#,
            r#"bambu_printers{connection="live"} 3"#,
            "bambu_event_readers 1",
            r#"bambu_camera_viewers{how="mjpeg"} 1"#,
            r#"bambu_camera_frames_total{how="mjpeg",outcome="sent"} 2"#,
            "bambu_connections 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop((reader, viewer));
        assert!(metrics.text().contains("bambu_event_readers 0"));
        assert!(text.ends_with("# EOF\n"));
    }
}
