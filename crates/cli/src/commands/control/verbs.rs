//! The words of `bambu control`: a table, and how the words behind a verb become a command.

use bambu_protocol::{
    command::{Command, seed_name},
    request::{
        AirDuctMode, AmsAction, Axis, Camera, Fan, Job, LightMode, LightNode, PrintOption, Raw,
        Request, Resolution, Steps, Switch, System,
    },
};

use super::{
    filament,
    values::{Wrong, celsius, length, number, one, plain_word, read, wrong},
};

/// One thing that can be asked of a printer.
pub(super) struct Verb {
    /// Its name; two words where it is one of a family.
    pub(super) name: &'static str,
    also: &'static [&'static str],
    /// What stands behind it.
    pub(super) shape: &'static str,
    pub(super) does: &'static str,
    read: fn(&[&str]) -> Result<Command, Wrong>,
}

/// Every verb, in the order of the help.
pub(super) const VERBS: &[Verb] = &[
    plain("pause", "", "hold the job", |_| Ok(Command::Pause)),
    plain("resume", "", "go on with the job", |_| Ok(Command::Resume)),
    plain("stop", "", "end the job for good", |_| Ok(Command::Stop)),
    plain("speed", "silent|standard|sport|ludicrous", "print at this speed", |words| {
        Ok(Command::Speed(one(words)?))
    }),
    plain("skip", "ID ...", "leave objects of the plate out", |words| {
        let ids: Result<Vec<u32>, Wrong> = words.iter().map(|word| number(word, "id")).collect();
        if words.is_empty() { Err(Wrong::Shape) } else { Ok(Command::SkipObjects(ids?)) }
    }),
    plain("clear-error", "", "clear the error of the job", |_| Ok(Command::ClearError)),
    plain("nozzle", "[right|left] °C|off", "heat a nozzle", |words| {
        let (extruder, rest) = extruder(words);
        Ok(Command::Nozzle { extruder, celsius: celsius(rest)? })
    }),
    plain("bed", "°C|off", "heat the bed", |words| Ok(Command::Bed(celsius(words)?))),
    plain("chamber", "°C|off", "heat the chamber", |words| Ok(Command::Chamber(celsius(words)?))),
    plain("fan", "[part|aux|chamber|aux_left] PERCENT", "set a fan", fan),
    plain("air-duct", "cooling|heating|exhaust|full_cooling", "lead the air", |words| {
        Ok(Command::AirDuct(one::<AirDuctMode>(words)?))
    }),
    plain("light", "[chamber|chamber2|work|heatbed] on|off|flashing", "switch a light", light),
    plain("gcode", "LINE|-", "send G-code; - reads it from standard input", gcode),
    plain("home", "", "home all axes", |_| Ok(Command::Home)),
    plain("jog", "x|y|z MM", "move an axis", |words| match words {
        [axis, far] => Ok(Command::Jog { axis: read::<Axis>(axis)?, millimetres: length(far)? }),
        _ => Err(Wrong::Shape),
    }),
    plain("extrude", "[right|left] MM", "push filament out, or draw it back", |words| {
        let (extruder, rest) = extruder(words);
        let [far] = rest else { return Err(Wrong::Shape) };
        let far = far.trim_end_matches("mm");
        Ok(Command::Extrude { extruder, millimetres: number(far, "number of whole mm")? })
    }),
    plain("extruder", "right|left", "make it the active one", |words| match extruder(words) {
        (Some(extruder), []) => Ok(Command::Extruder(extruder)),
        _ => Err(Wrong::Shape),
    }),
    Verb {
        also: &["load"],
        ..plain("ams load", "TRAY", "load from A1 … D4, HT-A or external", |words| {
            Ok(Command::Load { tray: one(words)? })
        })
    },
    Verb {
        also: &["unload"],
        ..plain("ams unload", "", "unload what is loaded", |_| Ok(Command::Unload))
    },
    plain("ams resume", "", "an AMS that waits goes on", |_| ams(AmsAction::Resume)),
    plain("ams pause", "", "an AMS holds", |_| ams(AmsAction::Pause)),
    plain("ams reset", "", "an AMS starts over", |_| ams(AmsAction::Reset)),
    plain("ams done", "", "tell an AMS that filament came out", |_| ams(AmsAction::Done)),
    plain("ams abort", "", "an AMS gives up", |_| ams(AmsAction::Abort)),
    plain("ams read", "TRAY", "read the tag of a spool", |words| {
        Ok(Command::ReadTag { tray: one(words)? })
    }),
    plain(
        "ams set",
        "TRAY MATERIAL COLOUR MIN-MAX [FILAMENT_ID]",
        "say what a tray holds, such as A1 PLA FF0000 190-230",
        filament::set,
    ),
    plain("ams clear", "TRAY", "say that a tray holds nothing known", |words| {
        Ok(Command::SetFilament { tray: one(words)?, filament: None })
    }),
    plain("ams dry", "UNIT °C HOURS [MATERIAL] [rotate]", "dry a unit", filament::dry),
    plain("ams dry-stop", "UNIT", "stop drying", |words| match words {
        [unit] => Ok(Command::DryStop { unit: filament::unit(unit)? }),
        _ => Err(Wrong::Shape),
    }),
    plain("ams option", "power-on|insert|remain on|off", "when tags are read", filament::option),
    plain(
        "calibrate",
        "bed|vibration|noise|lidar|offset|hot-bed|clumping ...",
        "calibrate the machine",
        calibrate,
    ),
    plain("record", "on|off", "record what is printed", |words| {
        exact(Camera::Record { control: one::<Switch>(words)? })
    }),
    plain("timelapse", "on|off", "take a time-lapse of each job", |words| {
        exact(Camera::Timelapse { control: one::<Switch>(words)? })
    }),
    plain("resolution", "720p|1080p", "resolution of the camera", |words| {
        exact(Camera::Resolution { resolution: one::<Resolution>(words)? })
    }),
    plain("option", "recovery|refill|sound on|off", "switch what it does by itself", option),
    plain("gcode-file", "PATH", "run raw G-code from the storage", |words| match words {
        [path] => exact(Job::GcodeFile((*path).to_owned())),
        _ => Err(Wrong::Shape),
    }),
    plain("refresh", "", "ask for the whole status", |_| Ok(Command::Exact(Request::PushAll))),
    plain("reboot", "", "start the printer anew", |_| exact(System::Reboot)),
    plain("raw", "JSON|-", "send this request as it is", |words| {
        // Unquoted JSON comes in pieces.
        let raw = Raw::parse(&words.join(" ")).map_err(|error| wrong(&error))?;
        Ok(Command::Exact(raw.into()))
    }),
];

const fn plain(
    name: &'static str,
    shape: &'static str,
    does: &'static str,
    read: fn(&[&str]) -> Result<Command, Wrong>,
) -> Verb {
    Verb { name, also: &[], shape, does, read }
}

/// The verb that these words begin with, and the words behind it.
pub(super) fn find<'a>(words: &'a [&'a str]) -> Option<(&'static Verb, &'a [&'a str])> {
    let begins = |name: &str| {
        let length = name.split(' ').count();
        let start = words.get(..length)?;
        let same = name.split(' ').zip(start).all(|(name, word)| name == plain_word(word));
        same.then_some(length)
    };
    let names = |verb: &'static Verb| std::iter::once(&verb.name).chain(verb.also);
    let found = VERBS.iter().filter_map(|verb| {
        let length = names(verb).find_map(|name| begins(name))?;
        Some((length, verb))
    });
    let (length, verb) = found.max_by_key(|(length, _)| *length)?;
    Some((verb, words.get(length..).unwrap_or_default()))
}

/// Whether a verb or an earlier tool's command begins with this word.
pub(super) fn begins_one(word: &str) -> bool {
    let plain = plain_word(word);
    let first = |name: &str| name.split(' ').next() == Some(plain.as_str());
    VERBS.iter().any(|verb| first(verb.name) || verb.also.iter().any(|name| first(name)))
        || bambu_protocol::command::SEED_NAMES.contains(&word)
}

impl Verb {
    /// The command that these words behind the verb make.
    pub(super) fn read(&self, words: &[&str]) -> Result<Command, Wrong> {
        if self.shape.is_empty() && !words.is_empty() {
            return Err(Wrong::Shape);
        }
        (self.read)(words)
    }

    /// Verb and what stands behind it.
    pub(super) fn usage(&self) -> String {
        format!("{} {}", self.name, self.shape).trim_end().to_owned()
    }
}

/// A command by the name that an earlier tool has for it.
pub(super) fn seeds(words: &[&str]) -> Option<Command> {
    let (name, rest) = words.split_first()?;
    seed_name(name, &rest.join(" "))
}

/// The verbs as lines of help.
pub(super) fn help() -> String {
    let line = |verb: &Verb| match verb.usage() {
        short if short.chars().count() <= 32 => format!("  {short:<32} {}\n", verb.does),
        long => format!("  {long}\n{:35}{}\n", "", verb.does),
    };
    VERBS.iter().map(line).collect()
}

fn ams(action: AmsAction) -> Result<Command, Wrong> {
    Ok(Command::AmsControl(action))
}

fn exact(request: impl Into<Command>) -> Result<Command, Wrong> {
    Ok(request.into())
}

/// The extruder in front of other words, if one is named.
fn extruder<'a>(words: &'a [&'a str]) -> (Option<u8>, &'a [&'a str]) {
    match words.split_first() {
        Some((&"right", rest)) => (Some(0), rest),
        Some((&"left", rest)) => (Some(1), rest),
        _ => (None, words),
    }
}

fn fan(words: &[&str]) -> Result<Command, Wrong> {
    let (fan, percent) = match words {
        [percent] => (Fan::Part, percent),
        [fan, percent] => (read::<Fan>(fan)?, percent),
        _ => return Err(Wrong::Shape),
    };
    let percent = match *percent {
        "on" => 100,
        "off" => 0,
        word => number(word.trim_end_matches('%'), "percentage: 0 to 100, on or off")?,
    };
    Ok(Command::Fan { fan, percent })
}

fn light(words: &[&str]) -> Result<Command, Wrong> {
    match words {
        [mode] => Ok(Command::Light { node: None, mode: read::<LightMode>(mode)? }),
        [node, mode] => {
            Ok(Command::Light { node: Some(read::<LightNode>(node)?), mode: read(mode)? })
        }
        _ => Err(Wrong::Shape),
    }
}

/// One word with spaces is a line; words without are the parts of one.
fn gcode(words: &[&str]) -> Result<Command, Wrong> {
    if words.is_empty() {
        return Err(Wrong::Shape);
    }
    let lines = words.iter().any(|word| word.contains(char::is_whitespace));
    let text = words.join(if lines { "\n" } else { " " });
    Ok(Command::Gcode(text.replace("\\n", "\n")))
}

fn calibrate(words: &[&str]) -> Result<Command, Wrong> {
    let mut steps = Steps::default();
    for word in words {
        let step = match plain_word(word).as_str() {
            "bed" | "bed-level" => &mut steps.bed_level,
            "vibration" => &mut steps.vibration,
            "noise" | "motor-noise" => &mut steps.motor_noise,
            "lidar" => &mut steps.lidar,
            "offset" | "nozzle-offset" => &mut steps.nozzle_offset,
            "hot-bed" => &mut steps.high_temperature_bed,
            "clumping" => &mut steps.clumping_position,
            _ => return Err(Wrong::Value(format!("{word:?} is no step of a calibration"))),
        };
        *step = true;
    }
    if words.is_empty() { Err(Wrong::Shape) } else { Ok(Command::Calibrate(steps)) }
}

fn option(words: &[&str]) -> Result<Command, Wrong> {
    let [name, position] = words else { return Err(Wrong::Shape) };
    let on = read::<Switch>(position)? == Switch::On;
    match plain_word(name).as_str() {
        "recovery" | "auto-recovery" => exact(PrintOption::auto_recovery(on)),
        "refill" => exact(PrintOption::AutoSwitchFilament { auto_switch_filament: on }),
        "sound" => exact(PrintOption::Sound { sound_enable: on }),
        _ => Err(Wrong::Value(format!("{name:?} is no option"))),
    }
}
