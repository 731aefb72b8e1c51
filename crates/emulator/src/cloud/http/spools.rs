//! The filament manager: spools, what an AMS says of them, and in which slots they sit.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    answer::{Caller, Refused, over},
    fields::{self, asked_number, list, number_of, object, text},
};
use crate::cloud::{Cloud, library::Spool};

/// Spools sent when no `limit` is asked for.
const DEFAULT_LIMIT: u64 = 20;
/// Most spools sent at once.
const MAX_LIMIT: u64 = 200;
/// Most items that one call takes.
const MAX_ITEMS: usize = 256;
/// A slot is bound to a spool that does not exist [L].
const UNKNOWN_SPOOL: i32 = 2;
/// The tag in a slot is that of another spool [L].
const OTHER_TAG: i32 = 3;

/// The fields of a spool that a client may write, each with what it is while nobody has.
fn blank() -> Value {
    json!({
        "createType": "manual", "filamentVendor": "", "filamentType": "", "filamentName": "",
        "filamentId": "", "color": "", "colorType": 2, "colors": null, "netWeight": 0,
        "totalNetWeight": 0, "note": "", "status": 0, "isSupport": false, "trayIdName": "",
        "category": "",
    })
}

/// `GET my/filament/v2` [L].
pub(super) async fn spools(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    query: fields::Query,
) -> Result<Response, Refused> {
    let offset = asked_number(&query, "offset")?.unwrap_or(0);
    let limit = asked_number(&query, "limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let status = asked_number(&query, "status")?;
    let listed = |name: &str| -> Option<Vec<String>> {
        let text = query.get(name).filter(|text| !text.is_empty())?;
        Some(text.split(',').map(|id| id.trim().to_owned()).collect())
    };
    let (ids, rfids) = (listed("ids"), listed("RFIDs"));
    let category = query.get("category").filter(|text| !text.is_empty());
    let wanted = |spool: &Spool| {
        let field = |name: &str| spool.fields.get(name);
        status.is_none_or(|wanted| field("status").and_then(Value::as_u64) == Some(wanted))
            && category
                .is_none_or(|wanted| field("category").and_then(Value::as_str) == Some(wanted))
            && ids.as_ref().is_none_or(|ids| ids.contains(&spool.id.to_string()))
            && rfids.as_ref().is_none_or(|rfids| rfids.contains(&spool.rfid))
    };
    let spools = cloud.library().spools(caller.uid()).into_iter().filter(wanted);
    let page = spools
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(0));
    Ok(Json(json!({"hits": page.map(|spool| entry(&spool)).collect::<Vec<_>>()})).into_response())
}

/// `POST my/filament/v2`: `{}`, the new number is not told [L].
pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    if !["ams", "manual"].contains(&text(&body, "createType")?) {
        return Err(Refused::Invalid);
    }
    text(&body, "filamentName")?;
    let rfid = fields::text_if_set(&body, "RFID")?.unwrap_or_default();
    cloud.library().add_spool(caller.uid(), rfid, known(&body)?, Timestamp::now());
    Ok(Json(json!({})).into_response())
}

/// `PUT my/filament/v2`: the number is in the body [L].
pub(super) async fn change(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let id = match body.get("id") {
        None | Some(Value::Null) => return Err(Refused::NotSet("id".into())),
        Some(id) => id.as_u64().ok_or_else(|| Refused::TypeMismatch("id".into()))?,
    };
    text(&body, "filamentName")?;
    let fields = known(&body)?;
    let spool = cloud.library().change_spool(caller.uid(), id, fields, Timestamp::now());
    let spool = spool.ok_or(Refused::NotFound)?;
    Ok(Json(json!({"filamentV2": entry(&spool)})).into_response())
}

/// `DELETE my/filament/v2/batch`, by numbers (also as text) or tags [L].
pub(super) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let set = |field: &str| body.get(field).is_some_and(|list| !list.is_null());
    if !set("ids") && !set("RFIDs") {
        return Err(Refused::NotSet("ids".into()));
    }
    let given = |field| if set(field) { list(&body, field) } else { Ok(&[][..]) };
    let ids: Vec<u64> = given("ids")?.iter().filter_map(number_of).collect();
    let rfids: Vec<&str> = given("RFIDs")?.iter().filter_map(Value::as_str).collect();
    cloud.library().delete_spools(caller.uid(), &ids, &rfids);
    Ok(Json(json!({})).into_response())
}

/// `POST my/filament/v2/ams/sync`: what an AMS has read from tags; `createNew` adds a spool [L].
pub(super) async fn sync(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    own(&cloud, &caller, text(&body, "devId")?)?;
    let items = items(&body, "items")?;
    if items.is_empty() {
        return Err(Refused::NotSet("items".into()));
    }
    let uid = caller.uid();
    let mut results = Vec::with_capacity(items.len());
    for item in items {
        let (ams_sn, slot) = (text(item, "amsSn")?, text(item, "slotId")?);
        let rfid = fields::text_if_set(item, "RFID")?.unwrap_or_default();
        let fields = known(item)?;
        let tagged = |spool: &Spool| !rfid.is_empty() && spool.rfid == rfid;
        let spool = cloud.library().spools(uid).into_iter().find(tagged);
        let new = item.get("createNew").and_then(Value::as_bool).unwrap_or(false);
        let now = Timestamp::now();
        let id = match spool {
            Some(spool) => {
                cloud.library().change_spool(uid, spool.id, fields, now);
                Some(spool.id)
            }
            None if new && !rfid.is_empty() => {
                let mut fields = fields;
                fields.insert("createType".to_owned(), "ams".into());
                Some(cloud.library().add_spool(uid, rfid, fields, now).id)
            }
            None => None,
        };
        results.push(json!({"amsSn": ams_sn, "slotId": slot, "spoolId": id}));
    }
    Ok(Json(json!({"createdRFIDs": null, "results": results})).into_response())
}

/// `POST my/filament/v2/slot-mappings/sync`: which spool sits where; two `null` empty a slot [L].
pub(super) async fn map(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = object(&body)?;
    let device = text(&body, "devId")?;
    own(&cloud, &caller, device)?;
    let uid = caller.uid();
    let mut results = Vec::new();
    for item in items(&body, "mappings")? {
        let (ams_sn, slot) = (text(item, "amsSn")?, text(item, "slotId")?);
        let rfid = fields::text_if_set(item, "rfid")?.filter(|rfid| !rfid.is_empty());
        let asked = item.get("spoolId").filter(|id| !id.is_null()).map(number_of);
        let spools = cloud.library().spools(uid);
        let (code, spool) = match asked {
            Some(None) => return Err(Refused::TypeMismatch("spoolId".into())),
            Some(Some(id)) => match spools.iter().find(|spool| spool.id == id) {
                None => (UNKNOWN_SPOOL, None),
                Some(spool) if rfid.is_some_and(|rfid| spool.rfid != rfid) => (OTHER_TAG, None),
                Some(spool) => (0, Some(spool.id)),
            },
            None => match rfid {
                None => (0, None),
                Some(rfid) => match spools.iter().find(|spool| spool.rfid == rfid) {
                    None => (UNKNOWN_SPOOL, None),
                    Some(spool) => (0, Some(spool.id)),
                },
            },
        };
        if code == 0 {
            cloud.library().map_slot(uid, device, ams_sn, slot, spool);
        }
        results.push(json!({"amsSn": ams_sn, "slotId": slot, "code": code}));
    }
    Ok(Json(json!({"results": results})).into_response())
}

/// `GET filament/config`: the catalogue; the service's has about 110 rows [L].
pub(super) async fn catalogue(_caller: Caller) -> Response {
    let rows = CATALOGUE.iter().map(|(kind, name, id, is_support)| {
        json!({
            "filamentVendor": "Bambu Lab", "filamentType": kind, "filamentName": name,
            "filamentId": id, "isSupport": is_support,
        })
    });
    let mut categories: Vec<&str> = CATALOGUE.iter().map(|(kind, ..)| *kind).collect();
    categories.dedup();
    let rows: Vec<Value> = rows.collect();
    Json(json!({"categories": categories, "filamentSettings": rows})).into_response()
}

/// Material, name, number, whether it is for supports.
const CATALOGUE: [(&str, &str, &str, bool); 18] = [
    ("PLA", "Bambu PLA Basic", "GFA00", false),
    ("PLA", "Bambu PLA Matte", "GFA01", false),
    ("PLA", "Bambu PLA Metal", "GFA02", false),
    ("PLA", "Bambu PLA Silk", "GFA05", false),
    ("PLA-CF", "Bambu PLA-CF", "GFA50", false),
    ("ABS", "Bambu ABS", "GFB00", false),
    ("ASA", "Bambu ASA", "GFB01", false),
    ("PC", "Bambu PC", "GFC00", false),
    ("PETG", "Bambu PETG Basic", "GFG00", false),
    ("PETG", "Bambu PETG Translucent", "GFG01", false),
    ("PETG", "Bambu PETG HF", "GFG02", false),
    ("PETG-CF", "Bambu PETG-CF", "GFG50", false),
    ("PA-CF", "Bambu PAHT-CF", "GFN04", false),
    ("Support", "Bambu Support For PLA/PETG", "GFS05", true),
    ("Support", "Bambu Support for ABS", "GFS06", true),
    ("PVA", "Bambu PVA", "GFS04", true),
    ("TPU", "Bambu TPU 95A HF", "GFU00", false),
    ("TPU", "Bambu TPU 95A", "GFU01", false),
];

fn own(cloud: &Cloud, caller: &Caller, serial: &str) -> Result<(), Refused> {
    cloud.own(&caller.account, serial).map(|_| ()).ok_or(Refused::Forbidden(&[]))
}

fn items<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Vec<&'a Map<String, Value>>, Refused> {
    let items = list(body, field)?;
    if items.len() > MAX_ITEMS {
        return Err(Refused::Invalid);
    }
    let object =
        |item: &'a Value| item.as_object().ok_or_else(|| Refused::TypeMismatch(field.into()));
    items.iter().map(object).collect()
}

/// The fields of a spool among those of a body; another type than the service's is refused.
fn known(body: &Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    let Value::Object(blank) = blank() else { return Ok(Map::new()) };
    let mut known = Map::new();
    for (field, default) in blank {
        let Some(value) = body.get(&field).filter(|value| !value.is_null()) else { continue };
        let same = match &default {
            Value::Null => value.is_array(),
            other => std::mem::discriminant(other) == std::mem::discriminant(value),
        };
        if !same {
            return Err(Refused::TypeMismatch(field.into()));
        }
        known.insert(field, value.clone());
    }
    Ok(known)
}

fn entry(spool: &Spool) -> Value {
    let fixed = json!({
        "id": spool.id, "RFID": spool.rfid, "createdAt": spool.created.as_second(),
        "updatedAt": spool.updated.as_second(),
    });
    over(over(blank(), spool.fields.clone().into()), fixed)
}
