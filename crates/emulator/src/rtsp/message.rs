//! What a viewer says on an RTSP connection, and what is answered.

use std::fmt::Write as _;

use bytes::{Buf as _, Bytes, BytesMut};

/// Largest head and largest body of a request.
const MOST_HEAD: usize = 8 << 10;
const MOST_BODY: usize = 16 << 10;

/// One thing that a viewer said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Request(Request),
    /// A packet on one of the channels inside of the connection.
    Packet {
        channel: u8,
    },
}

/// A request without its body, which nobody reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) uri: String,
    headers: Vec<(String, String)>,
}

/// What came is neither a request nor a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

impl Request {
    /// The value of a header, whatever its case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The path of its URI, without the slash at the end.
    pub(super) fn path(&self) -> &str {
        let rest = self.uri.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        path.split('?').next().unwrap_or(path).trim_end_matches('/')
    }
}

/// Takes the next thing out of `buffer`; `None` while it is not whole.
pub(super) fn next(buffer: &mut BytesMut) -> Result<Option<Said>, Nonsense> {
    if buffer.first() == Some(&b'$') {
        let (Some(channel), Some(length)) = (buffer.get(1).copied(), buffer.get(2..4)) else {
            return Ok(None);
        };
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if buffer.len() < length + 4 {
            return Ok(None);
        }
        buffer.advance(length + 4);
        return Ok(Some(Said::Packet { channel }));
    }
    let Some(end) = buffer.windows(4).take(MOST_HEAD).position(|four| four == b"\r\n\r\n") else {
        return if buffer.len() > MOST_HEAD { Err(Nonsense) } else { Ok(None) };
    };
    let head = buffer.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    let request = head.and_then(read).ok_or(Nonsense)?;
    let body = request.header("Content-Length").map_or(Ok(0), str::parse::<usize>);
    let body = body.ok().filter(|length| *length <= MOST_BODY).ok_or(Nonsense)?;
    if buffer.len() < end + 4 + body {
        return Ok(None);
    }
    buffer.advance(end + 4 + body);
    Ok(Some(Said::Request(request)))
}

fn read(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next()?);
    if version != "RTSP/1.0" || words.next().is_some() || method.is_empty() {
        return None;
    }
    let headers = lines.map(|line| {
        let (key, value) = line.split_once(':')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    });
    let headers = headers.collect::<Option<Vec<_>>>()?;
    Some(Request { method: method.to_owned(), uri: uri.to_owned(), headers })
}

/// An answer: status line, headers, perhaps a body.
#[derive(Debug)]
pub(super) struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// With a status such as `200 OK`.
    pub(super) fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a description of the stream.
    pub(super) fn describing(mut self, body: String) -> Self {
        self.body = body;
        self.with("Content-Type", "application/sdp")
    }

    /// As it is sent.
    pub(super) fn bytes(&self, sequence: Option<&str>) -> Bytes {
        let mut text = format!("RTSP/1.0 {}\r\n", self.status);
        if let Some(sequence) = sequence {
            let _ = write!(text, "CSeq: {sequence}\r\n");
        }
        let date = jiff::Timestamp::now().strftime("%a, %b %d %Y %H:%M:%S GMT");
        let _ = write!(text, "Date: {date}\r\n");
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        Bytes::from(text)
    }
}
