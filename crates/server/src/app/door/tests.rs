//! A port with good, slow, silent and too many peers.

use std::time::Instant;

use axum::{
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::IntoResponse as _,
    routing::{get, post},
};
use futures_util::stream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
    time::sleep,
};

use super::*;
use crate::{
    app::tls::Certificate,
    config::{Server, Tls},
};

/// Long enough for a busy machine, short enough to notice.
const SOON: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

struct Open {
    address: SocketAddr,
    metrics: Metrics,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn endless() -> Response {
    let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65536])));
    Body::from_stream(chunks).into_response()
}

async fn events() -> Response {
    use futures_util::StreamExt as _;
    let first = stream::once(async { Ok::<_, Infallible>(Bytes::from("event: snapshot\n\n")) });
    let body = Body::from_stream(first.chain(stream::pending()));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn router() -> Router {
    Router::new()
        .route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
        .route(
            "/slow",
            get(|| async {
                sleep(Duration::from_millis(600)).await;
                "done"
            }),
        )
        .route("/endless", get(endless))
        .route("/events", get(events))
        .route("/stuck", get(std::future::pending::<()>))
        .route("/upload", post(|body: Bytes| async move { body.len().to_string() }))
}

async fn open(times: Times, places: Places) -> Open {
    open_with(None, times, places).await
}

async fn open_with(tls: Option<TlsAcceptor>, times: Times, places: Places) -> Open {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (metrics, shutdown) = (Metrics::new(), CancellationToken::new());
    let seen = Seen { face: "compat", metrics: metrics.clone() };
    let inside =
        Inside { router: router(), seen, metrics: metrics.clone(), shutdown: shutdown.clone() };
    let inside = Arc::new(inside);
    let door = Door { listener, tls, places, times, inside };
    let task = tokio::spawn(door.serve());
    Open { address, metrics, shutdown, task }
}

async fn usual() -> Open {
    open(Times::default(), Places::new(4096, 4096)).await
}

impl Open {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn ended(self) {
        timeout(SOON, self.task).await.unwrap().unwrap();
    }
}

/// What comes until the connection is closed; a reset is an end, too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut bytes)).await.expect("it was not closed");
    let _ = read;
    String::from_utf8_lossy(&bytes).into_owned()
}

const CLOSE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let open = usual().await;
    let mut stream = open.send(CLOSE).await;
    let own = stream.local_addr().unwrap().to_string();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(&own), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let open = open(Times { head: SHORT, ..Times::default() }, Places::new(9, 9)).await;
    let (mut reader, mut writer) = open.send("GET / HTTP/1.1\r\nX: ").await.into_split();
    let begun = Instant::now();
    let trickle = async {
        while writer.write_all(b"a").await.is_ok() && begun.elapsed() < SOON {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let closed = async {
        let mut bytes = Vec::new();
        let _ = reader.read_to_end(&mut bytes).await;
    };
    tokio::select! { () = trickle => {}, () = closed => {} }
    assert!(begun.elapsed() < SOON);
    // The silent one has no longer.
    let mut silent = open.connect().await;
    assert!(!rest(&mut silent).await.contains("200 OK"));
}

#[tokio::test]
async fn a_body_that_stops_coming_and_an_answer_that_nobody_takes_end_the_connection() {
    let open = open(Times { stall: SHORT, ..Times::default() }, Places::new(9, 9)).await;
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf";
    let mut stream = open.send(head).await;
    assert!(!rest(&mut stream).await.contains("200 OK"));
    let _deaf = open.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let gone = async {
        while !open.metrics.text().contains("bambu_connections 0") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    // First it has to be there at all.
    let there = async {
        while !open.metrics.text().contains("bambu_connections 1") {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let _ = timeout(SHORT, there).await;
    timeout(SOON, gone).await.expect("the deaf peer is still there");
}

#[tokio::test]
async fn a_peer_that_does_not_begin_tls_or_speaks_plain_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server { tls: Some(Tls::Made), ..Server::default() };
    let certificate = Certificate::of(&server, &[], dir.path()).unwrap().unwrap();
    let times = Times { handshake: SHORT, ..Times::default() };
    let open = open_with(Some(certificate.acceptor()), times, Places::new(9, 9)).await;
    let (mut silent, mut plain) = (open.connect().await, open.send(CLOSE).await);
    assert_eq!(rest(&mut silent).await, "");
    assert!(!rest(&mut plain).await.contains("200 OK"));
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_stop_a_request() {
    // Both ends are ours: more files than a shell allows its programs.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let open = usual().await;
    let mut idle = Vec::new();
    for index in 0..1000 {
        // Half of them in the middle of a head, which is how slowloris goes about it.
        let text = if index % 2 == 0 { "" } else { "GET / HTTP/1.1\r\nX-A: " };
        idle.push(open.send(text).await);
    }
    let mut stream = open.send(CLOSE).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_connection_without_a_place_is_closed_and_counted_and_a_place_comes_back() {
    let open = open(Times::default(), Places::new(2, 2)).await;
    let answered = |mut stream: TcpStream| async move {
        let mut some = [0; 12];
        let read = timeout(SOON, stream.read_exact(&mut some)).await.unwrap();
        (read.is_ok(), stream)
    };
    let keep = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let (one, two) = (answered(open.send(keep).await).await, answered(open.send(keep).await).await);
    assert!(one.0 && two.0);
    let mut third = open.connect().await;
    assert_eq!(rest(&mut third).await, "");
    assert!(open.metrics.text().contains("bambu_refused_connections_total 1"));
    drop((one, two));
    let again = async {
        while !answered(open.send(keep).await).await.0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, again).await.expect("no place came back");
}

#[tokio::test]
async fn the_end_waits_for_a_request_under_way_and_closes_what_is_idle_or_endless() {
    let open = usual().await;
    let mut slow = open.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut events = open.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut silent = open.connect().await;
    let mut idle = open.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut head = [0; 200];
    for stream in [&mut events, &mut idle] {
        assert!(timeout(SOON, stream.read(&mut head)).await.unwrap().unwrap() > 0);
    }
    let address = open.address;
    // The slow one is under way by now: its connection was taken before the others' answers.
    let begun = Instant::now();
    open.shutdown.cancel();
    assert!(rest(&mut slow).await.ends_with("done"));
    let end = rest(&mut events).await;
    assert!(end.ends_with("0\r\n\r\n"), "an event stream ends in order: {end}");
    for stream in [&mut silent, &mut idle] {
        assert!(!rest(stream).await.contains("HTTP/1.1 4"));
    }
    open.ended().await;
    assert!(begun.elapsed() < Times::default().grace, "{:?}", begun.elapsed());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_short_after_the_grace() {
    let open = open(Times { grace: SHORT, ..Times::default() }, Places::new(9, 9)).await;
    let mut stuck = open.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let counted = async {
        while !open.metrics.text().contains("bambu_connections 1") {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, counted).await.unwrap();
    open.shutdown.cancel();
    assert_eq!(rest(&mut stuck).await, "");
    open.ended().await;
}
