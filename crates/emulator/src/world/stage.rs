//! Printers put into a running world, one after the other, and announced at the end.

use std::{net::Ipv4Addr, sync::Arc};

use bambu_protocol::{Serial, discovery::ssdp as ssdp_wire, mqtt::login as mqtt_login};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Config, Ready, WorldError,
    faces::{self, Front, Shown},
    plan::Kind,
};
use crate::{
    certs::{Ca, Shape},
    cloud::{Cloud, switchboard::Switchboard},
    detect::Desk,
    faults::Faults,
    machine::About,
    simulator::Printer,
    ssdp::Beacon,
    storage::Storage,
};

/// What printers are put into, and what they leave behind.
pub(super) struct Stage<'a> {
    pub(super) config: &'a Config,
    pub(super) ca: &'a Ca,
    pub(super) cloud: &'a Arc<Cloud>,
    pub(super) switchboard: &'a Switchboard,
    pub(super) shutdown: &'a CancellationToken,
    pub(super) ready: &'a mut Ready,
    pub(super) tasks: &'a mut JoinSet<()>,
    /// The invented ones.
    pub(super) printers: Vec<Arc<Printer>>,
    /// Those that are broadcast, from their addresses.
    pub(super) announced: Vec<(Ipv4Addr, About)>,
}

impl Stage<'_> {
    /// Lets a printer live, with all its faces.
    pub(super) fn add(&mut self, front: Front) -> Result<(), WorldError> {
        let Front { owner, ip, printer, listeners } = front;
        let (config, shutdown) = (self.config, self.shutdown);
        let summary = printer.summary();
        let ports = listeners.ports()?;
        let pin = self.cloud.printer(&summary.serial).map_or("", |bound| bound.pin());
        self.ready.add(&owner, &summary, pin, ip, ports);
        let machine = printer.listed();
        if config.lan_mode {
            self.switchboard.set_online(&summary.serial, false);
        }
        let shape = config.certificates.unwrap_or(Shape::of(summary.model));
        let (model, faults) = (summary.model, machine.faults());
        let tls = self.ca.model_config(&summary.serial, model, shape, faults)?;
        let about = faces::about(Arc::clone(self.cloud), summary.serial.clone(), ip);
        // Who hears of a printer goes to its real port.
        if config.lan_addresses.is_some() && ports.mqtt == mqtt_login::PORT {
            self.announced.push((ip, Arc::clone(&about)));
        }
        let (of, serial) = (Arc::clone(self.cloud), summary.serial.clone());
        let desk = Desk { about, ticket: Arc::new(move || faces::ticket(&of, &serial)) };
        let storage = self.storage(&summary.serial, machine.faults());
        let shown = Shown { model, desk, storage: storage.clone() };
        listeners.serve(&machine, &tls, shown, self.tasks, shutdown);
        self.tasks.spawn(self.switchboard.clone().carry(summary.serial, shutdown.clone()));
        self.tasks.spawn(printer.clone().run(shutdown.clone()));
        if let Kind::Invented(printer) = printer {
            printer.set_storage(storage);
            let (ca, serial) = (self.ca.clone(), printer.spec().serial.clone());
            if let Some(store) = self.cloud.store().cloned() {
                printer.set_downloads(move |url, md5| store.download(url, md5));
            }
            if let Some(port) = ports.rtsps {
                printer.set_video_port(port);
            }
            printer.set_certificate(move || ca.printer_chain_pem(&serial, shape).ok());
            self.printers.push(printer);
        }
        Ok(())
    }

    /// The storage of one printer: a directory of its own where one is asked for.
    fn storage(&self, serial: &Serial, faults: Faults) -> Storage {
        let capacity = self.config.storage_bytes;
        match &self.config.storage {
            None => Storage::in_memory(capacity, faults),
            Some(all) => Storage::in_directory(all.join(serial.as_str()), capacity, faults),
        }
    }

    /// Begins to broadcast those who are to be; gives the invented printers.
    pub(super) fn announce(self, notes: &mut Vec<String>) -> Vec<Arc<Printer>> {
        if !self.announced.is_empty() {
            let port = self.config.ssdp_port.unwrap_or(ssdp_wire::PORT);
            match Beacon::open(self.announced, port) {
                Ok(beacon) => drop(self.tasks.spawn(beacon.run(self.shutdown.clone()))),
                Err(error) => notes.push(format!("the printers are not announced: {error}")),
            }
        }
        self.printers
    }
}
