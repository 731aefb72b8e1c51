//! Temperatures and nozzles, which two generations of machines report in different places.

use super::{
    Context,
    number::{bit, filled, whole, word},
};
use crate::{
    report::{
        leaf::Leaf,
        wire::device::{Device, ExtruderInfo, Heater, NozzleReport},
    },
    status::{Nozzle, Temperature, Temperatures, Text},
};

/// Machines without a chamber thermometer report this for ever [L].
const NO_CHAMBER_SENSOR: f64 = 5.0;

pub(super) fn temperatures(context: &Context<'_>) -> Temperatures {
    let print = context.print;
    let device = device(context);
    let bed = flat(&print.bed_temper, &print.bed_target_temper)
        .or_else(|| heater(&device?.bed))
        .or_else(|| packed(&device?.bed_temp));
    Temperatures {
        nozzles: nozzle_temperatures(context),
        bed: bed.unwrap_or_default(),
        chamber: chamber(context).unwrap_or_default(),
    }
}

fn device<'a>(context: &Context<'a>) -> Option<&'a Device> {
    context.print.device.known().map(|device| &**device)
}

/// Low 16 bits measured, high 16 bits wanted [L].
fn packed(leaf: &Leaf<f64>) -> Option<Temperature> {
    let value = word(leaf)?;
    Some(Temperature {
        current: Some(f64::from(value & 0xFFFF)),
        target: Some(f64::from(value >> 16)),
    })
}

fn flat(current: &Leaf<f64>, target: &Leaf<f64>) -> Option<Temperature> {
    current.known()?;
    Some(Temperature { current: current.known().copied(), target: target.known().copied() })
}

fn heater(heater: &Leaf<Heater>) -> Option<Temperature> {
    packed(&heater.known()?.info.known()?.temp)
}

fn chamber(context: &Context<'_>) -> Option<Temperature> {
    if !context.may_have(|model| model.chamber_sensor) {
        return None;
    }
    let print = context.print;
    let told = device(context).and_then(|device| heater(&device.ctc));
    told.or_else(|| packed(&print.info.known()?.temp))
        .or_else(|| packed(&device(context)?.cham_temp))
        .or_else(|| flat(&print.chamber_temper, &print.ctt))
        .filter(|chamber| context.model.is_some() || chamber.current != Some(NO_CHAMBER_SENSOR))
}

/// The extruders by id: 0 right or only one, 1 left.
fn extruders<'a>(context: &Context<'a>) -> Vec<&'a ExtruderInfo> {
    let list = device(context)
        .and_then(|device| device.extruder.known()?.info.known())
        .map_or(&[][..], |list| &**list);
    let mut extruders: Vec<_> = list.iter().filter(|one| one.id.known().is_some()).collect();
    extruders.sort_by_key(|one| whole::<i64>(&one.id));
    extruders
}

/// On machines with two nozzles the flat field follows neither of them reliably [L].
fn nozzle_temperatures(context: &Context<'_>) -> Vec<Temperature> {
    let print = context.print;
    let extruders = extruders(context);
    let flat = || flat(&print.nozzle_temper, &print.nozzle_target_temper);
    if let ([_], Some(flat)) = (&*extruders, flat()) {
        return vec![flat];
    }
    if extruders.is_empty() {
        return flat().into_iter().collect();
    }
    extruders.iter().map(|one| packed(&one.temp).unwrap_or_default()).collect()
}

/// The active extruder, bits 4 to 7 of `device.extruder.state`; 15 is none.
pub(super) fn active_extruder(context: &Context<'_>) -> Option<u8> {
    let state = word(&device(context)?.extruder.known()?.state)?;
    u8::try_from((state >> 4) & 0xF).ok().filter(|id| *id != 15)
}

/// What feeds the active extruder, by `device.extruder`.
pub(super) struct Feed {
    /// Whether the machine tells it for each of several extruders.
    pub(super) of_two: bool,
    /// `snow`: unit << 8 | slot.
    pub(super) slot: Option<u32>,
}

pub(super) fn active_slot(context: &Context<'_>) -> Feed {
    let extruders = extruders(context);
    let active = active_extruder(context);
    let extruder = match &*extruders {
        [one] => Some(*one),
        all => all.iter().copied().find(|one| active.is_some() && whole(&one.id) == active),
    };
    Feed {
        of_two: extruders.len() > 1 && extruders.iter().any(|one| one.snow.is_present()),
        slot: extruder.and_then(|one| word(&one.snow)),
    }
}

fn listed<'a>(context: &Context<'a>) -> &'a [NozzleReport] {
    device(context)
        .and_then(|device| device.nozzle.known()?.info.known())
        .map_or(&[][..], |list| &*list.0)
}

/// Nozzles of the rack: the high nibble of their id is 1 [V].
pub(super) fn nozzle_rack(context: &Context<'_>) -> Vec<Nozzle> {
    let in_rack = |nozzle: &NozzleReport| {
        let id = whole(&nozzle.id).filter(|id: &u8| id >> 4 == 1)?;
        Some(Nozzle { id, ..described(nozzle) })
    };
    listed(context).iter().filter_map(in_rack).collect()
}

pub(super) fn nozzles(context: &Context<'_>) -> Vec<Nozzle> {
    let extruders = extruders(context);
    let list = listed(context);
    if extruders.is_empty() {
        return single(context, list.first()).into_iter().collect();
    }
    let active = active_extruder(context);
    let with_id = |wanted: Option<i64>| list.iter().find(|one| whole(&one.id) == wanted);
    let one_only = extruders.len() == 1;
    extruders
        .iter()
        .map(|extruder| {
            let id = whole(&extruder.id);
            let mounted = whole(&extruder.hnow).and_then(|hotend| with_id(Some(hotend)));
            let nozzle = mounted.or_else(|| with_id(id.map(i64::from)));
            let mut info = nozzle.map(described).unwrap_or_default();
            if one_only && nozzle.is_none() {
                named_at_the_top(context, &mut info);
            }
            info.id = id.unwrap_or_default();
            info.active = one_only || (active.is_some() && active == id);
            info.filament_present = word(&extruder.info).map(|info| bit(info, 1));
            info
        })
        .collect()
}

/// Older machines name their one nozzle at the top level.
fn single(context: &Context<'_>, listed: Option<&NozzleReport>) -> Option<Nozzle> {
    let print = context.print;
    let mut info = listed.map(described).unwrap_or_default();
    if listed.is_none() {
        print.nozzle_diameter.known().or(print.nozzle_temper.known())?;
        named_at_the_top(context, &mut info);
    }
    info.active = true;
    info.filament_present = word(&print.hw_switch_state).map(|switch| switch != 0);
    Some(info)
}

fn named_at_the_top(context: &Context<'_>, info: &mut Nozzle) {
    let print = context.print;
    (info.kind, info.flow) = nozzle_type(filled(&print.nozzle_type));
    info.diameter_mm = print.nozzle_diameter.known().copied().filter(|mm| *mm > 0.0);
}

fn described(nozzle: &NozzleReport) -> Nozzle {
    let (kind, flow) = nozzle_type(filled(&nozzle.kind));
    Nozzle {
        diameter_mm: nozzle.diameter.known().copied().filter(|mm| *mm > 0.0),
        kind,
        flow,
        wear: nozzle.wear.known().copied(),
        ..Nozzle::default()
    }
}

/// A word, or a code such as `HS01-0.4`: H, flow, material, optional diameter [V].
fn nozzle_type(text: Option<Text>) -> (Option<Text>, Option<&'static str>) {
    let Some(text) = text else { return (None, None) };
    let code = text.split('-').next().unwrap_or_default();
    let flow = match code.as_bytes() {
        [b'H', flow, b'0', b'0' | b'1' | b'5'] => match flow {
            b'S' | b'A' | b'X' => Some("standard"),
            b'H' | b'E' => Some("high"),
            b'U' => Some("tpu"),
            _ => None,
        },
        _ => {
            let word = !matches!(text.as_str(), "N/A" | "undefine");
            return (word.then_some(text), None);
        }
    };
    let kind = match code.get(2..) {
        Some("00") => "stainless_steel",
        Some("01") => "hardened_steel",
        _ => "tungsten_carbide",
    };
    (Some(kind.into()), flow)
}
