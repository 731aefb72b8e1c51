//! A cloud that answers by the last part of the path, and keeps every request as it came.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The upstream's own log: head and length of the body of each request.
#[derive(Clone)]
pub(super) struct Cloud {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, u64)>>>,
    connections: Arc<Mutex<usize>>,
    is_down: Arc<AtomicBool>,
}

impl Cloud {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cloud = Self {
            address,
            seen: Arc::default(),
            connections: Arc::default(),
            is_down: Arc::default(),
        };
        let served = cloud.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *served.connections.lock().unwrap() += 1;
                let served = served.clone();
                tokio::spawn(async move { served.serve(stream).await });
            }
        });
        cloud
    }

    /// Heads in lower case, in the order in which they came.
    pub(super) fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(head, _)| head.to_ascii_lowercase()).collect()
    }

    pub(super) fn uploaded(&self) -> u64 {
        self.seen.lock().unwrap().iter().map(|(_, length)| length).sum()
    }

    /// From now on every connection ends without an answer.
    pub(super) fn fail(&self) {
        self.is_down.store(true, Ordering::Relaxed);
    }

    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut buffer = Vec::new();
        for before in 0.. {
            let end = loop {
                if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                    break end + 4;
                }
                (stream.read_buf(&mut buffer).await.ok()? > 0).then_some(())?;
            };
            let head = String::from_utf8(buffer.drain(..end).collect()).unwrap();
            let length = body(&head, &mut buffer, &mut stream).await?;
            let path = head.split(' ').nth(1).unwrap().to_owned();
            self.seen.lock().unwrap().push((head, length));
            let name = path.rsplit('/').next().unwrap().split('?').next().unwrap();
            if self.is_down.load(Ordering::Relaxed) {
                return None;
            }
            if name == "flaky" && self.heads().len() == 1 {
                return None;
            }
            if name == "first" && before > 0 {
                return None;
            }
            answer(name, &mut stream).await?;
        }
        None
    }
}

/// Reads the body, whatever its framing is; how long it was.
async fn body(head: &str, buffer: &mut Vec<u8>, stream: &mut TcpStream) -> Option<u64> {
    let head = head.to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        let (mut length, mut tail) = (0, Vec::new());
        loop {
            length += buffer.len() as u64;
            tail.extend_from_slice(buffer);
            tail.drain(..tail.len().saturating_sub(5));
            buffer.clear();
            if tail.ends_with(b"0\r\n\r\n") {
                return Some(length);
            }
            (stream.read_buf(buffer).await.ok()? > 0).then_some(())?;
        }
    }
    let length = head.split("content-length: ").nth(1);
    let length: u64 = length.map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut missing = length;
    loop {
        let here = missing.min(buffer.len() as u64);
        buffer.drain(..usize::try_from(here).unwrap());
        missing -= here;
        if missing == 0 {
            return Some(length);
        }
        (stream.read_buf(buffer).await.ok()? > 0).then_some(())?;
    }
}

/// A printer as `user/bind` tells it, with what must not be told on.
pub(super) const DEVICE: &str = r#"{"message":"success","devices":[{"dev_id":"01P00A000000001","name":"P1S","dev_access_code":"12345678","ip":"192.168.1.5","url":"https://s3.example.com/a?Signature=abc"}]}"#;

async fn answer(name: &str, stream: &mut TcpStream) -> Option<()> {
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let whole = |body: &str| format!("{json}Content-Length: {}\r\n\r\n{body}", body.len());
    let refused = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let text = match name {
        "bind" | "flaky" | "first" => whole(DEVICE),
        "chunked" => {
            let (one, two) = DEVICE.split_at(97);
            stream
                .write_all(format!("{json}Transfer-Encoding: chunked\r\n\r\n").as_bytes())
                .await
                .ok()?;
            stream.write_all(chunk(one).as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            format!("{}0\r\nX-Trailer: 192.168.1.5\r\n\r\n", chunk(two))
        }
        "empty" => whole(""),
        "emptychunked" => format!("{json}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "nocontent" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "head" => format!("{json}Content-Length: 999\r\nETag: \"x\"\r\n\r\n"),
        "html" => refused("200 OK", "Content-Type: text/html\r\n", "<html>hello</html>"),
        "page" => refused("200 OK", "Content-Type: application/json\r\n", " <!DOCTYPE html><p>"),
        "challenge" => refused(
            "403 Forbidden",
            "Content-Type: text/html\r\ncf-mitigated: challenge\r\n",
            "<html>Just a moment...</html>",
        ),
        "limited" => {
            refused("429 Too Many Requests", "Retry-After: 7\r\n", "{\"error\":\"slow down\"}")
        }
        "dead" => refused(
            "401 Unauthorized",
            "",
            "{\"code\":4,\"error\":\"Please login.\",\"message\":\"\"}",
        ),
        "forbidden" => refused(
            "403 Forbidden",
            "",
            &format!(
                "{{\"code\":8,\"error\":\"no {REAL} from 10.1.2.3 at https://x.example/y?k=v\"}}",
                REAL = super::REAL
            ),
        ),
        "missing" => refused("404 Not Found", "", "404 page not found"),
        "trouble" => {
            refused("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>openresty</html>")
        }
        "packed" => refused(
            "200 OK",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            "\x1f\x08",
        ),
        "moved" => refused(
            "302 Found",
            "Location: https://s3.example.com/a?Signature=abc\r\nSet-Cookie: token=AQAsecret; Path=/\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nAlt-Svc: h3\r\n",
            "",
        ),
        "cut" => {
            let text = format!("{json}Content-Length: 500\r\n\r\n{DEVICE}");
            stream.write_all(text.as_bytes()).await.ok()?;
            return None;
        }
        "cutchunked" => {
            let text = format!("{json}Transfer-Encoding: chunked\r\n\r\n{}", chunk(DEVICE));
            stream.write_all(text.as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            return None;
        }
        "profile" => whole("{\"uid\":1,\"name\":\"alice-token-0001 bob-token-000002\"}"),
        "later" => {
            tokio::time::sleep(Duration::from_millis(100)).await;
            whole(DEVICE)
        }
        "huge" => whole(&format!("[{}0]", "\"0123456789abcdef\",".repeat(400_000))),
        "slow" => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            whole(DEVICE)
        }
        "stalls" => {
            let text = format!("{json}Transfer-Encoding: chunked\r\n\r\n{}", chunk(DEVICE));
            stream.write_all(text.as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_secs(20)).await;
            "0\r\n\r\n".to_owned()
        }
        "endless" => "not http at all\r\n\r\n".repeat(100),
        "big" => return big(stream).await,
        _ => whole("{\"ok\":true}"),
    };
    stream.write_all(text.as_bytes()).await.ok()
}

/// How large the largest answer is: 100 MiB, less where code is slow because it is not optimised.
pub(super) const BIG: usize = if cfg!(debug_assertions) { 24 << 20 } else { 100 << 20 };

/// So much of printers in one JSON text.
async fn big(stream: &mut TcpStream) -> Option<()> {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    let many = format!("{DEVICE},").repeat(400);
    let rounds = BIG / many.len();
    stream.write_all(b"1\r\n[\r\n").await.ok()?;
    for _ in 0..rounds {
        stream.write_all(format!("{:x}\r\n{many}\r\n", many.len()).as_bytes()).await.ok()?;
    }
    stream.write_all(b"2\r\n0]\r\n0\r\n\r\n").await.ok()
}
