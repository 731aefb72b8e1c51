//! Modules, their firmware and its upgrade in the status document.

use serde::Serialize;

use super::Text;

/// State of a firmware upgrade (`upgrade_state`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Upgrade {
    /// `idle`, `upgrade_request`, `downloading`, `flashing`, `upgrade_success` … (lower case).
    pub state: Option<Text>,
    /// 0 to 100.
    pub progress_percent: Option<u8>,
    /// What the printer says about it.
    pub message: Option<Text>,
    /// Whether newer firmware is offered (`new_version_state` 1); `null` where not told.
    pub available: Option<bool>,
    /// Offered firmware of the printer.
    pub new_version: Option<Text>,
    /// Whether the printer insists (`force_upgrade`).
    pub forced: Option<bool>,
    /// Module that is being upgraded.
    pub module: Option<Text>,
    /// -1 download, -2 verification, -3 flashing, -4 a job was running; `null` when there is none.
    pub error_code: Option<i64>,
    /// Whether modules do not fit together and want to be repaired (`consistency_request`).
    pub repair_requested: Option<bool>,
    /// Modules with newer firmware (`new_ver_list`).
    pub modules: Vec<UpgradeModule>,
}

/// A module with newer firmware.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpgradeModule {
    /// Module, such as `ota` or `ams/0`.
    pub name: Text,
    /// Installed.
    pub current: Option<Text>,
    /// Offered.
    pub new: Option<Text>,
}

/// A module and its firmware, from `get_version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModuleVersion {
    /// Module, such as `ota`, `mc`, `ams/0`.
    pub name: Text,
    /// Firmware (`sw_ver`).
    pub firmware: Option<Text>,
    /// Hardware revision (`hw_ver`).
    pub hardware: Option<Text>,
    /// Serial number of the module (`sn`).
    pub serial: Option<Text>,
    /// Product name, newer firmware.
    pub product: Option<Text>,
}
