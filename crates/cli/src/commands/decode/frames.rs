//! Cuts a stream of JSON objects into documents: one per line, pretty-printed over many lines, or
//! simply one after the other. Holds at most one document, of bounded size, and finds its way
//! back after a bad line.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

/// One document, or why a stretch of input is none; `line` is where it began, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) line: u64,
    pub(super) body: Result<Vec<u8>, FrameError>,
}

/// Why a stretch of input is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// Something else than an object stands where a report should begin.
    #[error("no report begins here: a report is a JSON object such as {{\"print\": …}}")]
    NoObject,
    /// Still open where the next report begins or the input ends, or closed by the wrong bracket.
    #[error("the report is cut off, or its brackets do not match")]
    CutOff,
    /// More than a report may have.
    #[error("longer than {0} bytes, which no report is")]
    TooLong(usize),
}

/// Reads documents from `input`, each at most `limit` bytes.
pub(super) struct Frames<R> {
    input: R,
    limit: usize,
    /// Number of the line that was read last.
    line: u64,
    /// Documents of that line that are not handed out yet.
    ready: VecDeque<Frame>,
    /// A document that goes on in the next line, where it began, and what it has open.
    pending: Vec<u8>,
    began: u64,
    open: Vec<u8>,
    /// After something bad: waiting for a line that begins with `{`.
    lost: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        let (pending, open, ready) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { input, limit, line: 0, ready, pending, began: 0, open, lost: false }
    }

    /// The next document; `None` at the end of the input. `idle` runs before each wait for input.
    pub(super) fn next(
        &mut self,
        idle: &mut impl FnMut() -> io::Result<()>,
    ) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            let mut line = Vec::new();
            match read_line(&mut self.input, self.limit, &mut line, idle)? {
                Read::End if self.open.is_empty() => return Ok(None),
                Read::End => self.give_up(FrameError::CutOff),
                Read::TooLong => {
                    self.line += 1;
                    if self.open.is_empty() {
                        self.began = self.line;
                    }
                    self.give_up(FrameError::TooLong(self.limit));
                }
                Read::Line => {
                    self.line += 1;
                    self.take(&line);
                }
            }
        }
    }

    /// Takes the next line apart.
    fn take(&mut self, line: &[u8]) {
        let mut line = if self.line == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        if line.trim_ascii().is_empty() {
            return;
        }
        let fresh = line.first() == Some(&b'{');
        if !self.open.is_empty() && fresh && (self.open.last() == Some(&b'{') || stands_alone(line))
        {
            // No printer of JSON opens an object at the margin inside of an object.
            self.give_up(FrameError::CutOff);
        }
        if self.lost && !(fresh || stands_alone(line.trim_ascii_start())) {
            return;
        }
        self.lost = false;
        while !line.trim_ascii_start().is_empty() {
            if self.open.is_empty() {
                line = line.trim_ascii_start();
                self.began = self.line;
            }
            match scan(line, &mut self.open) {
                Scan::Closed(length) => {
                    let (document, rest) = line.split_at(length);
                    self.keep(document);
                    if !self.lost {
                        let body = Ok(std::mem::take(&mut self.pending));
                        self.ready.push_back(Frame { line: self.began, body });
                    }
                    line = rest;
                }
                Scan::Open => {
                    self.keep(line);
                    return;
                }
                Scan::NoObject => {
                    let body = Err(FrameError::NoObject);
                    return self.ready.push_back(Frame { line: self.line, body });
                }
                Scan::Broken => return self.give_up(FrameError::CutOff),
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.pending.len() + bytes.len() > self.limit {
            self.give_up(FrameError::TooLong(self.limit));
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }

    fn give_up(&mut self, error: FrameError) {
        self.pending.clear();
        self.open.clear();
        self.lost = true;
        self.ready.push_back(Frame { line: self.began, body: Err(error) });
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

enum Scan {
    /// The object ends after this many bytes.
    Closed(usize),
    /// It goes on in the next line.
    Open,
    NoObject,
    Broken,
}

/// Follows the brackets of one object; `open` holds those that are open.
fn scan(line: &[u8], open: &mut Vec<u8>) -> Scan {
    if open.is_empty() && line.first() != Some(&b'{') {
        return Scan::NoObject;
    }
    let (mut text, mut escaped) = (false, false);
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => {
                // `{` and `}` are two apart in ASCII, and so are `[` and `]`.
                if open.pop() != Some(byte - 2) {
                    return Scan::Broken;
                }
                if open.is_empty() {
                    return Scan::Closed(at + 1);
                }
            }
            _ => {}
        }
    }
    // A text of JSON never goes over the end of a line.
    if text { Scan::Broken } else { Scan::Open }
}

/// Whether a whole object stands at the front of this line.
fn stands_alone(line: &[u8]) -> bool {
    matches!(scan(line, &mut Vec::new()), Scan::Closed(_))
}

enum Read {
    Line,
    TooLong,
    End,
}

/// Reads one line without its end into `line`; of a longer one than `limit` it keeps nothing.
fn read_line(
    input: &mut impl BufRead,
    limit: usize,
    line: &mut Vec<u8>,
    idle: &mut impl FnMut() -> io::Result<()>,
) -> io::Result<Read> {
    let (mut begun, mut too_long) = (false, false);
    loop {
        idle()?;
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        too_long |= line.len() + part.len() > limit;
        if too_long {
            *line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        let taken = part.len() + usize::from(end.is_some());
        input.consume(taken);
        begun |= taken > 0;
        if end.is_some() || taken == 0 {
            return Ok(match (begun, too_long) {
                (false, _) => Read::End,
                (true, true) => Read::TooLong,
                (true, false) => Read::Line,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(input: &str) -> Vec<(u64, Result<String, FrameError>)> {
        let mut frames = Frames::new(io::BufReader::with_capacity(7, input.as_bytes()), 100);
        let mut all = Vec::new();
        while let Some(frame) = frames.next(&mut || Ok(())).unwrap() {
            let body = frame.body.map(|body| {
                String::from_utf8(body).unwrap().split_ascii_whitespace().collect::<String>()
            });
            all.push((frame.line, body));
        }
        all
    }

    #[test]
    fn objects_are_found_however_they_are_laid_out() {
        let (a, b) = (Ok(r#"{"a":[{"}":1}]}"#.to_owned()), Ok(r#"{"b":2}"#.to_owned()));
        for (input, second) in [
            ("{\"a\":[{\"}\":1}]}\n{\"b\":2}\n", 2),
            ("{\"a\":[{\"}\":1}]}\r\n\r\n{\"b\":2}", 3),
            ("{\"a\":[{\"}\":1}]} {\"b\":2}", 1),
            ("\u{feff}{\n \"a\": [\n  {\n   \"}\": 1\n  }\n ]\n}\n{\"b\"\n:2}", 8),
            ("{\n\"a\":[\n{\n\"}\":1\n}\n]\n}{\"b\":2}", 7),
        ] {
            assert_eq!(frames(input), [(1, a.clone()), (second, b.clone())], "{input}");
        }
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        let good = || Ok(r#"{"b":2}"#.to_owned());
        for (bad, error) in [
            ("hello", FrameError::NoObject),
            ("[1,2]", FrameError::NoObject),
            ("{\"a\":{\"b\":1", FrameError::CutOff),
            ("{\"a\":[{\"b\":1", FrameError::CutOff),
            ("{\"a\":[1}", FrameError::CutOff),
            ("{\"a", FrameError::CutOff),
            (&format!("{{\"a\":\"{}\"}}", "x".repeat(100)), FrameError::TooLong(100)),
        ] {
            let input = format!("{{\"b\":2}}\n{bad}\n{{\"b\":2}}\n");
            assert_eq!(frames(&input), [(1, good()), (2, Err(error)), (3, good())], "{bad}");
        }
    }

    #[test]
    fn a_document_over_many_lines_is_bounded_too() {
        let long = format!("{{\n{}\"x\":1\n}}\n{{\"b\":2}}\n", "  \"key\": 1,\n".repeat(20));
        let found = frames(&long);
        assert_eq!(found.first(), Some(&(1, Err(FrameError::TooLong(100)))));
        assert_eq!(found.len(), 2);
    }
}
