//! Section `camera`: recording, time-lapse, resolution.

use super::{catalogue::requests, words::words};

requests! {
    /// The printer's camera.
    pub enum Camera in "camera" {
        /// Records while it prints.
        Record {
            /// On or off.
            control: Switch,
        } => "ipcam_record_set", "all", Ack, "camera.recording", "V";
        /// Takes a time-lapse of each job.
        Timelapse {
            /// On or off.
            control: Switch,
        } => "ipcam_timelapse", "all", Ack, "camera.timelapse", "V";
        /// Sets the resolution.
        Resolution {
            /// 720p or 1080p.
            resolution: Resolution,
        } => "ipcam_resolution_set", "with RTSPS cameras", Ack, "camera.resolution", "V";
        /// Takes pictures for the cloud.
        CapturePictures {
            /// On or off.
            control: Switch,
        } => "ipcam_cap_pic_set", "P2S, X2D, H2", Ack, "", "V";
        /// Asks whether a time-lapse of so many layers still fits.
        MediaInfo {
            /// Which storage.
            storage: MediaStorage,
            /// Layers of the job.
            total_layer: u32,
        } => "ipcam_get_media_info" { "sub_command": "is_timelapse_storage_enough" },
            "P2S, X2D, H2", Data, "", "L";
        /// Deletes the oldest time-lapses until one of so many layers fits.
        DeleteOldestTimelapse {
            /// Which storage.
            storage: MediaStorage,
            /// Layers of the job.
            total_layer: u32,
        } => "ipcam_delete_oldest_timelapse", "P2S, X2D, H2", Nothing, "storage", "V";
    }
}

words! {
    /// On or off, as the camera says it.
    pub enum Switch: &'static str, "switch position" {
        /// On.
        On = "enable", "on" | "true" | "yes";
        /// Off.
        Off = "disable", "off" | "false" | "no";
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

words! {
    /// Size of the camera's picture.
    pub enum Resolution: &'static str, "resolution" {
        /// 1280 by 720.
        P720 = "720p", "720p" | "720";
        /// 1920 by 1080.
        P1080 = "1080p", "1080p" | "1080";
    }
}

words! {
    /// Where time-lapses are kept.
    pub enum MediaStorage: &'static str, "storage" {
        /// Built in.
        Internal = "internal", "internal";
        /// Card or USB stick.
        External = "sdcard", "external" | "card" | "usb";
    }
}
