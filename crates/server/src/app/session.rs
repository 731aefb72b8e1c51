//! What becomes of a connection that changes its protocol: it goes on in its own task, in its own
//! place, until it ends or the server does.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio_util::sync::CancellationToken;

/// The rest of a connection's life; every request of the connection finds it in its extensions.
#[derive(Clone)]
pub(crate) struct Session {
    rest: Arc<Mutex<Option<BoxFuture<'static, ()>>>>,
    shutdown: CancellationToken,
}

impl Session {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self { rest: Arc::default(), shutdown }
    }

    /// Says what runs once the answer is out. It has to end soon after [`Session::shutdown`].
    pub(crate) fn run(&self, rest: impl Future<Output = ()> + Send + 'static) {
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest.boxed());
    }

    /// The end of the server.
    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    pub(super) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
