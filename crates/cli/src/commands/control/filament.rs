//! The longer verbs of `bambu control ams …`.

use bambu_protocol::command::{Command, Filament};

use super::values::{Wrong, number, plain_word, read};

/// `TRAY MATERIAL COLOUR MIN-MAX [FILAMENT_ID]`.
pub(super) fn set(words: &[&str]) -> Result<Command, Wrong> {
    let (at, material, colour, range, id) = match words {
        [at, material, colour, range] => (at, material, colour, range, ""),
        [at, material, colour, range, id] => (at, material, colour, range, *id),
        _ => return Err(Wrong::Shape),
    };
    let (min, max) = range.split_once('-').ok_or(Wrong::Shape)?;
    let filament = Filament {
        id: id.to_owned(),
        setting_id: String::new(),
        material: (*material).to_owned(),
        color: hex(colour)?,
        nozzle_min: number(min, "temperature in °C")?,
        nozzle_max: number(max, "temperature in °C")?,
    };
    Ok(Command::SetFilament { tray: read(at)?, filament: Some(filament) })
}

/// `RRGGBB` with or without `#` and opacity.
fn hex(colour: &str) -> Result<String, Wrong> {
    let bare = colour.trim_start_matches('#').to_ascii_uppercase();
    match bare.len() {
        _ if !bare.bytes().all(|byte| byte.is_ascii_hexdigit()) => None,
        6 => Some(format!("{bare}FF")),
        8 => Some(bare),
        _ => None,
    }
    .ok_or_else(|| Wrong::Value(format!("{colour:?} is no colour, such as FF0000")))
}

/// `UNIT °C HOURS [MATERIAL] [rotate]`.
pub(super) fn dry(words: &[&str]) -> Result<Command, Wrong> {
    let [at, celsius, hours, rest @ ..] = words else { return Err(Wrong::Shape) };
    let (filament, rotate) = match rest {
        [] => ("", false),
        ["rotate"] => ("", true),
        [filament] => (*filament, false),
        [filament, "rotate"] => (*filament, true),
        _ => return Err(Wrong::Shape),
    };
    Ok(Command::DryStart {
        unit: unit(at)?,
        celsius: number(celsius.trim_end_matches("°C"), "temperature in °C")?,
        hours: number(hours.trim_end_matches('h'), "number of hours")?,
        filament: filament.to_owned(),
        rotate,
    })
}

/// A unit: its letter on the printer's screen, `HT-A`, or its number on the wire.
pub(super) fn unit(word: &str) -> Result<u16, Wrong> {
    let letter = |text: &str| match text.as_bytes() {
        [byte @ b'a'..=b'h'] => Some(u16::from(byte - b'a')),
        _ => None,
    };
    let plain = plain_word(word);
    let known = match plain.strip_prefix("ht-") {
        Some(rest) => letter(rest).map(|at| 128 + at),
        None => letter(&plain).filter(|at| *at < 4).or_else(|| plain.parse().ok()),
    };
    known.ok_or_else(|| Wrong::Value(format!("{word:?} is no unit, such as A, HT-A or 128")))
}

/// `power-on|insert|remain on|off`.
pub(super) fn option(words: &[&str]) -> Result<Command, Wrong> {
    let [name, position] = words else { return Err(Wrong::Shape) };
    let on = Some(match *position {
        "on" => true,
        "off" => false,
        _ => return Err(Wrong::Value(format!("{position:?} is neither on nor off"))),
    });
    let (mut power_on, mut insert, mut remain) = (None, None, None);
    match plain_word(name).as_str() {
        "power-on" => power_on = on,
        "insert" => insert = on,
        "remain" => remain = on,
        _ => return Err(Wrong::Shape),
    }
    Ok(Command::AmsOptions {
        read_at_power_on: power_on,
        read_on_insert: insert,
        estimate_remain: remain,
    })
}
