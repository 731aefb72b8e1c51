//! Properties of decoding and merging, over invented reports and mutated ones.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path, sync::LazyLock};

use bambu_protocol::{report::State, status::Status};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

/// The merge rule of the reference, written down once more and as plainly as possible.
mod reference {
    use super::{Map, Value};

    pub(super) fn apply(state: &mut Value, print: &Value) {
        if print["msg"] == 0 {
            *state = print.clone();
            for_units(state, |unit| drop_gone(unit, &unit["tray"].clone()));
        } else {
            merge(state, print);
        }
        exist_bits(state);
    }

    fn merge(old: &mut Value, new: &Value) {
        let (Value::Object(old), Value::Object(new)) = (&mut *old, new) else {
            *old = new.clone();
            return;
        };
        for (key, new) in new {
            let slot = old.entry(key).or_insert(Value::Null);
            match (key.as_str(), slot.is_array() && new.is_array()) {
                ("ams", true) => by_id(slot, new, |old, new| {
                    drop_gone(old, &new["tray"]);
                    merge(old, new);
                }),
                _ if key == "vt_tray" => *slot = new.clone(),
                ("tray", true) => by_id(slot, new, merge),
                _ => merge(slot, new),
            }
        }
    }

    fn by_id(old: &mut Value, new: &Value, change: impl Fn(&mut Value, &Value)) {
        let old = old.as_array_mut().unwrap();
        for new in new.as_array().unwrap() {
            match old.iter_mut().find(|old| number(&old["id"]) == number(&new["id"])) {
                Some(old) => change(old, new),
                None => old.push(new.clone()),
            }
        }
    }

    fn number(id: &Value) -> Option<u64> {
        id.as_u64().or_else(|| id.as_str()?.parse().ok())
    }

    /// Empties the trays of `unit` that `trays` mentions with nothing but a steady empty state.
    fn drop_gone(unit: &mut Value, trays: &Value) {
        if number(&unit["id"]) >= Some(128) {
            return;
        }
        for gone in trays.as_array().into_iter().flatten() {
            let keys: Vec<_> = gone.as_object().unwrap().keys().collect();
            let steady = match gone.get("state") {
                None => true,
                Some(state) => [0, 8, 9, 10].iter().any(|empty| state == empty),
            };
            if steady && keys.iter().all(|key| *key == "id" || *key == "state") {
                for_trays(unit, |id, tray| {
                    if Some(id) == number(&gone["id"]) {
                        tray.retain(|key, _| key == "id" || key == "state");
                    }
                });
            }
        }
    }

    fn exist_bits(state: &mut Value) {
        let hex = |key| u64::from_str_radix(state["ams"][key].as_str()?, 16).ok();
        let (units, trays) = (hex("ams_exist_bits"), hex("tray_exist_bits"));
        if let (Some(bits), Some(list)) = (units, state["ams"]["ams"].as_array_mut()) {
            list.retain(|unit| match number(&unit["id"]).unwrap() {
                id @ 0..4 => bits >> id & 1 == 1,
                id @ 128.. => bits >> (id - 124) & 1 == 1,
                _ => true,
            });
        }
        let Some(bits) = trays else { return };
        for_units(state, |unit| {
            let unit_id = number(&unit["id"]).unwrap();
            for_trays(unit, |slot, tray| {
                let bit = if unit_id >= 128 { unit_id - 112 } else { unit_id * 4 + slot };
                let has_bit = unit_id < 128 || slot == 0;
                if has_bit && bits >> bit & 1 == 0 {
                    tray.retain(|key, _| key == "id" || key == "state");
                }
            });
        });
    }

    fn for_units(state: &mut Value, change: impl Fn(&mut Value)) {
        let units = state.get_mut("ams").and_then(|ams| ams.get_mut("ams"));
        units.and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
    }

    fn for_trays(unit: &mut Value, change: impl Fn(u64, &mut Map<String, Value>)) {
        let trays = unit.get_mut("tray").and_then(Value::as_array_mut);
        for tray in trays.into_iter().flatten() {
            change(number(&tray["id"]).unwrap(), tray.as_object_mut().unwrap());
        }
    }
}

/// One value of some key, now and then of a type that it should not have.
fn odd(good: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![
        8 => good,
        1 => Just(Value::Null),
        1 => Just(json!([{}, 1])),
        1 => Just(json!({"temp": 1})),
        1 => Just(json!("7")),
    ]
    .boxed()
}

fn some_of(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    part_of(1, keys)
}

/// An object with each key about `weight` times as often there as not.
fn part_of(weight: u32, keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let keys: Vec<_> = keys
        .into_iter()
        .map(|(key, value)| {
            prop_oneof![1 => Just(None), weight => value.prop_map(move |value| Some((key, value)))]
        })
        .collect();
    keys.prop_map(|pairs| {
        pairs.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect()
    })
    .boxed()
}

fn with_id(ids: &'static [u64], rest: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    (proptest::sample::select(ids), any::<bool>(), rest)
        .prop_map(|(id, as_text, mut object)| {
            object["id"] = if as_text { json!(id.to_string()) } else { json!(id) };
            object
        })
        .boxed()
}

/// A list whose elements have different ids, as every printer sends.
fn list_by_id(element: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec(element, 0..4)
        .prop_map(|mut list| {
            list.sort_by_key(|item| item["id"].to_string().replace('"', ""));
            list.dedup_by_key(|item| item["id"].to_string().replace('"', ""));
            list.into()
        })
        .boxed()
}

fn number() -> BoxedStrategy<Value> {
    odd((-5_i64..300).prop_map(|number| json!(number)))
}

/// Few units and trays, so that reports meet; half of the trays are bare.
fn ams() -> BoxedStrategy<Value> {
    let color = || odd("[0-9A-F]{8}".prop_map(Value::from));
    let states = || proptest::sample::select(vec![0, 3, 8, 9, 10, 11, 27]).prop_map(Value::from);
    let spool = part_of(
        3,
        vec![
            ("state", states().boxed()),
            ("tray_type", odd("PLA|PETG|".prop_map(Value::from))),
            ("tray_color", color()),
            ("cols", odd(vec(color(), 0..3).prop_map(Value::from))),
            ("remain", number()),
            ("novel", number()),
        ],
    );
    let bare = states().prop_map(|state| json!({ "state": state }));
    let tray = with_id(&[0, 1], prop_oneof![spool, bare].boxed());
    let unit = with_id(
        &[0, 1, 128],
        part_of(
            4,
            vec![
                ("info", odd("[01]00[1-4]".prop_map(Value::from))),
                ("humidity", number()),
                ("dry_time", number()),
                ("tray", list_by_id(tray)),
            ],
        ),
    );
    part_of(
        4,
        vec![
            ("ams", list_by_id(unit)),
            ("ams_exist_bits", "[1-3][13]".prop_map(Value::from).boxed()),
            ("tray_exist_bits", "[0-3]00[37f][37f]".prop_map(Value::from).boxed()),
            ("tray_now", number()),
        ],
    )
}

fn print() -> BoxedStrategy<Value> {
    let device = some_of(vec![
        ("bed_temp", number()),
        ("ctc", odd(some_of(vec![("info", odd(some_of(vec![("temp", number())])))]))),
        (
            "extruder",
            odd(some_of(vec![
                ("state", number()),
                (
                    "info",
                    odd(vec(
                        some_of(vec![("id", number()), ("temp", number()), ("snow", number())]),
                        0..3,
                    )
                    .prop_map(Value::from)),
                ),
            ])),
        ),
    ]);
    let keys = some_of(vec![
        ("gcode_state", odd("IDLE|RUNNING|finish".prop_map(Value::from))),
        ("mc_percent", number()),
        ("nozzle_temper", number()),
        (
            "hms",
            odd(vec(some_of(vec![("attr", number()), ("code", number())]), 0..3)
                .prop_map(Value::from)),
        ),
        ("ams", prop_oneof![9 => ams(), 1 => Just(Value::Null)].boxed()),
        ("device", odd(device)),
        (
            "upgrade_state",
            odd(some_of(vec![
                ("status", odd(Just(json!("IDLE")))),
                ("new_ver_list", odd(Just(json!([{"name": "ota"}])))),
            ])),
        ),
        ("stat", odd("[0-9A-F]{1,12}".prop_map(Value::from))),
        ("vt_tray", odd(some_of(vec![("id", odd(Just(json!("254")))), ("remain", number())]))),
    ]);
    sent(keys)
}

fn sent(keys: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let report = |(mut keys, message): (Value, i32)| {
        keys["command"] = json!("push_status");
        keys["msg"] = json!(i32::from(message > 0));
        keys
    };
    (keys, 0..4).prop_map(report).boxed()
}

fn status_of(print: &Value) -> Status {
    let mut print = print.clone();
    print["msg"] = json!(0);
    let mut state = State::new();
    state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
    without_active(state.status())
}

/// Which of two keys names the active tray depends on which came last, so no one report tells it.
fn without_active(mut status: Status) -> Status {
    status.ams.active = None;
    status
}

/// Full reports of all models, as one line each.
static FIXTURES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let reports = files.map(|file| serde_json::from_slice::<Value>(&file).unwrap());
    reports.map(|report| report["pushall"].to_string()).collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_full_and_delta_gives_what_the_vendor_rule_says(prints in prop_oneof![vec(print(), 1..6), vec(sent(ams().prop_map(|ams| json!({ "ams": ams })).boxed()), 2..9)]) {
        let mut state = State::new();
        let mut expected = json!({});
        for print in &prints {
            state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
            reference::apply(&mut expected, print);
        }
        prop_assert_eq!(without_active(state.status()), status_of(&expected), "{}", expected);
        let raw = state.raw();
        prop_assert_eq!(without_active(state.status()), status_of(&raw["print"]), "raw {}", raw);
    }

    #[test]
    fn decoding_never_panics_on_arbitrary_bytes(bytes in vec(any::<u8>(), 0..400)) {
        let _ = State::new().apply(&bytes);
    }

    #[test]
    fn a_mutated_report_of_any_model_never_panics(
        model in any::<prop::sample::Index>(),
        edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4), 1..8),
    ) {
        let mut report = model.get(&FIXTURES).as_bytes().to_vec();
        // Values move between keys, brackets and quotes get lost, pieces repeat.
        for (from, to, length) in edits {
            let (from, to) = (from.index(report.len()), to.index(report.len()));
            let piece: Vec<u8> = report.iter().skip(from).take(1_usize << (length * 3)).copied().collect();
            let end = report.len().min(to + piece.len() / 2);
            report.splice(to..end, piece);
        }
        let mut state = State::new();
        if state.apply(&report).is_ok() {
            prop_assert!(serde_json::to_string(&state.status()).is_ok());
        }
    }

    #[test]
    fn a_mutated_report_is_an_error_or_a_status_and_an_error_changes_nothing(
        first in print(),
        second in print(),
        cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut state = State::new();
        state.apply(json!({ "print": first }).to_string().as_bytes()).unwrap();
        let before = state.status();
        let mut bytes = json!({ "print": second }).to_string().into_bytes();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        match state.apply(&bytes) {
            Ok(_) => drop(serde_json::to_string(&state.status()).unwrap()),
            Err(_) => prop_assert_eq!(state.status(), before),
        }
    }
}
