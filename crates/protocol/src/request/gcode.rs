//! Section `print`: G-code lines. Reading them is in [`crate::gcode`].

use super::{catalogue::requests, written::key};

requests! {
    /// G-code sent line by line.
    pub enum Gcode in "print" {
        /// Runs lines of G-code, separated by `\n`, as one command.
        Line(#[serde(serialize_with = "key::param")] String)
            => "gcode_line", "all in Developer Mode", Ack, "", "L";
        /// Runs G-code that is encrypted for this printer, which Developer Mode does not take.
        EncryptedLine {
            /// The G-code, encrypted to the printer's certificate, base64.
            param_enc: String,
            /// Account id in decimal, as the slicer adds it.
            user_id: String,
        } => "gcode_line", "with Developer Mode off, signed", Ack, "", "L";
    }
}
