use proptest::prelude::*;

use super::*;
use crate::{
    Model,
    status::{AmsUnit, ExternalSpool, Nozzle, Tray},
    threemf::{Plate, Project, ProjectFilament},
};

const GREEN: &str = "00AE42FF";
const RED: &str = "FF0000FF";

fn filament(slot: u32, material: &str, color: &str) -> PlateFilament {
    PlateFilament {
        slot,
        material: Some(material.into()),
        color: Some(color.into()),
        ..PlateFilament::default()
    }
}

/// A file whose plate 1 uses these, of a project of `count` filaments.
fn file(count: u32, filaments: Vec<PlateFilament>) -> SlicedFile {
    let all = (0..count).map(|index| ProjectFilament { index, ..Default::default() });
    SlicedFile {
        project: Project { filaments: all.collect(), ..Project::default() },
        plates: vec![Plate { index: 1, filaments, ..Plate::default() }],
        unsliced_plates: Vec::new(),
    }
}

fn tray(id: u8, material: &str, color: &str) -> Tray {
    Tray {
        id,
        loaded: Some(!material.is_empty()),
        material: Some(material).filter(|it| !it.is_empty()).map(Into::into),
        color: Some(color.into()),
        ..Tray::default()
    }
}

fn unit(id: u16, extruder: Option<u8>, trays: Vec<Tray>) -> AmsUnit {
    AmsUnit { id, extruder, trays, ..AmsUnit::default() }
}

fn printer(model: Model, units: Vec<AmsUnit>) -> Status {
    let mut status = Status { model: Some(model), state: PrinterState::Idle, ..Status::default() };
    status.ams.units = units;
    status
}

fn external(id: u16, material: &str, color: &str) -> ExternalSpool {
    ExternalSpool {
        id,
        material: Some(material.into()),
        color: Some(color.into()),
        ..ExternalSpool::default()
    }
}

fn found(file: &SlicedFile, status: &Status) -> Result<Vec<String>, NoFit> {
    let mapping = map_filaments(file, 1, status, &[])?;
    Ok(mapping.trays.iter().map(|it| it.map_or("-".into(), |it| it.to_string())).collect())
}

#[test]
fn the_nearest_colour_of_the_same_material_is_taken() {
    let trays = vec![
        tray(0, "PETG", GREEN),
        tray(1, "PLA", "FFFFFFFF"),
        tray(2, "PLA", "F00000FF"),
        tray(3, "PLA", "00A040FF"),
    ];
    let status = printer(Model::P1S, vec![unit(0, None, trays)]);
    let both = file(4, vec![filament(2, "PLA", RED), filament(4, "pla", GREEN)]);
    assert_eq!(found(&both, &status).unwrap(), ["-", "A3", "-", "A4"]);
    let lines = map_filaments(&both, 1, &status, &[]).unwrap().lines;
    assert!(lines.iter().all(|line| line.distance.is_some_and(|apart| apart < 20.0)));
    assert!(lines.iter().all(|line| line.note.is_none()));
}

#[test]
fn an_empty_tray_and_another_material_are_no_candidates() {
    let mut gone = tray(0, "PLA", GREEN);
    gone.loaded = Some(false);
    let status = printer(Model::A1, vec![unit(0, None, vec![gone, tray(1, "PETG", GREEN)])]);
    let Err(NoFit::Filaments(misfits)) = found(&file(1, vec![filament(1, "PLA", GREEN)]), &status)
    else {
        panic!("it fits");
    };
    assert_eq!(misfits[0].loaded, ["A2 PETG #00AE42"]);
    let text = NoFit::Filaments(misfits).to_string();
    assert_eq!(
        text,
        "filament 1 wants PLA #00AE42, and loaded are A2 PETG #00AE42; load what is missing, or \
         name the trays yourself"
    );
}

#[test]
fn a_tray_is_taken_twice_for_one_colour_or_when_nothing_else_is_left() {
    let trays = vec![tray(0, "PLA", GREEN), tray(1, "PLA", RED)];
    let status = printer(Model::P1S, vec![unit(0, None, trays)]);
    let same = file(2, vec![filament(1, "PLA", GREEN), filament(2, "PLA", GREEN)]);
    assert_eq!(found(&same, &status).unwrap(), ["A1", "A1"]);
    let near = file(2, vec![filament(1, "PLA", GREEN), filament(2, "PLA", "00AF42FF")]);
    assert_eq!(found(&near, &status).unwrap(), ["A1", "A2"]);
    let three =
        vec![filament(1, "PLA", GREEN), filament(2, "PLA", RED), filament(3, "PLA", "00AA44FF")];
    assert_eq!(found(&file(3, three), &status).unwrap(), ["A1", "A2", "A1"]);
}

#[test]
fn the_filament_id_decides_between_equal_colours() {
    let mut second = tray(1, "PLA", GREEN);
    second.filament_id = Some("GFA01".into());
    let status = printer(Model::P1S, vec![unit(0, None, vec![tray(0, "PLA", GREEN), second])]);
    let mut wanted = filament(1, "PLA", GREEN);
    wanted.filament_id = Some("GFA01".into());
    assert_eq!(found(&file(1, vec![wanted]), &status).unwrap(), ["A2"]);
}

#[test]
fn another_opacity_is_the_last_choice() {
    let trays = vec![tray(0, "PLA", "00AE4200"), tray(1, "PLA", RED)];
    let status = printer(Model::P1S, vec![unit(0, None, trays)]);
    let wanted = file(1, vec![filament(1, "PLA", GREEN)]);
    assert_eq!(found(&wanted, &status).unwrap(), ["A2"]);
    let clear = printer(Model::P1S, vec![unit(0, None, vec![tray(0, "PLA", "00000000")])]);
    let line = map_filaments(&wanted, 1, &clear, &[]).unwrap().lines.remove(0);
    assert_eq!((line.distance, line.note), (None, Some(MappingNote::OtherColor)));
}

#[test]
fn with_two_nozzles_the_tray_feeds_the_one_that_the_file_is_sliced_for() {
    let mut status = printer(
        Model::H2D,
        vec![
            unit(0, Some(0), vec![tray(0, "PLA", GREEN)]),
            unit(128, Some(1), vec![tray(0, "PLA", RED)]),
        ],
    );
    status.nozzles = vec![Nozzle::default(), Nozzle { id: 1, ..Nozzle::default() }];
    let at = |extruder| PlateFilament { extruder: Some(extruder), ..filament(1, "PLA", GREEN) };
    assert_eq!(found(&file(1, vec![at(0)]), &status).unwrap(), ["A1"]);
    assert_eq!(found(&file(1, vec![at(1)]), &status).unwrap(), ["HT-A"]);
    status.ams.units.pop();
    status.external_spools = vec![external(254, "PLA", RED), external(255, "PLA", GREEN)];
    assert_eq!(found(&file(1, vec![at(1)]), &status).unwrap(), ["external-left"]);
    let wanted = [Some(TrayId { unit: 0, slot: 0 })];
    let forced = map_filaments(&file(1, vec![at(1)]), 1, &status, &wanted).unwrap();
    assert_eq!(forced.lines[0].note, Some(MappingNote::OtherNozzle));
}

#[test]
fn an_external_spool_serves_one_filament_alone() {
    let mut status = printer(Model::A1, vec![unit(0, None, vec![tray(0, "PLA", RED)])]);
    status.external_spools = vec![external(254, "PETG", GREEN)];
    assert_eq!(found(&file(1, vec![filament(1, "PETG", RED)]), &status).unwrap(), ["external"]);
    let both = file(2, vec![filament(1, "PETG", RED), filament(2, "PLA", RED)]);
    assert!(matches!(found(&both, &status), Err(NoFit::Filaments(misfits)) if misfits.len() == 1));
    // A unit goes first.
    status.external_spools = vec![external(254, "PLA", GREEN)];
    assert_eq!(found(&file(1, vec![filament(1, "PLA", GREEN)]), &status).unwrap(), ["A1"]);
}

#[test]
fn the_lite_unit_of_an_a2l_is_known_by_its_number() {
    let status = printer(Model::A2L, vec![unit(16, None, vec![tray(2, "PLA", RED)])]);
    let mapping = map_filaments(&file(1, vec![filament(1, "PLA", RED)]), 1, &status, &[]).unwrap();
    assert_eq!(mapping.trays, [Some(TrayId { unit: 16, slot: 2 })]);
}

#[test]
fn a_named_tray_goes_before_everything_and_has_to_be_there() {
    let trays = vec![tray(0, "PLA", GREEN), tray(1, "PETG", RED), tray(2, "", "")];
    let status = printer(Model::P1S, vec![unit(0, None, trays)]);
    let wanted = |text: &str| vec![Some(text.parse().unwrap())];
    let one = file(2, vec![filament(1, "PLA", GREEN)]);
    let named = map_filaments(&one, 1, &status, &wanted("A2")).unwrap();
    assert_eq!(named.trays, [Some(TrayId { unit: 0, slot: 1 }), None]);
    assert_eq!(named.lines[0].note, Some(MappingNote::OtherMaterial));
    let refused = |text| map_filaments(&one, 1, &status, &wanted(text)).unwrap_err();
    assert!(matches!(refused("A3"), NoFit::Empty { .. }));
    let absent = refused("B1");
    assert_eq!(absent.to_string(), "the printer has no tray B1; it has A1, A2, A3");
    let spool = map_filaments(&one, 1, &status, &wanted("external")).unwrap();
    assert_eq!(spool.lines[0].note, Some(MappingNote::Untold));
    let many = [None; 3];
    assert!(matches!(map_filaments(&one, 1, &status, &many), Err(NoFit::TooMany { .. })));
}

#[test]
fn what_nobody_knows_is_not_guessed() {
    let one = file(1, vec![filament(1, "PLA", GREEN)]);
    assert_eq!(found(&one, &Status::default()), Err(NoFit::Unknown));
    assert_eq!(found(&file(1, Vec::new()), &Status::default()), Err(NoFit::NoFilaments));
    let plate = map_filaments(&one, 2, &Status::default(), &[]);
    assert_eq!(plate, Err(NoFit::NoPlate { plate: 2 }));
    let named = map_filaments(&one, 1, &Status::default(), &[Some(TrayId::EXTERNAL)]).unwrap();
    assert_eq!(named.trays, [Some(TrayId::EXTERNAL)]);
}

fn some_color() -> impl Strategy<Value = String> {
    prop::sample::select(vec![GREEN, RED, "FFFFFFFF", "000000FF", "00000000", "10A040FF"])
        .prop_map(str::to_owned)
}

fn some_material() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["PLA", "PETG", "ABS"])
}

prop_compose! {
    fn some_filaments()(all in prop::collection::btree_map(
        1..=6u32, (some_material(), some_color(), prop::option::of(0..2u8)), 1..6)) -> Vec<PlateFilament> {
        all.into_iter().map(|(slot, (material, color, extruder))| PlateFilament {
            extruder, ..filament(slot, material, &color)
        }).collect()
    }
}

prop_compose! {
    fn some_status()(
        two in any::<bool>(),
        trays in prop::collection::btree_map(
            (prop::sample::select(vec![0u16, 1, 16, 128]), 0..4u8),
            (some_material(), some_color(), prop::option::of(any::<bool>())), 0..8),
        spool in prop::option::of((some_material(), some_color())),
    ) -> Status {
        let mut status = printer(if two { Model::H2D } else { Model::P1S }, Vec::new());
        for ((id, slot), (material, color, loaded)) in trays {
            let slot = if id == 128 { 0 } else { slot };
            if !status.ams.units.iter().any(|unit| unit.id == id) {
                status.ams.units.push(unit(id, Some(u8::from(id > 0)), Vec::new()));
            }
            let own = status.ams.units.iter_mut().find(|unit| unit.id == id).unwrap();
            if own.tray(slot).is_none() {
                own.trays.push(Tray { loaded, ..tray(slot, material, &color) });
            }
        }
        let spools = spool.map(|(material, color)| external(254, material, &color));
        status.external_spools = spools.into_iter().collect();
        status
    }
}

proptest! {
    #[test]
    fn every_used_filament_gets_a_tray_of_its_material_or_is_told(
        filaments in some_filaments(), status in some_status(),
    ) {
        let file = file(6, filaments.clone());
        let spools = spools(&status);
        let fitting = |filament: &PlateFilament| {
            spools.all.iter().filter(|spool| Spools::fits(filament, spool)).count()
        };
        match map_filaments(&file, 1, &status, &[]) {
            Ok(mapping) => {
                prop_assert_eq!(mapping.trays.len(), 6);
                for (at, tray) in mapping.trays.iter().enumerate() {
                    let used = filaments.iter().find(|filament| filament.slot as usize == at + 1);
                    prop_assert_eq!(used.is_some(), tray.is_some());
                    let (Some(used), Some(tray)) = (used, tray) else { continue };
                    let spool = spools.of(*tray).unwrap();
                    prop_assert!(Spools::fits(used, spool));
                    prop_assert!(spool.loaded != Some(false));
                    prop_assert_eq!(spool.material, used.material.as_deref());
                }
                // A tray is used twice only for its own colour, or when no other is free.
                for line in &mapping.lines {
                    let own = filaments.iter().find(|it| it.slot == line.slot).unwrap();
                    let alone = mapping.lines.iter().filter(|it| it.tray == line.tray).count() == 1;
                    let free = spools.all.iter().any(|spool| {
                        !spool.tray.is_external() && Spools::fits(own, spool)
                            && !mapping.trays.contains(&Some(spool.tray))
                    });
                    let first = mapping.lines.iter().filter(|it| it.tray == line.tray)
                        .all(|it| it.distance.unwrap_or(UNLIKE) >= line.distance.unwrap_or(UNLIKE));
                    prop_assert!(alone || !free || first || line.distance.is_some_and(|it| it < SAME));
                }
            }
            Err(NoFit::Filaments(misfits)) => {
                for misfit in misfits {
                    let own = filaments.iter().find(|it| it.slot == misfit.slot).unwrap();
                    let externals = spools.all.iter().filter(|spool| spool.tray.is_external());
                    let only_external = externals.filter(|spool| Spools::fits(own, spool)).count();
                    prop_assert_eq!(fitting(own), only_external);
                }
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_named_tray_is_what_is_taken(
        filaments in some_filaments(), status in some_status(), pick in any::<prop::sample::Index>(),
    ) {
        let loaded: Vec<TrayId> = spools(&status).all.iter()
            .filter(|spool| spool.loaded != Some(false)).map(|spool| spool.tray).collect();
        prop_assume!(!loaded.is_empty());
        let wanted = vec![Some(loaded[pick.index(loaded.len())]); 6];
        let mapping = map_filaments(&file(6, filaments), 1, &status, &wanted).unwrap();
        prop_assert!(mapping.lines.iter().all(|line| Some(line.tray) == wanted[0]));
    }
}
