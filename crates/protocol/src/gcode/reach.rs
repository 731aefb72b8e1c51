//! What a machine bears and reaches, and the first command that asks for more.

use std::fmt;

use super::{Command, commands};

/// What a machine bears and reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Highest nozzle temperature in °C.
    pub nozzle_max: u16,
    /// Highest bed temperature in °C.
    pub bed_max: u16,
    /// Highest chamber temperature in °C; 0 without a heater.
    pub chamber_max: u16,
    /// Nozzles that print.
    pub extruders: u8,
    /// Build volume in mm by X, Y, Z; `None` when not known.
    pub volume: Option<[u16; 3]>,
    /// Whether the bed moves up to the nozzle, and crashes into it when Z alone is homed [L].
    pub bed_rises: bool,
}

/// A command that a machine does not bear.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Line, from 1.
    pub line: usize,
    /// The line, as written; at most 80 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// Heats the named part beyond its limit, in °C.
    TooHot {
        /// `nozzle`, `bed` or `chamber`.
        part: &'static str,
        /// What it asks for.
        celsius: f64,
        /// What the part bears.
        max: u16,
    },
    /// Heats a nozzle that the machine does not have.
    NoSuchNozzle(f64),
    /// Heats a chamber that has no heater.
    NoChamberHeater,
    /// Waits for a temperature and blocks everything behind it; the code to use instead.
    Waits(&'static str),
    /// Moves beyond the build volume, in mm.
    OutOfReach {
        /// `X`, `Y` or `Z`.
        axis: char,
        /// Where to.
        position: f64,
        /// Where the volume ends.
        max: u16,
    },
    /// Moves the origin, so that nobody knows where later lines go.
    MovesOrigin,
    /// Leaves the machine in inches, in which no later line is written.
    LeavesInches,
    /// Switches off the end stops that hold later moves.
    NoEndStops,
    /// Homes Z alone, which can crash the bed.
    HomesZAlone,
    /// Heats to something that is no plain number, and firmware may read otherwise.
    Unreadable,
    /// A number that no command has, and firmware may take for another.
    NoSuchCommand,
}

/// The first command that a machine with these limits does not bear.
///
/// The text is read from a machine in absolute millimetres on; `G90`, `G91`, `G20` and `G21` count.
///
/// # Errors
/// [`Finding`].
pub fn inspect(text: &str, limits: &Limits) -> Result<(), Finding> {
    let mut mode = Mode { relative: false, unit: 1.0, inches: None };
    let finding = |line, text: &str, why| {
        Err(Finding { line, text: text.trim().chars().take(80).collect(), why })
    };
    for command in commands(text) {
        let unknown = (command.code > HIGHEST).then_some(Why::NoSuchCommand);
        let why = unknown.or_else(|| heat(&command, limits));
        if let Some(why) = why.or_else(|| mode.movement(&command, limits)) {
            return finding(command.line, command.text, why);
        }
    }
    match mode.inches {
        Some((line, text)) => finding(line, text, Why::LeavesInches),
        None => Ok(()),
    }
}

/// Highest number of a command; beyond 16 bits M65640 would be M104.
const HIGHEST: u32 = 9999;

fn heat(command: &Command<'_>, limits: &Limits) -> Option<Why> {
    if command.letter != 'M' {
        return None;
    }
    let (part, max, instead) = match command.code {
        104 => ("nozzle", limits.nozzle_max, None),
        109 => ("nozzle", limits.nozzle_max, Some("M104")),
        140 => ("bed", limits.bed_max, None),
        190 => ("bed", limits.bed_max, Some("M140")),
        141 => ("chamber", limits.chamber_max, None),
        191 => ("chamber", limits.chamber_max, Some("M141")),
        303 if command.word('E').is_some_and(|e| e < 0.0) => ("bed", limits.bed_max, None),
        303 => ("nozzle", limits.nozzle_max, None),
        _ => return None,
    };
    // Of a repeated word, any may count.
    let asked = command.words.iter().filter(|(letter, _)| matches!(letter, 'S' | 'R'));
    // `S3e2`, `S0x12C` and `Sinf` are numbers to some firmware.
    let odd = |(letter, number): &(char, Option<f64>)| match letter {
        'S' | 'R' => number.is_none(),
        'X' => true,
        'E' => command.code != 303,
        _ => false,
    };
    if command.words.iter().any(odd) {
        return Some(Why::Unreadable);
    }
    let celsius = asked.filter_map(|(_, number)| *number).fold(0.0, f64::max);
    if part == "chamber" && max == 0 && celsius > 0.0 {
        return Some(Why::NoChamberHeater);
    }
    if celsius > f64::from(max) {
        return Some(Why::TooHot { part, celsius, max });
    }
    let tool = command.word('T').filter(|_| part == "nozzle");
    if let Some(tool) = tool.filter(|tool| !(0.0..f64::from(limits.extruders)).contains(tool)) {
        return Some(Why::NoSuchNozzle(tool));
    }
    instead.map(Why::Waits)
}

/// What an axis may go beyond the volume, in mm. [G]
const PARKING: f64 = 60.0;

struct Mode<'t> {
    relative: bool,
    /// Millimetres per unit.
    unit: f64,
    /// The line that switched to inches, while they hold.
    inches: Option<(usize, &'t str)>,
}

impl<'t> Mode<'t> {
    fn movement(&mut self, command: &Command<'t>, limits: &Limits) -> Option<Why> {
        let names = |axis| command.words.iter().any(|(letter, _)| *letter == axis);
        if command.letter == 'M' {
            let off = |(letter, number): &(char, Option<f64>)| {
                matches!(letter, 'S' | 'X' | 'Y' | 'Z') && *number == Some(0.0)
            };
            return match command.code {
                206 | 428 => Some(Why::MovesOrigin),
                211 if command.words.iter().any(off) => Some(Why::NoEndStops),
                _ => None,
            };
        }
        match command.code {
            20 => (self.unit, self.inches) = (25.4, Some((command.line, command.text))),
            21 => (self.unit, self.inches) = (1.0, None),
            28 if limits.bed_rises && names('Z') && !(names('X') && names('Y')) => {
                return Some(Why::HomesZAlone);
            }
            90 => self.relative = false,
            91 => self.relative = true,
            92 if command.words.iter().any(|(letter, _)| matches!(letter, 'X' | 'Y' | 'Z')) => {
                return Some(Why::MovesOrigin);
            }
            0..=3 => return self.beyond(command, limits.volume?),
            _ => {}
        }
        None
    }

    fn beyond(&self, command: &Command<'_>, volume: [u16; 3]) -> Option<Why> {
        ['X', 'Y', 'Z'].into_iter().zip(volume).find_map(|(axis, max)| {
            // Of a repeated word, any may count.
            let words = command.words.iter().filter(|(letter, _)| *letter == axis);
            let positions = words.filter_map(|(_, number)| Some((*number)? * self.unit));
            // No way is longer than the volume with the place to park beside it.
            let longest = f64::from(max) + PARKING;
            let range = if self.relative { -longest..=longest } else { 0.0..=f64::from(max) };
            let mut beyond = positions.filter(|at| !range.contains(at));
            beyond.next().map(|position| Why::OutOfReach { axis, position, max })
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} ({}) {}", self.line, self.text, self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooHot { part, celsius, max } => {
                write!(f, "heats the {part} to {celsius} °C, which bears {max} °C")
            }
            Self::NoSuchNozzle(tool) => write!(f, "heats nozzle T{tool}, which is not there"),
            Self::NoChamberHeater => f.write_str("heats a chamber that has no heater"),
            Self::Waits(instead) => {
                write!(
                    f,
                    "waits for a temperature and blocks the printer, where {instead} does not"
                )
            }
            Self::OutOfReach { axis, position, max } => {
                write!(f, "moves to {axis}{position}, beyond the volume of 0 to {max} mm")
            }
            Self::MovesOrigin => {
                f.write_str("moves the origin, after which nobody knows where moves end")
            }
            Self::LeavesInches => {
                f.write_str("leaves the printer in inches, without G21 behind it")
            }
            Self::NoEndStops => f.write_str("switches off the end stops that hold moves"),
            Self::HomesZAlone => {
                f.write_str("homes Z without X and Y, which can crash the bed, where G28 does not")
            }
            Self::Unreadable => f.write_str("heats to something that is no plain number"),
            Self::NoSuchCommand => f.write_str("has a number that no command has"),
        }
    }
}
