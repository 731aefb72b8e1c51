//! The filament manager: spools of the account, which tray holds which, and the catalogue.

use serde::Serialize;

use super::lenient::body;
use crate::Serial;

body! {
    /// Body of `GET my/filament/v2`. [L]
    #[derive(Default)]
    pub struct Spools {
        /// One page of spools.
        pub spools: Vec<Spool> = "hits" | "data",
    }

    /// Reply to `PUT my/filament/v2`. [L]
    #[derive(Default)]
    pub struct ChangedSpool {
        /// The spool as it is now.
        pub spool: Option<Spool> = "filamentV2",
    }

    /// One spool of the account. [L]
    #[derive(Default)]
    pub struct Spool {
        /// Its id.
        pub id: Option<i64>,
        /// `ams` when a printer read it, `manual` when somebody typed it (`createType`).
        pub create_type: Option<String> = "createType",
        /// Vendor.
        pub vendor: Option<String> = "filamentVendor",
        /// Such as `PLA`.
        pub material: Option<String> = "filamentType",
        /// Such as `PLA Basic`.
        pub name: Option<String> = "filamentName",
        /// Such as `GFA00`.
        pub filament_id: Option<String> = "filamentId",
        /// The printer's `tray_uuid` of the spool, not its `tag_uid` (`RFID`).
        pub spool_uuid: Option<String> = "RFID",
        /// `#RRGGBB` or `#RRGGBBAA`.
        pub color: Option<String>,
        /// 0 gradient, 1 mixed, 2 one colour (`colorType`).
        pub color_type: Option<i64> = "colorType",
        /// All colours of a gradient.
        pub colors: Vec<String>,
        /// Filament left, in g.
        pub net_weight_grams: Option<f64> = "netWeight",
        /// Filament of a new one, in g.
        pub total_net_weight_grams: Option<f64> = "totalNetWeight",
        /// What its owner wrote.
        pub note: Option<String>,
        /// Seconds since 1970.
        pub created_at: Option<i64> = "createdAt",
        /// Seconds since 1970.
        pub updated_at: Option<i64> = "updatedAt",
        /// 0 active, 1 something is missing.
        pub status: Option<i64>,
        /// Whether it is for support.
        pub is_support: Option<bool> = "isSupport",
        /// Colour's code, such as `S05-C0`; no tray is meant.
        pub tray_id_name: Option<String> = "trayIdName",
        /// Such as `PLA`.
        pub category: Option<String>,
    }

    /// Body of `GET filament/config`: what the vendor knows, about 110 rows. [L]
    #[derive(Default)]
    pub struct FilamentCatalogue {
        /// Categories.
        pub categories: Vec<String>,
        /// Filaments.
        pub filaments: Vec<CatalogueFilament> = "filamentSettings",
    }

    /// One filament of the catalogue. [L]
    #[derive(Default)]
    pub struct CatalogueFilament {
        /// Vendor.
        pub vendor: Option<String> = "filamentVendor",
        /// Such as `PLA`.
        pub material: Option<String> = "filamentType",
        /// Such as `PLA Basic`.
        pub name: Option<String> = "filamentName",
        /// Such as `GFA00`.
        pub filament_id: Option<String> = "filamentId",
        /// Whether it is for support.
        pub is_support: Option<bool> = "isSupport",
    }

    /// Reply to `POST my/filament/v2/ams/sync`. [L]
    #[derive(Default)]
    pub struct AmsSynced {
        /// One entry per tray.
        pub results: Vec<AmsSyncedTray>,
    }

    /// What became of one tray.
    #[derive(Default)]
    pub struct AmsSyncedTray {
        /// Serial number of the AMS unit.
        pub ams_serial: Option<String> = "amsSn",
        /// Tray, `0` to `3`.
        pub slot_id: Option<String> = "slotId",
        /// The spool in it; `None` when none was found.
        pub spool_id: Option<i64> = "spoolId",
    }

    /// Reply to `POST my/filament/v2/slot-mappings/sync`. [L]
    #[derive(Default)]
    pub struct SlotsMapped {
        /// One entry per tray.
        pub results: Vec<SlotMapped>,
    }

    /// What became of one tray's mapping.
    #[derive(Default)]
    pub struct SlotMapped {
        /// Serial number of the AMS unit.
        pub ams_serial: Option<String> = "amsSn",
        /// Tray, `0` to `3`.
        pub slot_id: Option<String> = "slotId",
        /// 0 done, 2 unknown spool, 3 the tag belongs to another spool.
        pub code: Option<i64>,
    }
}

/// A spool to add, or what to change of one (`POST` and `PUT my/filament/v2`). What is `None` is not
/// sent. [L]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolDraft {
    /// `ams` or `manual`; wanted for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_type: Option<String>,
    /// Such as `PLA Basic`; always wanted.
    pub filament_name: String,
    /// Vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filament_vendor: Option<String>,
    /// Such as `PLA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filament_type: Option<String>,
    /// Such as `GFA00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filament_id: Option<String>,
    /// The printer's `tray_uuid` of the spool.
    #[serde(rename = "RFID", skip_serializing_if = "Option::is_none")]
    pub spool_uuid: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// 0 gradient, 1 mixed, 2 one colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_type: Option<u8>,
    /// All colours of a gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colors: Option<Vec<String>>,
    /// Filament left, in g.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_weight: Option<i64>,
    /// Filament of a new one, in g.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_net_weight: Option<i64>,
    /// A note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it is for support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_support: Option<bool>,
    /// Colour's code, such as `S05-C0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tray_id_name: Option<String>,
    /// Such as `PLA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// Which spools `GET my/filament/v2` lists. [L]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpoolFilter {
    /// Category, such as `PLA`.
    pub category: Option<String>,
    /// `Some(true)`: those of which something is missing (`status` 1); `Some(false)`: the others.
    pub incomplete: Option<bool>,
    /// These spools only.
    pub ids: Vec<i64>,
    /// Those with one of these `tray_uuid`s only.
    pub spool_uuids: Vec<String>,
}

/// What an AMS holds: body of `POST my/filament/v2/ams/sync`. [L] The cloud refuses an empty list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmsSync {
    /// Serial number of the printer.
    #[serde(rename = "devId")]
    pub serial: Serial,
    /// The trays.
    pub items: Vec<AmsSyncTray>,
}

/// One tray of an [`AmsSync`]; empty text and zeros are sent as they are, and mean an empty tray.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmsSyncTray {
    /// `tray_uuid`.
    #[serde(rename = "RFID")]
    pub spool_uuid: String,
    /// AMS unit.
    pub ams_id: i64,
    /// Its serial number.
    #[serde(rename = "amsSn")]
    pub ams_serial: String,
    /// 0 external, 1 AMS, 2 AMS lite, 3 AMS 2 Pro, 4 AMS HT.
    pub ams_type: i64,
    /// `#RRGGBB`.
    pub color: String,
    /// 0 gradient, 1 mixed, 2 one colour.
    pub color_type: i64,
    /// All colours of a gradient.
    pub colors: Vec<String>,
    /// Whether an unknown spool is added to the account.
    pub create_new: bool,
    /// Such as `GFA00`.
    pub filament_id: String,
    /// Such as `PLA Basic`.
    pub filament_name: String,
    /// Such as `PLA`.
    pub filament_type: String,
    /// Vendor.
    pub filament_vendor: String,
    /// Whether it is for support.
    pub is_support: bool,
    /// Filament left, in g.
    pub net_weight: i64,
    /// A note.
    pub note: String,
    /// Tray, `0` to `3`.
    pub slot_id: String,
    /// Filament of a new one, in g.
    pub total_net_weight: i64,
    /// Colour's code, such as `S05-C0`.
    pub tray_id_name: String,
}

/// Which spool is in which tray: body of `POST my/filament/v2/slot-mappings/sync`. [L]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotMappings {
    /// Serial number of the printer.
    #[serde(rename = "devId")]
    pub serial: Serial,
    /// The trays.
    pub mappings: Vec<SlotMapping>,
}

/// One tray of [`SlotMappings`]. Without `spool_uuid` and `spool_id` the tray is let go.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotMapping {
    /// AMS unit.
    pub ams_id: i64,
    /// Its serial number.
    #[serde(rename = "amsSn")]
    pub ams_serial: String,
    /// As in [`AmsSyncTray`].
    pub ams_type: i64,
    /// `tray_uuid`; null lets go.
    #[serde(rename = "rfid")]
    pub spool_uuid: Option<String>,
    /// Tray, `0` to `3`.
    pub slot_id: String,
    /// The account's spool; null lets go.
    pub spool_id: Option<i64>,
}
