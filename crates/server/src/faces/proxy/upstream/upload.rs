//! A body on its way to the cloud, which tells whether it moves: a large one takes longer than anyone
//! would wait for an answer.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::Body as Inner;
use hyper::body::{Body, Bytes, Frame, SizeHint};

/// A body that is passed on as it comes; trailers are left out.
#[derive(Debug)]
pub(crate) struct Upload {
    inner: Inner,
    moved: Arc<AtomicBool>,
}

/// Whether an [`Upload`] moves.
#[derive(Debug)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Upload {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner, moved: Arc::default() }
    }

    /// To be asked while it is on its way.
    pub(super) fn progress(&self) -> Progress {
        Progress(self.moved.clone())
    }
}

impl Progress {
    /// Whether anything was passed on since this was asked last.
    pub(super) fn has_moved(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        self.moved.store(true, Ordering::Relaxed);
        Poll::Ready(frame.filter(|frame| !frame.as_ref().is_ok_and(Frame::is_trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
