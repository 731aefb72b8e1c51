//! What a delta changes beyond the plain rule: full or delta, spools that are gone, exist bits.

use serde::Deserialize;
use serde_json::Value;

use super::{
    leaf::{Bits, Leaf, Wire},
    wire::{
        PushStatus,
        ams::{HasId, TrayReport},
    },
};

impl PushStatus {
    /// Whether this is the whole state: `msg` 0, or no `msg` (older X1, H2D 01.01) [L]. Without
    /// `msg` it must be a `push_status` that tells the job's state, as every whole report does:
    /// some deltas carry neither `msg` nor `command`, and they must not wipe the state.
    pub(crate) fn is_full(&self) -> bool {
        match self.msg {
            Leaf::Known(msg) => msg == 0.0,
            Leaf::Absent | Leaf::Unknown => {
                self.command.is_present() && self.gcode_state.is_present()
            }
        }
    }

    /// Merges a delta, its envelope (`msg`, `sequence_id`) too. The external spool is replaced
    /// whole; `fan_gear` is outdated by other fan speeds without it, `tray_now` by a `snow` without it.
    pub(crate) fn merge_delta(&mut self, delta: Self) {
        let differs = |old: &Leaf<f64>, new: &Leaf<f64>| new.is_present() && old != new;
        if differs(&self.cooling_fan_speed, &delta.cooling_fan_speed)
            || differs(&self.big_fan1_speed, &delta.big_fan1_speed)
            || differs(&self.big_fan2_speed, &delta.big_fan2_speed)
        {
            self.fan_gear = Leaf::Absent;
        }
        let tray_now = delta.ams.known().is_some_and(|ams| ams.tray_now.is_present());
        if let (false, true, Some(ams)) = (tray_now, delta.tells_snow(), self.ams.known_mut()) {
            ams.tray_now = Leaf::Absent;
        }
        if delta.vt_tray.is_present() {
            self.vt_tray = Leaf::Absent;
        }
        self.merge(delta);
    }

    fn tells_snow(&self) -> bool {
        let extruder = self.device.known().and_then(|device| device.extruder.known());
        let info = extruder.and_then(|extruder| extruder.info.known());
        info.is_some_and(|list| list.iter().any(|one| one.snow.is_present()))
    }

    /// Marks the trays of this one report that say "spool gone" by saying nothing else.
    pub(crate) fn settle_trays(&mut self) {
        let units = self.ams.known_mut().and_then(|ams| ams.units.known_mut());
        for unit in units.into_iter().flat_map(|units| &mut units.0) {
            let Some(id) = unit.id() else { continue };
            for tray in unit.trays.known_mut().into_iter().flat_map(|trays| &mut trays.0) {
                if tray.says_gone(id) {
                    tray.forget();
                }
            }
        }
    }

    /// Empties the slots and drops the units whose exist bit is cleared.
    pub(crate) fn apply_exist_bits(&mut self) {
        let Some(ams) = self.ams.known_mut() else { return };
        let Some(units) = ams.units.known_mut() else { return };
        if let Leaf::Known(bits) = ams.ams_exist_bits {
            units.0.retain(|unit| unit.id().and_then(unit_bit).is_none_or(|bit| bits.bit(bit)));
        }
        let Leaf::Known(bits) = ams.tray_exist_bits else { return };
        for unit in &mut units.0 {
            let Some(id) = unit.id() else { continue };
            for tray in unit.trays.known_mut().into_iter().flat_map(|trays| &mut trays.0) {
                if tray.id().and_then(|slot| slot_bit(id, slot)).is_some_and(|bit| !bits.bit(bit)) {
                    tray.forget();
                }
            }
        }
    }
}

/// First unit id of AMS HT.
const FIRST_HT: u16 = 128;

/// The bit of a unit in `ams_exist_bits`; `None` for ids without a known bit.
pub(crate) fn unit_bit(unit: u16) -> Option<u32> {
    let bit = match unit {
        0..=3 => unit,
        16 => 12,
        128..=135 => unit - FIRST_HT + 4,
        _ => return None,
    };
    Some(u32::from(bit))
}

/// The bit of a slot in `tray_exist_bits` and its sisters; `None` for ids without a known bit.
pub(crate) fn slot_bit(unit: u16, slot: u16) -> Option<u32> {
    let bit = match (unit, slot) {
        (0..=3, 0..=3) => unit * 4 + slot,
        (16, 0..=3) => 24 + slot,
        (128..=135, 0) => unit - FIRST_HT + 16,
        _ => return None,
    };
    Some(u32::from(bit))
}

/// [`TrayReport::says_gone`] for a tray of a raw report.
pub(crate) fn says_gone(unit: u16, tray: &Value) -> bool {
    Leaf::<TrayReport>::deserialize(tray)
        .is_ok_and(|tray| tray.known().is_some_and(|tray| tray.says_gone(unit)))
}

/// A bit field of a raw report.
pub(crate) fn bits(value: &Value) -> Option<Bits> {
    Leaf::<Bits>::deserialize(value).ok()?.known().copied()
}

impl TrayReport {
    /// `{"id"}`, or `{"id","state"}` with a steady empty state, and nothing else; not on AMS HT [L].
    fn says_gone(&self, unit: u16) -> bool {
        if unit >= FIRST_HT {
            return false;
        }
        let steady_empty = match self.state {
            Leaf::Absent => true,
            Leaf::Unknown => false,
            Leaf::Known(state) => [0.0, 8.0, 9.0, 10.0].contains(&state),
        };
        let rest = Self { id: self.id, state: self.state, ..Self::default() };
        steady_empty && *self == rest
    }

    /// Nothing is known of the spool any more.
    fn forget(&mut self) {
        *self = Self {
            id: self.id,
            state: self.state,
            tray_info_idx: Leaf::Unknown,
            tray_type: Leaf::Unknown,
            tray_sub_brands: Leaf::Unknown,
            tray_id_name: Leaf::Unknown,
            tray_color: Leaf::Unknown,
            cols: Leaf::Unknown,
            tray_weight: Leaf::Unknown,
            tray_diameter: Leaf::Unknown,
            nozzle_temp_min: Leaf::Unknown,
            nozzle_temp_max: Leaf::Unknown,
            remain: Leaf::Unknown,
            tag_uid: Leaf::Unknown,
            tray_uuid: Leaf::Unknown,
            k: Leaf::Unknown,
            cali_idx: Leaf::Unknown,
            unlisted: false,
        };
    }
}
