//! Section `system`: lights, accessories, dialogs.

use super::{
    catalogue::requests,
    words::words,
    written::{hex, key},
};

requests! {
    /// The machine beside its job.
    pub enum System in "system" {
        /// Switches a light.
        Light {
            /// Which light.
            #[serde(rename = "led_node")]
            node: LightNode,
            /// What it shall do.
            #[serde(rename = "led_mode")]
            mode: LightMode,
            /// How it blinks.
            #[serde(flatten)]
            blink: Blink,
        } => "ledctrl", "all; which lights, see the models", Ack, "lights", "L";
        /// Tells the access code.
        AccessCode => "get_access_code", "all", Data, "", "L";
        /// Says which nozzle is mounted.
        SetAccessories {
            /// mm: 0.2, 0.4, 0.6, 0.8.
            nozzle_diameter: f64,
            /// Material.
            nozzle_type: NozzleType,
        } => "set_accessories" { "accessory_type": "nozzle" },
            "one nozzle, before H2", Ack, "nozzles", "L";
        /// Asks which nozzle is mounted.
        GetAccessories => "get_accessories" { "accessory_type": "none" },
            "one nozzle, before H2", Data, "", "L";
        /// Closes the dialog of an error on the printer's screen.
        CloseDialog {
            /// The error; eight hex digits on the wire.
            #[serde(rename = "err", serialize_with = "hex")]
            error: u32,
        } => "uiop" { "name": "print_error", "action": "close", "source": 1, "type": "dialog" },
            "all", Ack, "", "V";
        /// What an open door does.
        DoorCheck(#[serde(serialize_with = "key::config")] DoorCheck)
            => "set_door_stat", "with `fun` bit 12", Ack, "options.door_check", "V";
        /// Keeps files that the cloud sends on the storage.
        KeepCloudFiles(#[serde(serialize_with = "key::config")] bool)
            => "print_cache_set", "all but P1 up to 01.10", Ack, "options.keep_sent_files", "V";
        /// Starts the printer anew; it is away for one to two minutes.
        Reboot => "reboot", "A1 mini; others unknown", Nothing, "", "L";
    }
}

impl System {
    /// Switches a light, with the times that the vendor sends.
    pub fn light(node: LightNode, mode: LightMode) -> Self {
        // The bed light takes only zeros [L]; the others take the vendor's half second.
        let half = if node == LightNode::Heatbed { 0 } else { 500 };
        let interval = if mode == LightMode::Flashing { 1000 } else { 0 };
        let blink =
            Blink { led_on_time: half, led_off_time: half, loop_times: 1, interval_time: interval };
        Self::Light { node, mode, blink }
    }
}

/// The times of a flashing light, in ms; sent in every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Blink {
    /// How long it shines.
    pub led_on_time: u32,
    /// How long it is dark.
    pub led_off_time: u32,
    /// How often.
    pub loop_times: u32,
    /// Pause between two rounds.
    pub interval_time: u32,
}

words! {
    /// A light that can be switched.
    pub enum LightNode: &'static str, "light" {
        /// On all models.
        Chamber = "chamber_light", "chamber";
        /// H2 and X2D.
        Chamber2 = "chamber_light2", "chamber2";
        /// X1.
        Work = "work_light", "work";
        /// H2; never in the reports.
        Heatbed = "heatbed_light", "heatbed" | "bed";
    }
}

words! {
    /// What a light shall do.
    pub enum LightMode: &'static str, "light mode" {
        /// Shine.
        On = "on", "on";
        /// Be dark.
        Off = "off", "off";
        /// Blink.
        Flashing = "flashing", "flashing" | "flash";
    }
}

words! {
    /// Material of a nozzle.
    pub enum NozzleType: &'static str, "nozzle material" {
        /// Stainless steel.
        StainlessSteel = "stainless_steel", "stainless_steel" | "stainless";
        /// Hardened steel.
        HardenedSteel = "hardened_steel", "hardened_steel" | "hardened";
    }
}

words! {
    /// What an open door does.
    pub enum DoorCheck: u8, "door check" {
        /// 0, nothing.
        Off = 0, "off";
        /// 1, warns.
        Warn = 1, "warn";
        /// 2, pauses the job.
        Pause = 2, "pause";
    }
}
