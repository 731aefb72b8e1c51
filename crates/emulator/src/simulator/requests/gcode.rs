//! `print.gcode_line`: the few codes that a simulated printer executes.

use bambu_protocol::Model;

use super::{NONSENSE, Verdict};
use crate::simulator::{mainboard::Mainboard, life::Life};

/// One understood line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Nozzle {
        target: f64,
        tool: Option<usize>,
    },
    Bed {
        target: f64,
    },
    Chamber {
        target: f64,
    },
    Fan {
        number: u32,
        percent: f64,
    },
    Home,
    /// Motion that leaves no trace in a report.
    Move,
}

/// Codes that the reference lists and that have an effect the simulator does not have yet.
const LATER: [&str; 9] = ["M24", "M25", "M112", "M145", "M600", "M620", "M621", "M900", "M981"];

/// Executes all lines, or none when one of them is not understood. Codes without a trace in a report are
/// taken like motion: a printer acknowledges every line of G-code.
///
/// M109 and M190 set the target and do not hold up anything: reports go on while it heats.
pub(super) fn judge(board: &mut Mainboard, lines: &str) -> Verdict {
    let model = board.spec.model;
    let mut understood = Vec::new();
    for line in lines.lines() {
        let line = line.split(';').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let words = words(line);
        if words.first().is_some_and(|code| LATER.contains(&code.as_str())) {
            return Verdict::Refused("not simulated yet");
        }
        let Some(line) = read(model, &words) else { return Verdict::Refused(NONSENSE) };
        understood.push(line);
    }
    if understood.is_empty() {
        return Verdict::Refused(NONSENSE);
    }
    understood.into_iter().for_each(|line| execute(&mut board.life, line));
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

fn read(model: Model, words: &[String]) -> Option<Line> {
    let known = model.capabilities();
    let (code, words) = words.split_first()?;
    let value = |letter: char| -> Option<f64> {
        words.iter().find_map(|word| {
            let rest = word.strip_prefix(letter)?;
            rest.parse::<f64>().ok().filter(|value| value.is_finite())
        })
    };
    let within = |max: Option<u16>, otherwise: u16| {
        let max = f64::from(max.unwrap_or(otherwise));
        value('S').or_else(|| value('R')).filter(|target| (0.0..=max).contains(target))
    };
    Some(match code.as_str() {
        "M104" | "M109" => Line::Nozzle {
            target: within(known.nozzle_max, 300)?,
            tool: match value('T') {
                Some(tool) if tool >= 0.0 && tool < f64::from(known.extruders) => {
                    Some(tool as usize)
                }
                Some(_) => return None,
                None => None,
            },
        },
        "M140" | "M190" => Line::Bed { target: within(known.bed_max, 100)? },
        "M141" => Line::Chamber { target: within(Some(known.chamber_heater?.max), 0)? },
        "M106" | "M107" => {
            let number = value('P').unwrap_or(1.0) as u32;
            let present = match number {
                1 => true,
                2 => known.aux_fan,
                3 => known.chamber_fan,
                10 => matches!(model, Model::P2S | Model::X2D),
                _ => false,
            };
            let drive = if code == "M107" { 0.0 } else { value('S').unwrap_or(255.0) };
            if !present || !(0.0..=255.0).contains(&drive) {
                return None;
            }
            Line::Fan { number, percent: drive / 2.55 }
        }
        "G28" => Line::Home,
        code => {
            let number = code.strip_prefix(['G', 'M', 'T'])?;
            number.parse::<f64>().ok().filter(|number| *number >= 0.0)?;
            Line::Move
        }
    })
}

fn execute(life: &mut Life, line: Line) {
    match line {
        Line::Nozzle { target, tool } => {
            let at = tool.unwrap_or_else(|| life.extruder());
            if let Some(nozzle) = life.nozzles.get_mut(at) {
                nozzle.target = target.round();
            }
        }
        Line::Bed { target } => life.bed.target = target.round(),
        Line::Chamber { target } => life.chamber.target = target.round(),
        Line::Fan { number, percent } => {
            let fan = match number {
                2 => &mut life.aux_fan,
                3 => &mut life.chamber_fan,
                10 => &mut life.left_fan,
                _ => &mut life.part_fan,
            };
            fan.set = percent;
        }
        Line::Home => life.homed = true,
        Line::Move => {}
    }
}
