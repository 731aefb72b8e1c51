//! Which form for which machine: the requests that this printer obeys. [V] unless marked.

use super::{
    Command, Filament, Refusal,
    guard::{self, out_of},
    limits,
};
use crate::{
    Model,
    model::Camera,
    request::{
        AirDuctMode, Ams, Axis, Calibration, ChangeFilament, Climate, Drying, Fan, FilamentSetting,
        Gcode, Job, LightMode, LightNode, Motion, Request, Steps, System, TrayId,
    },
    status::{Feature, PrinterState, Status},
};

/// Nozzle temperature in °C below which filament does not move.
const SOFT: f64 = 170.0;
/// °C to unload with, when nothing tells more. [V]
const UNLOAD: i16 = 210;
/// °C to which a dryer cools down afterwards; 40 to 45 are usual. [G]
const COOL: u16 = 40;

/// What speaks against a command before its requests are known: the values that become G-code.
pub(super) fn refusals(command: &Command, status: &Status) -> Vec<Refusal> {
    let range = |what, min, max, unit, value| out_of((what, min, max, unit), value, status);
    let heat = |what, max: u16, celsius: u16| range(what, 0, max.into(), " °C", celsius.into());
    let on = |extruder: &Option<u8>| {
        let none = extruder.is_some_and(|extruder| extruder >= limits::extruders(status));
        none.then_some(Refusal::BadValue("this printer has only one nozzle; leave the side out"))
    };
    match command {
        Command::Nozzle { extruder, celsius } => {
            let heat = heat("nozzle temperature", limits::nozzle_max(status), *celsius);
            on(extruder).into_iter().chain(heat).collect()
        }
        Command::Bed(celsius) => {
            heat("bed temperature", limits::bed_max(status), *celsius).into_iter().collect()
        }
        Command::Fan { fan, percent } => {
            let percent = range("fan speed", 0, 100, " %", (*percent).into());
            percent.into_iter().chain(fan_missing(*fan, status)).collect()
        }
        Command::SkipObjects(ids) if ids.is_empty() => {
            vec![Refusal::BadValue("no object is named; give the ids of the objects to skip")]
        }
        Command::Gcode(text) if text.trim().is_empty() => {
            vec![Refusal::BadValue("the G-code is empty; give at least one line")]
        }
        Command::Home => guard::while_free(status, "homing").into_iter().collect(),
        Command::Jog { millimetres, .. } => {
            let far = range("distance", -400, 400, " mm", millimetres.round() as i64);
            let odd = (!millimetres.is_finite() || *millimetres == 0.0).then_some(
                Refusal::BadValue("the distance is no number of mm; give one, such as 10"),
            );
            odd.into_iter().chain(far).chain(guard::while_free(status, "moving")).collect()
        }
        Command::Extrude { extruder, millimetres } => {
            let far = range("length", -200, 200, " mm", (*millimetres).into());
            let cold = nozzle_temperature(status, *extruder)
                .filter(|celsius| *celsius < SOFT)
                .map(|celsius| Refusal::TooCold(celsius as i64));
            let running = guard::while_not_running(status, "extruding");
            on(extruder).into_iter().chain(far).chain(running).chain(cold).collect()
        }
        Command::Calibrate(steps) => calibration(*steps, status),
        Command::DryStart { unit, rotate: true, .. }
            if status.ams.active.is_some_and(|active| active.unit == *unit) =>
        {
            vec![Refusal::BadValue(
                "a spool of this unit is threaded and cannot turn; unload it, or dry without turning",
            )]
        }
        _ => Vec::new(),
    }
}

fn fan_missing(fan: Fan, status: &Status) -> Option<Refusal> {
    let known = limits::known(status)?;
    let (what, has) = match fan {
        Fan::Part => ("part fan", true),
        Fan::Aux => ("auxiliary fan", known.aux_fan),
        Fan::Chamber => ("chamber fan", known.chamber_fan),
        Fan::AuxLeft => ("left auxiliary fan", known.left_aux_fan),
    };
    (!has).then_some(Refusal::NotOnThisModel { what, model: status.model })
}

fn calibration(steps: Steps, status: &Status) -> Vec<Refusal> {
    let known = limits::known(status);
    let lacks = [
        (steps.lidar && known.is_some_and(|k| k.camera == Camera::Jpeg), "lidar"),
        (steps.nozzle_offset && limits::extruders(status) < 2, "second nozzle"),
    ];
    let lacks = lacks.into_iter().filter(|(lacks, _)| *lacks);
    lacks.map(|(_, what)| Refusal::NotOnThisModel { what, model: status.model }).collect()
}

/// The requests, whatever may speak against them.
pub(super) fn requests(command: &Command, status: &Status) -> Result<Vec<Request>, Refusal> {
    let one: Request = match command {
        Command::Pause => Job::Pause.into(),
        Command::Resume => Job::Resume.into(),
        Command::Stop => Job::Stop.into(),
        Command::Speed(level) => Job::Speed(*level).into(),
        Command::SkipObjects(ids) => Job::SkipObjects(ids.clone()).into(),
        Command::ClearError => return clear_error(status),
        Command::Nozzle { extruder, celsius } if limits::extruders(status) > 1 => {
            let extruder_index = on_extruder(*extruder, status);
            Climate::SetNozzleTemp { extruder_index, target_temp: *celsius }.into()
        }
        Command::Nozzle { celsius, .. } => gcode(format!("M104 S{celsius}")),
        Command::Bed(celsius) if status.features.has(Feature::SetBedTemp) => {
            Climate::SetBedTemp(*celsius).into()
        }
        Command::Bed(celsius) => gcode(format!("M140 S{celsius}")),
        Command::Chamber(celsius) => Climate::SetCtt(*celsius).into(),
        Command::Fan { fan, percent } => set_fan(*fan, *percent, status),
        Command::AirDuct(mode) => air_duct(*mode, status),
        Command::Light { node, mode } => return Ok(lights(*node, *mode, status)),
        Command::Gcode(text) => gcode(text.trim_end().to_owned()),
        Command::Home if status.features.has(Feature::HomeCommand) => Motion::BackToCenter.into(),
        // G28 Z alone can crash the bed [L].
        Command::Home => gcode("G28".to_owned()),
        Command::Jog { axis, millimetres } => jog(*axis, *millimetres, status),
        Command::Extrude { extruder, millimetres } if limits::extruders(status) > 1 => {
            let extruder_index = on_extruder(*extruder, status);
            Motion::SetExtrusionLength { extruder_index, length: *millimetres }.into()
        }
        Command::Extrude { millimetres, .. } => gcode(format!("M83\nG1 E{millimetres} F900")),
        Command::Extruder(index) => Motion::SelectExtruder(*index).into(),
        Command::Load { tray } => Ams::ChangeFilament(load(*tray, status)).into(),
        Command::Unload => Ams::ChangeFilament(unload(status)?).into(),
        Command::AmsControl(action) => Ams::Control(*action).into(),
        Command::ReadTag { tray } if guard::too_old("ams_get_rfid", status).is_some() => {
            gcode(format!("M620 R{}", tray.flat()))
        }
        Command::ReadTag { tray } => Ams::GetRfid { ams_id: tray.unit, slot_id: tray.slot }.into(),
        Command::SetFilament { tray, filament } => {
            Ams::FilamentSetting(Box::new(setting(*tray, filament.clone(), status))).into()
        }
        Command::AmsOptions { read_at_power_on, read_on_insert, estimate_remain } => {
            let now = &status.options;
            let told = |wanted: &Option<bool>, now: Option<bool>| {
                wanted.or(now).ok_or(Refusal::NotTold("all AMS options"))
            };
            Ams::UserSetting {
                ams_id: -1,
                startup_read_option: told(read_at_power_on, now.ams_read_on_power_on)?,
                tray_read_option: told(read_on_insert, now.ams_read_on_insert)?,
                calibrate_remain_flag: told(estimate_remain, now.ams_remain_estimate)?,
            }
            .into()
        }
        Command::DryStart { unit, celsius, hours, filament, rotate } => Ams::Drying(Drying {
            ams_id: *unit,
            mode: 1,
            filament: filament.clone(),
            temp: *celsius,
            duration: *hours,
            humidity: 0,
            rotate_tray: *rotate,
            cooling_temp: COOL,
            close_power_conflict: false,
        })
        .into(),
        Command::DryStop { unit } => Ams::Drying(Drying::stop(*unit)).into(),
        Command::Calibrate(steps) => calibrate(*steps, status),
        Command::Exact(request) => request.clone(),
    };
    Ok(vec![one])
}

fn gcode(text: String) -> Request {
    Gcode::Line(text + "\n").into()
}

fn on_extruder(named: Option<u8>, status: &Status) -> u8 {
    named.or_else(|| status.active_extruder()).unwrap_or(0)
}

fn nozzle_temperature(status: &Status, extruder: Option<u8>) -> Option<f64> {
    let extruder = on_extruder(extruder, status);
    status.temperatures.nozzles.get(usize::from(extruder))?.current
}

fn clear_error(status: &Status) -> Result<Vec<Request>, Refusal> {
    let error = status.error.as_ref().map(|error| error.number);
    let error = error.ok_or(Refusal::NothingTo { what: "clear", state: status.state })?;
    let subtask_id = status.job.subtask_id.as_deref().unwrap_or("0").to_owned();
    Ok(vec![
        Job::CleanPrintError { subtask_id, print_error: error }.into(),
        System::CloseDialog { error }.into(),
    ])
}

fn set_fan(fan: Fan, percent: u8, status: &Status) -> Request {
    // A duct takes the fans that it lists; the others hear G-code only.
    let parts = status.air_duct.as_ref().map_or(&[][..], |duct| &duct.parts);
    if parts.iter().any(|part| part.id == u16::from(fan.wire())) {
        return Climate::SetFan { fan_index: fan, speed: percent }.into();
    }
    let speed = (u16::from(percent) * 255).div_ceil(100);
    gcode(format!("M106 P{} S{speed}", fan.wire()))
}

fn air_duct(mode: AirDuctMode, status: &Status) -> Request {
    let filter = status.air_duct.as_ref().and_then(|duct| duct.sub_mode);
    let keeps = status.features.has(Feature::CoolingFilter) && mode == AirDuctMode::Cooling;
    let submode = if keeps { i8::from(filter == Some(1)) } else { -1 };
    Climate::SetAirduct { mode_id: mode, submode }.into()
}

fn lights(node: Option<LightNode>, mode: LightMode, status: &Status) -> Vec<Request> {
    let known = limits::known(status).map_or(&["chamber_light"][..], |known| known.lights);
    let of_chamber = [LightNode::Chamber, LightNode::Chamber2];
    let nodes = match node {
        Some(node) => vec![node],
        None => of_chamber.into_iter().filter(|node| known.contains(&node.wire())).collect(),
    };
    nodes.into_iter().map(|node| System::light(node, mode).into()).collect()
}

fn jog(axis: Axis, millimetres: f64, status: &Status) -> Request {
    let steps = [(1.0, 0), (10.0, 1)];
    let mode = steps.iter().find(|(length, _)| *length == millimetres.abs());
    if let (true, Some((_, mode))) = (status.features.has(Feature::JogCommand), mode) {
        let dir = if millimetres < 0.0 { -1 } else { 1 };
        return Motion::XyzCtrl { axis, dir, mode: *mode }.into();
    }
    let speed = if axis == Axis::Z { 900 } else { 3000 };
    // The firmware's own end stops hold, and its coordinates are put back.
    gcode(format!(
        "M211 S\nM211 X1 Y1 Z1\nM1002 push_ref_mode\nG91\nG1 {axis}{millimetres:.2} F{speed}\n\
         M1002 pop_ref_mode\nM211 R",
        axis = axis.wire(),
    ))
}

/// Unit and target of an external spool: by its own id, or by the one that old machines know.
fn external(tray: TrayId, status: &Status) -> u16 {
    let own = if limits::extruders(status) > 1 { tray.unit } else { 255 };
    if status.features.has(Feature::VirtualTrays) { own } else { 254 }
}

fn load(tray: TrayId, status: &Status) -> ChangeFilament {
    let loaded = status.ams.active.map(|active| TrayId { unit: active.unit, slot: active.tray });
    let curr_temp = loaded.and_then(|tray| mean(tray, status)).unwrap_or(-1);
    let tar_temp = mean(tray, status).unwrap_or(-1);
    let (ams_id, target) = match tray {
        spool if spool.is_external() => (external(spool, status), external(spool, status)),
        TrayId { unit: unit @ 16.., .. } => (unit, unit),
        tray => (tray.unit, tray.flat()),
    };
    let slot_id = if tray.is_external() { 0 } else { tray.slot };
    ChangeFilament { curr_temp, tar_temp, ams_id, target, slot_id, extruder_id: None }
}

fn unload(status: &Status) -> Result<ChangeFilament, Refusal> {
    let active = status.ams.active.ok_or(match status.state {
        PrinterState::Unknown => Refusal::NotTold("what is loaded"),
        state => Refusal::NothingTo { what: "unload", state },
    })?;
    Ok(ChangeFilament {
        curr_temp: UNLOAD,
        tar_temp: UNLOAD,
        ams_id: active.unit,
        target: 255,
        slot_id: 255,
        extruder_id: None,
    })
}

/// Middle of the nozzle temperatures of a filament, in °C.
fn mean(tray: TrayId, status: &Status) -> Option<i16> {
    let (min, max) = if tray.is_external() {
        let is_it = |id: u16| id == tray.unit || limits::extruders(status) < 2;
        let spool = status.external_spools.iter().find(|spool| is_it(spool.id))?;
        (spool.nozzle_temperature_min?, spool.nozzle_temperature_max?)
    } else {
        let known = status.ams.tray(tray.unit, tray.slot)?;
        (known.nozzle_temperature_min?, known.nozzle_temperature_max?)
    };
    i16::try_from(u32::midpoint(min.into(), max.into())).ok()
}

fn setting(tray: TrayId, filament: Option<Filament>, status: &Status) -> FilamentSetting {
    let is_left = tray.unit == 254 && limits::extruders(status) > 1;
    let (ams_id, slot_id, tray_id) = match (tray.is_external(), is_left) {
        (true, true) => (254, 0, 254),
        (true, false) => (255, 0, 254),
        (false, _) => (tray.unit, tray.slot, tray.slot),
    };
    let Filament { id, setting_id, material, color, nozzle_min, nozzle_max } =
        filament.unwrap_or_else(|| Filament { color: "00000000".into(), ..Filament::default() });
    FilamentSetting {
        ams_id,
        slot_id,
        tray_id,
        tray_info_idx: id,
        setting_id,
        tray_color: color,
        nozzle_temp_min: nozzle_min,
        nozzle_temp_max: nozzle_max,
        tray_type: material,
        cols: Vec::new(),
        ctype: None,
    }
}

fn calibrate(steps: Steps, status: &Status) -> Request {
    let is_x1 = matches!(status.model, Some(Model::X1 | Model::X1C));
    let is_old = status.modules.iter().any(|module| {
        let firmware = module.firmware.as_deref().and_then(|text| text.parse().ok());
        &*module.name == "rv1126"
            && firmware
                .is_some_and(|has: crate::Firmware| has < crate::Firmware::new([0, 0, 15, 79]))
    });
    if is_x1 && is_old {
        return Job::GcodeFile("/usr/etc/print/auto_cali_for_user.gcode".into()).into();
    }
    Calibration::Machine(steps).into()
}
