//! `docs/report-fields.head`: the keys are in `fields.tsv`; which of them fill which part of the
//! status document is found by changing each key and looking what changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use bambu_protocol::{report::State, status::Status};
use serde_json::{Value, json};

use super::{SOURCES, cell, fixtures};

const TABLE: &str = include_str!("fields.tsv");
const HEAD: &str = include_str!("fields.head");

/// Words that a text could be changed to; one of them makes sense somewhere.
const WORDS: [&str; 16] = [
    "",
    "x",
    "1",
    "7",
    "off",
    "on",
    "enable",
    "disable",
    "PAUSE",
    "cloud",
    "system",
    "1080p",
    "high",
    "HH01-0.6",
    "FLASHING",
    "rtsps://x",
];

const ENVELOPE: [&str; 3] = ["command", "msg", "sequence_id"];

const FANS: [&str; 4] =
    ["cooling_fan_speed", "big_fan1_speed", "big_fan2_speed", "heatbreak_fan_speed"];

/// Part of the status document by key of the report, both with `[]` for an index.
type Filled = BTreeMap<String, BTreeSet<String>>;

pub(super) fn page() -> String {
    let filled = filled();
    let rows: Vec<Vec<&str>> = TABLE.lines().map(|line| line.split('\t').collect()).collect();
    let listed: BTreeSet<_> = rows.iter().map(|row| row[0]).collect();
    let missing: Vec<_> = filled.keys().filter(|key| !listed.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "these keys are read and not in fields.tsv: {missing:?}");
    let mut page = format!("# Report fields\n\n{HEAD}\n{SOURCES}\n\n");
    page += "| Key in `print` | Type | Models | Meaning | In the status document |\n|---|---|---|---|---|\n";
    for row in rows {
        let [key, kind, models, meaning] = row[..] else { panic!("{row:?}") };
        let places = filled.get(key).map(shown).unwrap_or_default();
        let meaning = cell(meaning);
        writeln!(page, "| `{key}` | {kind} | {models} | {meaning} | {places} |").unwrap();
    }
    page
}

/// The places; of many the objects that they are in.
fn shown(places: &BTreeSet<String>) -> String {
    let parents = places.iter().map(|place| match place.rsplit_once('.') {
        Some((parent, _)) => format!("{parent}.…"),
        None => place.clone(),
    });
    let parents: BTreeSet<_> = parents.collect();
    let few = if places.len() > 3 { &parents } else { places };
    few.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ")
}

fn filled() -> Filled {
    let mut filled = Filled::new();
    let mut tried: BTreeMap<String, u8> = BTreeMap::new();
    for (_, known, fixture) in fixtures() {
        let base = known.status();
        let document = serde_json::to_value(&base).unwrap();
        let print = &fixture["pushall"]["print"];
        for pointer in leaves(print) {
            let key = general(&pointer);
            let times = tried.entry(key.clone()).or_default();
            *times += 1;
            if *times > 3 {
                continue;
            }
            let was = print.pointer(&pointer).unwrap();
            let top = pointer.split('/').nth(1).unwrap();
            if ENVELOPE.contains(&key.as_str()) {
                continue;
            }
            let is_bits = is_bits(&key);
            for value in changes(was, is_bits) {
                let mut changed = json!({ "msg": 1, top: print[top] });
                // One that comes alone makes the combined value of all fans old.
                for fan in FANS.iter().filter(|_| FANS.contains(&top)) {
                    changed[fan] = print[fan].clone();
                }
                *changed.pointer_mut(&pointer).unwrap() = value;
                let status = seen(&known, &json!({ "print": changed }));
                if status != base {
                    let now = serde_json::to_value(&status).unwrap();
                    let places = filled.entry(key.clone()).or_default();
                    differences(&document, &now, "", places);
                    if !is_bits {
                        break;
                    }
                }
            }
        }
    }
    filled
}

fn is_bits(key: &str) -> bool {
    const BITS: [&str; 9] = [
        "home_flag",
        "cfg",
        "fun",
        "stat",
        "aux",
        "flag3",
        "xcam.cfg",
        "fan_gear",
        "ams.ams[].info",
    ];
    let packed = key.ends_with(".temp") && (key.starts_with("device") || key.starts_with("info"));
    packed || BITS.contains(&key)
}

fn seen(known: &State, report: &Value) -> Status {
    let mut state = known.clone();
    state.apply(report.to_string().as_bytes()).unwrap();
    state.status()
}

/// Values to try instead of this one.
fn changes(was: &Value, is_bits: bool) -> Vec<Value> {
    match was {
        Value::Bool(is) => vec![json!(!is)],
        Value::Number(number) if is_bits => {
            let word = number.as_i64().unwrap() as u32;
            (0..32).map(|bit| json!((word ^ (1 << bit)).cast_signed())).collect()
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let whole = number as i64;
            let mut all = vec![json!(whole + 1), json!(whole + 10), json!(0), json!(255)];
            all.extend([json!(whole + 65_536 * 7), json!(whole ^ 16), json!(0x0500_4003)]);
            all
        }
        Value::String(text) if is_bits => {
            let word = u64::from_str_radix(text, 16).unwrap();
            (0..63).map(|bit| json!(format!("{:X}", word ^ (1 << bit)))).collect()
        }
        Value::String(text) => {
            let next = text.parse::<f64>().ok().map(|number| json!((number + 1.0).to_string()));
            next.into_iter().chain(WORDS.iter().map(|word| json!(word))).collect()
        }
        Value::Array(_) => vec![json!([]), json!([1, 2]), json!(["00FF00FF"])],
        _ => Vec::new(),
    }
}

/// Pointers to everything that is no object and no list of objects.
fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut walk = vec![(String::new(), value)];
    while let Some((pointer, value)) = walk.pop() {
        match value {
            Value::Object(map) => {
                walk.extend(map.iter().map(|(key, value)| (format!("{pointer}/{key}"), value)));
            }
            Value::Array(list) if list.iter().any(Value::is_object) => {
                let items = list.iter().enumerate();
                walk.extend(items.map(|(index, value)| (format!("{pointer}/{index}"), value)));
            }
            _ => found.push(pointer),
        }
    }
    found.sort();
    found
}

fn general(pointer: &str) -> String {
    let mut key = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            key.push_str("[]");
        } else {
            key.push_str(if key.is_empty() { "" } else { "." });
            key.push_str(part);
        }
    }
    key
}

fn differences(before: &Value, now: &Value, place: &str, found: &mut BTreeSet<String>) {
    match (before, now) {
        _ if before == now => {}
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                let dot = if place.is_empty() { "" } else { "." };
                let other = now.get(key).unwrap_or(&Value::Null);
                differences(value, other, &format!("{place}{dot}{key}"), found);
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (before, now) in before.iter().zip(now) {
                differences(before, now, &format!("{place}[]"), found);
            }
        }
        (Value::Array(_), _) => {
            found.insert(format!("{place}[]"));
        }
        _ => {
            found.insert(place.to_owned());
        }
    }
}
