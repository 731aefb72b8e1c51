//! Printers on their side of the cloud's broker: their reports reach it while they are online.
//!
//! Requests, the other direction, go by the rules in `rules.rs`.

use std::sync::Arc;

use bambu_protocol::{Serial, mqtt::topic};
use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Cloud;
use crate::mqtt::Broker;

/// The broker of the cloud with the printers on their side of it.
#[derive(Clone)]
pub struct Switchboard {
    cloud: Arc<Cloud>,
    broker: Broker,
}

impl Switchboard {
    /// Joins printers and broker; [`Switchboard::carry`] moves the reports.
    pub fn new(cloud: Arc<Cloud>, broker: Broker) -> Self {
        Self { cloud, broker }
    }

    /// Cuts a printer off from the cloud or lets it back; its owner's clients are told [L].
    ///
    /// Tells whether that was news. While it is off, its reports and requests go nowhere.
    pub fn set_online(&self, serial: &Serial, online: bool) -> bool {
        let Some(bound) = self.cloud.printer(serial) else { return false };
        if !bound.set_online(online) {
            return false;
        }
        let now = Timestamp::now().as_millisecond();
        let event = if online {
            json!({"event": {"event": "client.connected", "connected_at": now}})
        } else {
            json!({"event": {"event": "client.disconnected", "disconnected_at": now}})
        };
        if bound.owner().is_some() {
            self.broker.publish(&topic::report(serial), event.to_string());
        }
        true
    }

    /// Carries one printer's reports to the broker until `shutdown`; one that is switched off is
    /// offline.
    pub async fn carry(self, serial: Serial, shutdown: CancellationToken) {
        let Some(bound) = self.cloud.printer(&serial) else { return };
        let topic = topic::report(&serial);
        let (reports, mut power) = (bound.printer().reports(), bound.printer().power().changes());
        let follow = async {
            while power.changed().await.is_ok() {
                let on = *power.borrow_and_update();
                self.set_online(&serial, on);
            }
            std::future::pending().await
        };
        let mut owners = bound.owners();
        // Who no longer owns it hears no more, even where the subscription was granted before.
        let part = async {
            while owners.changed().await.is_ok() {
                self.broker.revoke(&topic);
            }
            std::future::pending().await
        };
        let reachable = || bound.online() && bound.owner().is_some();
        tokio::select! {
            biased;
            () = part => {}
            () = follow => {}
            () = self.broker.carry(&topic, reports, reachable, shutdown) => {}
        }
    }
}
