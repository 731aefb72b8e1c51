//! The accounts behind the proxies' tokens: one view of the cloud, one session with its broker and
//! one link per printer each, however many ask. Which callers may use one is `auth`'s matter.

mod asked;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use bambu_protocol::{Model, Serial, cloud::Device};
use bambulab::{
    BrokerAddress, Cloud, CloudError, CloudLogin, CloudSession, Endpoint, LanTarget, Link, Options,
    Roots, Token, WeakLink, cloud::Manners, connect_both, connect_lan,
};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::{config::TokenDigest, metrics::Metrics};
use asked::{Devices, Question};

/// How long a session with the broker is kept without a printer. The cloud lets an account start
/// five in five minutes [D], so one that is ended sooner could be one too many later.
const LINGER: Duration = Duration::from_secs(300);
/// So many accounts are kept; beyond, those that nobody uses go, the longest unused first.
const MOST: usize = 1024;

/// All accounts of a process, by their token.
pub(crate) struct Accounts {
    cloud: Cloud,
    broker: BrokerAddress,
    options: Options,
    lan: Arc<Mutex<BTreeMap<Serial, LanTarget>>>,
    accounts: Mutex<HashMap<TokenDigest, Arc<Account>>>,
    /// Links to printers that no account stands behind.
    alone: Mutex<BTreeMap<Serial, WeakLink>>,
}

/// One account: what it has, and the links to its printers.
pub(crate) struct Account {
    cloud: Cloud,
    token: Token,
    uid: OnceLock<String>,
    asked_uid: Question<String>,
    broker: BrokerAddress,
    options: Options,
    lan: Arc<Mutex<BTreeMap<Serial, LanTarget>>>,
    devices: Devices,
    live: Mutex<Option<Live>>,
    used: Mutex<Instant>,
}

/// A session with the broker and what runs on it.
struct Live {
    session: CloudSession,
    links: BTreeMap<Serial, WeakLink>,
    unused_since: Option<Instant>,
}

/// Why there is no link to a printer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LinkError {
    /// The account does not have it: see its list of printers.
    #[error("the account has no printer {0}; see GET /v1/iot-service/api/user/bind")]
    NoSuchPrinter(Serial),
    /// The cloud does not tell what the account has.
    #[error(transparent)]
    Cloud(#[from] Arc<CloudError>),
}

impl Accounts {
    /// No account yet. `lan` are printers that are read over the local network while they answer
    /// there.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when TLS cannot be set up.
    pub(crate) fn new(
        endpoint: &Endpoint,
        roots: &Roots,
        options: Options,
        manners: Manners,
        lan: Vec<LanTarget>,
    ) -> Result<Self, CloudError> {
        let lan = lan.into_iter().map(|target| (target.serial.clone(), target)).collect();
        Ok(Self {
            cloud: Cloud::with(endpoint, None, roots, manners)?,
            broker: endpoint.mqtt.clone(),
            options,
            lan: Arc::new(Mutex::new(lan)),
            accounts: Mutex::default(),
            alone: Mutex::default(),
        })
    }

    /// A printer that is read over the local network, too; counts for links that are made later.
    pub(crate) fn on_lan(&self, target: LanTarget) {
        lock(&self.lan).insert(target.serial.clone(), target);
    }

    /// Where a printer is on the local network, if it is known.
    pub(crate) fn lan_target(&self, serial: &Serial) -> Option<LanTarget> {
        lock(&self.lan).get(serial).cloned()
    }

    /// The link to a printer of the local network that no account stands behind, shared by all who
    /// ask; `None` when it is not known there. Must be called inside a tokio runtime.
    pub(crate) fn link_on_lan(&self, serial: &Serial) -> Option<Link> {
        let target = lock(&self.lan).get(serial).cloned()?;
        let mut alone = lock(&self.alone);
        if let Some(link) = alone.get(serial).and_then(WeakLink::upgrade) {
            return Some(link);
        }
        let link = connect_lan(target, self.options.clone());
        alone.insert(serial.clone(), link.downgrade());
        Some(link)
    }

    /// The account of this token; always the same one while somebody uses it.
    pub(crate) fn of(&self, real: &Token) -> Arc<Account> {
        let digest = TokenDigest::of(real.reveal());
        let now = Instant::now();
        let mut accounts = lock(&self.accounts);
        if let Some(account) = accounts.get(&digest) {
            *lock(&account.used) = now;
            return account.clone();
        }
        if accounts.len() >= MOST {
            let unused = accounts.iter().filter(|(_, account)| account.is_unused());
            let oldest = unused.min_by_key(|(_, account)| *lock(&account.used));
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                accounts.remove(&oldest);
            }
        }
        let account = Arc::new(Account {
            cloud: self.cloud.with_token(real.clone()),
            token: real.clone(),
            uid: real.uid().map(OnceLock::from).unwrap_or_default(),
            asked_uid: Question::default(),
            broker: self.broker.clone(),
            options: self.options.clone(),
            lan: self.lan.clone(),
            devices: Devices::default(),
            live: Mutex::default(),
            used: Mutex::new(now),
        });
        // When all are in use, which needs as many links, one more is made and not kept.
        if accounts.len() < MOST {
            accounts.insert(digest, account.clone());
        }
        account
    }

    /// Ends sessions that have had no printer for a while, and counts the printers of all. To be
    /// called every second or so.
    pub(crate) fn tend(&self, metrics: &Metrics) {
        let accounts: Vec<_> = lock(&self.accounts).values().cloned().collect();
        let now = Instant::now();
        let mut links: Vec<_> = accounts.iter().flat_map(|account| account.tend(now)).collect();
        links.extend(lock(&self.alone).values().filter_map(WeakLink::upgrade));
        for word in ["connecting", "online", "stale", "offline"] {
            let so = |link: &&Link| link.snapshot().connection.word() == word;
            metrics.printers(word, links.iter().filter(so).count());
        }
    }

    /// Ends all sessions and waits until the broker was told.
    pub(crate) async fn close(&self) {
        let accounts: Vec<_> = lock(&self.accounts).drain().map(|(_, account)| account).collect();
        let lives: Vec<_> = accounts.iter().filter_map(|it| lock(&it.live).take()).collect();
        let alone: Vec<_> = lock(&self.alone).values().filter_map(WeakLink::upgrade).collect();
        let links = lives.iter().flat_map(|live| live.links.values());
        let links: Vec<_> = links.filter_map(WeakLink::upgrade).chain(alone).collect();
        join_all(links.iter().map(Link::close)).await;
        join_all(lives.into_iter().map(|live| live.session.close())).await;
    }
}

impl Account {
    /// The cloud as this account sees it; all calls share the account's budget.
    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The user id, where it is known from elsewhere than the token: saves asking the cloud.
    pub(crate) fn set_uid(&self, uid: &str) {
        // The first word stands: it cannot change.
        let _ = self.uid.set(uid.to_owned());
    }

    /// One of the account's printers. While the cloud fails, its word of the last hour counts.
    async fn device(&self, serial: &str) -> Result<Option<Device>, Arc<CloudError>> {
        let devices = self.devices.known(&self.cloud).await?;
        Ok(devices.iter().find(|device| device.serial.as_str() == serial).cloned())
    }

    /// The link to one of the account's printers, shared by all who ask; it ends with its last
    /// handle.
    ///
    /// # Errors
    /// [`LinkError`].
    pub(crate) async fn link(&self, serial: &Serial) -> Result<Link, LinkError> {
        let device = self.device(serial.as_str()).await?;
        let device = device.ok_or_else(|| LinkError::NoSuchPrinter(serial.clone()))?;
        let model = device.model();
        Ok(self.watch(device.serial, device.name, model).await?)
    }

    /// The same without asking whether the account has it, for a printer that the user named; the
    /// broker refuses those of others.
    ///
    /// # Errors
    /// [`CloudError`]: the cloud does not tell who the account is.
    pub(crate) async fn watch(
        &self,
        serial: Serial,
        name: Option<String>,
        model: Option<Model>,
    ) -> Result<Link, Arc<CloudError>> {
        let uid = match self.uid.get() {
            Some(uid) => uid.clone(),
            None => {
                let cloud = self.cloud.clone();
                let uid = self.asked_uid.ask(|| async move { cloud.uid().await }).await?;
                self.set_uid(&uid);
                uid
            }
        };
        Ok(self.connect(uid, serial, name, model))
    }

    /// How many printers somebody watches.
    #[cfg(test)]
    pub(crate) fn watched(&self) -> usize {
        lock(&self.live).as_ref().map_or(0, Live::watched)
    }

    fn connect(
        &self,
        uid: String,
        serial: Serial,
        name: Option<String>,
        model: Option<Model>,
    ) -> Link {
        let target = lock(&self.lan).get(&serial).cloned();
        let mut live = lock(&self.live);
        let live = live.get_or_insert_with(|| {
            let (token, broker) = (self.token.clone(), self.broker.clone());
            let login = CloudLogin { uid, token, broker };
            Live {
                session: CloudSession::connect(login, self.options.clone()),
                links: BTreeMap::new(),
                unused_since: None,
            }
        });
        live.unused_since = None;
        if let Some(link) = live.links.get(&serial).and_then(WeakLink::upgrade) {
            return link;
        }
        let link = match target {
            Some(target) => {
                let (name, model) = (target.name.clone().or(name), target.model.or(model));
                let target = LanTarget { name, model, ..target };
                connect_both(target, &live.session, self.options.clone())
            }
            None => live.session.printer(serial.clone(), name, model),
        };
        live.links.insert(serial, link.downgrade());
        link
    }

    /// The links that somebody holds.
    fn tend(&self, now: Instant) -> Vec<Link> {
        let mut slot = lock(&self.live);
        let Some(live) = slot.as_mut() else { return Vec::new() };
        let links: Vec<_> = live.links.values().filter_map(WeakLink::upgrade).collect();
        live.links.retain(|_, link| link.upgrade().is_some());
        if !links.is_empty() {
            live.unused_since = None;
        } else if now.duration_since(*live.unused_since.get_or_insert(now)) >= LINGER {
            // Dropping it says goodbye to the broker.
            *slot = None;
        }
        links
    }

    fn is_unused(&self) -> bool {
        lock(&self.live).as_ref().is_none_or(|live| live.watched() == 0)
    }
}

impl Live {
    fn watched(&self) -> usize {
        self.links.values().filter(|link| link.upgrade().is_some()).count()
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("len", &lock(&self.accounts).len()).finish()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.fingerprint();
        f.debug_struct("Account").field("token", &token.to_string()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
