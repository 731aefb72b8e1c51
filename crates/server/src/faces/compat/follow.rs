//! The layer's work in the background: links to the printers that were named, then to those of the
//! account, and the cloud's REST interface for those that stay silent. No request waits for it.

use std::{sync::Arc, time::Duration};

use bambu_protocol::{Serial, cloud::Device};
use bambulab::{CloudError, Heard, Link, SavedSession};
use futures_util::future::join3;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{config::LegacyDevice, known::Known};
use crate::{
    accounts::{Account, Accounts},
    routes::Shown,
};

/// How often the account is asked which printers it has, while somebody is interested.
const LIST_EVERY: Duration = Duration::from_secs(60);
/// First and longest wait after the cloud failed.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));
/// How long the links have to tell something before the REST interface is asked for the first time.
const HEAD_START: Duration = Duration::from_secs(3);
/// Least and longest time between two questions to the REST interface, where the limit of age is 30 s
/// or more: a tenth of the account's documented budget.
const FASTEST: Duration = Duration::from_secs(3);
const SLOWEST: Duration = Duration::from_secs(10);

/// What works in the background.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) known: Arc<Known>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) account: Option<Arc<Account>>,
    /// Logins that replace the account's; `None` when its token is the legacy file's.
    pub(super) logins: Option<watch::Receiver<Option<SavedSession>>>,
    /// Whether the user id is known, so that a session needs no answer of the REST interface.
    pub(super) knows_uid: bool,
    /// Whether links are wanted at all.
    pub(super) live: bool,
}

impl Follow {
    /// Works until shutdown; the links are closed by whoever holds the accounts.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            // Without an account there is nobody whose login could be renewed.
            let mut logins = self.logins.clone().filter(|_| self.account.is_some());
            let work = async {
                join3(self.link_named(), self.follow_account(), self.poll()).await;
                // Without an account it is done once the links are made.
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = work => {}
                () = renewed(&mut logins) => {}
            }
            self.logins = logins;
            self.renew();
        }
    }

    /// Goes on with the login that was renewed: the links are its own from the next look at its
    /// printers on, and until then those of the old one answer.
    fn renew(&mut self) {
        let session = self.logins.as_mut().and_then(|logins| logins.borrow_and_update().clone());
        let Some(session) = session else { return };
        let account = self.accounts.of(&session.token);
        let uid = session.uid.or_else(|| session.token.uid());
        self.knows_uid = uid.is_some();
        uid.iter().for_each(|uid| account.set_uid(uid));
        self.account = Some(account);
    }

    /// Links to the printers that the user named.
    async fn link_named(&self) {
        if !self.live {
            return;
        }
        let named = &self.known.named;
        if self.account.is_none() || !self.knows_uid {
            named.iter().for_each(|device| self.lan_alone(device));
        }
        let Some(account) = &self.account else { return };
        for device in named {
            let mut wait = RETRY.0;
            loop {
                let name = device.name.clone();
                match account.watch(device.serial.clone(), name, None).await {
                    Ok(link) => break self.show(device, Some(link)),
                    Err(error) => self.known.rest.failed(&error),
                }
                sleep(wait).await;
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }

    /// The local network needs nobody's answer.
    fn lan_alone(&self, device: &LegacyDevice) {
        if device.target().is_some() {
            self.show(device, self.accounts.link_on_lan(&device.serial));
        }
    }

    fn show(&self, device: &LegacyDevice, link: Option<Link>) {
        let before = self.known.roster.printer(device.serial.as_str());
        let (serial, name) = (device.serial.clone(), device.name.clone());
        self.known.roster.put(Shown {
            name: name.or_else(|| before.as_ref()?.name.clone()),
            model: before.as_ref().and_then(|before| before.model),
            link: link.or_else(|| before.as_ref()?.link.clone()),
            serial,
        });
    }

    /// Takes in the account's printers, again and again.
    async fn follow_account(&self) {
        let Some(account) = &self.account else { return };
        let mut wait = RETRY.0;
        loop {
            let outcome = match self.list(account).await {
                Ok(devices) => self.take(account, &devices).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => {
                    wait = RETRY.0;
                    self.known.demand.pause(LIST_EVERY).await;
                }
                Err(error) => {
                    self.known.rest.failed(&error);
                    sleep(wait).await;
                    wait = (wait * 2).min(RETRY.1);
                }
            }
        }
    }

    /// The account's printers; asked past the account's own memory, whose age nobody tells.
    async fn list(&self, account: &Account) -> Result<Arc<[Device]>, Arc<CloudError>> {
        let listed = self.known.rest.devices().filter(|it| it.heard.age() < LIST_EVERY / 2);
        if let Some(listed) = listed {
            return Ok(listed.value.clone());
        }
        let heard = Heard::now();
        let devices: Arc<[Device]> = account.cloud().devices().await?.value.into();
        self.known.rest.listed(devices.clone(), heard);
        Ok(devices)
    }

    async fn take(&self, account: &Account, devices: &[Device]) -> Result<(), Arc<CloudError>> {
        let roster = &self.known.roster;
        let named =
            |serial: &Serial| self.known.named.iter().find(|device| device.serial == *serial);
        roster.retain(|shown| {
            named(&shown.serial).is_some() || devices.iter().any(|it| it.serial == shown.serial)
        });
        let mut outcome = Ok(());
        for device in devices {
            let before = roster.printer(device.serial.as_str());
            let mut link = before.as_ref().and_then(|before| before.link.clone());
            let is_named = named(&device.serial).is_some();
            // The same one as before, unless the login was renewed.
            if self.live && !is_named && outcome.is_ok() {
                let (name, model) = (device.name.clone(), device.model());
                match account.watch(device.serial.clone(), name, model).await {
                    Ok(made) => link = Some(made),
                    Err(error) => outcome = Err(error),
                }
            }
            // Named while the cloud was asked: what is there now counts.
            let before = roster.printer(device.serial.as_str());
            let chosen = named(&device.serial).and_then(|named| named.name.clone());
            roster.put(Shown {
                serial: device.serial.clone(),
                name: chosen.or_else(|| device.name.clone()),
                model: device.model(),
                link: before.filter(|_| is_named).and_then(|it| it.link.clone()).or(link),
            });
        }
        outcome
    }

    /// Asks the REST interface while a printer has no live state.
    async fn poll(&self) {
        let Some(account) = &self.account else { return };
        if self.live {
            sleep(HEAD_START).await;
        }
        let known = &self.known;
        // A third of the limit: two answers may be lost before what was told is stale.
        let every = (known.roster.stale_after() / 3).clamp(FASTEST, SLOWEST);
        let wanted = || known.without_live_state();
        known.rest.poll(account.cloud(), &known.demand, every, wanted).await;
    }
}

/// Waits for a login that is new.
async fn renewed(logins: &mut Option<watch::Receiver<Option<SavedSession>>>) {
    if let Some(logins) = logins
        && logins.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
