//! What is looked at: the account, its printers, and the one of them that a check is about.

use std::time::Duration;

use bambu_protocol::cloud::Device;
use bambulab::{Cloud, CloudLogin, CloudSession, Link};

use super::{
    config::Config,
    record::{NotPassed, skip},
};
use crate::{account, settings::Settings};

/// The account and what was learnt about it so far.
pub(super) struct Subject<'a> {
    pub(super) cloud: Cloud,
    pub(super) settings: &'a Settings,
    pub(super) config: &'a Config,
    /// The printer that was named.
    pub(super) named: Option<String>,
    devices: Option<Vec<Device>>,
    pub(super) session: Option<CloudSession>,
    /// One for each printer, in the order of the account.
    pub(super) links: Vec<Link>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        cloud: Cloud,
        settings: &'a Settings,
        config: &'a Config,
        named: Option<String>,
    ) -> Self {
        Self { cloud, settings, config, named, devices: None, session: None, links: Vec::new() }
    }

    /// How long one call may take.
    pub(super) fn api(&self) -> Duration {
        self.config.timeouts.api_request()
    }

    /// The account's printers, asked for once.
    pub(super) async fn devices(&mut self) -> Result<&[Device], NotPassed> {
        if self.devices.is_none() {
            self.devices = Some(self.cloud.devices().await?.value);
        }
        Ok(self.devices.as_deref().unwrap_or_default())
    }

    /// The printer that was named, else the first that is online, else the first.
    pub(super) async fn printer(&mut self) -> Result<Device, NotPassed> {
        let named = self.named.clone();
        let devices = self.devices().await?;
        let begins = |text: &str, start: &str| {
            text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        };
        let chosen = match &named {
            Some(name) => devices.iter().find(|device| {
                begins(device.serial.as_str(), name)
                    || device.name.as_deref().is_some_and(|given| begins(given, name))
            }),
            None => {
                let online = devices.iter().find(|device| device.online == Some(true));
                online.or_else(|| devices.first())
            }
        };
        match (chosen, named) {
            (Some(device), _) => Ok(device.clone()),
            (None, Some(name)) => skip(format!("no printer of this account is called {name}")),
            (None, None) => skip("this account has no printer"),
        }
    }

    /// A session with the broker and a link to each printer, made once.
    pub(super) async fn connect(&mut self) -> Result<(), NotPassed> {
        if self.session.is_some() {
            return Ok(());
        }
        let devices = self.devices().await?.to_vec();
        if devices.is_empty() {
            return skip("this account has no printer");
        }
        let uid = match &self.settings.uid {
            Some(uid) => uid.value.clone(),
            None => self.cloud.uid().await?,
        };
        let token = account::token(self.settings)?;
        let broker = self.settings.endpoint.mqtt.clone();
        let session =
            CloudSession::connect(CloudLogin { uid, token, broker }, self.settings.options()?);
        let link = |device: Device| {
            let model = device.model();
            session.printer(device.serial, device.name, model)
        };
        self.links = devices.into_iter().map(link).collect();
        self.session = Some(session);
        Ok(())
    }

    /// Says goodbye to the broker.
    pub(super) async fn close(self) {
        drop(self.links);
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

/// What a printer is called.
pub(super) fn shown(device: &Device) -> &str {
    device.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(device.serial.as_str())
}

/// The first few, and how many more there are.
pub(super) fn some(items: impl IntoIterator<Item = String>) -> String {
    const SHOWN: usize = 3;
    let items: Vec<String> = items.into_iter().filter(|item| !item.is_empty()).collect();
    let shown = items.get(..SHOWN.min(items.len())).unwrap_or_default().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A number and the word for it: `1 printer`, `2 printers`, `2 kinds of printer`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    match thing.split_once(' ') {
        Some((noun, rest)) => format!("{number} {noun}{end} {rest}"),
        None => format!("{number} {thing}{end}"),
    }
}
