//! The control endpoint of a world: HTTP on the loopback network that switches faults while it runs
//! and tells what the cloud was asked.
//!
//! What the faults do is in `faults.rs`. It is a tool of testers; no printer has one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use bambu_protocol::Serial;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    cloud::{Bound, Cloud, switchboard::Switchboard},
    faults::{Fault, Faults, InvalidSetting, UnknownFault, parse_rate},
};

/// Every route, as `GET /` lists them.
const ROUTES: [&str; 11] = [
    "GET /requests",
    "DELETE /requests",
    "GET /faults",
    "PUT /faults/NAME?rate=RATE",
    "DELETE /faults[/NAME]",
    "GET /printers[/SERIAL]",
    "PUT /printers/SERIAL/faults/NAME?rate=RATE",
    "DELETE /printers/SERIAL/faults[/NAME]",
    "PUT /printers/SERIAL/developer-mode/on|off",
    "PUT /printers/SERIAL/cloud/on|off",
    "PUT /printers/SERIAL/power/on|off",
];

/// Longest body that is taken; none is needed.
const MAX_BODY: usize = 1024;

/// What is switched.
#[derive(Clone)]
struct Panel {
    cloud: Arc<Cloud>,
    switchboard: Switchboard,
}

/// Why nothing was switched. The text is "cause; next step".
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Fault(#[from] UnknownFault),
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error("no printer has the serial number `{0}`; GET /printers lists them")]
    Printer(String),
    #[error("`{0}` cannot be switched; it is developer-mode, cloud or power")]
    Switch(String),
    #[error("`{0}` is no position of a switch; it has to be on or off")]
    Position(String),
    #[error("`{0}` is a fault of the cloud, not of a printer; switch it by PUT /faults/{0}")]
    OfCloud(Fault),
    #[error("there is nothing here; GET / lists what there is")]
    Route,
    #[error("this cannot be done here; GET / lists what can be")]
    Method,
}

/// A printer, as `GET /printers` lists it.
#[derive(Serialize)]
struct Entry<'a> {
    serial: &'a Serial,
    name: String,
    model: &'static str,
    /// The cloud's word for what it does.
    print_status: &'static str,
    developer_mode: bool,
    power: bool,
    /// Whether the cloud reaches it.
    cloud: bool,
    faults: BTreeMap<&'static str, f64>,
}

/// Every route there is; the answers are JSON.
pub fn router(cloud: Arc<Cloud>, switchboard: Switchboard) -> Router {
    Router::new()
        .route("/", get(|| async { Json(ROUTES) }))
        .route("/requests", get(requests).delete(forget))
        .route("/faults", get(faults).delete(clear_everywhere))
        .route("/faults/{name}", put(set_everywhere).delete(clear_one_everywhere))
        .route("/printers", get(printers))
        .route("/printers/{serial}", get(printer))
        .route("/printers/{serial}/faults", get(printer).delete(clear))
        .route("/printers/{serial}/faults/{name}", put(set).delete(clear_one))
        .route("/printers/{serial}/{switch}/{position}", put(switch))
        .fallback(|| async { Refused::Route })
        .method_not_allowed_fallback(|| async { Refused::Method })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Panel { cloud, switchboard })
}

type Answer = Result<Json<Value>, Refused>;
type Asked = Query<BTreeMap<String, String>>;

async fn requests(State(panel): State<Panel>) -> Json<Value> {
    let routes = panel.cloud.counts().all();
    let total: u64 = routes.values().flat_map(BTreeMap::values).sum();
    Json(json!({"total": total, "routes": routes}))
}

async fn forget(State(panel): State<Panel>) -> Json<Value> {
    panel.cloud.counts().clear();
    requests(State(panel)).await
}

async fn faults(State(panel): State<Panel>) -> Json<Value> {
    let all = Fault::all().map(|fault| {
        let of_cloud = ("cloud".to_owned(), panel.cloud.faults().rate(fault));
        let on: BTreeMap<_, _> = panel
            .all()
            .map(|(bound, faults)| (bound.printer().serial().to_string(), faults.rate(fault)))
            .chain([of_cloud])
            .filter(|(_, rate)| *rate > 0.0)
            .collect();
        json!({"name": fault.name(), "description": fault.description(), "on": on})
    });
    Json(json!({"faults": all.collect::<Vec<_>>()}))
}

async fn printers(State(panel): State<Panel>) -> Json<Value> {
    Json(json!({"printers": panel.all().map(|(bound, _)| entry(bound)).collect::<Vec<_>>()}))
}

async fn printer(State(panel): State<Panel>, Path(serial): Path<String>) -> Answer {
    Ok(Json(json!(entry(panel.one(&serial)?))))
}

async fn set(
    State(panel): State<Panel>,
    Path((serial, name)): Path<(String, String)>,
    Query(asked): Asked,
) -> Answer {
    let (bound, fault, rate) = (panel.one(&serial)?, of_printer(&name)?, rate(&asked)?);
    bound.printer().faults().set(fault, rate);
    Ok(Json(json!(entry(bound))))
}

async fn clear_one(
    State(panel): State<Panel>,
    Path((serial, name)): Path<(String, String)>,
) -> Answer {
    let (bound, fault) = (panel.one(&serial)?, of_printer(&name)?);
    bound.printer().faults().clear(fault);
    Ok(Json(json!(entry(bound))))
}

async fn clear(State(panel): State<Panel>, Path(serial): Path<String>) -> Answer {
    let bound = panel.one(&serial)?;
    bound.printer().faults().clear_all();
    Ok(Json(json!(entry(bound))))
}

async fn set_everywhere(
    State(panel): State<Panel>,
    Path(name): Path<String>,
    Query(asked): Asked,
) -> Answer {
    let (fault, rate) = (name.parse()?, rate(&asked)?);
    Ok(panel.everywhere(Some(fault), |faults| faults.set(fault, rate)))
}

async fn clear_one_everywhere(State(panel): State<Panel>, Path(name): Path<String>) -> Answer {
    let fault = name.parse()?;
    Ok(panel.everywhere(Some(fault), |faults| faults.clear(fault)))
}

async fn clear_everywhere(State(panel): State<Panel>) -> Json<Value> {
    panel.everywhere(None, Faults::clear_all)
}

async fn switch(
    State(panel): State<Panel>,
    Path((serial, switch, position)): Path<(String, String, String)>,
) -> Answer {
    let bound = panel.one(&serial)?;
    let on = match position.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Refused::Position(position)),
    };
    match switch.as_str() {
        "developer-mode" => {
            let off = if on { 0.0 } else { 1.0 };
            bound.printer().faults().set(Fault::DeveloperModeOff, off);
        }
        "cloud" => {
            panel.switchboard.set_online(bound.printer().serial(), on);
        }
        "power" => bound.printer().power().set(on),
        _ => return Err(Refused::Switch(switch)),
    }
    Ok(Json(json!(entry(bound))))
}

impl Panel {
    fn all(&self) -> impl Iterator<Item = (&Bound, Faults)> {
        self.cloud.printers().map(|bound| (bound, bound.printer().faults()))
    }

    fn one(&self, serial: &str) -> Result<&Bound, Refused> {
        let serial_number = Serial::new(serial).ok();
        let known = serial_number.and_then(|serial| self.cloud.printer(&serial));
        known.ok_or_else(|| Refused::Printer(serial.to_owned()))
    }

    /// Changes the faults of all whom this one concerns: the cloud, the printers, or both.
    fn everywhere(&self, fault: Option<Fault>, change: impl Fn(&Faults)) -> Json<Value> {
        let of_cloud = fault.is_none_or(Fault::is_of_cloud);
        if of_cloud {
            change(self.cloud.faults());
        }
        if fault.is_some_and(Fault::is_of_cloud) {
            return Json(json!({"printers": 0, "cloud": true}));
        }
        let count = self.all().map(|(_, faults)| change(&faults)).count();
        Json(json!({"printers": count, "cloud": of_cloud}))
    }
}

fn of_printer(name: &str) -> Result<Fault, Refused> {
    let fault: Fault = name.parse()?;
    if fault.is_of_cloud() { Err(Refused::OfCloud(fault)) } else { Ok(fault) }
}

fn rate(asked: &BTreeMap<String, String>) -> Result<f64, InvalidSetting> {
    asked.get("rate").map_or(Ok(1.0), |rate| parse_rate(rate))
}

fn entry(bound: &Bound) -> Entry<'_> {
    let printer = bound.printer();
    let (summary, faults) = (printer.summary(), printer.faults());
    Entry {
        serial: printer.serial(),
        name: summary.name,
        model: summary.model.name(),
        print_status: summary.print_status,
        developer_mode: !faults.is_on(Fault::DeveloperModeOff),
        power: printer.power().is_on(),
        cloud: bound.online(),
        faults: faults.on().into_iter().map(|on| (on.fault.name(), on.rate)).collect(),
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Printer(_) | Self::Route | Self::Fault(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Setting(_) | Self::Switch(_) | Self::Position(_) | Self::OfCloud(_) => {
                StatusCode::BAD_REQUEST
            }
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}
