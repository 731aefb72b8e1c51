//! The account's printers: which there are, what they print, what firmware is on offer.
//!
//! Binding and renaming are in `bind.rs`, what an AMS holds in `ams.rs`.

use bambu_protocol::{
    Model, Serial,
    cloud::{Device, DeviceJob, DeviceVersions, Devices, Jobs, Versions},
};
use serde::Serialize;
use serde_json::json;

use super::{Answer, Call, Cloud, CloudError};

const VERSION: &str = "/v1/iot-service/api/user/device/version";

/// All that the cloud tells about one printer, from three calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceInfo {
    /// What it is: from `user/bind`.
    pub device: Device,
    /// Firmware on offer: from `user/device/version`; `None` when the cloud does not tell.
    pub firmware: Option<DeviceVersions>,
    /// What it prints: from `user/print`; `None` when the cloud does not tell.
    pub job: Option<DeviceJob>,
}

impl DeviceInfo {
    /// The model by any of its names, else by the serial number.
    pub fn model(&self) -> Option<Model> {
        self.device.model()
    }
}

impl Cloud {
    /// The account's printers: `GET user/bind`, `{devices: [{dev_id, name, online, …}]}`. [L]
    ///
    /// The raw answer holds the LAN access codes in clear text.
    ///
    /// # Errors
    /// [`CloudError`], as all calls.
    #[doc(alias = "get_devices")]
    pub async fn devices(&self) -> Result<Answer<Vec<Device>>, CloudError> {
        let call = Call::get("/v1/iot-service/api/user/bind");
        Ok(self.call::<Devices>(call).await?.map(|body| body.devices))
    }

    /// What each printer prints: `GET user/print?force=`, with `devices` [L], without any when
    /// nothing is there [L], or with `jobs` as the seeds document it [G].
    ///
    /// `force` asks past what the cloud remembers.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_print_status")]
    pub async fn print_status(&self, force: bool) -> Result<Answer<Vec<DeviceJob>>, CloudError> {
        let call = Call::get("/v1/iot-service/api/user/print").query("force", force);
        Ok(self.call::<Jobs>(call).await?.map(|body| body.devices))
    }

    /// Firmware on offer for one printer: `GET user/device/version?dev_id=`. [L] The seeds' key
    /// `device_id` is not sent, their answer (`current_version`) is read [G].
    ///
    /// An empty list means that the newest is installed. What is installed is told by the printer.
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::NoSuchPrinter`] when the answer does not name it.
    #[doc(alias = "get_device_version")]
    pub async fn device_version(
        &self,
        serial: &Serial,
    ) -> Result<Answer<DeviceVersions>, CloudError> {
        let call = Call::get(VERSION).query("dev_id", serial);
        let Answer { value, raw } = self.call::<Versions>(call).await?;
        let none = || CloudError::NoSuchPrinter { serial: serial.clone() };
        Ok(Answer { value: value.of(serial).ok_or_else(none)?, raw })
    }

    /// Firmware on offer for all printers: `GET user/device/version` without a printer. [D]
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_device_versions")]
    pub async fn device_versions(&self) -> Result<Answer<Vec<DeviceVersions>>, CloudError> {
        Ok(self.call::<Versions>(Call::get(VERSION)).await?.map(|body| body.devices))
    }

    /// All that the cloud tells about one printer.
    ///
    /// The seeds' `GET user/device/info?device_id=` does not exist (405) [L], so this asks
    /// `user/bind`, then `user/device/version` and `user/print`; only the first has to answer.
    /// `raw` holds the three answers under `bind`, `version` and `print`.
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::NoSuchPrinter`].
    #[doc(alias = "get_device_info")]
    pub async fn device_info(&self, serial: &Serial) -> Result<Answer<DeviceInfo>, CloudError> {
        let (bound, versions, jobs) =
            tokio::join!(self.devices(), self.device_version(serial), self.print_status(true));
        let bound = bound?;
        let (mut raw_version, mut raw_print) = (None, None);
        let firmware = versions.ok().map(|it| {
            raw_version = Some(it.raw);
            it.value
        });
        let job = jobs.ok().and_then(|it| {
            raw_print = Some(it.raw);
            it.value.into_iter().find(|job| job.serial == *serial)
        });
        let raw = json!({"bind": bound.raw, "version": raw_version, "print": raw_print});
        let device = named(bound.value, serial)?;
        Ok(Answer { value: DeviceInfo { device, firmware, job }, raw })
    }
}

/// The printer with this serial number, of those that the account has.
pub(super) fn named(devices: Vec<Device>, serial: &Serial) -> Result<Device, CloudError> {
    let device = devices.into_iter().find(|device| device.serial == *serial);
    device.ok_or_else(|| CloudError::NoSuchPrinter { serial: serial.clone() })
}
