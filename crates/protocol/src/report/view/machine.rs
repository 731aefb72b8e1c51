//! Fans, air duct, lights, door, camera, network and storage.

use std::net::Ipv4Addr;

use super::{
    Context,
    number::{bit, filled, percent, whole, word},
};
use crate::{
    Firmware, Model,
    report::{
        leaf::Leaf,
        wire::{PushStatus, device::Cam, parts::Ipcam},
    },
    status::{AirDuct, AirDuctPart, Camera, Fans, Lights, Network, Storage, Text},
};

pub(super) fn fans(context: &Context<'_>) -> Fans {
    let print = context.print;
    let fan = |byte: u32, step: &Leaf<f64>| geared(print, byte).or_else(|| stepped(step));
    let aux_left = air_parts(print).find(|part| part.id == 10);
    Fans {
        part_percent: fan(0, &print.cooling_fan_speed),
        aux_percent: fan(1, &print.big_fan1_speed).filter(|_| context.may_have(|m| m.aux_fan)),
        chamber_percent: fan(2, &print.big_fan2_speed)
            .filter(|_| context.may_have(|m| m.chamber_fan)),
        heatbreak_percent: stepped(&print.heatbreak_fan_speed),
        aux_left_percent: aux_left.and_then(|part| part.percent),
    }
}

/// A byte of `fan_gear`, 0 to 255.
fn geared(print: &PushStatus, byte: u32) -> Option<u8> {
    let gear = (word(&print.fan_gear)? >> (8 * byte)) & 0xFF;
    u8::try_from((gear * 100 + 127) / 255).ok()
}

/// 0 to 15, in steps too coarse for more than tens of percent.
fn stepped(leaf: &Leaf<f64>) -> Option<u8> {
    let step = leaf.known().filter(|step| (0.0..=15.0).contains(*step))?;
    Some((step * 10.0 / 15.0).round() as u8 * 10)
}

pub(super) fn air_duct(print: &PushStatus) -> Option<AirDuct> {
    let duct = print.device.known()?.airduct.known()?;
    let mode: Option<u8> = whole(&duct.mode).filter(|mode| *mode != 255);
    let names = ["cooling", "heating", "exhaust", "full_cooling"];
    Some(AirDuct {
        mode,
        name: mode.and_then(|mode| names.get(usize::from(mode)).copied()),
        sub_mode: whole(&duct.sub_mode),
        parts: air_parts(print).collect(),
    })
}

/// Part id on the wire = function number << 4 | kind (0 fan, 1 door) [V].
fn air_parts(print: &PushStatus) -> impl Iterator<Item = AirDuctPart> + '_ {
    let duct = print.device.known().and_then(|device| device.airduct.known());
    let parts = duct.and_then(|duct| duct.parts.known()).into_iter().flat_map(|parts| parts.iter());
    parts.filter_map(|part| {
        let id = whole::<u16>(&part.id)? >> 4;
        let name = match id {
            1 => Some("part"),
            2 => Some("aux"),
            3 => Some("chamber"),
            4 => Some("heatbreak2"),
            5 => Some("board"),
            6 => Some("filter"),
            10 => Some("aux_left"),
            _ => None,
        };
        let target_percent = percent(&part.target);
        Some(AirDuctPart { id, name, percent: percent(&part.state), target_percent })
    })
}

pub(super) fn lights(print: &PushStatus) -> Lights {
    let mode = |node: &str| {
        let lights = print.lights_report.known()?;
        let light = lights.iter().find(|light| light.node.known().is_some_and(|n| n == node))?;
        filled(&light.mode)
    };
    Lights {
        chamber: mode("chamber_light"),
        chamber2: mode("chamber_light2"),
        // Machines with this light report it as flashing for ever [L].
        work: mode("work_light").filter(|mode| mode != "flashing"),
    }
}

/// Newer machines: bit 23 of `stat`; older X1: bit 23 of `home_flag`, from some firmware on.
pub(super) fn door_open(context: &Context<'_>) -> Option<bool> {
    if !context.may_have(|model| model.door_sensor) {
        return None;
    }
    if let Some(stat) = context.print.stat.known() {
        return Some(stat.bit(23));
    }
    let since = match context.model? {
        Model::X1C | Model::X1 => Firmware::new([1, 7, 0, 0]),
        Model::X1E => Firmware::new([1, 1, 2, 0]),
        _ => return None,
    };
    let home = word(&context.print.home_flag)?;
    context.firmware.filter(|firmware| *firmware >= since).map(|_| bit(home, 23))
}

pub(super) fn lid_open(context: &Context<'_>) -> Option<bool> {
    let stat = context.print.stat.known()?;
    context.may_have(|model| model.door_sensor).then(|| stat.bit(24))
}

pub(super) fn camera(print: &PushStatus) -> Camera {
    let Some(camera) = print.ipcam.known() else { return Camera::default() };
    let url = filled(&camera.rtsp_url);
    let lan_liveview = match url.as_deref() {
        Some("disable") => Some(false),
        Some(url) => url.starts_with("rtsp").then_some(true),
        None => None,
    };
    Camera {
        present: camera.ipcam_dev.known().copied(),
        recording: camera.ipcam_record.known().copied(),
        timelapse: camera.timelapse.known().copied(),
        resolution: filled(&camera.resolution),
        rtsp_url: url.filter(|url| url != "disable"),
        lan_liveview,
    }
}

pub(super) fn network(print: &PushStatus) -> Network {
    let net = print.net.known();
    let wired = net.and_then(|net| word(&net.conf)).map(|conf| bit(conf, 0));
    let interfaces = net.and_then(|net| net.info.known()).into_iter().flat_map(|info| info.iter());
    let ip = interfaces.filter_map(|one| word(&one.ip)).rfind(|ip| *ip != 0);
    Network {
        wifi_dbm: wifi(print).filter(|_| wired != Some(true)),
        ip: ip.map(|ip| Text::from(Ipv4Addr::from(ip.to_le_bytes()).to_string())),
        wired,
    }
}

/// `-55dBm`.
fn wifi(print: &PushStatus) -> Option<i32> {
    let text = print.wifi_signal.known()?.trim();
    text.strip_suffix("dBm").unwrap_or(text).trim().parse().ok()
}

pub(super) fn storage(print: &PushStatus) -> Storage {
    let newer = print.aux.known().and_then(|aux| u32::try_from(aux.field(12, 2)).ok());
    let state = newer.or_else(|| word(&print.home_flag).map(|flags| (flags >> 8) & 3));
    let names = ["none", "ok", "abnormal", "read_only"];
    let camera = print.ipcam.known();
    let device = print.device.known().and_then(|device| device.cam.known());
    let of = |in_camera: fn(&Ipcam) -> &Leaf<f64>, in_device: fn(&Cam) -> &Leaf<f64>| {
        camera
            .and_then(|camera| whole(in_camera(camera)))
            .or_else(|| device.and_then(|device| whole(in_device(device))))
    };
    Storage {
        state: state.and_then(|state| names.get(usize::try_from(state).ok()?).copied()),
        internal_free_kib: of(|c| &c.internal_free, |d| &d.internal_free),
        internal_total_kib: of(|c| &c.internal_total, |d| &d.internal_total),
        external_free_kib: of(|c| &c.external_free, |d| &d.external_free),
        external_total_kib: of(|c| &c.external_total, |d| &d.external_total),
    }
}
