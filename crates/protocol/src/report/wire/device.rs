//! `device`: extruders, nozzles, heaters and air duct of the newer machines.

use serde::de::SeqAccess;

use crate::{
    report::{leaf::Wire, list::List, macros::wire},
    status::Text,
};

wire! {
    /// `device`.
    pub(crate) struct Device {
        extruder: Extruder = "extruder",
        nozzle: Nozzles = "nozzle",
        bed: Heater = "bed",
        bed_temp: f64 = "bed_temp",
        ctc: Heater = "ctc",
        cham_temp: f64 = "cham_temp",
        airduct: Box<Airduct> = "airduct",
        ext_tool: ExtTool = "ext_tool",
        plate: Plate = "plate",
        cam: Cam = "cam",
    }
}

wire! {
    /// `device.extruder`.
    pub(crate) struct Extruder {
        state: f64 = "state",
        info: List<ExtruderInfo, 8> = "info",
    }
}

wire! {
    /// One extruder.
    pub(crate) struct ExtruderInfo {
        id: f64 = "id",
        temp: f64 = "temp",
        info: f64 = "info",
        snow: f64 = "snow",
        hnow: f64 = "hnow",
    }
}

wire! {
    /// `device.nozzle`.
    pub(crate) struct Nozzles {
        info: NozzleList = "info",
    }
}

/// `device.nozzle.info`: a list, but a plain number on X1Plus, which counts as no list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NozzleList(pub(crate) List<NozzleReport, 32>);

impl Wire for NozzleList {
    fn array<'de, A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Ok(List::array(seq)?.map(Self))
    }
}

wire! {
    /// One nozzle; the low nibble of `id` is its place, the high nibble 1 a slot of the rack.
    pub(crate) struct NozzleReport {
        id: f64 = "id",
        kind: Text = "type",
        diameter: f64 = "diameter",
        wear: f64 = "wear",
    }
}

wire! {
    /// A heater with a packed temperature.
    pub(crate) struct Heater {
        info: HeaterInfo = "info",
    }
}

wire! {
    /// `info` of a heater.
    pub(crate) struct HeaterInfo {
        temp: f64 = "temp",
    }
}

wire! {
    /// `device.airduct`.
    pub(crate) struct Airduct {
        mode: f64 = "modeCur",
        sub_mode: f64 = "subMode",
        parts: List<AirPart, 32> = "parts",
    }
}

wire! {
    /// A fan or flap of the air duct; `id >> 4` is its function.
    pub(crate) struct AirPart {
        id: f64 = "id",
        state: f64 = "state",
        target: f64 = "tar_state",
    }
}

wire! {
    /// `device.ext_tool`.
    pub(crate) struct ExtTool {
        kind: Text = "type",
        mount: f64 = "mount",
    }
}

wire! {
    /// `device.plate`: what the camera found on the bed.
    pub(crate) struct Plate {
        current: Text = "cur_id",
    }
}

wire! {
    /// `device.cam`: room for time-lapses.
    pub(crate) struct Cam {
        internal_free: f64 = "tl_internal_free_kb",
        internal_total: f64 = "tl_internal_total_kb",
        external_free: f64 = "tl_external_free_kb",
        external_total: f64 = "tl_external_total_kb",
    }
}
