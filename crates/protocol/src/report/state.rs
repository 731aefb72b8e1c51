//! The merged state of one printer.

use super::{
    Ack, Presence, ReportError, document::Document, raw::Raw, version::Versions, view,
    wire::PushStatus,
};
use crate::{Firmware, Model, Serial, status::Status};

/// What a payload did to the state. When one payload holds several sections, all of them take
/// effect and the first in the order below that applies is told, but [`Applied::Ack`] before all.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// A full report replaced everything.
    Full,
    /// A delta was merged.
    Delta,
    /// `get_version`: the modules were replaced.
    Version,
    /// An acknowledgement; never merged.
    Ack(Ack),
    /// The cloud's broker says that the printer came or went.
    Event(Presence),
    /// Nothing that concerns the state.
    Other,
}

/// The merged state of one printer: feed it every payload of `device/<serial>/report` in order.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) print: Box<PushStatus>,
    pub(super) versions: Versions,
    serial: Option<Serial>,
    hint: Option<Model>,
    t_utc: Option<f64>,
    full: bool,
    raw: Raw,
}

impl State {
    /// A state that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, for the printer with this serial number.
    #[must_use]
    pub fn with_serial(mut self, serial: Serial) -> Self {
        self.serial = Some(serial);
        self
    }

    /// The same, for a printer of this model; what `get_version` says goes before it.
    #[must_use]
    pub fn with_model(mut self, model: Model) -> Self {
        self.hint = Some(model);
        self
    }

    /// Decodes a payload and merges it.
    ///
    /// # Errors
    /// [`ReportError`]; the state is unchanged then.
    pub fn apply(&mut self, payload: &[u8]) -> Result<Applied, ReportError> {
        let document = Document::read(payload)?;
        let mut applied = Applied::Other;
        self.t_utc = document.t_utc.or(self.t_utc);
        if let Some(presence) = document.presence {
            applied = Applied::Event(presence);
        }
        if let Some(modules) = document.modules {
            self.versions = Versions::of(&modules);
            self.raw.version(payload);
            applied = Applied::Version;
        }
        if let Some(mut print) = document.print {
            print.settle_trays();
            if print.is_full() {
                self.print = print;
                self.full = true;
                self.raw.full(payload);
                applied = Applied::Full;
            } else {
                self.print.merge_delta(*print);
                self.raw.delta(payload);
                applied = Applied::Delta;
            }
            self.print.apply_exist_bits();
        }
        Ok(document.ack.map_or(applied, Applied::Ack))
    }

    /// The typed status. `online`, `updated_at` and `name` are for the caller to fill.
    pub fn status(&self) -> Status {
        view::status(self)
    }

    /// Whether a full report has been merged since `new()`.
    pub fn has_full(&self) -> bool {
        self.full
    }

    /// The merged report with every key that the printer sent, known to us or not:
    /// `{"print": {…}, "info": {…}}`. Made on demand from the retained bytes; documents over
    /// 128 KiB, which no printer sends, are not retained.
    pub fn raw(&self) -> serde_json::Value {
        self.raw.merged()
    }

    /// What [`State::raw`] is made of, for one who wants to make it elsewhere.
    pub fn retained(&self) -> &Raw {
        &self.raw
    }

    /// Report time in milliseconds since 1970 (`t_utc`), where the model sends it.
    pub fn reported_at_millis(&self) -> Option<u64> {
        self.t_utc.filter(|time| *time >= 0.0).map(|time| time as u64)
    }

    /// Serial number, from the caller, else from `get_version`.
    pub fn serial(&self) -> Option<Serial> {
        self.serial.clone().or_else(|| self.versions.serial.clone())
    }

    /// Model, from `get_version`, else from the caller, else from the serial number.
    pub fn model(&self) -> Option<Model> {
        let otherwise =
            || self.hint.or_else(|| self.serial().as_ref().and_then(Model::from_serial));
        self.versions.model.or_else(|| match self.versions.fingerprint {
            // X1 and H2 have this processor, too, so a better word goes before it.
            Some(Model::X1C) => otherwise().filter(has_same_processor).or(Some(Model::X1C)),
            told => told.or_else(otherwise),
        })
    }

    /// Firmware, from `get_version`.
    pub fn firmware(&self) -> Option<Firmware> {
        self.versions.firmware
    }
}

fn has_same_processor(model: &Model) -> bool {
    matches!(model, Model::X1 | Model::H2D | Model::H2DPro | Model::H2S | Model::H2C)
}
