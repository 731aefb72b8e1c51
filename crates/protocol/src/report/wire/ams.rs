//! `ams`: filament units and trays, which merge by id instead of being replaced.

use serde::de::SeqAccess;

use crate::{
    report::{
        leaf::{Bits, Leaf, Wire},
        list::List,
        macros::wire,
    },
    status::Text,
};

/// Units kept from one report; the largest machine has 12.
const MAX_UNITS: usize = 32;
/// Trays kept per unit; the largest unit has 4.
const MAX_TRAYS: usize = 8;

wire! {
    /// `ams`: often only its scalars, while the feeder moves.
    pub(crate) struct AmsReport {
        units: ById<UnitReport, MAX_UNITS> = "ams",
        ams_exist_bits: Bits = "ams_exist_bits",
        tray_exist_bits: Bits = "tray_exist_bits",
        tray_now: f64 = "tray_now",
        insert_flag: bool = "insert_flag",
        power_on_flag: bool = "power_on_flag",
    }
}

wire! {
    /// One filament unit.
    pub(crate) struct UnitReport {
        id: f64 = "id",
        info: Bits = "info",
        temp: f64 = "temp",
        humidity: f64 = "humidity",
        humidity_raw: f64 = "humidity_raw",
        dry_time: f64 = "dry_time",
        dry_setting: DrySetting = "dry_setting",
        dry_sf_reason: List<f64, 32> = "dry_sf_reason",
        trays: ById<TrayReport, MAX_TRAYS> = "tray",
    }
}

wire! {
    /// `dry_setting` of a unit.
    pub(crate) struct DrySetting {
        filament: Text = "dry_filament",
        temperature: f64 = "dry_temperature",
        duration: f64 = "dry_duration",
    }
}

wire! {
    /// A tray, or an external spool (`vt_tray`, `vir_slot`).
    pub(crate) struct TrayReport {
        id: f64 = "id",
        state: f64 = "state",
        tray_info_idx: Text = "tray_info_idx",
        tray_type: Text = "tray_type",
        tray_sub_brands: Text = "tray_sub_brands",
        tray_id_name: Text = "tray_id_name",
        tray_color: Text = "tray_color",
        cols: List<Text, 16> = "cols",
        tray_weight: f64 = "tray_weight",
        tray_diameter: f64 = "tray_diameter",
        nozzle_temp_min: f64 = "nozzle_temp_min",
        nozzle_temp_max: f64 = "nozzle_temp_max",
        remain: f64 = "remain",
        tag_uid: Text = "tag_uid",
        tray_uuid: Text = "tray_uuid",
        k: f64 = "k",
        cali_idx: f64 = "cali_idx",
    }
}

/// A list that merges by the `id` of its elements, field by field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ById<T, const CAP: usize>(pub(crate) Vec<T>);

impl<T, const CAP: usize> Default for ById<T, CAP> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

pub(crate) trait HasId {
    fn id(&self) -> Option<u16>;
}

impl HasId for UnitReport {
    fn id(&self) -> Option<u16> {
        small(&self.id)
    }
}

impl HasId for TrayReport {
    fn id(&self) -> Option<u16> {
        small(&self.id)
    }
}

fn small(id: &Leaf<f64>) -> Option<u16> {
    let id = *id.known()?;
    (id.fract() == 0.0 && (0.0..=65535.0).contains(&id)).then_some(id as u16)
}

impl<T: Wire + HasId, const CAP: usize> Wire for ById<T, CAP> {
    fn array<'de, A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        let mut merged = Self(Vec::new());
        let items = List::<T, CAP>::array(seq)?.unwrap_or_default().0;
        // Elements without an id cannot be told apart from others later; one id counts once.
        merged.0.reserve_exact(items.len());
        merged.merge(Self(items));
        Ok(Some(merged))
    }

    fn merge(&mut self, newer: Self) {
        for item in newer.0 {
            let Some(id) = item.id() else { continue };
            if let Some(old) = self.0.iter_mut().find(|old| old.id() == Some(id)) {
                old.merge(item);
            } else if self.0.len() < CAP {
                self.0.push(item);
            }
        }
        self.0.sort_by_key(HasId::id);
    }
}
