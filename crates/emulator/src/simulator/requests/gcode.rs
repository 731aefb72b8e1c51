//! `print.gcode_line`: several lines are one command, and every line of G-code is acknowledged, also
//! one that does nothing on this model.
//!
//! M109 and M190 set the target and do not hold up anything: reports go on while it heats.

use super::{Asked, NONSENSE, Verdict, climate, filament};
use crate::simulator::{
    life::{Life, Source},
    mainboard::Mainboard,
    phase::Pause,
};

/// Executes all lines, or none when one of them is no G-code. The encrypted form is not for a
/// printer in Developer Mode: without `param` there is nothing to do.
pub(super) fn judge(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let Some(lines) = asked.text("param").filter(|lines| !lines.trim().is_empty()) else {
        return Verdict::Refused(NONSENSE);
    };
    let code = |line: &str| words(line.split(';').next().unwrap_or(""));
    let lines: Vec<Vec<String>> =
        lines.lines().map(code).filter(|words| !words.is_empty()).collect();
    if !lines.iter().all(|words| is_code(words)) {
        return Verdict::Refused(NONSENSE);
    }
    for words in &lines {
        execute(board, &Line(words));
    }
    Verdict::Done
}

/// The words of a line in capitals: each begins with a letter, with or without a blank before it.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in line.chars().filter(|c| !c.is_whitespace()) {
        match words.last_mut() {
            Some(word) if !letter.is_ascii_alphabetic() => word.push(letter),
            _ => words.push(letter.to_ascii_uppercase().to_string()),
        }
    }
    words
}

fn is_code(words: &[String]) -> bool {
    let number = words.first().and_then(|code| code.strip_prefix(['G', 'M', 'T']));
    number.and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number >= 0.0)
}

/// One line, split into words.
struct Line<'a>(&'a [String]);

impl Line<'_> {
    fn code(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    fn value(&self, letter: char) -> Option<f64> {
        self.0.iter().skip(1).find_map(|word| {
            let rest = word.strip_prefix(letter)?;
            rest.parse::<f64>().ok().filter(|value| value.is_finite())
        })
    }

    fn count(&self, letter: char) -> Option<u32> {
        self.value(letter).filter(|value| (0.0..=255.0).contains(value)).map(|value| value as u32)
    }

    /// A temperature in °C, cut down to the model's highest.
    fn target(&self, max: u16) -> Option<f64> {
        let target = self.value('S').or_else(|| self.value('R'))?;
        Some(target.clamp(0.0, max.into()).round())
    }
}

fn execute(board: &mut Mainboard, line: &Line<'_>) {
    let known = board.spec.model.capabilities();
    let life = &mut board.life;
    match line.code() {
        "M104" | "M109" => {
            let at = line.count('T').map_or_else(|| life.extruder(), |tool| tool as usize);
            let target = line.target(known.nozzle_max.unwrap_or(300));
            if let (Some(nozzle), Some(target)) = (life.nozzles.get_mut(at), target) {
                nozzle.target = target;
            }
        }
        "M140" | "M190" => {
            let target = line.target(known.bed_max.unwrap_or(100));
            life.bed.target = target.unwrap_or(life.bed.target);
        }
        "M141" => {
            let target = known.chamber_heater.and_then(|range| line.target(range.max));
            life.chamber.target = target.unwrap_or(life.chamber.target);
        }
        // Leaves or enters the heating mode of the air duct.
        "M145" => {
            if let (Some(mode @ 0..=1), true) =
                (line.count('P'), life.settings.has("device.airduct.modeCur"))
            {
                life.settings.put("device.airduct.modeCur", mode);
            }
        }
        "M106" | "M107" => fan(board, line),
        "G28" => life.homed = true,
        "M18" | "M84" => life.homed = false,
        "M24" => drop(life.resume()),
        "M25" | "M600" => drop(life.pause(Pause::Asked)),
        "M112" => drop(life.stop()),
        "M620" => feed(life, line),
        // Motion, and what leaves no trace in a report.
        _ => {}
    }
}

fn fan(board: &mut Mainboard, line: &Line<'_>) {
    let known = board.spec.model.capabilities();
    let number = line.count('P').unwrap_or(1);
    let present = match number {
        1 => true,
        2 => known.aux_fan,
        3 => known.chamber_fan,
        10 => matches!(board.spec.model, bambu_protocol::Model::P2S | bambu_protocol::Model::X2D),
        _ => false,
    };
    let off = line.code() == "M107";
    let drive = if off { 0.0 } else { line.value('S').unwrap_or(255.0).clamp(0.0, 255.0) };
    if present {
        let _ = climate::set_fan(&mut board.life, number, drive / 2.55);
    }
}

/// Feeding as older firmware takes it: `R` reads a tag, `C` calibrates a unit, `P` loads a tray.
fn feed(life: &mut Life, line: &Line<'_>) {
    let slot = |flat: u32| (flat / 4, flat % 4);
    if let Some((unit, slot)) = line.count('R').map(slot) {
        let _ = filament::read_tag(life, unit, slot, false);
    } else if let Some(unit) = line.count('C') {
        let _ = filament::read_tag(life, unit, 0, true);
    } else if let Some((unit, slot)) = line.count('P').map(slot)
        && let Some(at) = life.filament.position(unit, slot)
    {
        life.change_filament(Source::Tray(at), None, None);
    }
}
