//! Firmware and its upgrade in the status document.

use serde::Serialize;

/// State of a firmware upgrade (`upgrade_state`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Upgrade {
    /// `idle`, `upgrade_request`, `downloading`, `flashing`, `upgrade_success` … (lower case).
    pub state: Option<String>,
    /// 0 to 100.
    pub progress_percent: Option<u8>,
    /// What the printer says about it.
    pub message: Option<String>,
    /// Whether newer firmware is offered (`new_version_state` 1); `null` where not told.
    pub available: Option<bool>,
    /// Offered firmware of the printer.
    pub new_version: Option<String>,
    /// Whether the printer insists (`force_upgrade`).
    pub forced: Option<bool>,
    /// Modules with newer firmware (`new_ver_list`).
    pub modules: Vec<UpgradeModule>,
}

/// A module with newer firmware.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpgradeModule {
    /// Module, such as `ota` or `ams/0`.
    pub name: String,
    /// Installed.
    pub current: Option<String>,
    /// Offered.
    pub new: Option<String>,
}

/// A module and its firmware, from `get_version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModuleVersion {
    /// Module, such as `ota`, `mc`, `ams/0`.
    pub name: String,
    /// Firmware (`sw_ver`).
    pub firmware: Option<String>,
    /// Hardware revision (`hw_ver`).
    pub hardware: Option<String>,
    /// Serial number of the module (`sn`).
    pub serial: Option<String>,
    /// Product name, newer firmware.
    pub product: Option<String>,
}
