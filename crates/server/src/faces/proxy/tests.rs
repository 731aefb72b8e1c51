//! The proxy over an upstream of our own that answers by the path, whatever a real cloud would do.

mod broken;
mod passed;
mod shared;
mod tls;
mod upstream;

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bambulab::{Region, Roots, cloud::Budget};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Forwarder, Mode, Parts, router, upstream::Patience, upstream::Upstream};
use crate::{
    auth::Tokens,
    config::{Cache, RateLimit, TokenOptions},
    limits::Limits,
    metrics::Metrics,
};
use upstream::Cloud;

/// A token of ours, and the cloud's that it stands for.
const ALICE: &str = "alice-token-0001";
const REAL: &str = "AQArealtoken0001";

/// A proxy over a cloud, both on ports of their own.
struct World {
    proxy: SocketAddr,
    cloud: Cloud,
    router: Router,
    _dir: tempfile::TempDir,
}

struct Setting {
    mode: Mode,
    patience: Patience,
    budget: Budget,
    rates: RateLimit,
    cache: Cache,
    options: Vec<TokenOptions>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            mode: Mode::Strict,
            patience: Patience::default(),
            budget: Budget::off(),
            rates: RateLimit::OFF,
            cache: Cache::Off,
            options: Vec::new(),
        }
    }
}

/// With little patience for the cloud.
fn hasty() -> Setting {
    let soon = Duration::from_millis(400);
    Setting { patience: Patience { connect: soon, head: soon, body: soon }, ..Setting::default() }
}

impl World {
    async fn new(setting: Setting) -> Self {
        let cloud = Cloud::start().await;
        Self::over(cloud, setting).await
    }

    async fn over(cloud: Cloud, setting: Setting) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proxy_tokens.json");
        let mut file = std::fs::File::create(&path).unwrap();
        write!(file, r#"{{"{ALICE}":"{REAL}","bob-token-000002":"{REAL}"}}"#).unwrap();
        let tokens = Tokens::open(Some(path), setting.options, None).unwrap();
        let endpoint = Region::Global.endpoint();
        let endpoint = endpoint.with_api_url(&format!("http://{}", cloud.address)).unwrap();
        let upstream = Upstream::new(&endpoint, &Roots::public(), setting.patience).unwrap();
        let metrics = Metrics::new();
        let forwarder = Forwarder::new(upstream, endpoint, setting.budget, metrics.clone())
            .with_cache(setting.cache);
        let parts = Parts {
            mode: setting.mode,
            tokens: Arc::new(tokens),
            limits: Arc::new(Limits::new(setting.rates)),
            forwarder: Arc::new(forwarder),
            metrics,
        };
        let router = router(Arc::new(parts), Router::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        tokio::spawn(served(listener, router.clone()));
        Self { proxy, cloud, router, _dir: dir }
    }

    /// One request by Alice; all that comes, to the end of the connection.
    async fn ask(&self, method: &str, path: &str, more: &str) -> Answer {
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: proxy\r\nAuthorization: Bearer {ALICE}\r\nConnection: close\r\n{more}\r\n"
        ))
        .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    async fn by_bob(&self, path: &str) -> Answer {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: bob-token-000002\r\nConnection: close\r\n\r\n"
        ))
        .await
    }

    async fn send(&self, bytes: &str) -> Answer {
        let mut stream = TcpStream::connect(self.proxy).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A cut connection may be reset.
        let _ = stream.read_to_end(&mut answer).await;
        Answer(String::from_utf8(answer).unwrap())
    }
}

async fn served(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// What came, as it was on the wire.
struct Answer(String);

impl Answer {
    fn status(&self) -> u16 {
        self.0.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    fn head(&self) -> String {
        self.0.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase()
    }

    fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.body()).unwrap_or_else(|_| panic!("no JSON: {}", self.0))
    }

    /// The chunks' bytes, and whether the last chunk came.
    fn unchunked(&self) -> (String, bool) {
        let (mut rest, mut body) = (self.body(), String::new());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            if size == 0 {
                return (body, true);
            }
            let Some(chunk) = after.get(..size) else { break };
            body.push_str(chunk);
            rest = after.get(size + 2..).unwrap_or_default();
        }
        (body, false)
    }
}
