//! The config file `bambu.toml`: every key, and errors that name their line.

use std::{fmt, io, path::Path};

use bambu_protocol::{AccessCode, Model, Serial};
use bambu_server::config::{Camera, Compat, Proxy, Server};
use serde::{Deserialize, Deserializer, de};

use crate::exit::{Failure, Kind};

/// The config file. A key that is not listed here is an error: it is a typing mistake.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) region: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) api_url: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) mqtt_url: Option<String>,
    pub(super) rate_limits: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) known_printers: Option<String>,
    pub(super) discovery_interface: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(super) discovery_port: Option<String>,
    pub(super) token_file: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(super) uid: Option<String>,
    pub(super) state_dir: Option<String>,
    #[serde(default)]
    pub(super) printer: Vec<PrinterEntry>,
    #[serde(default)]
    pub(super) server: Server,
    #[serde(default)]
    pub(super) proxy: Proxy,
    pub(super) compat: Option<Compat>,
    pub(super) camera: Option<Camera>,
}

/// One `[[printer]]` of the config file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrinterEntry {
    pub(crate) serial: Serial,
    pub(crate) name: Option<String>,
    /// Address on the local network; without one the printer is reached over the cloud.
    pub(crate) host: Option<String>,
    #[serde(default, deserialize_with = "quoted_code")]
    pub(crate) access_code: Option<AccessCode>,
    pub(crate) mqtt_port: Option<u16>,
    pub(crate) ftps_port: Option<u16>,
    pub(crate) camera_port: Option<u16>,
    pub(crate) group: Option<String>,
    #[serde(default, deserialize_with = "model")]
    pub(crate) model: Option<Model>,
}

/// Reads the config file; a missing one is empty unless it was asked for by name.
pub(super) fn read(path: &Path, wanted: bool) -> Result<(File, bool), Failure> {
    let cannot_read = |error: io::Error| {
        Failure::new(Kind::Usage, error)
            .about(format!("cannot read the config file {}", path.display()))
            .next("name a file that exists with --config, or leave the flag out")
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !wanted => {
            return Ok((File::default(), false));
        }
        Err(error) => return Err(cannot_read(error)),
    };
    toml::from_str(&text).map(|file| (file, true)).map_err(|error| {
        // Only the message: the default text quotes the line, which may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let cause = error.message().lines().collect::<Vec<_>>().join(", ");
        Failure::say(Kind::Usage, format!("{}, line {line}: {cause}", path.display()))
            .next("correct that line; the file was only read, nothing in it was changed")
    })
}

fn quoted_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AccessCode>, D::Error> {
    text(deserializer, false).map(|text| Some(AccessCode::new(&text)))
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, true).map(Some)
}

fn model<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Model>, D::Error> {
    text(deserializer, false)?.parse().map(Some).map_err(de::Error::custom)
}

/// A text whose value is never repeated in an error.
fn text<'de, D: Deserializer<'de>>(deserializer: D, numbers: bool) -> Result<String, D::Error> {
    struct Text(bool);
    impl de::Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text in quotes")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
            if self.0 { Ok(number.to_string()) } else { Err(E::custom("put the value in quotes")) }
        }
    }
    deserializer.deserialize_any(Text(numbers))
}
