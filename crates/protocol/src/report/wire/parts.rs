//! Smaller objects of the `print` object: camera, detectors, network, lights, upgrade, health.

use crate::{
    report::{list::List, macros::wire},
    status::Text,
};

wire! {
    /// `ipcam`.
    pub(crate) struct Ipcam {
        ipcam_dev: bool = "ipcam_dev",
        ipcam_record: bool = "ipcam_record",
        timelapse: bool = "timelapse",
        resolution: Text = "resolution",
        rtsp_url: Text = "rtsp_url",
        internal_free: f64 = "tl_internal_free_kb",
        internal_total: f64 = "tl_internal_total_kb",
        external_free: f64 = "tl_external_free_kb",
        external_total: f64 = "tl_external_total_kb",
    }
}

wire! {
    /// `xcam`: what the cameras look for.
    pub(crate) struct Xcam {
        buildplate_marker_detector: bool = "buildplate_marker_detector",
        first_layer_inspector: bool = "first_layer_inspector",
        printing_monitor: bool = "printing_monitor",
        spaghetti_detector: bool = "spaghetti_detector",
        halt_print_sensitivity: Text = "halt_print_sensitivity",
        cfg: f64 = "cfg",
    }
}

wire! {
    /// An entry of `lights_report`.
    pub(crate) struct Light {
        node: Text = "node",
        mode: Text = "mode",
    }
}

wire! {
    /// `net`.
    pub(crate) struct Net {
        conf: f64 = "conf",
        info: List<Interface, 16> = "info",
    }
}

wire! {
    /// An entry of `net.info`.
    pub(crate) struct Interface {
        ip: f64 = "ip",
    }
}

wire! {
    /// `info` inside `print`: the chamber, packed.
    pub(crate) struct InfoTemp {
        temp: f64 = "temp",
    }
}

wire! {
    /// `3D`.
    pub(crate) struct Layers {
        layer_num: f64 = "layer_num",
        total_layer_num: f64 = "total_layer_num",
    }
}

wire! {
    /// An entry of `hms`.
    pub(crate) struct Hms {
        attr: f64 = "attr",
        code: f64 = "code",
    }
}

wire! {
    /// `upgrade_state`.
    pub(crate) struct UpgradeState {
        status: Text = "status",
        progress: f64 = "progress",
        message: Text = "message",
        module: Text = "module",
        err_code: f64 = "err_code",
        new_version_state: f64 = "new_version_state",
        force_upgrade: bool = "force_upgrade",
        consistency_request: bool = "consistency_request",
        ota_new: Text = "ota_new_version_number",
        new_ver_list: List<NewVersion, 64> = "new_ver_list",
    }
}

wire! {
    /// An entry of `upgrade_state.new_ver_list`.
    pub(crate) struct NewVersion {
        name: Text = "name",
        cur_ver: Text = "cur_ver",
        new_ver: Text = "new_ver",
    }
}

wire! {
    /// An entry of `info.module` (`get_version`).
    pub(crate) struct Module {
        name: Text = "name",
        product_name: Text = "product_name",
        project_name: Text = "project_name",
        sw_ver: Text = "sw_ver",
        hw_ver: Text = "hw_ver",
        sn: Text = "sn",
    }
}
