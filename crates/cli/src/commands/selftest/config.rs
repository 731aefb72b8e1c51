//! `test_config.json`: the file that the seeds' comprehensive check reads, with its keys.

use std::{collections::HashMap, io, path::Path, path::PathBuf, time::Duration};

use serde::{Deserialize, de::IgnoredAny};

use crate::exit::{Failure, Kind};

/// Where it lies when nobody says it.
const USUAL: &str = "test_config.json";

/// What is checked, with what, and how long it may take. Keys that are not listed are left alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    cloud_token: String,
    pub(super) test_modes: Modes,
    pub(super) test_file: TestFile,
    pub(super) timeouts: Timeouts,
}

/// Which parts are wanted.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Modes {
    pub(super) cloud_api: bool,
    pub(super) mqtt: bool,
    pub(super) video_stream: bool,
    pub(super) file_upload: bool,
    pub(super) local_ftp: bool,
}

/// What is uploaded.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct TestFile {
    pub(super) create_dummy: bool,
    pub(super) path: Option<PathBuf>,
    size_mb: f64,
}

/// In seconds.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Timeouts {
    mqtt_connect: f64,
    api_request: f64,
    video_frame: f64,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            cloud_api: true,
            mqtt: true,
            video_stream: true,
            file_upload: false,
            local_ftp: true,
        }
    }
}

impl Default for TestFile {
    fn default() -> Self {
        Self { create_dummy: true, path: None, size_mb: 1.0 }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { mqtt_connect: 30.0, api_request: 30.0, video_frame: 30.0 }
    }
}

impl Config {
    /// The file that was named, else the usual one where it is there, else the defaults.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub(super) fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(USUAL));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::new(Kind::Usage, error)
                    .about(format!("cannot read {}", path.display()))
                    .next("name the file with --test-config, or leave it out"));
            }
        };
        // A list would be read as the fields in their order, and an empty one as no settings at all.
        let read = serde_json::from_str::<HashMap<String, IgnoredAny>>(&text)
            .and_then(|_| serde_json::from_str(&text));
        let config: Self = read.map_err(|error| {
            // Its place only: the message could quote the token.
            let (line, column) = (error.line(), error.column());
            let place = format!("{}, line {line}, column {column}", path.display());
            Failure::say(Kind::Usage, format!("{place}: this cannot be understood"))
                .next("correct it there; `bambu selftest --help` shows a whole file")
        })?;
        config.checked(path)
    }

    fn checked(self, path: &Path) -> Result<Self, Failure> {
        let (seconds, size) = (&self.timeouts, self.test_file.size_mb);
        let seconds = [seconds.mqtt_connect, seconds.api_request, seconds.video_frame];
        if seconds.iter().any(|&wait| !(0.1..=86_400.0).contains(&wait)) {
            return Err(wrong(path, "timeouts", "0.1 to 86400 seconds"));
        }
        if !(0.001..=1024.0).contains(&size) {
            return Err(wrong(path, "test_file.size_mb", "0.001 to 1024"));
        }
        Ok(self)
    }

    /// The token of the file. An empty one, or the words of the example, is none.
    pub(super) fn token(&self) -> Option<&str> {
        let token = self.cloud_token.trim();
        let is_example = token.to_ascii_lowercase().starts_with("your") || token.starts_with('<');
        Some(token).filter(|token| !token.is_empty() && !is_example)
    }
}

fn wrong(path: &Path, key: &str, allowed: &str) -> Failure {
    Failure::say(Kind::Usage, format!("{}: {key} is out of range", path.display()))
        .next(format!("choose {allowed}"))
}

impl TestFile {
    /// How large an invented file is.
    pub(super) fn bytes(&self) -> u64 {
        (self.size_mb * 1024.0 * 1024.0) as u64
    }
}

impl Timeouts {
    pub(super) fn video_frame(&self) -> Duration {
        Duration::from_secs_f64(self.video_frame)
    }

    pub(super) fn mqtt_connect(&self) -> Duration {
        Duration::from_secs_f64(self.mqtt_connect)
    }

    pub(super) fn api_request(&self) -> Duration {
        Duration::from_secs_f64(self.api_request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()))
    }

    #[test]
    fn the_seeds_file_is_read_with_all_its_keys_and_some_of_others() {
        let config = read(
            r#"{"cloud_token":"AQAsecret","printer":{"ip":"192.0.2.1"},
                "test_modes":{"cloud_api":true,"mqtt":false,"video_stream":false,
                              "file_upload":true,"local_ftp":false},
                "test_file":{"create_dummy":true,"path":"cube.3mf","size_mb":2},
                "timeouts":{"mqtt_connect":10,"video_frame":15,"api_request":0.5}}"#,
        )
        .unwrap();
        assert_eq!(config.token(), Some("AQAsecret"));
        assert!(config.test_modes.file_upload && !config.test_modes.mqtt);
        assert_eq!(config.test_file.bytes(), 2 << 20);
        assert_eq!(config.timeouts.mqtt_connect(), Duration::from_secs(10));
        assert_eq!(config.timeouts.video_frame(), Duration::from_secs(15));
        assert_eq!(config.timeouts.api_request(), Duration::from_millis(500));
    }

    #[test]
    fn what_is_not_said_is_read_only_and_without_a_token() {
        for text in ["{}", r#"{"cloud_token":"YOUR_TOKEN_HERE"}"#] {
            let config = read(text).unwrap();
            assert_eq!(config.token(), None);
            assert!(config.test_modes.cloud_api && !config.test_modes.file_upload);
        }
        assert!(Config::load(Some(Path::new("/nowhere/test_config.json"))).is_err());
    }

    #[test]
    fn a_mistake_is_told_by_its_place_without_its_words() {
        for (text, place) in [
            (r#"{"cloud_token": AQAsecret}"#, "line 1"),
            (r#"{"cloud_token": 7, "x": "AQAsecret"}"#, "line 1"),
            (r#"{"timeouts":{"api_request":-1}}"#, "timeouts"),
            (r#"{"timeouts":{"api_request":1e300}}"#, "timeouts"),
            (r#"{"test_file":{"size_mb":90000}}"#, "size_mb"),
        ] {
            let failure = read(text).err().expect("a mistake");
            let told = format!("{failure}");
            assert!(told.contains(place) && !told.contains("AQAsecret"), "{told}");
        }
    }
}
