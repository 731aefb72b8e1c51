//! Replies: a code of three digits and one line of text or more.

use bytes::BytesMut;

/// Longest reply that is read, all its lines together. Real ones have a few hundred bytes.
pub const LONGEST_REPLY: usize = 16 << 10;

/// A reply of the printer's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits; the first tells how it went (1 begun, 2 done, 3 go on, 4 not now, 5 no).
    pub code: u16,
    /// Its lines without the code, cleaned of control characters.
    pub lines: Vec<String>,
}

/// Bytes that are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// A line does not begin with a code.
    #[error("an answer without a code")]
    NoCode,
    /// It does not end within [`LONGEST_REPLY`].
    #[error("an answer without an end")]
    TooLong,
}

impl Reply {
    /// Takes the first whole reply off the buffer; `None` while more bytes are needed.
    ///
    /// # Errors
    /// [`BadReply`]; the buffer is of no use then.
    pub fn decode(buffer: &mut BytesMut) -> Result<Option<Self>, BadReply> {
        let mut lines = Vec::new();
        let (mut code, mut at) = (None, 0);
        let window = buffer.get(..buffer.len().min(LONGEST_REPLY)).unwrap_or_default();
        while let Some(length) =
            window.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\n'))
        {
            let line = window.get(at..at + length).unwrap_or_default();
            at += length + 1;
            let (is_last, text) = match (code, split(line)) {
                (None, None) => return Err(BadReply::NoCode),
                (None, Some((first, is_last, text))) => {
                    code = Some(first);
                    (is_last, text)
                }
                (Some(first), Some((again, true, text))) if again == first => (true, text),
                // Every other line is text, whatever it begins with.
                (Some(first), Some((again, false, text))) if again == first => (false, text),
                (Some(_), _) => (false, line),
            };
            lines.push(clean(text));
            if let (true, Some(code)) = (is_last, code) {
                let _ = buffer.split_to(at);
                return Ok(Some(Self { code, lines }));
            }
        }
        if buffer.len() >= LONGEST_REPLY {
            return Err(BadReply::TooLong);
        }
        // What cannot become a reply is told before its line ends.
        let begun = window.get(at..).unwrap_or_default();
        if code.is_none() && begun.iter().take(3).any(|byte| !byte.is_ascii_digit()) {
            return Err(BadReply::NoCode);
        }
        Ok(None)
    }

    /// Its last line, as a person reads it: 200 characters at most.
    pub fn text(&self) -> String {
        self.lines.last().map(|line| line.chars().take(200).collect()).unwrap_or_default()
    }

    /// Whether the request is done (2xx).
    pub fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the request is refused for good (5xx).
    pub fn is_refusal(&self) -> bool {
        self.code / 100 == 5
    }

    /// Whether the printer does not know the command at all (500, 502, 504).
    pub fn is_unknown_command(&self) -> bool {
        matches!(self.code, 500 | 502 | 504)
    }

    /// The number in the answer to `SIZE` or `AVBL`, in bytes.
    pub fn number(&self) -> Option<u64> {
        self.lines.last()?.split_whitespace().next()?.parse().ok()
    }
}

/// Code, whether this ends a reply, text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let [class @ b'1'..=b'6', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = *digits else {
        return None;
    };
    let code = u16::from(class - b'0') * 100 + u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
    match rest {
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        [] | [b'\r'] => Some((code, true, &[])),
        _ => None,
    }
}

fn clean(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8]) -> (Result<Option<Reply>, BadReply>, usize) {
        let mut buffer = BytesMut::from(text);
        let reply = Reply::decode(&mut buffer);
        (reply, buffer.len())
    }

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply { code, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn a_reply_has_one_line_or_ends_at_its_own_code_followed_by_a_space() {
        let one = |code, text| Ok(Some(reply(code, &[text])));
        assert_eq!(decode(b"220 (vsFTPd 3.0.5)\r\n"), (one(220, "(vsFTPd 3.0.5)"), 0));
        assert_eq!(decode(b"213 42\n226 x"), (one(213, "42"), 5));
        assert_eq!(decode(b"230\r\n"), (one(230, ""), 0));
        let many =
            b"211-Status:\r\n 211 is not the end\r\n226 nor this\r\n211-nor this\r\n211 End\r\n";
        let lines = ["Status:", " 211 is not the end", "226 nor this", "nor this", "End"];
        assert_eq!(decode(many), (Ok(Some(reply(211, &lines))), 0));
    }

    #[test]
    fn bytes_that_cannot_become_a_reply_are_told_at_once() {
        for begun in [&b""[..], b"2", b"220", b"220-a\r\n220", b"220 no end yet"] {
            assert_eq!(decode(begun), (Ok(None), begun.len()));
        }
        for bad in
            [&b"HTTP/1.1 400"[..], b"\x16\x03\x01", b"22", b"99 x\r\n", b"700 x\r\n", b"2200\r\n"]
        {
            let wanted = if bad == b"22" { Ok(None) } else { Err(BadReply::NoCode) };
            assert_eq!(decode(bad).0, wanted, "{bad:?}");
        }
    }

    #[test]
    fn a_reply_without_an_end_is_refused_within_bounds() {
        assert_eq!(decode(&b"220-more\r\n".repeat(2000)).0, Err(BadReply::TooLong));
        assert_eq!(decode(&b"2".repeat(LONGEST_REPLY)).0, Err(BadReply::TooLong));
    }

    #[test]
    fn texts_come_without_control_characters_and_numbers_within_bounds() {
        let (told, _) = decode(b"550 \x1b[31mno\x07\r\n");
        assert_eq!(told.unwrap().unwrap().text(), "[31mno");
        assert_eq!(reply(213, &["123 bytes"]).number(), Some(123));
        assert_eq!(reply(213, &["99999999999999999999999"]).number(), None);
        assert_eq!(reply(213, &["-1"]).number(), None);
    }
}
