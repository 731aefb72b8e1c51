//! Filament that runs out, and filament that takes its place.

use super::Event;
use crate::status::{ActiveTray, PrinterState, Status, Text};

/// Stage in which a job waits for filament [V].
const WAITS_FOR_FILAMENT: i64 = 6;

/// What fed the nozzle last, and whether it has run out.
#[derive(Debug, Clone, Default)]
pub(super) struct Filament {
    feeds: Option<Feed>,
    ran_out: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Feed {
    tray: ActiveTray,
    material: Option<Text>,
    color: Option<Text>,
}

impl Filament {
    pub(super) fn observe(&mut self, status: &Status, first: bool, events: &mut Vec<Event>) {
        let place = run_out(status);
        let before = std::mem::replace(&mut self.ran_out, place.is_some());
        if let Some((unit, tray)) = place.filter(|_| !first && !before) {
            let active = status.ams.active.filter(|active| unit.is_none_or(|u| u == active.unit));
            let unit = unit.or(active.map(|active| active.unit));
            let tray = tray.or(active.map(|active| active.tray));
            events.push(Event::FilamentRunout { unit, tray });
        }
        let Some(feed) = Feed::of(status) else { return };
        let changed = self.feeds.as_ref().is_none_or(|before| before.differs(&feed));
        if changed && !first {
            let (tray, material) = (feed.tray, feed.material.clone());
            let color = feed.color.clone();
            let (unit, tray) = (tray.unit, tray.tray);
            events.push(Event::FilamentChanged { unit, tray, material, color });
        }
        // While a chip is read the tray has no material for a moment.
        if changed || feed.material.is_some() {
            self.feeds = Some(feed);
        }
    }
}

impl Feed {
    fn of(status: &Status) -> Option<Self> {
        let tray = status.ams.active?;
        let found = status.ams.tray(tray.unit, tray.tray);
        let spool = status.external_spools.iter().find(|spool| spool.id == tray.unit);
        let (material, color) = match (found, spool) {
            (Some(tray), _) => (tray.material.clone(), tray.color.clone()),
            (None, Some(spool)) => (spool.material.clone(), spool.color.clone()),
            (None, None) => (None, None),
        };
        Some(Self { tray, material, color })
    }

    fn differs(&self, other: &Self) -> bool {
        let differ = |a: &Option<Text>, b: &Option<Text>| a.is_some() && b.is_some() && a != b;
        self.tray != other.tray
            || differ(&self.material, &other.material)
            || (other.material.is_some() && differ(&self.color, &other.color))
    }
}

/// Whether filament has run out, and in which unit and slot as far as the sign tells.
fn run_out(status: &Status) -> Option<(Option<u16>, Option<u8>)> {
    let in_error = status.error.as_ref().and_then(|error| by_error(error.number));
    let in_hms = || status.hms.iter().find_map(|hms| by_hms(&hms.code));
    let waits = || {
        let waits = status.stage.id == Some(WAITS_FOR_FILAMENT);
        (waits && status.state == PrinterState::Paused).then_some((None, None))
    };
    in_error.or_else(in_hms).or_else(waits)
}

/// `0300-8004`, `0300-8015` (external) and `07xx-8011` with its AMS lite and AMS HT kin [L].
fn by_error(number: u32) -> Option<(Option<u16>, Option<u8>)> {
    match number {
        0x0300_8004 => Some((None, None)),
        0x0300_8015 => Some((Some(254), None)),
        _ if number & 0xFFFF == 0x8011 => unit(number >> 24, number >> 16).map(|unit| (unit, None)),
        _ => None,
    }
}

/// `0700-2000-0002-0001`: unit in the second byte, slot in the sixth digit; 0003 tells that it goes
/// on with another spool [L].
fn by_hms(code: &str) -> Option<(Option<u16>, Option<u8>)> {
    let mut groups = code.split('-').map(|group| u32::from_str_radix(group, 16));
    let [head, part, severity, message] = std::array::from_fn(|_| groups.next()?.ok());
    let (head, part) = (head?, part?);
    if !matches!((severity?, message?), (2, 1) | (3, 1 | 2)) || part & 0xF0FF != 0x2000 {
        return None;
    }
    let unit = unit(head >> 8, head)?;
    let slot = u8::try_from((part >> 8) & 0xF).ok().filter(|slot| *slot < 4);
    Some((unit, if unit == Some(254) { Some(0) } else { slot }))
}

/// The unit behind a module and its instance; `None` when it is no filament unit.
fn unit(module: u32, instance: u32) -> Option<Option<u16>> {
    let instance = u16::try_from(instance & 0xFF).ok()?;
    match (module & 0xFF, instance) {
        (0x07 | 0x12 | 0x18, 0xFE | 0xFF) => Some(Some(254)),
        (0x07, 0..=3) => Some(Some(instance)),
        // AMS lite of an A2L has the id 16, so the active tray knows better.
        (0x07 | 0x12, _) => Some(None),
        (0x18, 0..=7) => Some(Some(128 + instance)),
        (0x18, 0x80..=0x87) => Some(Some(instance)),
        (0x18, _) => Some(None),
        _ => None,
    }
}
