//! What a 3MF tells about itself: the project and its sliced plates. Reading it is in the
//! neighbours `slice_info`, `project` and `gcode`.

use serde::Serialize;

use super::picture::Picture;
use crate::Model;

/// A 3MF, sliced or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SlicedFile {
    /// What all plates have in common.
    pub project: Project,
    /// The plates that have G-code, by their number. Empty in one that was never sliced.
    pub plates: Vec<Plate>,
    /// Plates of the project that have none, by their number.
    pub unsliced_plates: Vec<u32>,
}

/// What all plates of a file have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Project {
    /// What wrote the file, such as `BambuStudio-02.05.02.51` (`Application`).
    pub application: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Who designed it.
    pub designer: Option<String>,
    /// The model it is sliced for (`printer_model`); `null` when it names none that is known.
    pub model: Option<Model>,
    /// The model in the slicer's words, such as `Bambu Lab A1 mini`.
    pub printer_model: Option<String>,
    /// The printer preset, such as `Bambu Lab A1 mini 0.4 nozzle` (`printer_settings_id`).
    pub printer_preset: Option<String>,
    /// The print preset, such as `0.20mm Standard @BBL A1M` (`print_settings_id`).
    pub print_preset: Option<String>,
    /// Nozzles in mm, in the slicer's order: left before right.
    pub nozzle_diameters_mm: Vec<f64>,
    /// Bed in the slicer's words, such as `Textured PEI Plate` (`curr_bed_type`).
    pub bed_type: Option<String>,
    /// Layer height in mm.
    pub layer_height_mm: Option<f64>,
    /// Whether support is made.
    pub supports: Option<bool>,
    /// Every filament of the project, also those that no plate uses.
    pub filaments: Vec<ProjectFilament>,
}

/// A filament of the project.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProjectFilament {
    /// Its place in the project, from 0: its place in `ams_mapping`, too.
    pub index: u32,
    /// Material, such as `PLA`.
    pub material: Option<String>,
    /// Colour, `RRGGBBAA`.
    pub color: Option<String>,
    /// Filament id, such as `GFA00`.
    pub filament_id: Option<String>,
    /// Its preset, such as `Bambu PLA Basic @BBL A1M`.
    pub preset: Option<String>,
}

/// A plate that has G-code.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plate {
    /// Its number, from 1.
    pub index: u32,
    /// The name its maker gave it.
    pub name: Option<String>,
    /// How long it takes in seconds, with all that comes before the first layer (`prediction`).
    pub seconds: Option<u32>,
    /// Layers.
    pub layers: Option<u32>,
    /// Filament in grams.
    pub weight_grams: Option<f64>,
    /// The filaments that it uses.
    pub filaments: Vec<PlateFilament>,
    /// The objects on it.
    pub objects: Vec<Object>,
    /// Whether single objects can be skipped while it prints: 2 to 64 objects, labelled. [V]
    pub can_skip_objects: bool,
    /// The model it is sliced for.
    pub model: Option<Model>,
    /// The same as its code, such as `N1` (`printer_model_id`).
    pub model_code: Option<String>,
    /// Nozzles in mm, in the slicer's order: left before right.
    pub nozzle_diameters_mm: Vec<f64>,
    /// Bed as the wire names it, such as `textured_plate`, else in the slicer's words.
    pub bed_type: Option<String>,
    /// Whether its objects are printed one after the other.
    pub one_by_one: Option<bool>,
    /// Whether it has support.
    pub supports: Option<bool>,
    /// MD5 of its G-code as the file tells it: 32 upper-case hex digits.
    /// [`check_gcode_md5`](super::check_gcode_md5) looks whether it is so.
    pub gcode_md5: Option<String>,
    /// Its G-code in bytes, unpacked.
    pub gcode_size: u64,
    /// Its pictures.
    pub thumbnails: Vec<Picture>,
    /// What the slicer warned of.
    pub warnings: Vec<Warning>,
    /// Slicer's extruder per project filament, from 1 (`filament_maps`).
    pub filament_maps: Vec<u32>,
}

/// A filament that a plate uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PlateFilament {
    /// Its place in the project, from **1**.
    pub slot: u32,
    /// Filament id, such as `GFA00`.
    pub filament_id: Option<String>,
    /// Material, such as `PLA`.
    pub material: Option<String>,
    /// Colour, `RRGGBBAA`.
    pub color: Option<String>,
    /// Metres.
    pub used_m: Option<f64>,
    /// Grams.
    pub used_g: Option<f64>,
    /// Nozzle group of the slicer, from 0 (`group_id`).
    pub group: Option<u32>,
    /// The printer's extruder: 0 right or only, 1 left; `null` where the file does not tell. [V]
    pub extruder: Option<u8>,
}

/// An object on a plate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Object {
    /// What `skip_objects` names it by (`identify_id`).
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether it is left out already.
    pub skipped: bool,
}

/// What the slicer warned of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// In its words.
    pub message: String,
    /// Its code, such as `1000C003`.
    pub code: Option<String>,
    /// How grave it is, as sent.
    pub level: Option<i64>,
}

impl SlicedFile {
    /// Whether it has G-code, so that it can be printed.
    pub fn is_sliced(&self) -> bool {
        !self.plates.is_empty()
    }

    /// A plate by its number, from 1; `None` where it is not sliced.
    pub fn plate(&self, index: u32) -> Option<&Plate> {
        self.plates.iter().find(|plate| plate.index == index)
    }

    /// How many filaments the project has: as many elements has `ams_mapping`.
    pub fn filament_count(&self) -> usize {
        let used = self.plates.iter().flat_map(|plate| &plate.filaments);
        let highest = used.map(|filament| filament.slot as usize).max().unwrap_or(0);
        self.project.filaments.len().max(highest)
    }
}
