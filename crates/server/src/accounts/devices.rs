//! An account's printers as the cloud lists them, asked for once by however many.

use std::{
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

/// How long a list counts as the present one.
const FRESH: Duration = Duration::from_secs(60);
/// How long a failure is told to all who ask.
const FAILED: Duration = Duration::from_secs(3);
/// How long a list stands in while the cloud fails.
const STAND_IN: Duration = Duration::from_secs(3600);

type List = Arc<[Device]>;
type Asking = Shared<BoxFuture<'static, Result<List, Arc<CloudError>>>>;

/// The newest list, and the newest that came.
#[derive(Default)]
pub(super) struct Devices(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    asked: Option<(Instant, Asking)>,
    good: Option<(Instant, List)>,
}

impl Devices {
    /// The list, asked for when it is over a minute old.
    pub(super) async fn of(&self, cloud: &Cloud) -> Result<List, Arc<CloudError>> {
        let list = self.asking(cloud).await?;
        // Later than the cloud said it, by no more than `FRESH`.
        lock(&self.0).good = Some((Instant::now(), list.clone()));
        Ok(list)
    }

    /// The same, or the last one while the cloud fails for a reason that is not the token's.
    pub(super) async fn known(&self, cloud: &Cloud) -> Result<List, Arc<CloudError>> {
        let error = match self.of(cloud).await {
            Ok(list) => return Ok(list),
            Err(error) => error,
        };
        let good = lock(&self.0).good.clone();
        let stands_in = |at: &Instant| !error.is_auth() && at.elapsed() < STAND_IN;
        good.filter(|(at, _)| stands_in(at)).map(|(_, list)| list).ok_or(error)
    }

    fn asking(&self, cloud: &Cloud) -> Asking {
        let mut lists = lock(&self.0);
        if let Some((at, asking)) = &lists.asked {
            let lasts = if matches!(asking.peek(), Some(Err(_))) { FAILED } else { FRESH };
            if at.elapsed() < lasts {
                return asking.clone();
            }
        }
        let cloud = cloud.clone();
        let asking = async move {
            let answer = cloud.devices().await.map_err(Arc::new)?;
            Ok(Arc::from(answer.value))
        };
        let asking = asking.boxed().shared();
        lists.asked = Some((Instant::now(), asking.clone()));
        asking
    }
}
