//! What the cloud says about an account, asked for once by however many want to know.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use bambu_protocol::cloud::Device;
use bambulab::{Cloud, CloudError};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use super::lock;

/// How long an answer counts as the present one.
const FRESH: Duration = Duration::from_secs(60);
/// How long a failure is told to all who ask.
const FAILED: Duration = Duration::from_secs(3);
/// How long a list stands in while the cloud fails.
const STAND_IN: Duration = Duration::from_secs(3600);

type List = Arc<[Device]>;
type Answer<T> = Result<T, Arc<CloudError>>;

/// The newest answer to one question, or the call that fetches it: whoever asks meanwhile gets the
/// same.
pub(super) struct Question<T: Clone>(Mutex<Option<Asked<T>>>);

type Asked<T> = (Instant, Shared<BoxFuture<'static, Answer<T>>>);

impl<T: Clone + Send + Sync + 'static> Question<T> {
    pub(super) async fn ask<F>(&self, call: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, CloudError>> + Send + 'static,
    {
        self.shared(call).await
    }

    fn shared<F>(&self, call: impl FnOnce() -> F) -> Shared<BoxFuture<'static, Answer<T>>>
    where
        F: Future<Output = Result<T, CloudError>> + Send + 'static,
    {
        let mut asked = lock(&self.0);
        if let Some((at, answer)) = &*asked {
            let lasts = if matches!(answer.peek(), Some(Err(_))) { FAILED } else { FRESH };
            if at.elapsed() < lasts {
                return answer.clone();
            }
        }
        let answer = call().map(|answer| answer.map_err(Arc::new)).boxed().shared();
        *asked = Some((Instant::now(), answer.clone()));
        answer
    }
}

impl<T: Clone> Default for Question<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The printers of an account: the newest list, and the newest that came.
#[derive(Default)]
pub(super) struct Devices {
    question: Question<List>,
    good: Mutex<Option<(Instant, List)>>,
}

impl Devices {
    /// The list, asked for when it is over a minute old.
    pub(super) async fn of(&self, cloud: &Cloud) -> Answer<List> {
        let cloud = cloud.clone();
        let list = self.question.ask(|| async move {
            let answer = cloud.devices().await?;
            Ok(List::from(answer.value))
        });
        let list = list.await?;
        // Later than the cloud said it, by no more than `FRESH`.
        *lock(&self.good) = Some((Instant::now(), list.clone()));
        Ok(list)
    }

    /// The same, or the last one while the cloud fails for a reason that is not the token's.
    pub(super) async fn known(&self, cloud: &Cloud) -> Answer<List> {
        let error = match self.of(cloud).await {
            Ok(list) => return Ok(list),
            Err(error) => error,
        };
        let good = lock(&self.good).clone();
        let stands_in = |at: &Instant| !error.is_auth() && at.elapsed() < STAND_IN;
        good.filter(|(at, _)| stands_in(at)).map(|(_, list)| list).ok_or(error)
    }
}
