//! Which of the known printers a name means.

use bambu_protocol::cloud::Device;

use super::Target;
use crate::exit::{Failure, Kind};

/// Adds the printers of the account; what the config file says about one goes first.
pub(super) fn merge(known: &mut Vec<Target>, devices: Vec<Device>) {
    for device in devices {
        let model = device.model();
        match known.iter_mut().find(|target| target.serial == device.serial) {
            Some(target) => {
                target.in_account = true;
                target.name = target.name.take().or(device.name);
                target.model = target.model.or(model);
                target.access_code = target.access_code.take().or(device.access_code);
            }
            None => known.push(Target {
                name: device.name,
                model,
                access_code: device.access_code,
                in_account: true,
                ..Target::bare(device.serial)
            }),
        }
    }
}

/// A whole serial number is taken at its word, so that the account need not be asked.
pub(super) fn is_serial(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    name.len() == 15 && name.bytes().all(plain)
}

/// Those with exactly this serial number, else those with exactly this name.
pub(super) fn exact<'a>(known: &'a [Target], name: &str) -> Vec<&'a Target> {
    let same = |text: &str| text.eq_ignore_ascii_case(name);
    if let Some(target) = known.iter().find(|target| same(target.serial.as_str())) {
        return vec![target];
    }
    known.iter().filter(|target| target.name.as_deref().is_some_and(same)).collect()
}

/// The one printer that a name, a serial number or the beginning of one means; `any` takes whatever may be a serial number: the address is given by hand.
pub(super) fn one(known: &[Target], name: &str, any: bool) -> Result<Target, Failure> {
    let begins = |text: &str| {
        let start = text.get(..name.len()).filter(|_| !name.is_empty());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let mut fits = exact(known, name);
    if fits.is_empty() {
        fits.extend(known.iter().filter(|target| {
            begins(target.serial.as_str()) || target.name.as_deref().is_some_and(begins)
        }));
    }
    match fits.as_slice() {
        [one] => Ok((*one).clone()),
        [] if any || is_serial(name) => name.parse().map(Target::bare).map_err(
            |error: bambu_protocol::serial::InvalidSerial| {
                Failure::new(Kind::Usage, error)
                    .next("read it from the printer's screen, under Settings > Device")
            },
        ),
        [] if known.is_empty() => {
            Err(Failure::say(Kind::Usage, format!("no printer is called {name:?}"))
                .next("none is known: bambu login, or list printers in the config file"))
        }
        [] => Err(Failure::say(Kind::Usage, format!("no printer is called {name:?}"))
            .next(format!("known are: {}", names(known.iter())))),
        several => Err(Failure::say(Kind::Usage, format!("{name:?} fits several printers"))
            .next(format!("write more of one of these: {}", names(several.iter().copied())))),
    }
}

/// Printers by name and serial number, in a sentence.
pub(crate) fn names<'a>(targets: impl Iterator<Item = &'a Target>) -> String {
    let shown = |target: &Target| match &target.name {
        Some(name) => format!("{name} ({})", target.serial),
        None => target.serial.to_string(),
    };
    let all: Vec<String> = targets.map(shown).collect();
    match all.len() {
        0..=12 => all.join(", "),
        more => format!("{}, and {} more", all.get(..12).unwrap_or_default().join(", "), more - 12),
    }
}
