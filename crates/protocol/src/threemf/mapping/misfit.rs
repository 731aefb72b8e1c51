//! Why filaments and trays do not fit, in words that say what to do.

use std::fmt;

use crate::request::TrayId;

/// Why no trays were found. The text tells the cause and the next step.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFit {
    /// The file has no such plate.
    #[error("the file has no sliced plate {plate}; name one that it has")]
    NoPlate {
        /// From 1.
        plate: u32,
    },
    /// Nothing is known about the printer's trays yet.
    #[error("the printer has not told what is loaded; wait for its status, or name the trays")]
    Unknown,
    /// The file does not say which filaments the plate needs.
    #[error("the file does not say which filaments the plate needs; name the trays")]
    NoFilaments,
    /// More trays are wanted than the project has filaments.
    #[error("{wanted} trays are named for {filaments} filaments; name one per filament")]
    TooMany {
        /// How many are named.
        wanted: usize,
        /// How many filaments there are.
        filaments: usize,
    },
    /// A tray is wanted that is not there.
    #[error("the printer has no tray {tray}; it has {}", listed(trays))]
    NoSuchTray {
        /// Which.
        tray: TrayId,
        /// What there is.
        trays: Vec<TrayId>,
    },
    /// A tray is wanted that is empty.
    #[error("tray {tray} is empty; load a filament, or name another one")]
    Empty {
        /// Which.
        tray: TrayId,
    },
    /// Nothing that is loaded fits these filaments.
    #[error("{}; load what is missing, or name the trays yourself", sentences(.0))]
    Filaments(Vec<Unfit>),
}

/// A filament that nothing loaded fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its place in the project, from 1.
    pub slot: u32,
    /// What the file wants.
    pub material: Option<String>,
    /// In which colour, `RRGGBBAA`.
    pub color: Option<String>,
    /// At which extruder; only with two of them.
    pub extruder: Option<u8>,
    /// What is loaded, nearest colour first, such as `A1 PLA #00AE42`.
    pub loaded: Vec<String>,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = self.material.as_deref().unwrap_or("a material it does not name");
        write!(f, "filament {} wants {material}", self.slot)?;
        if let Some(color) = self.color.as_deref().and_then(|color| color.get(..6)) {
            write!(f, " #{color}")?;
        }
        match self.extruder {
            Some(0) => f.write_str(" at the right nozzle")?,
            Some(_) => f.write_str(" at the left nozzle")?,
            None => {}
        }
        match self.loaded.as_slice() {
            [] => f.write_str(", and the printer tells of nothing that is loaded"),
            some => {
                let (shown, rest) = some.split_at(some.len().min(8));
                write!(f, ", and loaded are {}", shown.join(", "))?;
                if rest.is_empty() { Ok(()) } else { write!(f, " and {} more", rest.len()) }
            }
        }
    }
}

fn sentences(misfits: &[Unfit]) -> String {
    let all: Vec<_> = misfits.iter().map(Unfit::to_string).collect();
    all.join(". ")
}

fn listed(trays: &[TrayId]) -> String {
    match trays {
        [] => "none that it tells of".into(),
        some => some.iter().map(TrayId::to_string).collect::<Vec<_>>().join(", "),
    }
}
