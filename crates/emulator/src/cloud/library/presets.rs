//! Presets of a slicer that an account keeps in the cloud (`slicer/setting`).

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Library;

/// Private presets of one kind that an account may have [L].
const QUOTA: usize = 100;

/// What a preset is for (`type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresetKind {
    /// `print`: a process.
    Print,
    /// `printer`.
    Printer,
    /// `filament`.
    Filament,
}

/// A private preset.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Uid of the account.
    pub owner: u64,
    /// `setting_id`: `PPUS`, `PMUS` or `PFUS` and 14 hex digits.
    pub id: String,
    /// What it is for.
    pub kind: PresetKind,
    /// Name.
    pub name: String,
    /// Version of the slicer's bundle.
    pub version: String,
    /// The public preset that it builds on.
    pub base_id: Option<String>,
    /// `filament_id`, as it stands inside the settings [L].
    pub filament_id: Option<String>,
    /// The settings themselves.
    pub setting: Map<String, Value>,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// What a preset is made from.
#[derive(Debug, Clone)]
pub struct NewPreset {
    /// What it is for.
    pub kind: PresetKind,
    /// Name.
    pub name: String,
    /// Version of the slicer's bundle.
    pub version: String,
    /// The public preset that it builds on.
    pub base_id: Option<String>,
    /// The settings themselves.
    pub setting: Map<String, Value>,
}

/// What `PATCH` changes; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct PresetChange {
    /// Name.
    pub name: Option<String>,
    /// Version of the slicer's bundle.
    pub version: Option<String>,
    /// The public preset that it builds on.
    pub base_id: Option<String>,
    /// All settings.
    pub setting: Option<Map<String, Value>>,
}

/// The account has as many private presets of this kind as it may: delete some (business code 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quota of private presets is reached")]
pub struct QuotaReached;

impl PresetKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Print, Self::Printer, Self::Filament];

    /// The word of `type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Print => "print",
            Self::Printer => "printer",
            Self::Filament => "filament",
        }
    }

    /// The kind with this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Print => "PPUS",
            Self::Printer => "PMUS",
            Self::Filament => "PFUS",
        }
    }
}

impl Library {
    /// A new preset.
    ///
    /// # Errors
    /// [`QuotaReached`] at 100 of its kind.
    pub fn add_preset(
        &self,
        owner: u64,
        new: NewPreset,
        now: Timestamp,
    ) -> Result<Preset, QuotaReached> {
        let mut shelves = self.shelves();
        let same = |of: &&Preset| of.owner == owner && of.kind == new.kind;
        if shelves.presets.iter().filter(same).count() >= QUOTA {
            return Err(QuotaReached);
        }
        let preset = Preset {
            owner,
            id: format!("{}{}", new.kind.prefix(), shelves.hex(14)),
            kind: new.kind,
            name: new.name,
            version: new.version,
            base_id: new.base_id,
            filament_id: filament_id(&new.setting),
            setting: new.setting,
            updated: now,
        };
        shelves.presets.push(preset.clone());
        Ok(preset)
    }

    /// The account's presets, oldest first.
    pub fn presets(&self, owner: u64) -> Vec<Preset> {
        let shelves = self.shelves();
        shelves.presets.iter().filter(|of| of.owner == owner).cloned().collect()
    }

    /// The account's preset with this id.
    pub fn preset(&self, owner: u64, id: &str) -> Option<Preset> {
        self.shelves().presets.iter().find(|of| of.owner == owner && of.id == id).cloned()
    }

    /// Changes the account's preset with this id; the preset afterwards, or `None` without one.
    pub fn change_preset(
        &self,
        owner: u64,
        id: &str,
        change: PresetChange,
        now: Timestamp,
    ) -> Option<Preset> {
        let mut shelves = self.shelves();
        let preset = shelves.presets.iter_mut().find(|of| of.owner == owner && of.id == id)?;
        let set = |old: &mut String, new: Option<String>| {
            if let Some(new) = new {
                *old = new;
            }
        };
        set(&mut preset.name, change.name);
        set(&mut preset.version, change.version);
        preset.base_id = change.base_id.or(preset.base_id.take());
        if let Some(setting) = change.setting {
            preset.filament_id = filament_id(&setting);
            preset.setting = setting;
        }
        preset.updated = now;
        Some(preset.clone())
    }

    /// Deletes the account's preset with this id; false without one.
    pub fn delete_preset(&self, owner: u64, id: &str) -> bool {
        let mut shelves = self.shelves();
        let before = shelves.presets.len();
        shelves.presets.retain(|of| of.owner != owner || of.id != id);
        shelves.presets.len() < before
    }
}

/// One beside the settings is not kept: the service reads it from inside them [L].
fn filament_id(setting: &Map<String, Value>) -> Option<String> {
    let id = setting.get("filament_id")?;
    id.as_str().or_else(|| id.get(0)?.as_str()).map(str::to_owned)
}
