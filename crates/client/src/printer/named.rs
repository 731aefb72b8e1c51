//! The commands of earlier tools by their names, each doing what this printer obeys.

use std::sync::Arc;

use bambu_protocol::{
    command::Command,
    request::{Fan, Request},
    status::Status,
    verify::Outcome,
};

use super::{CommandError, Printer};
use crate::link::SendError;

/// Every one is [`Printer::send`] of one [`Command`]; its errors are that one's.
impl Printer {
    /// Holds the job: `print.pause`. Refused while none runs.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn pause(&self) -> Result<Outcome, CommandError> {
        self.send(Command::Pause).await
    }

    /// Goes on with the job: `print.resume`. Refused unless one is held.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn resume(&self) -> Result<Outcome, CommandError> {
        self.send(Command::Resume).await
    }

    /// Ends the job for good: `print.stop`. Refused while there is none.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn stop(&self) -> Result<Outcome, CommandError> {
        self.send(Command::Stop).await
    }

    /// Heats the active nozzle to so many °C, 0 is off: G-code `M104`, on machines with two nozzles
    /// `print.set_nozzle_temp` with the nozzle's index.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_nozzle_temp(&self, celsius: u16) -> Result<Outcome, CommandError> {
        self.send(Command::Nozzle { extruder: None, celsius }).await
    }

    /// Heats the bed to so many °C, 0 is off: `print.set_bed_temp` where the firmware has it, else
    /// G-code `M140`.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_bed_temp(&self, celsius: u16) -> Result<Outcome, CommandError> {
        self.send(Command::Bed(celsius)).await
    }

    /// Heats the chamber to so many °C, 0 is off: `print.set_ctt`. Refused where there is no heater.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_chamber_temp(&self, celsius: u16) -> Result<Outcome, CommandError> {
        self.send(Command::Chamber(celsius)).await
    }

    /// Turns the part cooling fan at so many percent: G-code `M106 P1` with 0 to 255, or
    /// `print.set_fan` with percent on machines with an air duct.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_fan_speed(&self, percent: u8) -> Result<Outcome, CommandError> {
        self.send(Command::Fan { fan: Fan::Part, percent }).await
    }

    /// Turns the auxiliary fan at so many percent: `M106 P2`, or `print.set_fan` index 2. On the
    /// wire `set_airduct` is something else: it leads the air another way ([`Command::AirDuct`]).
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_airduct_fan(&self, percent: u8) -> Result<Outcome, CommandError> {
        self.send(Command::Fan { fan: Fan::Aux, percent }).await
    }

    /// Turns the chamber fan at so many percent: `M106 P3`, or `print.set_fan` index 3. On the wire
    /// `set_ctt` is something else: the chamber's temperature.
    ///
    /// # Errors
    /// [`CommandError`]: nothing was sent.
    pub async fn set_chamber_fan(&self, percent: u8) -> Result<Outcome, CommandError> {
        self.send(Command::Fan { fan: Fan::Chamber, percent }).await
    }

    /// Asks for the whole status, `pushing.pushall`, and waits for it. Within 3 s of the last such
    /// question the printer is not asked again.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn request_full_status(&self) -> Result<Arc<Status>, SendError> {
        self.link().send(Request::PushAll).await?;
        Ok(self.status())
    }

    /// The newest status, without asking: [`Printer::status`].
    pub fn get_last_data(&self) -> Arc<Status> {
        self.status()
    }
}
