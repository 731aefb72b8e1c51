//! Firmware upgrade. Print error and health messages are read in `crate::{print_error, hms}`.

use super::number::{filled, percent, whole};
use crate::{
    report::wire::PushStatus,
    status::{Text, Upgrade, UpgradeModule},
};

pub(super) fn upgrade(print: &PushStatus) -> Upgrade {
    let Some(wire) = print.upgrade_state.known() else {
        return Upgrade { forced: print.force_upgrade.known().copied(), ..Upgrade::default() };
    };
    let listed = wire.new_ver_list.known().into_iter().flat_map(|list| list.iter());
    let modules: Vec<_> = listed
        .filter_map(|one| {
            Some(UpgradeModule {
                name: one.name.known()?.clone(),
                current: filled(&one.cur_ver),
                new: filled(&one.new_ver),
            })
        })
        .collect();
    let ota = || modules.iter().find(|module| module.name == "ota")?.new.clone();
    Upgrade {
        state: filled(&wire.status).map(|text| Text::from(text.to_ascii_lowercase())),
        progress_percent: percent(&wire.progress),
        message: filled(&wire.message),
        available: match whole(&wire.new_version_state) {
            Some(1_i64) => Some(true),
            Some(2) => Some(false),
            _ => None,
        },
        new_version: filled(&wire.ota_new).or_else(ota),
        forced: wire.force_upgrade.known().or(print.force_upgrade.known()).copied(),
        module: filled(&wire.module),
        error_code: whole(&wire.err_code).filter(|code| *code != 0),
        repair_requested: wire.consistency_request.known().copied(),
        modules,
    }
}
