//! Section `print`: jobs.

use serde::Serialize;

use super::{
    ProjectFile,
    catalogue::requests,
    words::words,
    written::{bit, decimal, key},
};

requests! {
    /// Starting, holding and ending a job, and the errors that hold it.
    pub enum Job in "print" {
        /// Holds the job where it is.
        Pause => "pause" { "param": "" }, "all", Ack, "state", "L";
        /// Goes on with a job that is held. The cause of the pause is checked again: when it
        /// persists, the printer pauses after 1 to 2 s.
        Resume => "resume" { "param": "" }, "all", Ack, "state", "L";
        /// Goes on from the dialog of an error. A live H2D ignored this form; prefer the plain one.
        ResumeFrom(Fault) => "resume" { "param": "reserve" }, "all", Ack, "state", "V";
        /// Ends the job for good.
        Stop => "stop" { "param": "" }, "all", Ack, "state", "L";
        /// Ends the job from the dialog of an error; prefer the plain form.
        StopFor(Fault) => "stop" { "param": "reserve" }, "all", Ack, "state", "V";
        /// Goes on with a job that an error holds, without looking at the cause again.
        Ignore(Fault) => "ignore" { "param": "reserve" }, "all", Ack, "state", "L";
        /// Dismisses a warning; refused while the job is paused.
        IdleIgnore {
            /// The error.
            #[serde(rename = "err", serialize_with = "decimal")]
            error: u32,
            /// Whether for good (1) or for now (0).
            #[serde(rename = "type", serialize_with = "bit")]
            for_good: bool,
        } => "idle_ignore", "all", Ack, "error", "L";
        /// Clears `print_error`; `system.uiop` closes the dialog on the screen.
        CleanPrintError {
            /// `subtask_id` of the job that the error belongs to.
            subtask_id: String,
            /// The error as a number.
            print_error: u32,
        } => "clean_print_error", "all", Ack, "error", "V";
        /// Prints at another speed.
        Speed(#[serde(serialize_with = "key::param")] SpeedLevel)
            => "print_speed", "all", Ack, "speed.level", "V";
        /// Leaves objects of the plate out, by the ids of `slice_info.config`; up to 64.
        SkipObjects(#[serde(serialize_with = "key::obj_list")] Vec<u32>)
            => "skip_objects", "with `fun` bit 49, or older than the bit fields", Ack,
            "job.skipped_objects", "V";
        /// Prints a plate of a sliced 3MF.
        ProjectFile(Box<ProjectFile>) => "project_file", "all", Ack, "state", "L";
        /// Runs raw G-code from the storage: a path on the printer.
        GcodeFile(#[serde(serialize_with = "key::param")] String)
            => "gcode_file", "X1, P1; an A1 mini refused it", Ack, "state", "L";
        /// Sounds or silences the alarm: 0 off, 1 and 2 tones.
        BuzzerCtrl(#[serde(serialize_with = "key::mode")] u8)
            => "buzzer_ctrl", "H2", Ack, "", "V";
        /// Stops cleaning the air after a job.
        CloseAirFilt => "close_air_filt", "with an air filter", Ack, "", "V";
        /// Unloads the filament; newer firmware takes `ams_change_filament`.
        UnloadFilament => "unload_filament", "old firmware", Ack, "ams.active", "D";
    }
}

words! {
    /// Print speed (`spd_lvl`): the wire carries the number as text. [V]
    pub enum SpeedLevel: &'static str, "speed" {
        /// 1, half speed.
        Silent = "1", "silent" | "quiet";
        /// 2, as sliced.
        Standard = "2", "standard" | "normal";
        /// 3, 124 percent.
        Sport = "3", "sport";
        /// 4, 166 percent.
        Ludicrous = "4", "ludicrous";
    }
}

impl SpeedLevel {
    /// Its number, 1 to 4, as in the status.
    pub fn level(self) -> u8 {
        self as u8 + 1
    }
}

/// An error and the job that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The 32-bit print error; **decimal** text on the wire. [V]
    #[serde(rename = "err", serialize_with = "decimal")]
    pub error: u32,
    /// Id of the job.
    pub job_id: String,
}
