//! Lines of the control connection, bounded.

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::timeout,
};

/// Longest line in bytes, the end not counted; vsFTPd has the same bound [V].
pub(super) const LONGEST: usize = 4096;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Whole(Vec<u8>),
    /// A line that is too long.
    TooLong,
    /// The connection has ended, or nothing was said for too long.
    End,
}

/// The next line. Nothing is lost when the future is dropped.
pub(super) async fn next<S>(stream: &mut S, buffer: &mut BytesMut, patience: Duration) -> Line
where
    S: AsyncRead + Unpin,
{
    timeout(patience, read(stream, buffer)).await.ok().and_then(Result::ok).unwrap_or(Line::End)
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut BytesMut) -> io::Result<Line> {
    loop {
        if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let mut line = buffer.split_to(end + 1);
            line.truncate(end);
            if line.last() == Some(&b'\r') {
                line.truncate(end - 1);
            }
            return Ok(if line.len() > LONGEST {
                Line::TooLong
            } else {
                Line::Whole(line.to_vec())
            });
        }
        if buffer.len() > LONGEST {
            return Ok(Line::TooLong);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Line::End);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(mut bytes: &[u8]) -> Vec<Line> {
        let (mut buffer, mut lines) = (BytesMut::new(), Vec::new());
        loop {
            match next(&mut bytes, &mut buffer, Duration::from_secs(60)).await {
                Line::Whole(line) => lines.push(Line::Whole(line)),
                other => break lines.push(other),
            }
        }
        lines
    }

    #[tokio::test]
    async fn a_line_ends_with_or_without_a_carriage_return_and_is_bounded() {
        let whole = |text: &[u8]| Line::Whole(text.to_vec());
        let ended = lines(b"USER bblp\r\nQUIT\n\r\n\nhalf").await;
        assert_eq!(ended, [whole(b"USER bblp"), whole(b"QUIT"), whole(b""), whole(b""), Line::End]);
        let long = vec![b'x'; LONGEST + 2];
        assert_eq!(lines(&long).await, [Line::TooLong]);
        assert_eq!(lines(&[&long[..LONGEST], b"\r\n"].concat()).await.len(), 2);
    }
}
