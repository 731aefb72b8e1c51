//! The body of an answer on its way to the caller: masked as it comes, and cut when it was cut.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use crate::{
    faces::proxy::{failure::Failure, upstream},
    mask::Stream,
    stall::Stall,
};
use futures_util::future::poll_fn;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// A body whose parts must come in time; trailers are left out.
#[derive(Debug)]
pub(super) struct Timed {
    inner: Incoming,
    stall: Stall,
}

/// A body with its first bytes before it.
pub(super) struct Passed {
    first: Option<Bytes>,
    rest: Timed,
    mask: Option<Stream>,
}

/// Why a body ends before its end.
enum Cut {
    Late,
    Broken,
}

impl Timed {
    pub(super) fn new(inner: Incoming, patience: Duration) -> Self {
        Self { inner, stall: Stall::new(patience) }
    }

    /// Whether all of it came, as far as that is known already.
    pub(super) fn is_end(&self) -> bool {
        self.inner.is_end_stream()
    }

    /// The next bytes, at least one; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = poll_fn(|context| self.poll_chunk(context)).await;
        chunk.transpose().map_err(|cut| match cut {
            Cut::Late => upstream::late(),
            Cut::Broken => upstream::broken(),
        })
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Cut::Broken))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.stall.moved();
                    match frame.into_data() {
                        Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                        _ => {}
                    }
                }
                Poll::Pending => {
                    ready!(self.stall.poll_too_long(context));
                    return Poll::Ready(Some(Err(Cut::Late)));
                }
            }
        }
    }
}

impl Passed {
    pub(super) fn plain(first: Bytes, rest: Timed) -> Self {
        Self { first: Some(first), rest, mask: None }
    }

    pub(super) fn masked(first: Bytes, rest: Timed, mask: Stream) -> Self {
        Self { first: Some(first), rest, mask: Some(mask) }
    }
}

impl Body for Passed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        loop {
            let chunk = match this.first.take() {
                Some(first) => Some(Ok(first)),
                None => ready!(this.rest.poll_chunk(context)),
            };
            let frame = match (chunk, this.mask.take()) {
                (Some(Ok(chunk)), None) => chunk,
                (Some(Ok(chunk)), Some(mut mask)) => {
                    let mut out = Vec::with_capacity(chunk.len() + chunk.len() / 8);
                    mask.push(&chunk, &mut out);
                    this.mask = Some(mask);
                    if out.is_empty() {
                        continue;
                    }
                    out.into()
                }
                (Some(Err(_)), _) => return Poll::Ready(Some(Err(cut()))),
                (None, None) => return Poll::Ready(None),
                (None, Some(mask)) => {
                    let mut out = Vec::new();
                    if mask.finish(&mut out).is_err() {
                        return Poll::Ready(Some(Err(cut())));
                    }
                    if out.is_empty() {
                        return Poll::Ready(None);
                    }
                    out.into()
                }
            };
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.first, &self.mask) {
            (Some(first), None) => {
                let (before, rest) = (first.len() as u64, self.rest.inner.size_hint());
                let mut hint = SizeHint::new();
                hint.set_lower(rest.lower().saturating_add(before));
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(before));
                }
                hint
            }
            (None, None) => self.rest.inner.size_hint(),
            _ => SizeHint::default(),
        }
    }
}
