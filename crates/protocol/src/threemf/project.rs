//! `Metadata/project_settings.config`, the head of `3D/3dmodel.model` and `Metadata/plate_N.json`:
//! what the slicer was set to. Only the keys that somebody wants are kept.

use std::{fmt, io::Read};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    BadThreeMf,
    slice_info::{MOST_FILAMENTS, color, finite},
    sliced::{Project, ProjectFilament},
    xml::{self, Node},
};
use crate::Model;

/// What the slicer was set to. Its values are text, one or a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    printer_model: Texts,
    printer_settings_id: Texts,
    print_settings_id: Texts,
    filament_settings_id: Texts,
    filament_ids: Texts,
    filament_type: Texts,
    filament_colour: Texts,
    filament_map: Texts,
    physical_extruder_map: Texts,
    nozzle_diameter: Texts,
    curr_bed_type: Texts,
    layer_height: Texts,
    enable_support: Texts,
}

/// One text or many; numbers and flags as text, anything else is none.
#[derive(Debug, Default)]
struct Texts(Vec<String>);

impl Texts {
    fn first(&self) -> Option<String> {
        self.0.first().filter(|text| !text.is_empty()).cloned()
    }

    fn at(&self, index: usize) -> Option<String> {
        self.0.get(index).filter(|text| !text.is_empty()).cloned()
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of them")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Texts, E> {
        Ok(Texts(vec![u8::from(flag).to_string()]))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Texts::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while texts.len() < MOST_FILAMENTS as usize {
            let Some(Texts(mut one)) = list.next_element()? else { return Ok(Texts(texts)) };
            // A list in a list counts as its first, nothing as an empty text: places stay.
            one.truncate(1);
            texts.push(one.pop().unwrap_or_default());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Texts(texts))
    }
}

/// What the project's settings add to the plates.
#[derive(Debug, Default)]
pub(super) struct Extruders {
    /// Slicer's extruder per filament, from 1.
    pub(super) filament_map: Vec<u32>,
    /// The printer's extruder per extruder of the slicer.
    pub(super) physical: Vec<u8>,
}

/// Reads `project_settings.config`.
pub(super) fn read(part: &str, bytes: &[u8]) -> Result<(Project, Extruders), BadThreeMf> {
    let settings: Settings = json(part, bytes)?;
    let filaments = [
        settings.filament_colour.0.len(),
        settings.filament_type.0.len(),
        settings.filament_ids.0.len(),
    ];
    let filaments = (0..filaments.into_iter().max().unwrap_or(0)).map(|at| ProjectFilament {
        index: at as u32,
        material: settings.filament_type.at(at),
        color: settings.filament_colour.at(at).as_deref().and_then(color),
        filament_id: settings.filament_ids.at(at),
        preset: settings.filament_settings_id.at(at),
    });
    let printer_model = settings.printer_model.first();
    let numbers = |texts: &Texts| texts.0.iter().filter_map(|text| finite(text)).take(16).collect();
    let project = Project {
        model: printer_model.as_deref().and_then(Model::from_name),
        printer_model,
        printer_preset: settings.printer_settings_id.first(),
        print_preset: settings.print_settings_id.first(),
        nozzle_diameters_mm: numbers(&settings.nozzle_diameter),
        bed_type: settings.curr_bed_type.first(),
        layer_height_mm: settings.layer_height.first().as_deref().and_then(finite),
        supports: settings.enable_support.first().map(|text| text == "1"),
        filaments: filaments.collect(),
        ..Project::default()
    };
    let whole = |text: &String| text.trim().parse().unwrap_or(0);
    let extruders = Extruders {
        filament_map: settings.filament_map.0.iter().map(whole).collect(),
        physical: settings
            .physical_extruder_map
            .0
            .iter()
            .map_while(|text| text.parse().ok())
            .collect(),
    };
    Ok((project, extruders))
}

/// What `plate_N.json` adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlateNotes {
    bed_type: Texts,
    is_seq_print: Texts,
    filament_ids: Texts,
    filament_colors: Texts,
}

impl PlateNotes {
    /// Reads it.
    pub(super) fn read(part: &str, bytes: &[u8]) -> Result<Self, BadThreeMf> {
        json(part, bytes)
    }

    /// Bed as the wire names it.
    pub(super) fn bed_type(&self) -> Option<String> {
        self.bed_type.first()
    }

    /// Whether objects are printed one after the other.
    pub(super) fn one_by_one(&self) -> Option<bool> {
        self.is_seq_print.first().map(|text| text == "1")
    }

    /// The filaments in use, from 0, with their colours.
    pub(super) fn filaments(&self) -> impl Iterator<Item = (u32, Option<String>)> {
        self.filament_ids.0.iter().enumerate().filter_map(|(at, text)| {
            let index = text.trim().parse().ok().filter(|index| *index < MOST_FILAMENTS)?;
            Some((index, self.filament_colors.at(at).as_deref().and_then(color)))
        })
    }
}

fn json<'a, T: Deserialize<'a>>(part: &str, bytes: &'a [u8]) -> Result<T, BadThreeMf> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| BadThreeMf::Syntax {
        part: part.to_owned(),
        why: error.to_string().chars().take(120).collect(),
    })
}

/// Reads what the model says about itself before its meshes, which are not looked at. `cut`: these
/// are not all of its bytes, so that its end says nothing.
pub(super) fn metadata(
    project: &mut Project,
    part: &str,
    head: impl Read,
    cut: bool,
) -> Result<(), BadThreeMf> {
    let mut name = None;
    let read = xml::read(part, head, |node| {
        match node {
            Node::Open("metadata", values) => name = values.of("name").map(str::to_owned),
            Node::Close("metadata", text) => {
                let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                match name.take().as_deref() {
                    Some("Application") => project.application = text,
                    Some("Title") => project.title = text,
                    Some("Designer") => project.designer = text,
                    _ => {}
                }
            }
            Node::Open("resources" | "build", _) => return Ok(false),
            _ => {}
        }
        Ok(true)
    });
    match read {
        Err(BadThreeMf::Syntax { .. }) if cut => Ok(()),
        other => other,
    }
}
