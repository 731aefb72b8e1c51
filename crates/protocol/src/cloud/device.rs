//! Printers of an account: `user/bind`, `user/print`, `user/device/version`.

use serde::{Deserialize, Serialize};

use super::lenient;
use crate::{AccessCode, Model, Serial};

/// Body of `GET user/bind`. [L]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Devices {
    /// The account's printers; entries without a usable serial number are left out.
    #[serde(default, deserialize_with = "lenient::list")]
    pub devices: Vec<Device>,
}

/// One printer of an account. It serializes without its access code.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Device {
    /// Serial number (`dev_id`).
    #[serde(alias = "dev_id")]
    pub serial: Serial,
    /// The name its owner gave it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Whether the printer is connected to the cloud.
    #[serde(default, deserialize_with = "lenient::truth")]
    pub online: Option<bool>,
    /// Free text, such as `RUNNING`, `SUCCESS`, `IDLE`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub print_status: Option<String>,
    /// Model code, or the marketing name on new models (`dev_model_name`).
    #[serde(default, alias = "dev_model_name", deserialize_with = "lenient::text")]
    pub model_name: Option<String>,
    /// Product name (`dev_product_name`).
    #[serde(default, alias = "dev_product_name", deserialize_with = "lenient::text")]
    pub product_name: Option<String>,
    /// LAN access code (`dev_access_code`).
    #[serde(default, alias = "dev_access_code", skip_serializing)]
    pub access_code: Option<AccessCode>,
    /// In mm.
    #[serde(default, deserialize_with = "lenient::number")]
    pub nozzle_diameter: Option<f64>,
    /// `CoreXY` or `I3` (`dev_structure`).
    #[serde(default, alias = "dev_structure", deserialize_with = "lenient::text")]
    pub structure: Option<String>,
    /// Id of the running job in the print history.
    #[serde(default, deserialize_with = "lenient::text")]
    pub print_job: Option<String>,
}

impl Device {
    /// The model by any of its names, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        model(&self.serial, &[&self.model_name, &self.product_name])
    }
}

/// Body of `GET user/print?force=true`; without `devices` when nothing is there. [L]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Jobs {
    /// The account's printers and what each one prints.
    #[serde(default, deserialize_with = "lenient::list")]
    pub devices: Vec<DeviceJob>,
}

/// What one printer prints, as the cloud tells. It serializes without its access code.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct DeviceJob {
    /// Serial number (`dev_id`).
    #[serde(alias = "dev_id")]
    pub serial: Serial,
    /// The name its owner gave it (`dev_name`).
    #[serde(default, alias = "dev_name", deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Whether the printer is connected to the cloud (`dev_online`).
    #[serde(default, alias = "dev_online", deserialize_with = "lenient::truth")]
    pub online: Option<bool>,
    /// Model code or name (`dev_model_name`).
    #[serde(default, alias = "dev_model_name", deserialize_with = "lenient::text")]
    pub model_name: Option<String>,
    /// Product name (`dev_product_name`).
    #[serde(default, alias = "dev_product_name", deserialize_with = "lenient::text")]
    pub product_name: Option<String>,
    /// LAN access code (`dev_access_code`).
    #[serde(default, alias = "dev_access_code", skip_serializing)]
    pub access_code: Option<AccessCode>,
    /// Cloud task; `None` when idle, as all that follows.
    #[serde(default, deserialize_with = "lenient::text")]
    pub task_id: Option<String>,
    /// Title.
    #[serde(default, deserialize_with = "lenient::text")]
    pub task_name: Option<String>,
    /// Free text, such as `RUNNING`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub task_status: Option<String>,
    /// Cloud model.
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_id: Option<String>,
    /// Cloud project.
    #[serde(default, deserialize_with = "lenient::text")]
    pub project_id: Option<String>,
    /// Cloud profile.
    #[serde(default, deserialize_with = "lenient::text")]
    pub profile_id: Option<String>,
    /// Start, as sent.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_time: Option<String>,
    /// Estimated duration in seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    pub prediction: Option<f64>,
    /// Percent.
    #[serde(default, deserialize_with = "lenient::number")]
    pub progress: Option<f64>,
    /// Address of a picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub thumbnail: Option<String>,
}

impl DeviceJob {
    /// The model by any of its names, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        model(&self.serial, &[&self.model_name, &self.product_name])
    }
}

fn model(serial: &Serial, names: &[&Option<String>]) -> Option<Model> {
    let named = |name: &&Option<String>| name.as_deref().and_then(Model::from_name);
    names.iter().find_map(named).or_else(|| Model::from_serial(serial))
}

/// Body of `GET user/device/version`. [L]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Versions {
    /// One entry per printer asked for.
    #[serde(default, deserialize_with = "lenient::list")]
    pub devices: Vec<DeviceVersions>,
}

/// Firmware on offer for one printer. An empty list means that the newest is installed.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct DeviceVersions {
    /// Serial number (`dev_id`).
    #[serde(alias = "dev_id")]
    pub serial: Serial,
    /// Firmware of the printer, where told.
    #[serde(default, deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// Firmware on offer.
    #[serde(default, deserialize_with = "lenient::list")]
    pub firmware: Vec<Offer>,
    /// Firmware on offer for its AMS units, one entry per unit.
    #[serde(default, deserialize_with = "lenient::list")]
    pub ams: Vec<AmsOffers>,
}

/// Firmware on offer for one AMS unit.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct AmsOffers {
    /// Firmware on offer.
    #[serde(default, deserialize_with = "lenient::list")]
    pub firmware: Vec<Offer>,
}

/// One firmware on offer.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Offer {
    /// Such as `01.08.02.00`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// Whether the vendor insists.
    #[serde(default, deserialize_with = "lenient::truth")]
    pub force_update: Option<bool>,
    /// Where it is.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: Option<String>,
    /// Release notes.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// `release` or `beta`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
}
