//! Section `print`: temperatures, fans and the air duct of machines that have commands for them.
//! The others take G-code: [`crate::command`] chooses.

use super::{catalogue::requests, words::words, written::key};

requests! {
    /// Heaters, fans and air.
    pub enum Climate in "print" {
        /// Heats a nozzle, without waiting for it.
        SetNozzleTemp {
            /// 0 right or only, 1 left.
            extruder_index: u8,
            /// °C; 0 is off.
            target_temp: u16,
        } => "set_nozzle_temp", "two nozzles (H2D, H2C, X2D)", Ack, "temperatures.nozzles", "V";
        /// Heats the bed, in °C; 0 is off.
        SetBedTemp(#[serde(serialize_with = "key::temp")] u16)
            => "set_bed_temp", "with `fun` bit 39", Ack, "temperatures.bed", "V";
        /// Heats the chamber, in °C; 0 is off, and what is below 40 is not regulated.
        SetCtt(#[serde(serialize_with = "key::ctt_val")] u16)
            => "set_ctt", "with a chamber heater (X1E, H2, X2D)", Ack, "temperatures.chamber", "V";
        /// Sets a fan.
        SetFan {
            /// Which fan.
            fan_index: Fan,
            /// Percent, 0 to 100.
            speed: u8,
        } => "set_fan", "with an air duct (P2S, H2, X2D)", Ack, "fans", "V";
        /// Leads the air another way.
        SetAirduct {
            /// The mode.
            #[serde(rename = "modeId")]
            mode_id: AirDuctMode,
            /// Filter off (0) or on (1) in cooling mode, with `fun` bit 46; otherwise -1.
            submode: i8,
        } => "set_airduct", "with an air duct (P2S, H2, X2D)", Ack, "air_duct.mode", "V";
        /// Cools an idle hot nozzle down by itself.
        SetAgainstContinuedHeatingMode(#[serde(serialize_with = "key::enable")] bool)
            => "set_against_continued_heating_mode", "with `fun` bit 62", Ack, "", "V";
    }
}

words! {
    /// A fan, by the number that `M106 P` and `fan_index` share. [V]
    pub enum Fan: u8, "fan" {
        /// 1, on the toolhead.
        Part = 1, "part" | "cooling" | "toolhead";
        /// 2, beside the bed.
        Aux = 2, "aux" | "auxiliary" | "aux_right";
        /// 3, chamber or exhaust.
        Chamber = 3, "chamber" | "exhaust";
        /// 10, the second beside the bed (P2S, X2D).
        AuxLeft = 10, "aux_left" | "left_aux" | "secondary";
    }
}

words! {
    /// A way of the air. [V]
    pub enum AirDuctMode: u8, "air duct mode" {
        /// 0, outside air in.
        Cooling = 0, "cooling" | "cool";
        /// 1, air kept inside.
        Heating = 1, "heating" | "heat";
        /// 2, air out, for a laser.
        Exhaust = 2, "exhaust" | "laser";
        /// 3, as much as there is.
        FullCooling = 3, "full_cooling";
    }
}
