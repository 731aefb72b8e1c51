//! What a person wants, and the requests by which this printer, of this model and on this firmware,
//! obeys. The exact requests are in [`crate::request`].
//!
//! `forms.rs` chooses the requests, `guard.rs` says what speaks against them.
//!
//! ```
//! use bambu_protocol::{Model, command::Command, status::Status};
//!
//! let p1s = Status { model: Some(Model::P1S), ..Status::default() };
//! let requests = Command::Bed(60).requests(&p1s, false)?;
//! assert_eq!(requests[0].body()["param"], "M140 S60\n");
//!
//! let refusal = Command::Bed(300).requests(&p1s, false).unwrap_err();
//! assert_eq!(
//!     refusal.to_string(),
//!     "bed temperature 300 °C is out of range on P1S; choose 0 to 100 °C"
//! );
//! # Ok::<(), bambu_protocol::command::Refusal>(())
//! ```

mod forms;
mod guard;
mod limits;
mod refusal;
mod seed;

use crate::{
    request::{
        AirDuctMode, AmsAction, Axis, Fan, LightMode, LightNode, Request, SpeedLevel, Steps, TrayId,
    },
    status::Status,
};

pub use refusal::Refusal;
pub use seed::{SEED_NAMES, seed_name};

/// What a person wants of a printer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Hold the job.
    Pause,
    /// Go on with it.
    Resume,
    /// End it for good.
    Stop,
    /// Print at another speed.
    Speed(SpeedLevel),
    /// Leave objects of the plate out, by their ids.
    SkipObjects(Vec<u32>),
    /// Clear the error of the job and close its dialog.
    ClearError,
    /// Heat a nozzle.
    Nozzle {
        /// 0 right or only, 1 left; `None` the active one.
        extruder: Option<u8>,
        /// °C; 0 is off.
        celsius: u16,
    },
    /// Heat the bed, in °C; 0 is off.
    Bed(u16),
    /// Heat the chamber, in °C; 0 is off.
    Chamber(u16),
    /// Set a fan.
    Fan {
        /// Which one.
        fan: Fan,
        /// 0 to 100.
        percent: u8,
    },
    /// Lead the air another way.
    AirDuct(AirDuctMode),
    /// Switch a light.
    Light {
        /// Which one; `None` all that light the chamber.
        node: Option<LightNode>,
        /// What it shall do.
        mode: LightMode,
    },
    /// Run lines of G-code.
    Gcode(String),
    /// Home all axes.
    Home,
    /// Move one axis from where it is.
    Jog {
        /// Which one.
        axis: Axis,
        /// How far; a positive Z takes nozzle and bed apart.
        millimetres: f64,
    },
    /// Push filament out, or draw it back.
    Extrude {
        /// 0 right or only, 1 left; `None` the active one.
        extruder: Option<u8>,
        /// How much; negative draws back.
        millimetres: i32,
    },
    /// Make an extruder the active one: 0 right, 1 left.
    Extruder(u8),
    /// Load the filament of a tray.
    Load {
        /// From where.
        tray: TrayId,
    },
    /// Unload what is loaded.
    Unload,
    /// Answer an AMS that asks what to do.
    AmsControl(AmsAction),
    /// Read the tag of a spool.
    ReadTag {
        /// Which one.
        tray: TrayId,
    },
    /// Say what a tray or an external spool holds.
    SetFilament {
        /// Which one.
        tray: TrayId,
        /// What it holds; `None` clears it.
        filament: Option<Filament>,
    },
    /// When tags are read, and whether the rest is estimated; `None` leaves it as it is.
    AmsOptions {
        /// Read tags at power-on.
        read_at_power_on: Option<bool>,
        /// Read a tag when a spool is put in.
        read_on_insert: Option<bool>,
        /// Estimate what is left.
        estimate_remain: Option<bool>,
    },
    /// Dry the filament of a unit.
    DryStart {
        /// Unit on the wire.
        unit: u16,
        /// AMS 2 Pro 45 to 65, AMS HT 45 to 85.
        celsius: u16,
        /// 1 to 24.
        hours: u16,
        /// Material, such as `PLA`; may be empty.
        filament: String,
        /// Turn the spools, where none is threaded.
        rotate: bool,
    },
    /// Stop drying.
    DryStop {
        /// Unit on the wire.
        unit: u16,
    },
    /// Calibrate the machine.
    Calibrate(Steps),
    /// This request and no other.
    Exact(Request),
}

/// What a spool is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filament {
    /// Filament id, such as `GFA00`.
    pub id: String,
    /// Preset id, such as `GFSA00`; may be empty.
    pub setting_id: String,
    /// Material, such as `PLA`.
    pub material: String,
    /// `RRGGBBAA`.
    pub color: String,
    /// Lowest nozzle temperature in °C.
    pub nozzle_min: u16,
    /// Highest nozzle temperature in °C.
    pub nozzle_max: u16,
}

impl Command {
    /// The requests to send, in order. With `force`, what [`Refusal::can_be_forced`] allows is sent
    /// all the same.
    ///
    /// # Errors
    /// [`Refusal`]: nothing is to be sent.
    pub fn requests(&self, status: &Status, force: bool) -> Result<Vec<Request>, Refusal> {
        let stops = |refusal: &Refusal| !(force && refusal.can_be_forced());
        if let Some(refusal) = forms::refusals(self, status).into_iter().find(stops) {
            return Err(refusal);
        }
        let author = match self {
            Self::Gcode(_) | Self::Exact(_) => guard::Author::Person,
            _ => guard::Author::Us,
        };
        let requests = forms::requests(self, status)?;
        let mut refusals = requests.iter().flat_map(|r| guard::refusals(r, status, author));
        match refusals.find(stops) {
            Some(refusal) => Err(refusal),
            None => Ok(requests),
        }
    }
}

/// What speaks against an exact request: the same guards that a [`Command`] has.
///
/// # Errors
/// The weightiest [`Refusal`]: what cannot be forced comes first.
pub fn check(request: &Request, status: &Status) -> Result<(), Refusal> {
    let mut found = guard::refusals(request, status, guard::Author::Person);
    found.sort_by_key(Refusal::can_be_forced);
    found.into_iter().next().map_or(Ok(()), Err)
}

impl<R: Into<Request>> From<R> for Command {
    fn from(request: R) -> Self {
        Self::Exact(request.into())
    }
}

#[cfg(test)]
mod tests;
