//! As much of an HTTP client as it takes to ask our servers: one request, one connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &str| line.split_once(':').map(|(name, _)| name.to_ascii_lowercase());
        let line = self.head.lines().find(|line| of(line).as_deref() == Some(name))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection on which a request was made.
pub(crate) struct Asked(BufReader<TcpStream>);

/// Host and port of a URL, and the rest of it.
fn parts(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
}

/// Sends a request; the answer is read when it is wanted.
pub(crate) fn ask(method: &str, url: &str, token: Option<&str>, body: &str) -> Asked {
    let (host, path) = parts(url);
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let bearer = token.map(|it| format!("Authorization: Bearer {it}\r\n")).unwrap_or_default();
    let length = match body {
        "" => String::new(),
        body => {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
        }
    };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    write!(socket, "{head}{bearer}{length}\r\n{body}").unwrap();
    Asked(BufReader::new(socket))
}

/// The answer to a request.
pub(crate) fn request(method: &str, url: &str, token: Option<&str>, body: &str) -> Answer {
    ask(method, url, token, body).answer()
}

/// The answer to a GET.
pub(crate) fn get(url: &str, token: Option<&str>) -> Answer {
    request("GET", url, token, "")
}

impl Asked {
    fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "cut off: {head}");
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no status: {head}")), head)
    }

    /// All of it.
    pub(crate) fn answer(mut self) -> Answer {
        let (status, head) = self.head();
        let mut body = Vec::new();
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        } else {
            self.0.read_to_end(&mut body).unwrap();
        }
        Answer { status, head, body: String::from_utf8(body).unwrap() }
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim(), 16).unwrap_or_default();
        let mut chunk = vec![0; length + 2];
        self.0.read_exact(&mut chunk).ok()?;
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }

    /// The text of an event stream until this was in it.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let (status, head) = self.head();
        assert_eq!(status, 200, "{head}");
        self.more(text)
    }

    /// What comes after that, until this was in it.
    pub(crate) fn more(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            let chunk = self.chunk().unwrap_or_else(|| panic!("it ended: {seen}"));
            seen += std::str::from_utf8(&chunk).unwrap();
        }
        seen
    }

    /// Reads until the stream is over.
    pub(crate) fn end(mut self) {
        while self.chunk().is_some() {}
    }
}
