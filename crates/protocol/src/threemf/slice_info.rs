//! `Metadata/slice_info.config` and the plates of `Metadata/model_settings.config`: what the slicer
//! found out about each plate.

use std::io::Read;

use super::{
    BadThreeMf,
    sliced::{Object, Plate, PlateFilament, Warning},
    xml::{self, Attributes, Node},
};
use crate::Model;

/// Plates, and on each of them filaments, objects and warnings.
const MOST: usize = 1024;
/// Filaments of a project.
pub(super) const MOST_FILAMENTS: u32 = 256;

/// The plates that the slicer tells about, sliced or not.
pub(super) fn read(part: &str, bytes: impl Read) -> Result<Vec<Plate>, BadThreeMf> {
    let wrong = |why: &str| BadThreeMf::Syntax { part: part.to_owned(), why: why.to_owned() };
    let mut plates: Vec<Plate> = Vec::new();
    let (mut inside, mut labelled) = (false, false);
    xml::read(part, bytes, |node| {
        match (node, plates.last_mut()) {
            (Node::Open("plate", _), _) => {
                if plates.len() == MOST {
                    return Err(wrong("it has too many plates"));
                }
                (inside, labelled) = (true, false);
                plates.push(Plate::default());
            }
            (Node::Close("plate", _), Some(plate)) => {
                inside = false;
                plate.can_skip_objects = labelled && (2..=64).contains(&plate.objects.len());
            }
            (Node::Open(name, values), Some(plate)) if inside => {
                let lists = [plate.filaments.len(), plate.objects.len(), plate.warnings.len()];
                if lists.iter().any(|length| *length >= MOST) {
                    return Err(wrong("a plate has too many filaments, objects or warnings"));
                }
                match name {
                    "metadata" => {
                        let (key, value) = (values.of("key"), values.of("value"));
                        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
                        labelled |= key == "label_object_enabled" && value == "true";
                        metadata(plate, key, value);
                    }
                    "filament" => {
                        let filament = filament(&values);
                        let filament = filament.ok_or_else(|| wrong("a filament has no number"))?;
                        plate.filaments.push(filament);
                    }
                    "object" => plate.objects.extend(object(&values)),
                    "warning" => plate.warnings.push(warning(&values)),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(true)
    })?;
    plates.retain(|plate| plate.index > 0);
    Ok(plates)
}

fn metadata(plate: &mut Plate, key: &str, value: &str) {
    let flag = || value.trim().parse().ok();
    match key {
        "index" => plate.index = value.trim().parse().unwrap_or(0),
        "prediction" => plate.seconds = seconds(value),
        "weight" => plate.weight_grams = finite(value),
        "printer_model_id" if !value.is_empty() => {
            plate.model = Model::from_code(value);
            plate.model_code = Some(value.to_owned());
        }
        "nozzle_diameters" => plate.nozzle_diameters_mm = numbers(value),
        "support_used" => plate.supports = flag(),
        "filament_maps" => {
            plate.filament_maps = value
                .split_ascii_whitespace()
                .take(MOST_FILAMENTS as usize)
                .map(|word| word.parse().unwrap_or(0))
                .collect();
        }
        _ => {}
    }
}

/// Older slicers write a fraction.
fn seconds(value: &str) -> Option<u32> {
    let seconds = finite(value)?;
    (seconds >= 0.0 && seconds < f64::from(u32::MAX)).then_some(seconds as u32)
}

/// A number that is one.
pub(super) fn finite(value: &str) -> Option<f64> {
    value.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Numbers between commas or spaces.
fn numbers(value: &str) -> Vec<f64> {
    value.split([',', ' ', ';']).filter_map(finite).take(16).collect()
}

fn filament(values: &Attributes) -> Option<PlateFilament> {
    let text = |name: &str| values.of(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(PlateFilament {
        slot: values.number("id").filter(|slot| (1..=MOST_FILAMENTS).contains(slot))?,
        filament_id: text("tray_info_idx"),
        material: text("type"),
        color: values.of("color").and_then(color),
        used_m: values.of("used_m").and_then(finite),
        used_g: values.of("used_g").and_then(finite),
        group: values.number("group_id"),
        extruder: None,
    })
}

fn object(values: &Attributes) -> Option<Object> {
    Some(Object {
        id: values.number("identify_id")?,
        name: values.of("name").unwrap_or_default().to_owned(),
        skipped: values.of("skipped") == Some("true"),
    })
}

fn warning(values: &Attributes) -> Warning {
    Warning {
        message: values.of("msg").unwrap_or_default().to_owned(),
        code: values.of("error_code").filter(|code| !code.is_empty()).map(str::to_owned),
        level: values.number("level"),
    }
}

/// `#00AE42` or `#00AE42FF` as `RRGGBBAA`; `None` when it is no colour.
pub(super) fn color(text: &str) -> Option<String> {
    let hex = text.trim().trim_start_matches('#').to_ascii_uppercase();
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match hex.len() {
        6 => Some(hex + "FF"),
        8 => Some(hex),
        _ => None,
    }
}

/// What `model_settings.config` says about a plate.
#[derive(Debug, Default)]
pub(super) struct PlateSettings {
    pub(super) index: u32,
    pub(super) name: Option<String>,
    pub(super) bed_type: Option<String>,
    pub(super) one_by_one: Option<bool>,
}

/// The plates of the project, by `model_settings.config`.
pub(super) fn settings(part: &str, bytes: impl Read) -> Result<Vec<PlateSettings>, BadThreeMf> {
    let mut plates: Vec<PlateSettings> = Vec::new();
    let mut inside = false;
    xml::read(part, bytes, |node| {
        match (node, plates.last_mut()) {
            (Node::Open("plate", _), _) => {
                if plates.len() == MOST {
                    let why = "it has too many plates".to_owned();
                    return Err(BadThreeMf::Syntax { part: part.to_owned(), why });
                }
                inside = true;
                plates.push(PlateSettings::default());
            }
            (Node::Close("plate", _), _) => inside = false,
            (Node::Open("metadata", values), Some(plate)) if inside => {
                let value = values.of("value").unwrap_or_default();
                let text = || Some(value.to_owned()).filter(|text| !text.is_empty());
                match values.of("key") {
                    Some("plater_id") => plate.index = value.trim().parse().unwrap_or(0),
                    Some("plater_name") => plate.name = text(),
                    Some("bed_type") => plate.bed_type = text(),
                    Some("print_sequence") => {
                        plate.one_by_one = Some(value.eq_ignore_ascii_case("by object"));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(true)
    })?;
    plates.retain(|plate| plate.index > 0);
    Ok(plates)
}
