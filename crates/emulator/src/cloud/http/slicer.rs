//! What slicers keep in the cloud: presets, and news of their plugins.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    answer::{Caller, Refused, success},
    fields::{self, object},
    time::iot_time,
};
use crate::cloud::{
    Cloud,
    library::{NewPreset, Preset, PresetChange, PresetKind},
};

/// Longest name of a preset, in characters.
const LONGEST_NAME: usize = 255;

/// A preset that everybody has: kind, id, name, and what it is made for.
type Public = (PresetKind, &'static str, &'static str, &'static str);

/// A few of them; the service has hundreds.
const PUBLIC: [Public; 9] = [
    (PresetKind::Print, "GP004", "0.20mm Standard @BBL X1C", ""),
    (PresetKind::Print, "GP001", "0.16mm Optimal @BBL X1C", ""),
    (PresetKind::Print, "GP000", "0.20mm Standard @BBL A1M", ""),
    (PresetKind::Printer, "GM001", "Bambu Lab X1 Carbon 0.4 nozzle", ""),
    (PresetKind::Printer, "GM014", "Bambu Lab P1S 0.4 nozzle", ""),
    (PresetKind::Printer, "GM020", "Bambu Lab A1 mini 0.4 nozzle", ""),
    (PresetKind::Filament, "GFSA00", "Bambu PLA Basic @BBL X1C", "GFA00"),
    (PresetKind::Filament, "GFSG00", "Bambu PETG Basic @BBL X1C", "GFG00"),
    (PresetKind::Filament, "GFSB00", "Bambu ABS @BBL X1C", "GFB00"),
];

/// `GET slicer/resource`: the newest of what is asked for as `<type>=<version>`; no token wanted [L].
pub(super) async fn resource(query: fields::Query) -> Response {
    let kinds = ["slicer/plugins/cloud", "slicer/cameratools/cloud"];
    let asked = kinds.iter().find_map(|kind| Some((*kind, query.get(*kind)?)));
    let Some((kind, version)) = asked.filter(|(_, version)| four_groups(version)) else {
        return success(json!({"software": null, "guide": null, "resources": []}));
    };
    let entry = json!({
        "type": kind, "version": version, "description": "",
        "url": format!("https://example.com/{kind}/{version}.zip"), "force_update": false,
    });
    success(json!({"software": entry, "guide": null, "resources": [entry]}))
}

/// `GET slicer/setting`: lists, without the settings themselves [L].
pub(super) async fn settings(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    if !four_groups(fields::asked(&query, "version")?) {
        return Err(Refused::Invalid);
    }
    let public = query.get("public").is_none_or(|public| public != "false");
    Ok(success(lists(&cloud, &caller, public)))
}

/// The lists of all kinds.
pub(super) fn lists(cloud: &Cloud, caller: &Caller, public: bool) -> Value {
    let presets = cloud.library().presets(caller.uid());
    let lists = PresetKind::ALL.into_iter().map(|kind| {
        let of = |known: &&Public| public && known.0 == kind;
        let public: Vec<Value> = PUBLIC.iter().filter(of).map(meta_of_public).collect();
        let private = presets.iter().filter(|preset| preset.kind == kind).map(meta);
        (kind.word().to_owned(), json!({"public": public, "private": private.collect::<Vec<_>>()}))
    });
    let mut lists: Map<String, Value> = lists.collect();
    lists.insert("settings".to_owned(), json!([]));
    lists.into()
}

/// `GET slicer/setting/{id}`: one with its settings; a deleted one is missing [L].
pub(super) async fn setting(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    if let Some((kind, id, name, filament_id)) = PUBLIC.iter().find(|known| known.1 == id) {
        return Ok(success(json!({
            "public": true, "version": "1.0.0.0", "type": kind.word(), "name": name,
            "setting_id": id, "nickname": null, "base_id": null, "filament_id": filament_id,
            "update_time": "2026-01-01 00:00:00", "setting": {},
        })));
    }
    let preset = cloud.library().preset(caller.uid(), &id).ok_or(Refused::Missing)?;
    Ok(success(json!({
        "public": false, "version": preset.version, "type": preset.kind.word(),
        "name": preset.name, "setting_id": preset.id, "nickname": null,
        "base_id": preset.base_id, "filament_id": preset.filament_id,
        "update_time": iot_time(preset.updated), "setting": preset.setting,
    })))
}

/// `POST slicer/setting`: a new private preset [L].
pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let needed = |field| wanted(&body, field).and_then(|text| text.ok_or(not_set(field)));
    let (version, name, kind) = (needed("version")?, needed("name")?, needed("type")?);
    let setting = settings_of(&body)?.ok_or(not_set("setting"))?;
    let kind = PresetKind::of(&kind).ok_or(Refused::Invalid)?;
    let base_id = wanted(&body, "base_id")?;
    let new = NewPreset { kind, name, version, base_id, setting };
    let added = cloud.library().add_preset(caller.uid(), new, Timestamp::now());
    Ok(changed(&added.map_err(|_| Refused::Quota)?))
}

/// `PATCH slicer/setting/{id}`; an unknown id is an invalid parameter [L].
pub(super) async fn change(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let change = PresetChange {
        name: wanted(&body, "name")?,
        version: wanted(&body, "version")?,
        base_id: wanted(&body, "base_id")?,
        setting: settings_of(&body)?,
    };
    let preset = cloud.library().change_preset(caller.uid(), &id, change, Timestamp::now());
    Ok(changed(&preset.ok_or(Refused::Invalid)?))
}

/// `DELETE slicer/setting/{id}`: success, whether it was there or not [L].
pub(super) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Response {
    cloud.library().delete_preset(caller.uid(), &id);
    success(json!({}))
}

fn changed(preset: &Preset) -> Response {
    success(json!({"setting_id": preset.id, "update_time": iot_time(preset.updated)}))
}

fn not_set(field: &'static str) -> Refused {
    Refused::NotSet(field.into())
}

/// A text; another type is an invalid parameter here, unlike elsewhere [L].
fn wanted(body: &Map<String, Value>, field: &str) -> Result<Option<String>, Refused> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST_NAME => Err(Refused::Invalid),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refused::Invalid),
    }
}

fn settings_of(body: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Refused> {
    match body.get("setting") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(setting)) => Ok(Some(setting.clone())),
        Some(_) => Err(Refused::Invalid),
    }
}

/// `XX.YY.ZZ.WW` [L].
fn four_groups(version: &str) -> bool {
    let is_number = |group: &str| {
        (1..=4).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    version.split('.').count() == 4 && version.split('.').all(is_number)
}

fn meta(preset: &Preset) -> Value {
    json!({
        "setting_id": preset.id, "name": preset.name, "version": preset.version,
        "update_time": iot_time(preset.updated), "base_id": preset.base_id,
        "filament_id": preset.filament_id, "filament_vendor": null, "filament_type": null,
        "filament_is_support": null, "nozzle_temperature": null, "nozzle_hrc": null,
        "inherits": null, "nickname": null,
    })
}

fn meta_of_public((_, id, name, filament_id): &Public) -> Value {
    let filament_id = Some(filament_id).filter(|id| !id.is_empty());
    json!({
        "setting_id": id, "name": name, "version": "1.0.0.0",
        "update_time": "2026-01-01 00:00:00", "base_id": null, "filament_id": filament_id,
        "filament_vendor": null, "filament_type": null, "filament_is_support": null,
        "nozzle_temperature": null, "nozzle_hrc": null, "inherits": null, "nickname": null,
    })
}
