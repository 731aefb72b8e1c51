//! Which checks there are, and which of them are wanted.

use super::config::Modes;
use crate::exit::{Failure, Kind};

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    /// What it does, for `--list`.
    pub(super) what: &'static str,
}

const fn check(group: &'static str, name: &'static str, what: &'static str) -> Check {
    Check { group, name, what }
}

/// All of them, in the order in which they run. The first twenty are those of the seeds' check.
pub(super) const CHECKS: [Check; 30] = [
    check("cloud_api", "devices", "the account's printers"),
    check("cloud_api", "device_version", "firmware on offer for one printer"),
    check("cloud_api", "device_versions", "firmware on offer for all"),
    check("cloud_api", "device_info", "what the cloud knows about one printer"),
    check("cloud_api", "print_status", "what each printer prints"),
    check("cloud_api", "user_profile", "the account's profile"),
    check("cloud_api", "user_info", "the account's number"),
    check("cloud_api", "projects", "the projects"),
    check("cloud_api", "project", "one project in full"),
    check("cloud_api", "tasks", "the print history"),
    check("cloud_api", "task", "one task in full"),
    check("cloud_api", "messages", "the messages"),
    check("cloud_api", "notifications", "the notifications"),
    check("cloud_api", "camera_credentials", "a ticket for the remote camera"),
    check("cloud_api", "ttcode", "the same, as the seeds call it"),
    check("cloud_api", "cloud_video_url", "where the remote picture is"),
    check("cloud_api", "slicer_settings", "the slicer's presets"),
    check("cloud_api", "slicer_resources", "the slicer's resources"),
    check("cloud_api", "cloud_files", "files in the cloud"),
    check("cloud_api", "upload_url", "a place to upload to; nothing is uploaded"),
    check("mqtt", "mqtt_connect", "the cloud's broker lets us in"),
    check("mqtt", "mqtt_status", "the first whole status of the printers"),
    check("mqtt", "mqtt_reports", "reports for a while"),
    check("ams", "ams", "AMS units and filament, from the status"),
    check("ams", "ams_filaments", "the same through the client's method"),
    check("firmware", "firmware", "what is installed and what is on offer"),
    check("device_management", "device_management", "the printers' entries; nothing is changed"),
    check("file_upload", "file_upload", "a file into the cloud; only with --allow-upload"),
    check("video_stream", "video_stream", "a picture of the camera"),
    check("local_ftp", "local_ftp", "the printer's storage"),
];

impl Check {
    pub(super) fn named(name: &str) -> Option<Self> {
        CHECKS.into_iter().find(|check| check.name == name)
    }
}

/// Which checks are wanted.
pub(super) struct Plan {
    names: Vec<&'static str>,
}

impl Plan {
    /// What was asked for by name or group, else what the file's modes say.
    ///
    /// # Errors
    /// A name that nothing has.
    pub(super) fn new(only: &[String], modes: &Modes) -> Result<Self, Failure> {
        for name in only {
            if !CHECKS.iter().any(|check| check.is_called(name)) {
                return Err(Failure::say(Kind::Usage, format!("no check is called {name:?}"))
                    .next("see them all with: bambu selftest --list"));
            }
        }
        let wanted = |check: &Check| match only {
            [] => modes.want(check.group),
            only => only.iter().any(|name| check.is_called(name)),
        };
        let wanted = CHECKS.iter().filter(|check| wanted(check));
        Ok(Self { names: wanted.map(|check| check.name).collect() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    pub(super) fn checks(&self) -> Vec<Check> {
        self.names.iter().filter_map(|name| Check::named(name)).collect()
    }
}

impl Check {
    /// By its own name, its group's, or a short one.
    fn is_called(&self, name: &str) -> bool {
        let of_camera = ["camera_credentials", "ttcode", "cloud_video_url"];
        if name == "camera" {
            return of_camera.contains(&self.name);
        }
        let short = match self.group {
            "cloud_api" => "cloud",
            "file_upload" => "upload",
            "video_stream" => "video",
            "local_ftp" => "ftp",
            group => group,
        };
        [self.name, self.group, short].contains(&name)
    }
}

impl Modes {
    fn want(&self, group: &str) -> bool {
        match group {
            "mqtt" | "ams" => self.mqtt,
            "file_upload" => self.file_upload,
            "video_stream" => self.video_stream,
            "local_ftp" => self.local_ftp,
            _ => self.cloud_api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_checks_ask_the_cloud() {
        let cloud = Plan::new(&["cloud_api".into()], &Modes::default()).unwrap();
        assert_eq!(cloud.checks().len(), 20);
        let mut names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn what_is_asked_for_wins_over_the_files_modes() {
        let modes = Modes { mqtt: false, ..Modes::default() };
        let plan = Plan::new(&[], &modes).unwrap();
        assert!(plan.has("devices") && !plan.has("mqtt_status") && !plan.has("file_upload"));
        let plan = Plan::new(&["mqtt".into(), "upload".into()], &modes).unwrap();
        assert!(plan.has("mqtt_status") && plan.has("file_upload") && !plan.has("devices"));
        assert!(Plan::new(&["nonsense".into()], &modes).is_err());
    }
}
