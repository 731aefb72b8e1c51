//! The whole of a 3MF, put together from its parts.

use std::io::{Read, Seek};

use super::{
    BadThreeMf,
    archive::{self, Archive},
    gcode::{self, Md5Check},
    picture::{self, PictureKind},
    project::{self, Extruders, PlateNotes},
    slice_info::{self, PlateSettings},
    sliced::{Plate, PlateFilament, SlicedFile},
};

/// What the slicer tells about all plates, in bytes.
const MOST_SLICE_INFO: u64 = 8 << 20;
/// The settings of a project in bytes; slicers write some 60 KB.
const MOST_SETTINGS: u64 = 8 << 20;
/// The metadata of a model come before its meshes, in so many bytes.
const MODEL_HEAD: u64 = 256 << 10;

const SLICE_INFO: &str = "Metadata/slice_info.config";
const MODEL_SETTINGS: &str = "Metadata/model_settings.config";
const PROJECT_SETTINGS: &str = "Metadata/project_settings.config";
const MODEL: &str = "3D/3dmodel.model";

/// Reads what a 3MF tells: the project, and every plate that has G-code. A project that was never
/// sliced is none of the errors: [`SlicedFile::is_sliced`] tells.
///
/// # Errors
/// [`BadThreeMf`].
pub fn inspect(file: impl Read + Seek) -> Result<SlicedFile, BadThreeMf> {
    let mut archive = archive::open(file)?;
    let sliced = plates(&archive);
    let is_model = archive.index_for_name_raw(MODEL.as_bytes()).is_some();
    if !is_model && sliced.is_empty() {
        return Err(BadThreeMf::NotThreeMf);
    }
    let (mut project, extruders) =
        match archive::whole(&mut archive, PROJECT_SETTINGS, MOST_SETTINGS)? {
            Some(bytes) => project::read(PROJECT_SETTINGS, &bytes)?,
            None => Default::default(),
        };
    if let Some(head) = archive::head(&mut archive, MODEL, MODEL_HEAD)? {
        let cut = head.len() as u64 == MODEL_HEAD;
        project::metadata(&mut project, MODEL, head.as_slice(), cut)?;
    }
    let mut told = match archive::part(&mut archive, SLICE_INFO, MOST_SLICE_INFO)? {
        Some(part) => slice_info::read(SLICE_INFO, part)?,
        None => Vec::new(),
    };
    let settings = match archive::part(&mut archive, MODEL_SETTINGS, MOST_SLICE_INFO)? {
        Some(part) => slice_info::settings(MODEL_SETTINGS, part)?,
        None => Vec::new(),
    };
    let mut file = SlicedFile { project, ..SlicedFile::default() };
    for index in &sliced {
        let at = told.iter().position(|plate| plate.index == *index);
        let mut plate = at.map(|at| told.swap_remove(at)).unwrap_or_default();
        plate.index = *index;
        let set = settings.iter().find(|set| set.index == *index);
        complete(&mut archive, &mut plate, set, &file, &extruders)?;
        file.plates.push(plate);
    }
    let others = settings.iter().map(|set| set.index).filter(|index| !sliced.contains(index));
    file.unsliced_plates = others.collect();
    file.unsliced_plates.sort_unstable();
    file.unsliced_plates.dedup();
    Ok(file)
}

/// A picture of a plate, as a PNG file; `None` where there is none of that kind.
///
/// # Errors
/// [`BadThreeMf`].
pub fn thumbnail(
    file: impl Read + Seek,
    plate: u32,
    kind: PictureKind,
) -> Result<Option<Vec<u8>>, BadThreeMf> {
    picture::whole(&mut archive::open(file)?, plate, kind)
}

/// Reads the G-code of a plate to its end and compares it with the MD5 in the file. It is streamed:
/// some 400 MB in a second.
///
/// # Errors
/// [`BadThreeMf`]; [`BadThreeMf::NoPlate`] when this plate has no G-code.
pub fn check_gcode_md5(file: impl Read + Seek, plate: u32) -> Result<Md5Check, BadThreeMf> {
    let mut archive = archive::open(file)?;
    let told = gcode::told(&mut archive, plate)?;
    let Some(actual) = gcode::actual(&mut archive, plate)? else {
        return Err(BadThreeMf::NoPlate { plate, plates: plates(&archive) });
    };
    Ok(match told {
        None => Md5Check::Untold { actual },
        Some(told) if told == actual => Md5Check::Equal { md5: actual },
        Some(told) => Md5Check::Differs { told, actual },
    })
}

/// The plates that have G-code, in order.
pub(super) fn plates<R: Read + Seek>(archive: &Archive<R>) -> Vec<u32> {
    let mut plates: Vec<u32> = archive.file_names_raw().filter_map(plate_of).collect();
    plates.sort_unstable();
    plates.dedup();
    plates
}

/// `Metadata/plate_3.gcode` is plate 3.
fn plate_of(name: &[u8]) -> Option<u32> {
    let name = str::from_utf8(name).ok()?;
    let number = name.strip_prefix("Metadata/plate_")?.strip_suffix(".gcode")?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| plain)
}

/// What the other parts tell about a plate.
fn complete<R: Read + Seek>(
    archive: &mut Archive<R>,
    plate: &mut Plate,
    set: Option<&PlateSettings>,
    file: &SlicedFile,
    extruders: &Extruders,
) -> Result<(), BadThreeMf> {
    let index = plate.index;
    let notes = format!("Metadata/plate_{index}.json");
    let notes = match archive::whole(archive, &notes, MOST_SETTINGS)? {
        Some(bytes) => PlateNotes::read(&notes, &bytes)?,
        None => PlateNotes::default(),
    };
    let header = gcode::header(archive, index)?;
    plate.layers = header.layers;
    plate.seconds = plate.seconds.or(header.seconds);
    plate.weight_grams = plate.weight_grams.or(header.weight_grams);
    plate.gcode_md5 = gcode::told(archive, index)?;
    plate.thumbnails = picture::of_plate(archive, index)?;
    let gcode = archive.index_for_name_raw(gcode::part_of(index).as_bytes());
    let entry = gcode.map(|at| archive.by_index_data(at).map_err(archive::bad)).transpose()?;
    plate.gcode_size = entry.map_or(0, |entry| entry.size());

    let project = &file.project;
    plate.name = set.and_then(|set| set.name.clone());
    plate.one_by_one = notes.one_by_one().or(set.and_then(|set| set.one_by_one));
    plate.bed_type = notes
        .bed_type()
        .or_else(|| set.and_then(|set| set.bed_type.clone()))
        .or_else(|| project.bed_type.clone());
    plate.model = plate.model.or(project.model);
    if plate.nozzle_diameters_mm.is_empty() {
        plate.nozzle_diameters_mm.clone_from(&project.nozzle_diameters_mm);
    }
    if plate.filaments.is_empty() {
        let filaments = notes.filaments().map(|(at, color)| PlateFilament {
            slot: at + 1,
            color,
            ..PlateFilament::default()
        });
        plate.filaments = filaments.collect();
    }
    if plate.filament_maps.is_empty() {
        plate.filament_maps.clone_from(&extruders.filament_map);
    }
    let maps = plate.filament_maps.clone();
    let nozzles = plate.nozzle_diameters_mm.len();
    for filament in &mut plate.filaments {
        let place = filament.slot.saturating_sub(1) as usize;
        if let Some(known) = project.filaments.get(place) {
            filament.material = filament.material.take().or_else(|| known.material.clone());
            filament.color = filament.color.take().or_else(|| known.color.clone());
            filament.filament_id =
                filament.filament_id.take().or_else(|| known.filament_id.clone());
        }
        let mapped = maps.get(place).and_then(|extruder| extruder.checked_sub(1));
        filament.extruder = mapped
            .or(filament.group)
            .and_then(|slicers| physical(slicers as usize, nozzles, extruders));
    }
    Ok(())
}

/// The printer's extruder for one of the slicer's, which counts from the left. [V]
fn physical(slicers: usize, nozzles: usize, extruders: &Extruders) -> Option<u8> {
    match (extruders.physical.get(slicers), nozzles) {
        (Some(known), _) => Some(*known),
        (None, 2) if extruders.physical.is_empty() => [1, 0].get(slicers).copied(),
        (None, 1) => Some(0),
        _ => None,
    }
}
