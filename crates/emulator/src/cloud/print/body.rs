//! The body of `POST my/task`: what has to be there, and of which type.
//!
//! Required is what both known bodies have: the stock one and the shorter one that works, too [L].

use serde_json::{Map, Value};

use super::Refused;
use crate::cloud::Dialect;

/// What a field has to be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Text that is not empty.
    Name,
    /// Text.
    Text,
    Int,
    Bool,
    /// A list of whole numbers.
    Ints,
    /// A list of objects; each has these fields.
    Objects(&'static [(&'static str, Self)]),
}

const REQUIRED: [(&str, Kind); 11] = [
    ("bedLeveling", Kind::Bool),
    ("bedType", Kind::Text),
    ("cover", Kind::Text),
    ("deviceId", Kind::Name),
    ("mode", Kind::Name),
    ("modelId", Kind::Name),
    ("plateIndex", Kind::Int),
    ("profileId", Kind::Int),
    ("timelapse", Kind::Bool),
    ("title", Kind::Name),
    ("useAms", Kind::Bool),
];

/// What the documents of the other dialect ask for.
const DOCUMENTED: [(&str, Kind); 2] = [("deviceId", Kind::Name), ("modelId", Kind::Name)];

const OPTIONAL: [(&str, Kind); 24] = [
    ("amsDetailMapping", Kind::Objects(&[("ams", Kind::Int)])),
    ("amsMapping", Kind::Ints),
    ("amsMapping2", Kind::Objects(&[("amsId", Kind::Int), ("slotId", Kind::Int)])),
    ("autoBedLeveling", Kind::Int),
    ("cfg", Kind::Text),
    ("designId", Kind::Int),
    ("extrudeCaliFlag", Kind::Int),
    ("extrudeCaliManualMode", Kind::Int),
    ("filamentSettingIds", Kind::Objects(&[])),
    ("flowCali", Kind::Bool),
    ("isPublicProfile", Kind::Bool),
    ("jobType", Kind::Int),
    ("layerInspect", Kind::Bool),
    ("nozzleInfos", Kind::Objects(&[])),
    ("nozzleMapping", Kind::Ints),
    ("nozzleOffsetCali", Kind::Int),
    ("oriModelId", Kind::Text),
    ("oriProfileId", Kind::Int),
    ("plateId", Kind::Int),
    ("sequence_id", Kind::Text),
    ("svcContext", Kind::Text),
    ("title", Kind::Text),
    ("timelapse", Kind::Bool),
    ("vibrationCali", Kind::Bool),
];

/// Modes that a task may have [L].
const MODES: [&str; 2] = ["cloud_file", "lan_file"];

/// Judges a body.
pub(super) fn judge(body: &Map<String, Value>, dialect: Dialect) -> Result<(), Refused> {
    let required = match dialect {
        Dialect::Observed => &REQUIRED[..],
        Dialect::Documented => &DOCUMENTED[..],
    };
    for (field, kind) in required {
        check(body.get(*field), *kind, field)?;
    }
    for (field, kind) in &OPTIONAL {
        if let Some(value) = body.get(*field).filter(|value| !value.is_null()) {
            check(Some(value), *kind, field)?;
        }
    }
    let mode = body.get("mode").and_then(Value::as_str);
    if mode.is_some_and(|mode| !MODES.contains(&mode)) {
        return Err(Refused::Invalid);
    }
    pairs(body)
}

/// The pair 255 and 255 names neither a tray nor the external spool [L].
fn pairs(body: &Map<String, Value>) -> Result<(), Refused> {
    let pairs = body.get("amsMapping2").and_then(Value::as_array);
    for (at, pair) in pairs.into_iter().flatten().enumerate() {
        let is_255 = |key: &str| pair.get(key).and_then(Value::as_i64) == Some(255);
        if is_255("amsId") && is_255("slotId") {
            return Err(Refused::TypeMismatch(format!("amsMapping2[{at}].slotId")));
        }
    }
    Ok(())
}

fn check(value: Option<&Value>, kind: Kind, field: &str) -> Result<(), Refused> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Err(Refused::NotSet(field.to_owned()));
    };
    let int = |value: &Value| value.is_i64() || value.is_u64();
    let right = match kind {
        Kind::Name if value.as_str() == Some("") => return Err(Refused::NotSet(field.to_owned())),
        Kind::Name | Kind::Text => value.is_string(),
        Kind::Int => int(value),
        Kind::Bool => value.is_boolean(),
        Kind::Ints => match value.as_array() {
            Some(list) => {
                return each(list, field, |item, field| check(Some(item), Kind::Int, field));
            }
            None => false,
        },
        Kind::Objects(fields) => match value.as_array() {
            Some(list) => {
                return each(list, field, |item, field| {
                    fields.iter().try_for_each(|(inner, kind)| {
                        check(item.get(*inner), *kind, &format!("{field}.{inner}"))
                    })
                });
            }
            None => false,
        },
    };
    if right { Ok(()) } else { Err(Refused::TypeMismatch(field.to_owned())) }
}

fn each(
    list: &[Value],
    field: &str,
    judge: impl Fn(&Value, &str) -> Result<(), Refused>,
) -> Result<(), Refused> {
    list.iter().enumerate().try_for_each(|(at, item)| judge(item, &format!("{field}[{at}]")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(change: Value) -> Result<(), Refused> {
        let short = json!({
            "deviceId": "01P00A000000001", "modelId": "US5eed0000c0ffee", "profileId": 1,
            "plateIndex": 1, "title": "cube", "cover": "", "mode": "cloud_file",
            "bedType": "auto", "useAms": false, "amsMapping": [], "timelapse": false,
            "bedLeveling": true, "jobType": 1, "isPublicProfile": false,
        });
        let (Value::Object(mut body), Value::Object(change)) = (short, change) else {
            unreachable!("both are objects")
        };
        for (key, value) in change {
            if value == "absent" {
                body.remove(&key)
            } else {
                body.insert(key, value)
            };
        }
        judge(&body, Dialect::Observed)
    }

    fn not_set(field: &str) -> Result<(), Refused> {
        Err(Refused::NotSet(field.to_owned()))
    }

    fn mismatch(field: &str) -> Result<(), Refused> {
        Err(Refused::TypeMismatch(field.to_owned()))
    }

    #[test]
    fn the_short_body_is_enough_and_a_field_less_is_told() {
        assert_eq!(judged(json!({})), Ok(()));
        for (field, _) in REQUIRED {
            assert_eq!(judged(json!({field: "absent"})), not_set(field));
        }
        assert_eq!(judged(json!({"title": ""})), not_set("title"));
        assert_eq!(judged(json!({"mode": "other"})), Err(Refused::Invalid));
    }

    #[test]
    fn types_are_told_with_their_place() {
        let ams = judged(json!({"amsDetailMapping": [{"ams": "0"}]}));
        assert_eq!(ams, mismatch("amsDetailMapping[0].ams"));
        let snake = judged(json!({"amsMapping2": [{"ams_id": 0, "slot_id": 1}]}));
        assert_eq!(snake, not_set("amsMapping2[0].amsId"));
        let profile = judged(json!({"profileId": "123"}));
        assert_eq!(profile, mismatch("profileId"));
        assert_eq!(judged(json!({"amsMapping2": [{"amsId": 255, "slotId": 0}]})), Ok(()));
        assert!(judged(json!({"amsMapping2": [{"amsId": 255, "slotId": 255}]})).is_err());
        assert!(judged(json!({"amsMapping": [0, "1"]})).is_err());
    }
}
