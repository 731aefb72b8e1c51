//! `/api/v1/devices`: the account's printers and those that the user named, with the seeds' keys.

use std::{collections::BTreeSet, time::Duration};

use bambu_protocol::{Serial, cloud::Device};
use serde_json::{Map, Value, json};

use super::known::Known;
use crate::routes::age_seconds;

/// A list older than this is stale: it is asked for every minute.
const STALE_AFTER: Duration = Duration::from_secs(120);

/// All printers, and how old the account's list of them is.
pub(super) fn all(known: &Known, show_access_codes: bool) -> Value {
    let told = known.rest.devices();
    let list = told.as_ref().map_or(&[][..], |told| &*told.value);
    let shown = known.roster.all();
    let listed = list.iter().map(|device| &device.serial);
    let serials: BTreeSet<&Serial> = shown.keys().chain(listed).collect();
    let age = told.as_ref().map(|told| told.heard.age());
    let stale = known.has_account && age.is_none_or(|age| age > STALE_AFTER);
    let devices: Vec<Value> = serials
        .into_iter()
        .map(|serial| {
            let device = list.iter().find(|device| device.serial == *serial);
            one(known, serial, device, stale, show_access_codes)
        })
        .collect();
    json!({
        "devices": devices,
        "age_seconds": age.map(age_seconds),
        "stale": stale,
        "updated_at": told.as_ref().map(|told| told.heard.text()),
    })
}

/// One printer: the seeds' keys, each true or absent.
fn one(
    known: &Known,
    serial: &Serial,
    device: Option<&Device>,
    stale: bool,
    show_access_codes: bool,
) -> Value {
    let printer = known.roster.printer(serial.as_str());
    let live = printer.as_ref().filter(|printer| known.roster.is_live(printer));
    let status =
        live.and_then(|live| live.link.as_ref()).map(|link| link.snapshot().status.clone());
    let named = known.named.iter().find(|named| named.serial == *serial);
    let online = match device.and_then(|device| device.online) {
        _ if live.is_some() => true,
        Some(online) => online && !stale,
        None => false,
    };
    let mut entry = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            entry.insert(key.to_owned(), value);
        }
    };
    let text = |text: Option<&String>| text.map(|text| Value::from(text.as_str()));
    set("dev_id", Some(serial.as_str().into()));
    set("name", text(printer.as_ref().and_then(|it| it.name.as_ref())));
    set("online", Some(online.into()));
    set("print_status", text(device.and_then(|device| device.print_status.as_ref())));
    set("dev_model_name", text(device.and_then(|device| device.model_name.as_ref())));
    let model = printer.as_ref().and_then(|printer| printer.model);
    let model = status.as_ref().and_then(|status| status.model).or(model);
    let product = text(device.and_then(|device| device.product_name.as_ref()));
    set("dev_product_name", product.or_else(|| model.map(|model| model.name().into())));
    let told = device.and_then(|device| device.nozzle_diameter);
    let mounted = status.as_ref().and_then(|status| status.nozzles.first()?.diameter_mm);
    set("nozzle_diameter", told.or(mounted).map(Value::from));
    set("dev_structure", text(device.and_then(|device| device.structure.as_ref())));
    if show_access_codes {
        let code = device.and_then(|device| device.access_code.as_ref());
        let code = code.or_else(|| named.and_then(|named| named.access_code.as_ref()));
        set("dev_access_code", code.map(|code| code.reveal().into()));
    }
    Value::Object(entry)
}
