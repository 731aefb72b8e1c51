//! Section `print`: the nozzle rack of the H2C.

use serde::Serialize;

use super::{catalogue::requests, words::words, written::key};

requests! {
    /// Nozzles that wait in a rack.
    pub enum Rack in "print" {
        /// Reads the nozzle that is mounted.
        RefreshNozzle => "refresh_nozzle", "with nozzle recognition", Ack, "nozzles", "V";
        /// Moves the rack.
        NozzleHolderCtrl(#[serde(serialize_with = "key::action")] RackPosition)
            => "nozzle_holder_ctrl", "H2C", Ack, "", "V";
        /// Confirms what a place holds: place + 16, 255 all.
        NozzleInfoConfirm(#[serde(serialize_with = "key::id")] u8)
            => "nozzle_info_confirm", "H2C", Ack, "nozzle_rack", "V";
        /// Reads a place again: place + 16, 255 all.
        HolderNozzleRefresh(#[serde(serialize_with = "key::id")] u8)
            => "holder_nozzle_refresh", "H2C", Ack, "nozzle_rack", "V";
        /// Asks which nozzle prints which group of filaments.
        GetAutoNozzleMapping {
            /// The groups.
            group_info: Vec<FilamentGroup>,
            /// 1; the older form has other fields.
            version: u8,
        } => "get_auto_nozzle_mapping", "H2C, with `fun` bit 60", Data, "", "V";
    }
}

words! {
    /// Where the rack goes.
    pub enum RackPosition: u8, "rack position" {
        /// 0.
        Home = 0, "home";
        /// 1, row A on top.
        TopA = 1, "a";
        /// 2, row B on top.
        TopB = 2, "b";
    }
}

/// Filaments that one nozzle prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilamentGroup {
    /// Number of the group, from 0.
    pub id: u32,
    /// Extruder, from 1.
    pub ext: u8,
    /// Diameter of the nozzle in mm.
    pub dia: f64,
    /// Flow of the nozzle: `Standard`, `High Flow`.
    pub vol: String,
}
