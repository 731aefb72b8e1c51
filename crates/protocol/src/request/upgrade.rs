//! Section `upgrade`: firmware.

use serde_json::Value;

use super::catalogue::requests;

requests! {
    /// Firmware upgrades; the printer downloads by itself.
    pub enum Upgrade in "upgrade" {
        /// Installs the upgrade that is on offer.
        Confirm => "upgrade_confirm" { "src_id": 1 }, "all", Ack, "upgrade", "V";
        /// Repairs modules whose firmware does not belong together.
        ConsistencyConfirm => "consistency_confirm" { "src_id": 1 }, "all", Ack, "upgrade", "V";
        /// Installs one firmware from an address.
        Start {
            /// Where the printer downloads from.
            url: String,
            /// `ota`, `ams` …
            module: String,
            /// `01.02.03.04`.
            version: String,
        } => "start" { "src_id": 1 }, "all", Ack, "upgrade", "V";
        /// Lists the firmware that can be installed.
        History => "get_history", "all", Data, "", "L";
        /// Goes back to a firmware of the list.
        Downgrade {
            /// `{"firmware": <one entry of the list>}`, as received.
            firmware_optional: Value,
        } => "upgrade_history" { "src_id": 2 }, "all", Ack, "upgrade", "D";
        /// Upgrades the nozzle rack.
        Rack {
            /// `wtm`, `wtm/<place>`, `wtm_all`.
            module: String,
        } => "wtm_upgrade" { "src_id": 1 }, "H2C", Ack, "upgrade", "V";
        /// Switches the controller's firmware to another kind of AMS.
        ForAms {
            /// A choice of `upgrade_state.mc_for_ams_firmware`.
            id: u32,
        } => "mc_for_ams_firmware_upgrade" { "src_id": 1 }, "A1, P1", Ack, "upgrade", "V";
    }
}
