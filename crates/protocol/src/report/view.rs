//! The merged report as a [`Status`]: what the values mean, by model.
//!
//! One file per part of the status document; the judgements are those of the wire reference.

mod ams;
mod job;
mod list;
mod machine;
mod number;
mod options;
mod temperatures;
#[cfg(test)]
mod tests;
mod upgrade;

use super::{State, version::Versions, wire::PushStatus};
use crate::{
    Firmware, Model,
    hms::Hms,
    model::Capabilities,
    print_error::PrintError,
    status::{PrinterState, Status},
};
use number::word;

/// What the parts of the view look at.
struct Context<'a> {
    print: &'a PushStatus,
    versions: &'a Versions,
    model: Option<Model>,
    firmware: Option<Firmware>,
}

impl Context<'_> {
    fn capabilities(&self) -> Option<&'static Capabilities> {
        self.model.map(Model::capabilities)
    }

    /// Whether the model has something; machines of unknown model are believed.
    fn may_have(&self, has: impl FnOnce(&Capabilities) -> bool) -> bool {
        self.capabilities().is_none_or(has)
    }
}

pub(super) fn status(state: &State) -> Status {
    let context = Context {
        print: &state.print,
        versions: &state.versions,
        model: state.model(),
        firmware: state.firmware(),
    };
    let print = context.print;
    let printer_state = print
        .gcode_state
        .known()
        .map_or(PrinterState::Unknown, |text| PrinterState::from_wire(text));
    let hms = print.hms.known().into_iter().flat_map(|list| list.iter());
    Status {
        serial: state.serial(),
        name: None,
        model: context.model,
        firmware: context.firmware,
        online: None,
        updated_at: None,
        state: printer_state,
        stage: job::stage(print, printer_state),
        job: job::job(print),
        temperatures: temperatures::temperatures(&context),
        nozzles: temperatures::nozzles(&context),
        nozzle_rack: temperatures::nozzle_rack(&context),
        fans: machine::fans(&context),
        air_duct: machine::air_duct(print),
        speed: job::speed(print),
        ams: ams::ams(&context),
        external_spools: ams::external_spools(print),
        lights: machine::lights(print),
        door_open: machine::door_open(&context),
        lid_open: machine::lid_open(&context),
        camera: machine::camera(print),
        network: machine::network(print),
        error: word(&print.print_error).and_then(PrintError::from_wire),
        hms: hms.filter_map(|hms| Hms::from_wire(word(&hms.attr)?, word(&hms.code)?)).collect(),
        storage_present: print.sdcard.known().copied(),
        storage: machine::storage(print),
        developer_mode: print.fun.known().map(|fun| !fun.bit(29)),
        features: options::features(print),
        options: options::options(print),
        detectors: options::detectors(print),
        homed_axes: options::homed_axes(print),
        tool: options::tool(print),
        plate_detected: options::plate(print),
        upgrade: upgrade::upgrade(print),
        modules: context.versions.list.clone(),
    }
}
