//! A whole App: what can be wrong at its start, what it serves, and how it ends.

use std::{net::TcpListener as StdListener, path::Path};

use bambu_protocol::{AccessCode, Serial};
use bambulab::{BrokerAddress, Endpoint, LanTarget, Options, Roots, Token};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::{Compat, Listen, Tls};

const SOON: Duration = Duration::from_secs(20);

/// A port that nobody listens on, as far as that can be known.
fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn surroundings(state_dir: &Path) -> Surroundings {
    let endpoint = Endpoint {
        api_url: "http://127.0.0.1:9".to_owned(),
        web_url: "http://127.0.0.1:9".to_owned(),
        mqtt: BrokerAddress { host: "127.0.0.1".to_owned(), port: 9 },
    };
    let serial = Serial::new("01P00A000000001").unwrap();
    let printer =
        LanTarget { port: 9, ..LanTarget::new(serial, "127.0.0.1", AccessCode::new("12345678")) };
    Surroundings {
        endpoint,
        roots: Roots::public(),
        options: Options::default(),
        manners: Default::default(),
        login: None,
        uid: None,
        saved: None,
        printers: vec![printer],
        state_dir: state_dir.to_owned(),
    }
}

fn at(address: &str) -> Option<Listen> {
    Some(Listen { listen: Some(address.parse().unwrap()) })
}

fn strict(address: &str) -> Config {
    let mut config = Config::default();
    config.proxy.strict = at(address);
    config
}

async fn bind(config: Config) -> Result<App, BindError> {
    let dir = tempfile::tempdir().unwrap();
    App::bind(config, surroundings(dir.path())).await
}

async fn refused(config: Config) -> BindError {
    bind(config).await.err().expect("it was bound")
}

struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), PartFailed>>,
}

fn run(app: App) -> Running {
    let shutdown = CancellationToken::new();
    Running { task: tokio::spawn(app.run(shutdown.clone())), shutdown }
}

impl Running {
    async fn end(self) {
        self.shutdown.cancel();
        timeout(SOON, self.task).await.unwrap().unwrap().unwrap();
    }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(SOON, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn without_a_face_nothing_starts() {
    assert!(matches!(refused(Config::default()).await, BindError::NoFace));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_its_face_and_the_other_ports_are_given_back() {
    let taken = StdListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let other = format!("127.0.0.1:{}", free_port());
    let mut config = strict(&other);
    config.proxy.full = at(&address.to_string());
    let error = refused(config).await;
    let BindError::Listen { face, address: told, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*face, *told), (Face::ProxyFull, address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    StdListener::bind(other).expect("the first port is still taken");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_before_anything_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("no.json");
    std::fs::write(&file, "[]").unwrap();
    let mut config = strict("127.0.0.1:0");
    config.proxy.tokens_file = Some(file.clone());
    assert!(matches!(refused(config).await, BindError::Tokens(_)));

    let mut config = strict("127.0.0.1:0");
    config.server.tls = Some(Tls::Files { certificate: file.clone(), key: file.clone() });
    assert!(matches!(refused(config).await, BindError::Certificate(_)));

    let compat = Compat { config: Some(dir.path().join("none.json")), ..Compat::default() };
    let config = Config { compat: Some(compat), ..Config::default() };
    assert!(matches!(refused(config).await, BindError::Legacy(_)));
}

#[tokio::test]
async fn every_face_that_is_asked_for_is_served_at_its_own_address() {
    let mut config = strict("127.0.0.1:0");
    config.proxy.full = at("127.0.0.1:0");
    let listen = Some("127.0.0.1:0".parse().unwrap());
    config.compat = Some(Compat { listen, ..Compat::default() });
    let app = bind(config).await.unwrap();
    let faces = app.faces().to_vec();
    let names: Vec<_> = faces.iter().map(|bound| bound.face.name()).collect();
    assert_eq!(names, ["proxy_strict", "proxy_full", "compat"]);
    let running = run(app);
    for bound in faces {
        assert_eq!(bound.url, format!("http://{}", bound.address));
        let answer = ask(TcpStream::connect(bound.address).await.unwrap(), "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let label = format!("face=\"{}\"", bound.face.name());
        let again = ask(TcpStream::connect(bound.address).await.unwrap(), "/metrics").await;
        assert!(again.contains(&label), "{again}");
    }
    running.end().await;
}

#[tokio::test]
async fn the_routes_of_all_rooms_are_there_and_a_token_is_asked_for() {
    let mut config = strict("127.0.0.1:0");
    config.proxy.full = at("127.0.0.1:0");
    let listen = Some("127.0.0.1:0".parse().unwrap());
    config.compat = Some(Compat { listen, ..Compat::default() });
    let app = bind(config).await.unwrap();
    let faces = app.faces().to_vec();
    let running = run(app);
    for bound in faces {
        let asked: &[(&str, u16)] = match bound.face {
            Face::Compat => &[("/api/version", 200), ("/api/v2/printers", 200), ("/none", 404)],
            _ => &[
                ("/v1/iot-service/api/user/bind", 401),
                ("/v1/iot-service/api/user/device/realtime?device_id=a", 401),
                ("/admin/tokens", 401),
                ("/none", 404),
            ],
        };
        for (path, status) in
            [("/", 200), ("/health", 200), ("/openapi.json", 200)].iter().chain(asked)
        {
            let answer = ask(TcpStream::connect(bound.address).await.unwrap(), path).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        }
    }
    running.end().await;
}

#[tokio::test]
async fn a_token_that_is_written_while_it_runs_lets_in_soon_and_no_restart_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("proxy_tokens.json");
    std::fs::write(&file, r#"{"old": "AQAreal"}"#).unwrap();
    let mut config = strict("127.0.0.1:0");
    config.proxy.tokens_file = Some(file.clone());
    config.proxy.rate_limit = crate::config::RateLimit::OFF;
    let app = bind(config).await.unwrap();
    let address = app.faces().first().unwrap().address;
    let running = run(app);
    let path = "/admin/tokens HTTP/1.1\r\nAuthorization: Bearer new\r\nX-Rest:";
    let asked = async || ask(TcpStream::connect(address).await.unwrap(), path).await;
    assert!(asked().await.starts_with("HTTP/1.1 401 "));
    std::fs::write(&file, r#"{"old": "AQAreal", "new": "AQAreal"}"#).unwrap();
    let let_in = async {
        while !asked().await.starts_with("HTTP/1.1 200 ") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, let_in).await.expect("the new token is still refused");
    running.end().await;
}

#[tokio::test]
async fn who_reads_events_does_not_hold_up_the_end() {
    let listen = Some("127.0.0.1:0".parse().unwrap());
    let compat = Some(Compat { listen, ..Compat::default() });
    let app = bind(Config { compat, ..Config::default() }).await.unwrap();
    let address = app.faces().first().unwrap().address;
    let running = run(app);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /api/v2/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 16];
    timeout(SOON, stream.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK\r");
    let begun = std::time::Instant::now();
    running.end().await;
    assert!(begun.elapsed() < Times::default().grace, "{:?}", begun.elapsed());
    let mut rest = String::new();
    timeout(SOON, stream.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
}

#[tokio::test]
async fn after_its_end_it_starts_again_on_the_same_port_at_once() {
    let mut address = "127.0.0.1:0".to_owned();
    for _ in 0..3 {
        let app = bind(strict(&address)).await.unwrap();
        address = app.faces().first().unwrap().address.to_string();
        let running = run(app);
        // An open connection must not keep the port either.
        let _open = TcpStream::connect(&address).await.unwrap();
        ask(TcpStream::connect(&address).await.unwrap(), "/metrics").await;
        running.end().await;
    }
}

#[tokio::test]
async fn who_trusts_the_made_certificate_is_served_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = strict("127.0.0.1:0");
    config.server.tls = Some(Tls::Made);
    let app = App::bind(config, surroundings(dir.path())).await.unwrap();
    let bound = app.faces().first().unwrap().clone();
    assert_eq!(bound.url, format!("https://{}", bound.address));
    let running = run(app);

    let mut roots = RootCertStore::empty();
    let file = dir.path().join("server-certificate.pem");
    roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    for name in ["127.0.0.1", "localhost"] {
        let stream = TcpStream::connect(bound.address).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let answer = ask(stream, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    running.end().await;
}

#[tokio::test]
async fn the_owner_is_warned_of_what_is_open_to_the_network() {
    let app = bind(strict("127.0.0.1:0")).await.unwrap();
    assert!(!app.warnings().iter().any(|warning| warning.contains("TLS")), "{:?}", app.warnings());

    let listen = Some("0.0.0.0:0".parse().unwrap());
    let mut config = strict("0.0.0.0:0");
    config.compat = Some(Compat { listen, ..Compat::default() });
    let app = bind(config.clone()).await.unwrap();
    let text = app.warnings().join("\n");
    for part in [
        "proxy_strict listens on 0.0.0.0:",
        "compat listens on 0.0.0.0:",
        "without TLS",
        "without a token",
        "no token is known",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(app.faces().iter().all(|bound| bound.url.starts_with("http://127.0.0.1:")));

    config.server.tls = Some(Tls::Made);
    config.compat.as_mut().unwrap().token = Some(Token::new("let-me-in"));
    let app = bind(config).await.unwrap();
    let text = app.warnings().join("\n");
    assert!(!text.contains("TLS") && !text.contains("without a token"), "{text}");
}
