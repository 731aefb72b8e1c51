//! Bodies that are made of somebody else's keys, as the description tells of them. Those with a type of
//! their own are described where that is.

#![expect(dead_code, reason = "their names, types and documentation are read, their fields never")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// What every face answers when it does not do what was asked; cases add keys of their own.
#[derive(Debug, ToSchema)]
pub(crate) struct Error {
    /// The case, in a few words that do not change.
    #[schema(example = "Forbidden")]
    pub error: String,
    /// The cause, and what to do.
    #[schema(example = "this token is not for that printer; ask whoever runs this proxy")]
    pub message: String,
}

/// The compatibility layer does not know the printer; the seeds' body, and nothing beside it.
#[derive(Debug, ToSchema)]
pub(crate) struct DeviceNotFound {
    /// Always `Device not found`.
    #[schema(example = "Device not found")]
    pub error: String,
}

/// There were too many requests.
#[derive(Debug, ToSchema)]
pub(crate) struct Limited {
    /// Always `Rate limit exceeded`.
    #[schema(example = "Rate limit exceeded")]
    pub error: String,
    /// The limit, and how long to wait.
    pub message: String,
    /// How long to wait, in words.
    #[schema(example = "42 seconds")]
    pub retry_after: String,
}

/// The cloud did not give what was asked for.
#[derive(Debug, ToSchema)]
pub(crate) struct Upstream {
    /// Always `API request failed`.
    #[schema(example = "API request failed")]
    pub error: String,
    /// The cause, and what to do.
    pub message: String,
    /// Its class: `auth`, `challenge`, `limit`, `timeout`, `unreachable`, `refused` or `server`.
    #[schema(example = "timeout")]
    pub cause: String,
    /// The cloud's status, if it answered.
    pub upstream_status: Option<u16>,
}

/// Which printer.
#[derive(Debug, ToSchema)]
pub(crate) struct RealtimeStart {
    /// The printer's serial number.
    #[schema(example = "01P00A000000001")]
    pub device_id: String,
}

/// The session runs.
#[derive(Debug, ToSchema)]
pub(crate) struct RealtimeStarted {
    /// `started`, or `extended` when it ran already.
    #[schema(example = "started")]
    pub status: String,
    /// The printer's serial number.
    pub device_id: String,
    /// How long it lasts, in seconds.
    #[schema(example = 120)]
    pub expires_in: u64,
    /// The same in words.
    pub message: String,
}

/// What the printer reports.
#[derive(Debug, ToSchema)]
pub(crate) struct RealtimeData {
    /// The printer's serial number.
    pub device_id: String,
    /// The merged full report with the printer's own keys, `{"print": {…}}`.
    #[schema(value_type = Object)]
    pub data: Value,
    /// When the last report came, in seconds since 1970.
    pub timestamp: f64,
    /// How long ago that was, in seconds.
    pub age_seconds: f64,
    /// How long the session still lasts, in seconds.
    pub expires_in: f64,
    /// Reports so far.
    pub message_count: u64,
}

/// There is a session and no whole report yet.
#[derive(Debug, ToSchema)]
pub(crate) struct RealtimeWaiting {
    /// Always `waiting`.
    #[schema(example = "waiting")]
    pub status: String,
    /// What is waited for.
    pub message: String,
    /// The printer's serial number.
    pub device_id: String,
    /// How long ago the session began, in seconds.
    pub session_age: f64,
    /// How long it still lasts, in seconds.
    pub expires_in: f64,
}

/// What the compatibility layer is.
#[derive(Debug, ToSchema)]
pub(crate) struct CompatInfo {
    /// What this is.
    pub name: String,
    /// The version of this program.
    pub version: String,
    /// The same in a sentence.
    pub description: String,
    /// How many printers it shows.
    pub devices: u64,
    /// `enabled` when answers come from live links, else `disabled`.
    #[schema(example = "enabled")]
    pub mqtt_bridge: String,
    /// Always `online`.
    #[schema(example = "online")]
    pub status: String,
    /// Where to go on.
    pub endpoints: Vec<String>,
}

/// Whether the compatibility layer is up.
#[derive(Debug, ToSchema)]
pub(crate) struct CompatHealth {
    /// Always `healthy`: a server that is not does not answer.
    #[schema(example = "healthy")]
    pub status: String,
    /// `initialized` when there is an account, else `not initialized`.
    pub api_client: String,
    /// `running` when answers come from live links, else `stopped`.
    pub mqtt_bridge: String,
    /// How many printers it shows.
    pub devices: u64,
    /// How many of them report right now.
    pub live: u64,
    /// Now, in UTC.
    #[schema(example = "2026-11-21 18:00:00")]
    pub timestamp: String,
}

/// What the old interface called its version.
#[derive(Debug, ToSchema)]
pub(crate) struct CompatVersion {
    /// The version of the old interface.
    #[schema(example = "1.0.0")]
    pub api_version: String,
    /// Always `true`.
    pub compatibility_layer: bool,
    /// Who can read it.
    pub supported_clients: Vec<String>,
    /// The version of this program.
    pub server_version: String,
}

/// A printer's status as the old local interface told it, and how old it is.
#[derive(Debug, ToSchema)]
pub(crate) struct LegacyStatus {
    /// The printer's own keys, each true or absent, with `dev_id`, `name` and `online` beside them.
    pub print: LegacyPrint,
    /// How old it is, in seconds.
    #[schema(example = 0.4)]
    pub age_seconds: f64,
    /// Whether it is older than the limit; then it is not live.
    pub stale: bool,
    /// Where it comes from: `lan`, `mqtt` or `rest`.
    #[schema(example = "mqtt")]
    pub source: String,
    /// When it was heard (RFC 3339, UTC).
    pub updated_at: Option<String>,
}

/// The keys that old clients read; the whole report of the printer stands beside them.
#[derive(Debug, ToSchema)]
pub(crate) struct LegacyPrint {
    /// Always `push_status`.
    pub command: String,
    /// Always 0.
    pub msg: i64,
    /// The number of the last report.
    pub sequence_id: String,
    /// The printer's serial number.
    pub dev_id: String,
    /// The name that its owner gave it.
    pub name: Option<String>,
    /// Whether the printer is there, right now.
    pub online: bool,
    /// What it does: `IDLE`, `PREPARE`, `RUNNING`, `PAUSE`, `FINISH`, `FAILED`.
    pub gcode_state: Option<String>,
    /// Progress in percent.
    pub mc_percent: Option<f64>,
    /// Remaining time in minutes.
    pub mc_remaining_time: Option<f64>,
    /// Nozzle, °C.
    pub nozzle_temper: Option<f64>,
    /// Bed, °C.
    pub bed_temper: Option<f64>,
    /// Chamber, °C; absent where there is no thermometer.
    pub chamber_temper: Option<f64>,
}

/// The printers.
#[derive(Debug, ToSchema)]
pub(crate) struct LegacyDevices {
    /// One each.
    pub devices: Vec<LegacyDevice>,
    /// How old the account's list is, in seconds; `null` while there is none.
    pub age_seconds: Option<f64>,
    /// Whether that is too old.
    pub stale: bool,
    /// When it was heard (RFC 3339, UTC).
    pub updated_at: Option<String>,
}

/// A printer; keys that are not known are absent.
#[derive(Debug, ToSchema)]
pub(crate) struct LegacyDevice {
    /// Its serial number.
    #[schema(example = "01P00A000000001")]
    pub dev_id: String,
    /// The name that its owner gave it.
    pub name: Option<String>,
    /// Whether it is there, right now.
    pub online: bool,
    /// The cloud's word for what it does.
    pub print_status: Option<String>,
    /// The cloud's name of its model.
    pub dev_model_name: Option<String>,
    /// What it is sold as.
    pub dev_product_name: Option<String>,
    /// Its nozzle, in mm.
    pub nozzle_diameter: Option<f64>,
    /// How it is built.
    pub dev_structure: Option<String>,
    /// Its access code; only where the owner has it shown.
    pub dev_access_code: Option<String>,
}

/// All printers.
#[derive(Debug, ToSchema)]
pub(crate) struct Printers {
    /// One each, by serial number.
    pub printers: Vec<Printer>,
}

/// The status document of a printer and how fresh it is. The keys of the document stand beside these;
/// `docs/status-document.md` lists them.
#[derive(Debug, ToSchema)]
pub(crate) struct Printer {
    /// Its serial number.
    #[schema(example = "01P00A000000001")]
    pub serial: Option<String>,
    /// The name that its owner gave it.
    pub name: Option<String>,
    /// Its model.
    #[schema(example = "P1S")]
    pub model: Option<String>,
    /// Whether it reports right now.
    pub online: Option<bool>,
    /// What it does: `idle`, `preparing`, `slicing`, `running`, `paused`, `finished`, `failed`,
    /// `offline` or `unknown`.
    #[schema(example = "running")]
    pub state: String,
    /// `connecting`, `online`, `stale` or `offline`; `none` where there is no live link.
    #[schema(example = "online")]
    pub connection: String,
    /// Why it is offline, in a word.
    pub reason: Option<String>,
    /// How old the newest report is, in seconds; `null` before the first.
    pub age_seconds: Option<f64>,
    /// Whether that is too old to be live, or nothing is known yet.
    pub stale: bool,
}

/// A printer's status for each serial number.
#[derive(Debug, ToSchema)]
pub(crate) struct LegacyStatuses(pub BTreeMap<String, LegacyStatus>);

/// All cameras.
#[derive(Debug, ToSchema)]
pub(crate) struct Cameras {
    /// One each, by serial number.
    pub cameras: Vec<Camera>,
}

/// How a printer's camera is.
#[derive(Debug, ToSchema)]
pub(crate) struct Camera {
    /// The printer's serial number.
    #[schema(example = "01P00A000000001")]
    pub serial: String,
    /// The name that its owner gave it.
    pub name: Option<String>,
    /// Its model.
    #[schema(example = "P1S")]
    pub model: Option<String>,
    /// `jpeg` or `h264`; `null` where there is none to ask.
    pub kind: Option<String>,
    /// `idle` while nobody looks, `connecting`, `live`, `waiting` or `ended`; `none` where there is none
    /// to ask.
    #[schema(example = "live")]
    pub state: String,
    /// Why there is no picture, in a word.
    pub cause: Option<String>,
    /// The same in a sentence, with what to do.
    pub message: Option<String>,
    /// When it is tried again, in seconds.
    pub retry_in_seconds: Option<f64>,
    /// What its video is, while somebody watches it (RFC 6381).
    pub codec: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// How many look, through this process.
    pub viewers: usize,
}
