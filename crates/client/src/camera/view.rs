//! One who looks at a camera.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::Stream;

use super::{CameraError, Frame, Owner};

/// The pictures of a camera, for one viewer; it keeps the camera open.
///
/// It holds no frame of its own, so a slow viewer costs nothing and delays nobody: of JPEG it gets
/// the newest picture, of H.264 it goes on at the newest key frame once it is more than 300 frames
/// or 8 MiB behind. It waits while the camera is dialled again, and ends only where that would not
/// help.
#[derive(Debug)]
pub struct View {
    owner: Arc<Owner>,
    id: u64,
    last: u64,
    missed: u64,
}

impl View {
    pub(super) fn new(owner: Arc<Owner>) -> Self {
        let mut id = 0;
        owner.hub.demand.send_modify(|demand| {
            demand.viewers += 1;
            demand.opened += 1;
            id = demand.opened;
        });
        owner.hub.begin_again();
        Self { owner, id, last: 0, missed: 0 }
    }

    /// The next frame; `None` when the camera has ended. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        poll_fn(|context| self.poll_frame(context)).await
    }

    /// Frames that came and were not seen, since they were gone when this viewer was ready.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// What went wrong since the last frame, or why there is none any more.
    pub fn error(&self) -> Option<CameraError> {
        self.owner.hub.trouble()
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Arc<Frame>>> {
        let (id, last) = (self.id, self.last);
        let frame = self.owner.hub.with_shelf(|shelf| {
            if id <= shelf.ended {
                return Poll::Ready(None);
            }
            match shelf.after(last) {
                Some(frame) => Poll::Ready(Some(frame.clone())),
                None => {
                    shelf.wait(id, context.waker());
                    Poll::Pending
                }
            }
        });
        if let Poll::Ready(Some(frame)) = &frame {
            if last > 0 {
                self.missed += frame.number.saturating_sub(last + 1);
            }
            self.last = frame.number;
        }
        frame
    }
}

impl Stream for View {
    type Item = Arc<Frame>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Arc<Frame>>> {
        self.poll_frame(context)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.owner.hub.with_shelf(|shelf| shelf.forget(self.id));
        self.owner.hub.demand.send_modify(|demand| demand.viewers -= 1);
    }
}
