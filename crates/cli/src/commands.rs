//! The verbs: one file each, with its arguments and its `run`.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod decode;
pub(crate) mod demo;
pub(crate) mod look;
pub(crate) mod man;
pub(crate) mod monitor;
pub(crate) mod query;
pub(crate) mod simulate;

use std::{future::Future, time::Duration};

use crate::exit::{Failure, Kind};

/// Runs a command that needs sockets; whatever it left behind gets a second to end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Failed, error))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
