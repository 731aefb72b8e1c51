//! The verbs: one file each, with its arguments and its `run`.

pub(crate) mod camera;
pub(crate) mod compat;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod decode;
pub(crate) mod demo;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod files;
pub(crate) mod inspect;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod monitor;
pub(crate) mod print;
pub(crate) mod proxy;
pub(crate) mod query;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod token;
pub(crate) mod upload;

use std::{future::Future, time::Duration};

use tokio::runtime::Builder;

use crate::exit::{Failure, Kind};

/// Runs a command that needs sockets, on this thread alone: one connection carries all printers of
/// an account, and a second thread would cost a third more memory per printer than it saves time.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run(&mut Builder::new_current_thread(), work)
}

/// Runs a command that is a whole world, on all cores.
pub(crate) fn block_on_all_cores<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    run(&mut Builder::new_multi_thread(), work)
}

/// Whatever the command left behind gets a second to end.
fn run<T>(
    runtime: &mut Builder,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime =
        runtime.enable_all().build().map_err(|error| Failure::new(Kind::Failed, error))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
