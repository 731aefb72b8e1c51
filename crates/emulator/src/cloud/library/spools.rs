//! Spools of the filament manager (`my/filament/v2`), and which sit in which slot.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Last, Library, make_room};

/// Spools kept per account; the oldest goes.
const MOST: usize = 1000;
/// Bound slots kept per account; the oldest goes.
const MOST_MAPPINGS: usize = 1000;

/// A spool.
#[derive(Debug, Clone)]
pub struct Spool {
    /// Uid of the account.
    pub owner: u64,
    /// Number.
    pub id: u64,
    /// `RFID`: the tray's `tray_uuid`; empty for a spool without a tag.
    pub rfid: String,
    /// All other fields, as they came.
    pub fields: Map<String, Value>,
    /// When it was added.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// A spool in a slot of an AMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Uid of the account.
    pub owner: u64,
    /// Serial number of the printer.
    pub device: String,
    /// Serial number of the AMS unit.
    pub ams_sn: String,
    /// Slot, `"0"` to `"3"`.
    pub slot: String,
    /// The spool.
    pub spool: u64,
}

impl Library {
    /// A new spool.
    pub fn add_spool(
        &self,
        owner: u64,
        rfid: &str,
        fields: Map<String, Value>,
        now: Timestamp,
    ) -> Spool {
        let mut shelves = self.shelves();
        let shelves = &mut *shelves;
        let id = Last::next(&mut shelves.last.spool, &mut shelves.rng);
        let spool = Spool { owner, id, rfid: rfid.to_owned(), fields, created: now, updated: now };
        make_room(&mut shelves.spools, MOST, |of| of.owner == owner);
        shelves.spools.push(spool.clone());
        spool
    }

    /// The account's spools, newest first.
    pub fn spools(&self, owner: u64) -> Vec<Spool> {
        let shelves = self.shelves();
        shelves.spools.iter().rev().filter(|of| of.owner == owner).cloned().collect()
    }

    /// Puts these fields over those of the account's spool; the spool afterwards, or `None`
    /// without one.
    pub fn change_spool(
        &self,
        owner: u64,
        id: u64,
        fields: Map<String, Value>,
        now: Timestamp,
    ) -> Option<Spool> {
        let mut shelves = self.shelves();
        let spool = shelves.spools.iter_mut().find(|of| of.owner == owner && of.id == id)?;
        spool.fields.extend(fields);
        spool.updated = now;
        Some(spool.clone())
    }

    /// Deletes the account's spools with these numbers or tags, with their slots.
    pub fn delete_spools(&self, owner: u64, ids: &[u64], rfids: &[&str]) {
        let mut shelves = self.shelves();
        let mut gone = Vec::new();
        shelves.spools.retain(|of| {
            let tagged = !of.rfid.is_empty() && rfids.contains(&of.rfid.as_str());
            let goes = of.owner == owner && (ids.contains(&of.id) || tagged);
            if goes {
                gone.push(of.id);
            }
            !goes
        });
        shelves.mappings.retain(|of| !gone.contains(&of.spool));
    }

    /// Puts a spool into a slot, or empties the slot.
    pub fn map_slot(&self, owner: u64, device: &str, ams_sn: &str, slot: &str, spool: Option<u64>) {
        let mut shelves = self.shelves();
        shelves.mappings.retain(|of| {
            let here = of.device == device && of.ams_sn == ams_sn && of.slot == slot;
            of.owner != owner || !(here || spool == Some(of.spool))
        });
        let Some(spool) = spool else { return };
        make_room(&mut shelves.mappings, MOST_MAPPINGS, |of| of.owner == owner);
        let (device, ams_sn, slot) = (device.to_owned(), ams_sn.to_owned(), slot.to_owned());
        shelves.mappings.push(Mapping { owner, device, ams_sn, slot, spool });
    }

    /// Which spools of the account sit where.
    pub fn mappings(&self, owner: u64) -> Vec<Mapping> {
        self.shelves().mappings.iter().filter(|of| of.owner == owner).cloned().collect()
    }
}
