//! Taking messages from bytes, however they are cut.

use bytes::{Buf, Bytes, BytesMut};

use super::message::{Headers, Interleaved, Message, Request, Response};

/// Most headers of one message.
const MAX_HEADERS: usize = 128;

/// How much of one message is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// First line and headers, in bytes.
    pub head: usize,
    /// In bytes.
    pub body: usize,
}

impl Default for Limits {
    /// 64 KiB and 1 MiB.
    fn default() -> Self {
        Self { head: 64 << 10, body: 1 << 20 }
    }
}

/// Why bytes are no RTSP. There is no way to go on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// The first line is neither a request nor a response.
    #[error("no RTSP")]
    FirstLine,
    /// A header that cannot be read, or too many of them.
    #[error("headers that cannot be read")]
    Header,
    /// First line and headers do not end.
    #[error("headers without end")]
    HeadTooLong,
    /// The length of the body is no number, or it is told twice and differs.
    #[error("a body without a clear length")]
    Length,
    /// The body is longer than is read.
    #[error("a body of {0} bytes")]
    BodyTooLong(u64),
}

/// Reads one connection. Holds at most a head, a body and what was given last.
#[derive(Debug, Default)]
pub struct Reader {
    limits: Limits,
    bytes: BytesMut,
    /// So far no end of the head was found.
    searched: usize,
    /// A message that waits for its body, and how long that is.
    waiting: Option<(Message, usize)>,
}

impl Reader {
    /// A reader with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes what has come. [`Reader::message`] is called until it has none before more is given.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message; `None` until more bytes have come.
    ///
    /// # Errors
    /// [`BadMessage`]: hang up.
    pub fn message(&mut self) -> Result<Option<Message>, BadMessage> {
        if let Some(waiting) = self.waiting.take() {
            return Ok(self.with_body(waiting));
        }
        while let [b'\r' | b'\n', ..] = *self.bytes {
            self.bytes.advance(1);
            self.searched = 0;
        }
        if self.bytes.first() == Some(&b'$') {
            return Ok(self.interleaved());
        }
        let Some(end) = self.end_of_head()? else { return Ok(None) };
        self.searched = 0;
        let head = self.bytes.split_to(end);
        let (message, length) = parse_head(&String::from_utf8_lossy(&head), self.limits.body)?;
        Ok(self.with_body((message, length)))
    }

    fn interleaved(&mut self) -> Option<Message> {
        let [_, channel, high, low] = *self.bytes.first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if self.bytes.len() - 4 < length {
            return None;
        }
        self.bytes.advance(4);
        let data = self.bytes.split_to(length).freeze();
        Some(Message::Interleaved(Interleaved { channel, data }))
    }

    /// Where the body begins: behind an empty line.
    fn end_of_head(&mut self) -> Result<Option<usize>, BadMessage> {
        let from = self.searched.saturating_sub(2);
        let unsearched = self.bytes.get(from..).unwrap_or_default();
        let mut end = None;
        for (at, byte) in unsearched.iter().enumerate() {
            if *byte == b'\n' {
                match unsearched.get(at + 1..).unwrap_or_default() {
                    [b'\n', ..] => end = Some(from + at + 2),
                    [b'\r', b'\n', ..] => end = Some(from + at + 3),
                    _ => continue,
                }
                break;
            }
        }
        self.searched = self.bytes.len();
        if end.unwrap_or(self.bytes.len()) > self.limits.head {
            return Err(BadMessage::HeadTooLong);
        }
        Ok(end)
    }

    fn with_body(&mut self, (mut message, length): (Message, usize)) -> Option<Message> {
        if self.bytes.len() < length {
            self.waiting = Some((message, length));
            return None;
        }
        let body = self.bytes.split_to(length).freeze();
        match &mut message {
            Message::Request(request) => request.body = body,
            Message::Response(response) => response.body = body,
            Message::Interleaved(_) => {}
        }
        Some(message)
    }
}

fn parse_head(head: &str, longest: usize) -> Result<(Message, usize), BadMessage> {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let headers = parse_headers(lines)?;
    let length = body_length(&headers, longest)?;
    let mut words = first.splitn(3, ' ');
    let (one, two, three) = (words.next(), words.next(), words.next());
    let message = match (one, two, three) {
        (Some(version), Some(status), reason) if version.starts_with("RTSP/") => {
            let status = status.parse().map_err(|_| BadMessage::FirstLine)?;
            let reason = reason.unwrap_or_default().to_owned();
            Message::Response(Response { status, reason, headers, body: Bytes::new() })
        }
        (Some(method), Some(uri), Some(version)) if version.starts_with("RTSP/") => {
            let (method, uri) = (method.to_owned(), uri.to_owned());
            Message::Request(Request { method, uri, headers, body: Bytes::new() })
        }
        _ => return Err(BadMessage::FirstLine),
    };
    Ok((message, length))
}

fn parse_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Headers, BadMessage> {
    let mut headers = Headers::default();
    for line in lines.filter(|line| !line.is_empty()) {
        if line.contains(|c: char| c.is_control() && c != '\t') || headers.len() >= MAX_HEADERS {
            return Err(BadMessage::Header);
        }
        if line.starts_with([' ', '\t']) {
            if !headers.fold(line.trim()) {
                return Err(BadMessage::Header);
            }
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(BadMessage::Header)?;
        headers.push(name.trim(), value.trim());
    }
    Ok(headers)
}

fn body_length(headers: &Headers, longest: usize) -> Result<usize, BadMessage> {
    let mut told = None;
    for value in headers.values("Content-Length") {
        let length: u64 = value.parse().map_err(|_| BadMessage::Length)?;
        if told.replace(length).is_some_and(|before| before != length) {
            return Err(BadMessage::Length);
        }
    }
    let length = told.unwrap_or(0);
    let fits = usize::try_from(length).ok().filter(|length| *length <= longest);
    fits.ok_or(BadMessage::BodyTooLong(length))
}
