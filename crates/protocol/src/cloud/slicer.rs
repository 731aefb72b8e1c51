//! The slicer's presets (`slicer/setting`) and downloads (`slicer/resource`).

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{SignedUrl, lenient::body};

body! {
    /// Body of `GET slicer/setting`: presets without their values. [L] `settings`, which is `[]` or
    /// `{}`, has never held anything.
    #[derive(Default)]
    pub struct SlicerSettings {
        /// Process presets (`print`), ids `GP…` and `PPUS…`.
        pub print: Option<Presets>,
        /// Printer presets, ids `GM…` and `PMUS…`.
        pub printer: Option<Presets>,
        /// Filament presets, ids `GFS…` and `PFUS…`.
        pub filament: Option<Presets>,
    }

    /// Presets of one kind.
    #[derive(Default)]
    pub struct Presets {
        /// The vendor's.
        pub public: Vec<Preset>,
        /// The account's; 100 at most.
        pub private: Vec<Preset>,
    }

    /// One preset: of a list without `setting`, read by its id with it. [L]
    #[derive(Default)]
    pub struct Preset {
        /// Its id; not sent by `GET slicer/setting/{id}`.
        pub setting_id: Option<String> = "setting_id" | "id",
        /// Whether it is the vendor's.
        pub public: Option<bool>,
        /// `print`, `printer` or `filament`.
        #[serde(rename = "type")]
        pub kind: Option<String> = "type",
        /// Name.
        pub name: Option<String>,
        /// Slicer's version it is for, such as `01.09.00.00`.
        pub version: Option<String>,
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub update_time: Option<String>,
        /// Preset it is made from.
        pub base_id: Option<String>,
        /// Such as `GFA00`.
        pub filament_id: Option<String>,
        /// Vendor of the filament.
        pub filament_vendor: Option<String>,
        /// Such as `PLA`.
        pub filament_type: Option<String>,
        /// Whether it is for support.
        pub filament_is_support: Option<bool>,
        /// Name of the preset it inherits from.
        pub inherits: Option<String>,
        /// Second name.
        pub nickname: Option<String>,
        /// Its values: the slicer's own text, some numbers and truth values among them.
        pub setting: Map<String, Value>,
    }

    /// Reply to `POST` and `PATCH slicer/setting`. [L]
    #[derive(Default)]
    pub struct StoredPreset {
        /// Its id; another one than before where the preset had to be made anew.
        pub setting_id: Option<String>,
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub update_time: Option<String>,
    }

    /// Body of `GET slicer/resource`; needs no token. Without a query the lists are empty. [L]
    #[derive(Default)]
    pub struct SlicerResources {
        /// The slicer itself.
        pub software: Option<SlicerResource>,
        /// What is there of the type asked for.
        pub resources: Vec<SlicerResource>,
    }

    /// A download for the slicer. [L]
    #[derive(Default)]
    pub struct SlicerResource {
        /// Such as `slicer/plugins/cloud`.
        #[serde(rename = "type")]
        pub kind: Option<String> = "type",
        /// Its version.
        pub version: Option<String>,
        /// What is new.
        pub description: Option<String>,
        /// Where it is.
        pub url: Option<SignedUrl>,
        /// Whether the vendor insists.
        pub force_update: Option<bool>,
    }
}

/// What a preset is for: the `type` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PresetKind {
    /// How to print: layers, walls, infill.
    Print,
    /// A printer.
    Printer,
    /// A filament.
    Filament,
}

/// A version of the slicer, four numbers: the cloud refuses a list without one, and any other
/// number of groups. Which one does not matter. [L]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicerVersion(String);

/// Why a text is no slicer's version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no slicer's version; write four numbers, such as 01.09.00.00")]
pub struct InvalidSlicerVersion(String);

impl SlicerVersion {
    /// Reads four numbers with dots between.
    ///
    /// # Errors
    /// [`InvalidSlicerVersion`].
    pub fn new(text: &str) -> Result<Self, InvalidSlicerVersion> {
        let group =
            |it: &str| (1..=4).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
        let text = text.trim();
        if text.split('.').count() == 4 && text.split('.').all(group) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidSlicerVersion(text.chars().take(40).collect()))
    }

    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SlicerVersion {
    /// `1.0.0.0`, which the cloud takes as it takes any.
    fn default() -> Self {
        Self("1.0.0.0".into())
    }
}

impl fmt::Display for SlicerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A preset to store: body of `POST` and `PATCH slicer/setting`. [L]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PresetDraft {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: PresetKind,
    /// Slicer's version it is for.
    pub version: String,
    /// Always `false`: nobody but the vendor makes public ones.
    pub public: bool,
    /// Preset it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_id: Option<String>,
    /// Its values. A filament's `filament_id` belongs in here: beside them the cloud takes it with
    /// 200 and forgets it.
    pub setting: Map<String, Value>,
}

impl PresetDraft {
    /// A preset without values yet.
    pub fn new(name: impl Into<String>, kind: PresetKind, version: &SlicerVersion) -> Self {
        Self {
            name: name.into(),
            kind,
            version: version.to_string(),
            public: false,
            base_id: None,
            setting: Map::new(),
        }
    }

    /// The same, made from another preset.
    #[must_use]
    pub fn based_on(mut self, base_id: impl Into<String>) -> Self {
        self.base_id = Some(base_id.into());
        self
    }

    /// The same with a value; `filament_id` is one of them.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.setting.insert(key.into(), value.into());
        self
    }
}
