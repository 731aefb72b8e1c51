//! Firmware on its way: download, flashing, restart.

use super::Life;
use crate::simulator::phase::Phase;

/// An upgrade that goes on.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Upgrade {
    /// Module, `ota` for the printer itself.
    pub(in crate::simulator) module: String,
    /// Version that it brings.
    pub(in crate::simulator) version: String,
    /// Choice of AMS family, where this switches it.
    pub(in crate::simulator) family: Option<u64>,
    /// Seconds spent.
    pub(in crate::simulator) spent: f64,
}

/// Seconds of download, then of flashing.
const DOWNLOAD: f64 = 40.0;
const FLASHING: f64 = 60.0;
/// Seconds that a restart takes: within the one to two minutes that were seen [L].
const RESTART: f64 = 75.0;

impl Life {
    /// Begins an upgrade; false while a job or another upgrade goes on.
    pub(in crate::simulator) fn begin_upgrade(&mut self, upgrade: Upgrade) -> bool {
        let settings = &mut self.settings;
        if matches!(
            self.phase,
            Phase::Fetching(_) | Phase::WarmingUp(..) | Phase::Printing(_) | Phase::Calibrating(..)
        ) {
            settings.put("upgrade_state.status", "UPGRADE_FAIL");
            settings.put("upgrade_state.err_code", -4);
            return false;
        }
        if self.upgrade.is_some() {
            return false;
        }
        settings.put("upgrade_state.module", upgrade.module.as_str());
        settings.put("upgrade_state.err_code", 0);
        settings.put("upgrade_state.dis_state", 2);
        settings.put("upgrade_state.status", "DOWNLOADING");
        settings.put("upgrade_state.progress", "0");
        self.upgrade = Some(upgrade);
        true
    }

    /// Lets an upgrade go on.
    pub(super) fn upgrade_on(&mut self, seconds: f64) {
        let Some(mut upgrade) = self.upgrade.take() else { return };
        upgrade.spent += seconds;
        let (status, share) = match upgrade.spent {
            spent if spent < DOWNLOAD => ("DOWNLOADING", spent / DOWNLOAD),
            spent => ("FLASHING", (spent - DOWNLOAD) / FLASHING),
        };
        self.settings.put("upgrade_state.status", status);
        let percent = (share * 100.0).clamp(0.0, 100.0) as u32;
        self.settings.put("upgrade_state.progress", percent.to_string());
        if upgrade.spent < DOWNLOAD + FLASHING {
            self.upgrade = Some(upgrade);
            return;
        }
        self.settings.put("upgrade_state.status", "UPGRADE_SUCCESS");
        self.settings.put("upgrade_state.dis_state", 3);
        self.settings.put("upgrade_state.progress", "100");
        match (upgrade.module.as_str(), upgrade.family) {
            (_, Some(family)) => {
                self.settings.put("upgrade_state.mc_for_ams_firmware.current_firmware_id", family);
                self.settings
                    .put("upgrade_state.mc_for_ams_firmware.current_run_firmware_id", family);
            }
            ("ota", _) => {
                let newer = self.newer.take();
                self.offer(newer);
                self.firmware = Some(upgrade.version);
                self.restart();
            }
            // A module of its own version no longer fits the others, until that is confirmed.
            (module, _) => {
                let repaired = module == "consistency";
                let rack = module.starts_with("wtm");
                self.settings.put("upgrade_state.consistency_request", !repaired && !rack);
            }
        }
    }

    /// Offers a newer firmware, or none any more.
    fn offer(&mut self, version: Option<String>) {
        let state = if version.is_some() { 1 } else { 2 };
        self.settings.put("upgrade_state.new_version_state", state);
        let named = version.as_deref().unwrap_or("");
        self.settings.put("upgrade_state.ota_new_version_number", named);
        self.offered = version;
    }

    /// Goes dark for a while and comes back idle: jobs and heat are gone.
    pub(in crate::simulator) fn restart(&mut self) {
        self.abort_change();
        if self.busy() {
            self.cool_down();
        }
        self.nozzles.iter_mut().for_each(|nozzle| nozzle.target = 0.0);
        self.bed.target = 0.0;
        self.chamber.target = 0.0;
        self.phase = Phase::Idle;
        self.parsing = 0.0;
        self.pause = None;
        self.job = None;
        self.stages.clear();
        self.homed = false;
        self.print_error = 0;
        self.hms.clear();
        self.dark = RESTART;
    }
}
