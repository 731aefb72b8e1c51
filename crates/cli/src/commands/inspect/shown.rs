//! How a sliced file reads to a person: what all plates share, then each plate with its filaments.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use bambu_protocol::threemf::{Md5Check, Plate, PlateFilament, SlicedFile};

use crate::output::{self, Cell, Paint, Table, human};

/// Objects that are named; the rest is counted.
const NAMED: usize = 12;

/// Writes everything.
pub(super) fn write(
    out: &mut impl Write,
    name: &str,
    size: u64,
    told: &SlicedFile,
    checks: &BTreeMap<u32, Md5Check>,
    pictures: &BTreeMap<u32, String>,
) -> io::Result<()> {
    let project = &told.project;
    let model = project.model.or_else(|| told.plates.iter().find_map(|plate| plate.model));
    let printer = match (model, &project.printer_preset) {
        (Some(model), Some(preset)) => Some(format!("{model} ({preset})")),
        (Some(model), None) => Some(model.to_string()),
        (None, preset) => preset.clone().or_else(|| project.printer_model.clone()),
    };
    let layers = project.layer_height_mm.map(|height| format!("{height} mm"));
    let print = match (layers, &project.print_preset) {
        (Some(layers), Some(preset)) => Some(format!("{layers} ({preset})")),
        (layers, preset) => layers.or_else(|| preset.clone()),
    };
    let rows = [
        ("File", Some(format!("{name}, {size} bytes"))),
        ("Title", project.title.clone()),
        ("Designer", project.designer.clone()),
        ("Made by", project.application.clone()),
        ("Printer", printer),
        ("Layer height", print),
    ];
    lines(out, rows)?;
    if !told.unsliced_plates.is_empty() {
        let plates: Vec<_> = told.unsliced_plates.iter().take(50).map(u32::to_string).collect();
        lines(out, [("Not sliced", Some(format!("plate {}", plates.join(", "))))])?;
    }
    for plate in &told.plates {
        writeln!(out)?;
        write_plate(out, plate, checks.get(&plate.index), pictures.get(&plate.index))?;
    }
    Ok(())
}

fn lines<const N: usize>(
    out: &mut impl Write,
    rows: [(&str, Option<String>); N],
) -> io::Result<()> {
    let mut table = Table::new(&[]);
    for (label, text) in rows {
        if let Some(text) = text {
            let label = Cell::painted(label, Paint::Dim).padded(12);
            table.row([label, text.as_str().into()]);
        }
    }
    table.write(out, output::colour())
}

fn write_plate(
    out: &mut impl Write,
    plate: &Plate,
    check: Option<&Md5Check>,
    picture: Option<&String>,
) -> io::Result<()> {
    let title = match &plate.name {
        Some(name) => format!("Plate {}: {}", plate.index, human::printable(name)),
        None => format!("Plate {}", plate.index),
    };
    writeln!(out, "{}", Paint::Bold.on(&title, output::colour()))?;
    if let Some(picture) = picture {
        out.write_all(picture.as_bytes())?;
    }
    let nozzles: Vec<_> = plate.nozzle_diameters_mm.iter().map(f64::to_string).collect();
    let nozzles = (!nozzles.is_empty()).then(|| format!("{} mm", nozzles.join(" and ")));
    let unknown_model = plate.model_code.clone().filter(|_| plate.model.is_none());
    lines(
        out,
        [
            ("Time", plate.seconds.map(|seconds| human::minutes(Some(seconds.div_ceil(60))))),
            ("Layers", plate.layers.map(|layers| layers.to_string())),
            ("Weight", plate.weight_grams.map(|grams| format!("{grams:.2} g"))),
            ("For model", unknown_model),
            ("Nozzle", nozzles),
            ("Bed", plate.bed_type.as_deref().map(human::words)),
            ("Objects", objects(plate)),
            ("G-code", Some(format!("{} bytes{}", plate.gcode_size, verdict(plate, check)))),
        ],
    )?;
    if !plate.filaments.is_empty() {
        filaments(plate).write(out, output::colour())?;
    }
    for warning in &plate.warnings {
        let code = warning.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let text = human::printable(&format!("{}{code}", warning.message));
        writeln!(out, "{} {text}", Paint::Yellow.on("warning:", output::colour()))?;
    }
    Ok(())
}

fn objects(plate: &Plate) -> Option<String> {
    let all = &plate.objects;
    if all.is_empty() {
        return None;
    }
    let named = |object: &bambu_protocol::threemf::Object| {
        let skipped = if object.skipped { " (skipped)" } else { "" };
        let name = if object.name.is_empty() { "" } else { " " };
        format!("{}{name}{}{skipped}", object.id, object.name)
    };
    let shown: Vec<_> = all.iter().take(NAMED).map(named).collect();
    let rest = all.len().saturating_sub(NAMED);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let skip = if plate.can_skip_objects { "; can be skipped one by one" } else { "" };
    Some(format!("{}{rest}{skip}", shown.join(", ")))
}

fn verdict(plate: &Plate, check: Option<&Md5Check>) -> String {
    match (check, &plate.gcode_md5) {
        (Some(Md5Check::Equal { md5 }), _) => format!(", MD5 {md5}: verified"),
        (Some(Md5Check::Differs { told, actual }), _) => {
            format!(", MD5 {actual}, but the file says {told}")
        }
        (Some(Md5Check::Untold { actual }), _) => format!(", MD5 {actual}, the file tells none"),
        (None, Some(md5)) => format!(", MD5 {md5}"),
        (None, None) => String::new(),
    }
}

fn filaments(plate: &Plate) -> Table {
    let mut table =
        Table::new(&["FILAMENT", "MATERIAL", "COLOUR", "ID", "METRES", "GRAMS", "NOZZLE"]);
    let two = plate.filaments.iter().any(|filament| filament.extruder == Some(1))
        || plate.nozzle_diameters_mm.len() > 1;
    for filament in &plate.filaments {
        let amount = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
        table.row([
            filament.slot.to_string().as_str().into(),
            filament.material.as_deref().unwrap_or("-").into(),
            colour(filament),
            filament.filament_id.as_deref().unwrap_or("-").into(),
            amount(filament.used_m).as_str().into(),
            amount(filament.used_g).as_str().into(),
            nozzle(filament).into(),
        ]);
    }
    if !two {
        table.leave_out("NOZZLE");
    }
    table
}

/// `#RRGGBB`, and the opacity only where it is not full.
fn colour(filament: &PlateFilament) -> Cell {
    match filament.color.as_deref() {
        Some(color) => {
            format!("#{}", color.strip_suffix("FF").filter(|_| color.len() == 8).unwrap_or(color))
                .as_str()
                .into()
        }
        None => "-".into(),
    }
}

fn nozzle(filament: &PlateFilament) -> &'static str {
    match filament.extruder {
        Some(0) => "right",
        Some(1) => "left",
        _ => "-",
    }
}
