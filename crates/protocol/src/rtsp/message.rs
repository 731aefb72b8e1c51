//! Requests, responses and the frames between them, and how they are written.

use std::fmt;

use bytes::Bytes;

/// One thing that comes over the connection, either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Somebody wants something.
    Request(Request),
    /// The answer to a request.
    Response(Response),
    /// Data of a stream.
    Interleaved(Interleaved),
}

/// A frame of a stream inside the connection: `$`, channel, length in two bytes, data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interleaved {
    /// As agreed in `SETUP`: an even one for RTP, the next one for RTCP.
    pub channel: u8,
    /// At most 65535 bytes.
    pub data: Bytes,
}

impl Interleaved {
    /// What stands before the data.
    pub fn header(channel: u8, length: u16) -> [u8; 4] {
        let [high, low] = length.to_be_bytes();
        [b'$', channel, high, low]
    }
}

/// What is wanted, such as `DESCRIBE rtsps://…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// The address, or `*`.
    pub uri: String,
    /// Without `Content-Length`, which is written from the body.
    pub headers: Headers,
    /// May be empty.
    pub body: Bytes,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, uri: &str) -> Self {
        Self {
            method: method.into(),
            uri: uri.into(),
            headers: Headers::default(),
            body: Bytes::new(),
        }
    }

    /// As it goes out.
    pub fn encode(&self) -> Vec<u8> {
        encode(format!("{} {} RTSP/1.0\r\n", self.method, self.uri), &self.headers, &self.body)
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 is good, 401 wants a login, 404 knows no such stream, 453 has no room.
    pub status: u16,
    /// The same in words.
    pub reason: String,
    /// Without `Content-Length` when it is to be written.
    pub headers: Headers,
    /// May be empty.
    pub body: Bytes,
}

impl Response {
    /// A response without headers and body.
    pub fn new(status: u16, reason: &str) -> Self {
        Self { status, reason: reason.into(), headers: Headers::default(), body: Bytes::new() }
    }

    /// As it goes out.
    pub fn encode(&self) -> Vec<u8> {
        encode(format!("RTSP/1.0 {} {}\r\n", self.status, self.reason), &self.headers, &self.body)
    }
}

fn encode(first: String, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut text = first;
    for (name, value) in headers.iter() {
        if !name.eq_ignore_ascii_case("Content-Length") {
            // What came from outside must not begin another line.
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Headers in their order. `Debug` hides a login.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Puts one behind the others.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first one with this name; capitals do not matter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All with this name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.iter();
        all.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Continues the value of the last one, which an old way of writing allows.
    pub(super) fn fold(&mut self, more: &str) -> bool {
        let last = self.0.last_mut();
        last.map(|(_, value)| {
            value.push(' ');
            value.push_str(more);
        })
        .is_some()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |name: &str| name.eq_ignore_ascii_case("Authorization");
        f.debug_map()
            .entries(self.iter().map(|(n, v)| (n, if hidden(n) { "<redacted>" } else { v })))
            .finish()
    }
}
