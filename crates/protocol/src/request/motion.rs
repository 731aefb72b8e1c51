//! Section `print`: motion of machines that have commands for it; the others take G-code.

use super::{catalogue::requests, words::words, written::key};

requests! {
    /// Homing, jogging, extruding.
    pub enum Motion in "print" {
        /// Homes all axes.
        BackToCenter => "back_to_center", "with `fun` bit 32", Nothing, "homed_axes", "V";
        /// Moves one axis by one step: 10 mm with `mode` 1, 1 mm with 0.
        XyzCtrl {
            /// Which axis.
            axis: Axis,
            /// 1 or -1.
            dir: i8,
            /// 1 for steps of 10 mm and more, else 0.
            mode: u8,
        } => "xyz_ctrl", "with `fun` bit 38", Nothing, "", "V";
        /// Pushes filament out, or draws it back.
        SetExtrusionLength {
            /// 0 right or only, 1 left.
            extruder_index: u8,
            /// mm; negative draws back.
            length: i32,
        } => "set_extrusion_length", "two nozzles (H2D, H2C, X2D)", Ack, "", "V";
        /// Makes an extruder the active one: 0 right, 1 left.
        SelectExtruder(#[serde(serialize_with = "key::extruder_index")] u8)
            => "select_extruder", "two nozzles (H2D, H2C, X2D)", Ack, "nozzles[].active", "V";
    }
}

words! {
    /// An axis.
    pub enum Axis: &'static str, "axis" {
        /// Left and right.
        X = "X", "x";
        /// Front and back.
        Y = "Y", "y";
        /// Nozzle and bed apart.
        Z = "Z", "z";
    }
}
