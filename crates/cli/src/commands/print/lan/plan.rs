//! What a dry run shows: the file, the printer, where each filament comes from, and the request.

use std::io::{self, Write};

use bambu_protocol::threemf::MappingLine;
use bambulab::print::{Plan, Verdict};

use crate::output::{self, Cell, Paint, Table, human};

/// Writes the plan for a person.
pub(super) fn write(plan: &Plan, name: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}: nothing was sent", human::printable(name))?;
    let mut table = Table::new(&[]);
    let mut row = |label: &str, text: &str| {
        table.row([Cell::painted(label, Paint::Dim), text.into()]);
    };
    row("Title", &plan.title);
    let how = if plan.uploads { "to be uploaded" } else { "on the printer" };
    row("File", &format!("{} ({how})", plan.path));
    let mut plate = vec![plan.plate.to_string()];
    if let Some(contents) = &plan.contents {
        plate.extend(Some(contents.name.clone()).filter(|name| !name.is_empty()));
        plate.extend(contents.layers.map(|layers| format!("{layers} layers")));
        plate.extend(contents.seconds.map(|it| human::minutes(Some(it.div_ceil(60)))));
        plate.extend(contents.weight_grams.map(|grams| format!("{grams:.1} g")));
    }
    row("Plate", &plate.join(", "));
    for check in &plan.checks {
        let (text, paint) = match &check.verdict {
            Verdict::Fits => ("fits".to_owned(), Paint::Green),
            Verdict::NotChecked(why) => (format!("not checked: {why}"), Paint::Yellow),
            Verdict::Forced(why) => (format!("forced: {why}"), Paint::Red),
        };
        let mut label = check.name.to_owned();
        if let Some(first) = label.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        table.row([Cell::painted(label, Paint::Dim), Cell::painted(text, paint)]);
    }
    table.write(out, output::colour())?;
    if !plan.mapping.is_empty() {
        writeln!(out)?;
        mapping(&plan.mapping, out)?;
    }
    writeln!(out, "\nThe request:")?;
    output::json(out, &plan.request)
}

/// The filaments of the plate beside the trays they come from.
fn mapping(lines: &[MappingLine], out: &mut impl Write) -> io::Result<()> {
    let coloured = output::colour();
    let mut table = Table::new(&["FILAMENT", "WANTED", "TRAY", "LOADED", "COLOUR", "NOTE"]);
    for line in lines {
        let distance = line.distance.map(|distance| match distance {
            near if near < 1.0 => "same".to_owned(),
            far => format!("ΔE {far:.0}"),
        });
        table.row([
            line.slot.to_string().as_str().into(),
            spool(line.material.as_deref(), line.color.as_deref()).as_str().into(),
            Cell::painted(line.tray.to_string(), Paint::Bold),
            spool(line.tray_material.as_deref(), line.tray_color.as_deref()).as_str().into(),
            distance.as_deref().unwrap_or(human::UNKNOWN).into(),
            Cell::painted(line.note.map(|note| note.text()).unwrap_or_default(), Paint::Yellow),
        ]);
    }
    let shown = table.lines(coloured);
    for (at, text) in shown.iter().enumerate() {
        let line = at.checked_sub(1).and_then(|at| lines.get(at)).filter(|_| coloured);
        match line {
            Some(line) => {
                let swatches = [&line.color, &line.tray_color].map(|it| swatch(it.as_deref()));
                writeln!(out, "{} {text}", swatches.concat())?;
            }
            None if coloured => writeln!(out, "     {text}")?,
            None => writeln!(out, "{text}")?,
        }
    }
    Ok(())
}

fn spool(material: Option<&str>, colour: Option<&str>) -> String {
    let colour = colour.and_then(|it| it.get(..6)).map(|it| format!(" #{it}"));
    format!("{}{}", material.unwrap_or(human::UNKNOWN), colour.unwrap_or_default())
}

/// Two cells in a colour of the wire, `RRGGBBAA`.
fn swatch(colour: Option<&str>) -> String {
    let part = |at: usize| {
        let digits = colour?.get(at..at + 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    match (part(0), part(2), part(4)) {
        (Some(red), Some(green), Some(blue)) => {
            format!("\x1b[48;2;{red};{green};{blue}m  \x1b[0m")
        }
        _ => "  ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_painted_and_what_is_none_stays_blank() {
        assert_eq!(swatch(Some("FF8000FF")), "\x1b[48;2;255;128;0m  \x1b[0m");
        assert_eq!(swatch(Some("nonsense")), "  ");
        assert_eq!(swatch(None), "  ");
        assert_eq!(spool(Some("PLA"), Some("00AE42FF")), "PLA #00AE42");
        assert_eq!(spool(None, None), "-");
    }
}
