//! Which tray each filament of a plate comes from: as the vendor's slicer matches them, or as
//! somebody wants it. What does not fit is told per filament, in [`NoFit`].

mod misfit;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

use super::{
    PlateFilament, SlicedFile,
    color::{SAME, UNLIKE, distance},
};
use crate::{
    request::TrayId,
    status::{PrinterState, Status},
};

pub use misfit::{NoFit, Unfit};

/// Which tray each filament comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mapping {
    /// Per filament of the project, in its order; `None` is not used on this plate. What
    /// [`ProjectFile::map_trays`](crate::request::ProjectFile::map_trays) takes.
    #[serde(serialize_with = "names")]
    pub trays: Vec<Option<TrayId>>,
    /// The filaments that the plate uses.
    pub lines: Vec<MappingLine>,
}

/// One filament of a plate and its tray.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MappingLine {
    /// The filament's place in the project, from **1**.
    pub slot: u32,
    /// Its material in the file.
    pub material: Option<String>,
    /// Its colour in the file, `RRGGBBAA`.
    pub color: Option<String>,
    /// Where it comes from.
    #[serde(serialize_with = "name")]
    pub tray: TrayId,
    /// What is loaded there.
    pub tray_material: Option<String>,
    /// Its colour, `RRGGBBAA`.
    pub tray_color: Option<String>,
    /// How far the colours are apart (ΔE 1976): below 10 alike, above 50 another colour; `None`
    /// when they cannot be compared.
    pub distance: Option<f64>,
    /// What to know about it.
    pub note: Option<MappingNote>,
}

/// What to know about a filament's tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingNote {
    /// Somebody wanted this tray, and it holds another material.
    OtherMaterial,
    /// Somebody wanted this tray, and it feeds another nozzle than the file is sliced for.
    OtherNozzle,
    /// Somebody wanted this tray, and the printer does not tell what is in it.
    Untold,
    /// Another filament comes from the same tray.
    Shared,
    /// Its colour is another one.
    OtherColor,
}

impl MappingNote {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::OtherMaterial => "another material",
            Self::OtherNozzle => "feeds the other nozzle",
            Self::Untold => "what is loaded is not known",
            Self::Shared => "shared with another filament",
            Self::OtherColor => "another colour",
        }
    }
}

/// Colours further apart get a note.
const ALIKE: f64 = 20.0;

/// Finds a tray for every filament that a plate uses. `wanted` names trays by the filament's place
/// in the project and goes before everything else; where it ends or has `None`, the tray is found:
/// of the same material, at the nozzle the file is sliced for, the nearest colour first, each tray
/// once where that is possible. [V] Filament units go before external spools; one of these is only
/// taken for the one filament of its nozzle. [G]
///
/// # Errors
/// [`NoFit`], which tells what was wanted and what is loaded.
pub fn map_filaments(
    file: &SlicedFile,
    plate: u32,
    status: &Status,
    wanted: &[Option<TrayId>],
) -> Result<Mapping, NoFit> {
    let plate = file.plate(plate).ok_or(NoFit::NoPlate { plate })?;
    let count = file.filament_count();
    if wanted.len() > count.max(1) {
        return Err(NoFit::TooMany { wanted: wanted.len(), filaments: count });
    }
    let of = |filament: &PlateFilament| wanted.get(place(filament)).copied().flatten();
    if plate.filaments.is_empty() {
        // The file does not say what it needs: whoever names trays knows.
        let named: Vec<TrayId> = wanted.iter().copied().flatten().collect();
        if named.is_empty() {
            return Err(NoFit::NoFilaments);
        }
        named.iter().try_for_each(|tray| spools(status).check(*tray))?;
        return Ok(Mapping { trays: wanted.to_vec(), lines: Vec::new() });
    }
    let spools = spools(status);
    if spools.is_unknown && plate.filaments.iter().any(|filament| of(filament).is_none()) {
        return Err(NoFit::Unknown);
    }
    let mut pairs: Vec<(&PlateFilament, Option<TrayId>)> = Vec::new();
    for filament in &plate.filaments {
        let tray = of(filament);
        if let Some(tray) = tray {
            spools.check(tray)?;
        }
        pairs.push((filament, tray));
    }
    spools.find(&mut pairs);
    let misfits: Vec<&PlateFilament> =
        pairs.iter().filter(|(_, tray)| tray.is_none()).map(|(filament, _)| *filament).collect();
    if !misfits.is_empty() {
        return Err(NoFit::Filaments(
            misfits.into_iter().map(|filament| spools.misfit(filament)).collect(),
        ));
    }
    let mut trays = vec![None; count];
    let mut lines = Vec::new();
    for (filament, tray) in &pairs {
        let Some(tray) = *tray else { continue };
        if let Some(at) = trays.get_mut(place(filament)) {
            *at = Some(tray);
        }
        let others = pairs.iter().filter(|(_, other)| *other == Some(tray)).count();
        lines.push(spools.line(filament, tray, others > 1));
    }
    Ok(Mapping { trays, lines })
}

fn place(filament: &PlateFilament) -> usize {
    filament.slot.saturating_sub(1) as usize
}

/// A tray or external spool that a filament could come from.
struct Spool<'a> {
    tray: TrayId,
    /// Extruder that it feeds; `None` where not told, and with one nozzle.
    extruder: Option<u8>,
    loaded: Option<bool>,
    material: Option<&'a str>,
    color: Option<&'a str>,
    filament_id: Option<&'a str>,
}

struct Spools<'a> {
    all: Vec<Spool<'a>>,
    is_unknown: bool,
}

fn spools(status: &Status) -> Spools<'_> {
    let nozzles = match status.model {
        Some(model) => usize::from(model.capabilities().extruders),
        None => status.nozzles.len(),
    };
    let two = nozzles > 1;
    let mut all = Vec::new();
    for unit in &status.ams.units {
        for tray in &unit.trays {
            all.push(Spool {
                tray: TrayId { unit: unit.id, slot: tray.id },
                extruder: unit.extruder.filter(|_| two),
                loaded: tray.loaded,
                material: tray.material.as_deref(),
                color: tray.color.as_deref(),
                filament_id: tray.filament_id.as_deref(),
            });
        }
    }
    for spool in &status.external_spools {
        let is_left = two && spool.id == 254;
        all.push(Spool {
            tray: if is_left { TrayId::EXTERNAL_LEFT } else { TrayId::EXTERNAL },
            extruder: two.then_some(u8::from(is_left)),
            loaded: None,
            material: spool.material.as_deref(),
            color: spool.color.as_deref(),
            filament_id: spool.filament_id.as_deref(),
        });
    }
    let is_unknown = status.state == PrinterState::Unknown && all.is_empty();
    Spools { all, is_unknown }
}

impl Spools<'_> {
    fn of(&self, tray: TrayId) -> Option<&Spool<'_>> {
        self.all.iter().find(|spool| spool.tray == tray)
    }

    /// Whether somebody may want this tray.
    fn check(&self, tray: TrayId) -> Result<(), NoFit> {
        let externals = self.all.iter().any(|spool| spool.tray.is_external());
        match self.of(tray) {
            Some(spool) if spool.loaded == Some(false) => Err(NoFit::Empty { tray }),
            Some(_) => Ok(()),
            // Some printers tell nothing of their external spool before it has been set.
            None if self.is_unknown || (tray == TrayId::EXTERNAL && !externals) => Ok(()),
            None => Err(NoFit::NoSuchTray { tray, trays: self.names() }),
        }
    }

    fn names(&self) -> Vec<TrayId> {
        self.all.iter().map(|spool| spool.tray).collect()
    }

    /// Whether a filament can come from here at all.
    fn fits(filament: &PlateFilament, spool: &Spool<'_>) -> bool {
        let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other.trim());
        let material = filament.material.as_deref().zip(spool.material);
        spool.loaded != Some(false)
            && material.is_some_and(|(wanted, loaded)| same(wanted, loaded))
            && (filament.extruder.zip(spool.extruder)).is_none_or(|(wanted, has)| wanted == has)
    }

    /// Fills what is open: filament units first, then external spools where they may be.
    fn find(&self, pairs: &mut [(&PlateFilament, Option<TrayId>)]) {
        while let Some((at, tray)) = self.nearest(pairs) {
            if let Some((_, open)) = pairs.get_mut(at) {
                *open = Some(tray);
            }
        }
        for at in 0..pairs.len() {
            let Some(&(filament, None)) = pairs.get(at) else { continue };
            let external = self.all.iter().find(|spool| {
                let alone = pairs.iter().all(|(other, _)| {
                    other.slot == filament.slot
                        || spool
                            .extruder
                            .is_some_and(|own| other.extruder.is_some_and(|it| it != own))
                });
                spool.tray.is_external() && alone && Self::fits(filament, spool)
            });
            if let (Some(spool), Some((_, open))) = (external, pairs.get_mut(at)) {
                *open = Some(spool.tray);
            }
        }
    }

    /// The open filament and the tray of a unit that are nearest to each other. A tray is taken
    /// twice only for the same colour, or when nothing else is left. [V]
    fn nearest(&self, pairs: &[(&PlateFilament, Option<TrayId>)]) -> Option<(usize, TrayId)> {
        let mut best: Option<((bool, f64, bool), usize, TrayId)> = None;
        for (at, (filament, _)) in pairs.iter().enumerate().filter(|(_, (_, tray))| tray.is_none())
        {
            for spool in self.all.iter().filter(|spool| !spool.tray.is_external()) {
                if !Self::fits(filament, spool) {
                    continue;
                }
                let apart = distance(filament.color.as_deref(), spool.color);
                let taken = pairs.iter().any(|(_, tray)| *tray == Some(spool.tray));
                let other_id = filament.filament_id.as_deref() != spool.filament_id;
                let rank = (taken && apart >= SAME, apart, other_id);
                let better = best.is_none_or(|(known, ..)| {
                    let by_distance = rank.1.total_cmp(&known.1);
                    rank.0.cmp(&known.0).then(by_distance).then(rank.2.cmp(&known.2)).is_lt()
                });
                if better {
                    best = Some((rank, at, spool.tray));
                }
            }
        }
        best.map(|(_, at, tray)| (at, tray))
    }

    fn line(&self, filament: &PlateFilament, tray: TrayId, shared: bool) -> MappingLine {
        let spool = self.of(tray);
        let color = spool.and_then(|spool| spool.color);
        let apart = distance(filament.color.as_deref(), color);
        let material = spool.and_then(|spool| spool.material);
        let fits = spool.is_some_and(|spool| Self::fits(filament, spool));
        let other_nozzle = spool
            .and_then(|spool| spool.extruder.zip(filament.extruder))
            .is_some_and(|(has, wanted)| has != wanted);
        let note = match () {
            () if other_nozzle => Some(MappingNote::OtherNozzle),
            () if material.is_none() => Some(MappingNote::Untold),
            () if !fits => Some(MappingNote::OtherMaterial),
            () if shared => Some(MappingNote::Shared),
            () if apart > ALIKE => Some(MappingNote::OtherColor),
            () => None,
        };
        MappingLine {
            slot: filament.slot,
            material: filament.material.clone(),
            color: filament.color.clone(),
            tray,
            tray_material: material.map(str::to_owned),
            tray_color: color.map(str::to_owned),
            distance: (apart < UNLIKE).then_some(apart),
            note,
        }
    }

    fn misfit(&self, filament: &PlateFilament) -> Unfit {
        let loaded = self.all.iter().filter_map(|spool| {
            let material = spool.material.filter(|_| spool.loaded != Some(false))?;
            let apart = distance(filament.color.as_deref(), spool.color);
            let color = spool.color.map(|color| color.get(..6).unwrap_or(color));
            let color = color.map(|color| format!(" #{color}")).unwrap_or_default();
            Some((apart, format!("{} {material}{color}", spool.tray)))
        });
        let mut loaded: Vec<(f64, String)> = loaded.collect();
        loaded.sort_by(|one, other| one.0.total_cmp(&other.0));
        Unfit {
            slot: filament.slot,
            material: filament.material.clone(),
            color: filament.color.clone(),
            extruder: filament
                .extruder
                .filter(|_| self.all.iter().any(|spool| spool.extruder.is_some())),
            loaded: loaded.into_iter().map(|(_, text)| text).collect(),
        }
    }
}

fn name<S: Serializer>(tray: &TrayId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(tray)
}

fn names<S: Serializer>(trays: &[Option<TrayId>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(trays.iter().map(|tray| tray.map(|tray| tray.to_string())))
}
