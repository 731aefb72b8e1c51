//! Printers of an account: `user/bind`, `user/print`, `user/device/version`.

use super::lenient::body;
use crate::{AccessCode, Model, Serial};

body! {
    /// Body of `GET user/bind`. [L]
    #[derive(Default)]
    pub struct Devices {
        /// The account's printers; entries without a usable serial number are left out.
        pub devices: Vec<Device> = "devices" | "data",
    }

    /// One printer of an account. It serializes without its access code.
    pub struct Device {
        /// Serial number (`dev_id`).
        pub serial: Serial = "dev_id" | "device_id",
        /// The name its owner gave it.
        pub name: Option<String> = "name" | "dev_name" | "device_name",
        /// Whether the printer is connected to the cloud.
        pub online: Option<bool> = "online" | "dev_online",
        /// Free text, such as `RUNNING`, `SUCCESS`, `IDLE`.
        pub print_status: Option<String>,
        /// Model code, or the marketing name on new models (`dev_model_name`).
        pub model_name: Option<String> = "dev_model_name",
        /// Product name (`dev_product_name`).
        pub product_name: Option<String> = "dev_product_name",
        /// LAN access code (`dev_access_code`).
        #[serde(skip_serializing)]
        pub access_code: Option<AccessCode> = "dev_access_code",
        /// In mm.
        pub nozzle_diameter: Option<f64>,
        /// `CoreXY` or `I3` (`dev_structure`).
        pub structure: Option<String> = "dev_structure",
        /// Id of the running job in the print history.
        pub print_job: Option<String>,
    }

    /// Body of `GET user/print`; without `devices` when nothing is there. [L] The seeds document
    /// `jobs`. [G]
    #[derive(Default)]
    pub struct Jobs {
        /// The account's printers and what each one prints.
        pub devices: Vec<DeviceJob> = "devices" | "jobs" | "data",
    }

    /// What one printer prints, as the cloud tells. It serializes without its access code.
    pub struct DeviceJob {
        /// Serial number (`dev_id`).
        pub serial: Serial = "dev_id" | "device_id",
        /// The name its owner gave it (`dev_name`).
        pub name: Option<String> = "dev_name" | "device_name" | "name",
        /// Whether the printer is connected to the cloud (`dev_online`).
        pub online: Option<bool> = "dev_online" | "online",
        /// Model code or name (`dev_model_name`).
        pub model_name: Option<String> = "dev_model_name",
        /// Product name (`dev_product_name`).
        pub product_name: Option<String> = "dev_product_name",
        /// LAN access code (`dev_access_code`).
        #[serde(skip_serializing)]
        pub access_code: Option<AccessCode> = "dev_access_code",
        /// Cloud task; `None` when idle, as all that follows.
        pub task_id: Option<String> = "task_id" | "job_id",
        /// Title.
        pub task_name: Option<String> = "task_name" | "file_name" | "title",
        /// Free text, such as `RUNNING`.
        pub task_status: Option<String> = "task_status" | "status" | "print_status",
        /// Cloud model.
        pub model_id: Option<String>,
        /// Cloud project.
        pub project_id: Option<String>,
        /// Cloud profile.
        pub profile_id: Option<String>,
        /// Start, as sent.
        pub start_time: Option<String>,
        /// Estimated duration in seconds.
        pub prediction: Option<f64>,
        /// Percent.
        pub progress: Option<f64>,
        /// Address of a picture.
        pub thumbnail: Option<super::SignedUrl>,
    }

    /// Body of `GET user/device/version`. [L] The seeds document the versions of the one printer
    /// asked for, without its serial number. [G]
    #[derive(Default)]
    pub struct Versions {
        /// One entry per printer asked for.
        pub devices: Vec<DeviceVersions> = "devices" | "data",
        current_version: Option<String>,
        latest_version: Option<String> = "latest_version" | "available_version",
        force_update: Option<bool>,
    }

    /// Firmware on offer for one printer. An empty list means that the newest is installed.
    pub struct DeviceVersions {
        /// Serial number (`dev_id`).
        pub serial: Serial = "dev_id" | "device_id",
        /// Firmware of the printer, where told.
        pub version: Option<String> = "version" | "current_version",
        /// Firmware on offer.
        pub firmware: Vec<Offer>,
        /// Firmware on offer for its AMS units, one entry per unit.
        pub ams: Vec<AmsOffers>,
    }

    /// Firmware on offer for one AMS unit.
    #[derive(Default)]
    pub struct AmsOffers {
        /// Which unit, where told.
        pub ams_id: Option<String>,
        /// Firmware on offer.
        pub firmware: Vec<Offer>,
    }

    /// One firmware on offer.
    #[derive(Default)]
    pub struct Offer {
        /// Such as `01.08.02.00`.
        pub version: Option<String>,
        /// Whether the vendor insists.
        pub force_update: Option<bool>,
        /// Where it is.
        pub url: Option<String>,
        /// Release notes.
        pub description: Option<String>,
        /// `release` or `beta`.
        pub status: Option<String>,
    }
}

impl Device {
    /// The model by any of its names, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        model(&self.serial, &[&self.model_name, &self.product_name])
    }
}

impl DeviceJob {
    /// The model by any of its names, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        model(&self.serial, &[&self.model_name, &self.product_name])
    }
}

impl Versions {
    /// What is told about one printer, in either shape.
    pub fn of(self, serial: &Serial) -> Option<DeviceVersions> {
        let told = self.devices.into_iter().find(|device| device.serial == *serial);
        told.or_else(|| {
            let newest = self.latest_version.filter(|it| Some(it) != self.current_version.as_ref());
            let offer = |version| Offer {
                version: Some(version),
                force_update: self.force_update,
                ..Offer::default()
            };
            self.current_version.is_some().then(|| DeviceVersions {
                serial: serial.clone(),
                version: self.current_version.clone(),
                firmware: newest.map(offer).into_iter().collect(),
                ams: Vec::new(),
            })
        })
    }
}

fn model(serial: &Serial, names: &[&Option<String>]) -> Option<Model> {
    let named = |name: &&Option<String>| name.as_deref().and_then(Model::from_name);
    names.iter().find_map(named).or_else(|| Model::from_serial(serial))
}
