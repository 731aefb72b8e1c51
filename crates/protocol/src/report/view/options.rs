//! Switches, detectors, homed axes and the tool.
//!
//! Newer machines tell in `cfg` and `xcam.cfg`; older ones in `home_flag`, where a second bit says
//! whether the machine can do it at all.

use super::number::{bit, filled, whole, word};
use crate::{
    report::{
        leaf::{Bits, Leaf},
        wire::PushStatus,
    },
    status::{Detectors, Features, HomedAxes, Options, Text, Tool},
};

/// A bit of `cfg`, else of `home_flag` when its second bit says "supported".
struct Switch<'a>(&'a PushStatus);

impl Switch<'_> {
    fn read(&self, cfg: Option<u32>, flag: u32, supported: Option<u32>) -> Option<bool> {
        if let (Some(bits), Some(index)) = (self.0.cfg.known(), cfg) {
            return Some(bits.bit(index));
        }
        let flags = word(&self.0.home_flag)?;
        supported.is_none_or(|index| bit(flags, index)).then(|| bit(flags, flag))
    }
}

pub(super) fn features(print: &PushStatus) -> Features {
    let bits = |leaf: &Leaf<Bits>| leaf.known().map(|bits| bits.0);
    let flags = word(&print.home_flag).map(u64::from);
    Features::from_wire(bits(&print.fun), bits(&print.fun2), bits(&print.flag3), flags)
}

pub(super) fn options(print: &PushStatus) -> Options {
    let switch = Switch(print);
    let ams = print.ams.known();
    let cfg = print.cfg.known();
    let door = print.fun.known().filter(|fun| fun.bit(12)).and(cfg).map(|cfg| cfg.field(20, 2));
    Options {
        auto_recovery: switch.read(Some(16), 4, None),
        ams_auto_refill: switch.read(Some(18), 10, None),
        ams_remain_estimate: switch.read(Some(17), 7, None),
        ams_read_on_insert: cfg.map(|cfg| cfg.bit(0)).or_else(|| ams?.insert_flag.known().copied()),
        ams_read_on_power_on: cfg
            .map(|cfg| cfg.bit(1))
            .or_else(|| ams?.power_on_flag.known().copied()),
        prompt_sound: switch.read(Some(22), 17, Some(18)),
        keep_sent_files: switch.read(Some(19), 11, None),
        door_check: door
            .and_then(|door| ["off", "warn", "pause"].get(usize::try_from(door).ok()?).copied()),
    }
}

pub(super) fn detectors(print: &PushStatus) -> Detectors {
    let switch = Switch(print);
    let xcam = print.xcam.known();
    let camera = xcam.and_then(|xcam| word(&xcam.cfg));
    let seen = |index| camera.map(|bits| bit(bits, index));
    Detectors {
        ai_monitoring: print
            .cfg
            .known()
            .map(|cfg| cfg.bit(15))
            .or_else(|| xcam?.printing_monitor.known().copied()),
        ai_sensitivity: sensitivity(print),
        spaghetti: seen(7).or_else(|| xcam?.spaghetti_detector.known().copied()),
        purge_pile_up: seen(10),
        nozzle_clumping: seen(13),
        air_print: seen(16).or_else(|| switch.read(None, 28, Some(29))),
        first_layer: xcam.and_then(|xcam| xcam.first_layer_inspector.known().copied()),
        plate_marker: xcam.and_then(|xcam| xcam.buildplate_marker_detector.known().copied()),
        plate_alignment: seen(20),
        foreign_object: seen(21),
        filament_tangle: switch.read(Some(23), 20, Some(19)),
        nozzle_blob: switch.read(Some(24), 24, Some(25)),
    }
}

fn sensitivity(print: &PushStatus) -> Option<Text> {
    let word = print.xcam.known().and_then(|xcam| filled(&xcam.halt_print_sensitivity));
    word.or_else(|| {
        let level = print.cfg.known()?.field(13, 2);
        let words = ["never_halt", "low", "medium", "high"];
        words.get(usize::try_from(level).ok()?).map(|word| Text::from(*word))
    })
}

pub(super) fn homed_axes(print: &PushStatus) -> Option<HomedAxes> {
    let flags = word(&print.home_flag)?;
    Some(HomedAxes { x: bit(flags, 0), y: bit(flags, 1), z: bit(flags, 2) })
}

pub(super) fn tool(print: &PushStatus) -> Option<Tool> {
    let tool = print.device.known()?.ext_tool.known()?;
    let kind = match tool.kind.known().map_or("", |kind| kind) {
        "CP00" => Some("cutter"),
        "LB00" => Some("laser_10w"),
        "LB01" => Some("laser_40w"),
        "F000" => Some("fan"),
        _ => None,
    };
    Some(Tool { kind, mounted: whole(&tool.mount).map(|mount: i64| mount == 1) })
}

pub(super) fn plate(print: &PushStatus) -> Option<Text> {
    filled(&print.device.known()?.plate.known()?.current)
}
