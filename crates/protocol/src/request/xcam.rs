//! Section `xcam`: what the camera watches for.

use super::{catalogue::requests, words::words};

requests! {
    /// Detectors that look.
    pub enum Xcam in "xcam" {
        /// Switches a detector.
        Control {
            /// Which one.
            module_name: XcamModule,
            /// On or off.
            control: bool,
            /// The same, for older firmware.
            enable: bool,
            /// When it stops a job; only for detectors that have a sensitivity.
            #[serde(skip_serializing_if = "Option::is_none")]
            halt_print_sensitivity: Option<Sensitivity>,
        } => "xcam_control_set" { "print_halt": true }, "X1, P2S, X2D, H2; few on A1 and P1", Ack,
            "detectors", "V";
    }
}

impl Xcam {
    /// Switches a detector, in the two fields that firmware old and new wants.
    pub fn control(module: XcamModule, on: bool, sensitivity: Option<Sensitivity>) -> Self {
        Self::Control {
            module_name: module,
            control: on,
            enable: on,
            halt_print_sensitivity: sensitivity,
        }
    }
}

words! {
    /// A detector.
    pub enum XcamModule: &'static str, "detector" {
        /// AI monitoring as a whole.
        PrintingMonitor = "printing_monitor", "ai" | "ai_monitoring";
        /// Spaghetti, older firmware.
        Spaghetti = "spaghetti_detector", "spaghetti";
        /// First layer by lidar (X1).
        FirstLayer = "first_layer_inspector", "first_layer";
        /// Marker of the build plate.
        PlateMarker = "buildplate_marker_detector", "plate_marker" | "plate";
        /// Filament piled up in the purge chute.
        PileUp = "pileup_detector", "pile_up" | "pileup";
        /// Filament clumped around the nozzle.
        Clump = "clump_detector", "clump" | "clumping";
        /// No filament comes out.
        AirPrint = "airprint_detector", "air_print" | "airprint";
        /// Alignment of the build plate.
        PlateOffset = "plate_offset_switch", "plate_offset" | "plate_alignment";
        /// Foreign objects on the bed.
        ForeignObject = "fod_check", "foreign_object" | "foreign_objects";
        /// A part that moves.
        ModelMovement = "model_movement_check", "model_movement" | "displacement";
    }
}

words! {
    /// When a detector stops the job.
    pub enum Sensitivity: &'static str, "sensitivity" {
        /// Never.
        Never = "never_halt", "never";
        /// When it is very sure.
        Low = "low", "low";
        /// In between.
        Medium = "medium", "medium";
        /// At the first sign.
        High = "high", "high";
    }
}
