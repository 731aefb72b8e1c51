//! Section `print`: `print_option`, one switch per request.

use super::{catalogue::requests, words::words, written::bit};

requests! {
    /// What the printer does and watches for by itself.
    pub enum PrintOption in "print" {
        /// Goes on after step loss.
        AutoRecovery {
            /// Bit 0, the same value.
            #[serde(serialize_with = "bit")]
            option: bool,
            /// On or off.
            auto_recovery: bool,
        } => "print_option", "all", Ack, "options.auto_recovery", "V";
        /// Goes on with another spool of the same filament.
        AutoSwitchFilament {
            /// On or off.
            auto_switch_filament: bool,
        } => "print_option", "with an AMS", Ack, "options.ams_auto_refill", "V";
        /// Notices when no filament comes out.
        AirPrintDetect {
            /// On or off.
            air_print_detect: bool,
        } => "print_option", "P1, A1", Ack, "detectors.air_print", "V";
        /// Notices a tangled spool.
        FilamentTangleDetect {
            /// On or off.
            filament_tangle_detect: bool,
        } => "print_option", "with `fun` bit 9 or `home_flag` bit 19", Ack,
            "detectors.filament_tangle", "V";
        /// Notices a blob around the nozzle.
        NozzleBlobDetect {
            /// On or off.
            nozzle_blob_detect: bool,
        } => "print_option", "with `fun` bit 13 or `home_flag` bit 25", Ack,
            "detectors.nozzle_blob", "V";
        /// Notices a blob around the nozzle, newer form.
        NozzleBlobDetectV2 {
            /// Off, on or as the printer likes.
            nozzle_blob_detect_v2: Auto,
        } => "print_option", "with `fun` bit 13", Ack, "detectors.nozzle_blob", "V";
        /// Prompt sounds.
        Sound {
            /// On or off.
            sound_enable: bool,
        } => "print_option", "P2S, X2D, A1, A2L, H2", Ack, "options.prompt_sound", "V";
        /// Cleans the air after a job.
        AirPurification {
            /// Where to.
            air_purification: Purification,
        } => "print_option", "with `fun2` bit 4", Ack, "", "V";
    }
}

impl PrintOption {
    /// Resume after step loss, in the two fields that the wire wants.
    pub fn auto_recovery(on: bool) -> Self {
        Self::AutoRecovery { option: on, auto_recovery: on }
    }
}

words! {
    /// A switch with a third position.
    pub enum Auto: u8, "switch position" {
        /// 0.
        Off = 0, "off" | "false" | "no";
        /// 1.
        On = 1, "on" | "true" | "yes";
        /// 2, as the printer likes.
        Auto = 2, "auto";
    }
}

words! {
    /// Where the air of the chamber goes after a job.
    pub enum Purification: u8, "air purification" {
        /// 0.
        Off = 0, "off";
        /// 1, round and round through the filter.
        Inside = 1, "inside";
        /// 2.
        Outside = 2, "outside";
    }
}
