//! The seeds' `compatibility_config.json`, read as it is. What bambu.toml says is in `config.rs` of
//! this crate.

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bambu_protocol::{AccessCode, Serial};
use bambulab::{LanTarget, Token};
use serde_json::{Map, Value};

/// More than this is no configuration.
const LONGEST: u64 = 4 << 20;
/// More printers than this are no household's and no farm's.
const MOST_DEVICES: usize = 10_000;

const PLACEHOLDER_TOKEN: &str = "YOUR_BAMBU_CLOUD_TOKEN_HERE";
const PLACEHOLDER_UID: &str = "YOUR_USER_UID_HERE";
const PLACEHOLDER_SERIAL: &str = "DEVICE_SERIAL_NUMBER";
/// Address and code of the example: both together are nobody's printer.
const PLACEHOLDER_LAN: (&str, &str) = ("192.168.1.100", "12345678");

/// What `compatibility_config.json` says. Keys that it does not know are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegacyConfig {
    /// The account's token (`cloud_token`); without one the saved login counts.
    pub token: Option<Token>,
    /// Number of the account (`user_uid`), without the `u_` of the broker's login.
    pub uid: Option<String>,
    /// The printers that a status without `device_id` tells of (`devices`).
    pub devices: Vec<LegacyDevice>,
    /// Where to listen (`server.host`).
    pub host: Option<String>,
    /// Where to listen (`server.port`).
    pub port: Option<u16>,
    /// Whether there are live links (`server.enable_mqtt_bridge`, true where it is not said);
    /// without them only the cloud's REST interface is asked.
    pub live: bool,
}

/// A printer of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegacyDevice {
    /// Serial number (`device_id`).
    pub serial: Serial,
    /// Its name.
    pub name: Option<String>,
    /// Address on the local network, and the port where one is written behind a colon
    /// (`local_ip`); `None` for the example's address with the example's code.
    pub host: Option<(String, Option<u16>)>,
    /// LAN access code; `None` in the same case.
    pub access_code: Option<AccessCode>,
}

/// Why the file was not taken. The text names the file and the key, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// It cannot be read.
    #[error("cannot read {}; check that it is there and who may read it", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no JSON object.
    #[error("{}, line {line}: this is not a JSON object; mend it there, commas and quotes first", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Where reading stopped, from 1.
        line: usize,
    },
    /// A key still has the example's value.
    #[error("{}: {key} is still the example's; {next}", path.display())]
    Placeholder {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: &'static str,
        /// What to write instead.
        next: &'static str,
    },
    /// A key has a value that makes no sense there.
    #[error("{}: {key} makes no sense; write {wanted}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which key, with the place of the printer in the list where it is one's.
        key: String,
        /// What it should be.
        wanted: &'static str,
    },
}

impl LegacyConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// [`LegacyError`]; it must be there.
    pub(crate) fn read(path: &Path) -> Result<Self, LegacyError> {
        let failed = |source| LegacyError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        let length = file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if length as u64 > LONGEST {
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is over 4 MiB")));
        }
        Self::parse(&bytes, path)
    }

    /// The same from its bytes; `path` is for the errors.
    ///
    /// # Errors
    /// [`LegacyError`].
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, LegacyError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // Its place only: the message could quote the token.
        let at = |line| LegacyError::Json { path: path.to_owned(), line };
        let config: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|error| at(error.line()))?;
        Reader { path }.config(&config)
    }
}

impl LegacyDevice {
    /// How to reach it on the local network; `None` without an address and a code.
    pub(crate) fn target(&self) -> Option<LanTarget> {
        let (host, port) = self.host.clone()?;
        let target = LanTarget::new(self.serial.clone(), host, self.access_code.clone()?);
        Some(LanTarget { port: port.unwrap_or(target.port), name: self.name.clone(), ..target })
    }
}

/// Reads one file; knows its name for the errors.
struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn config(&self, config: &Map<String, Value>) -> Result<LegacyConfig, LegacyError> {
        let token = self.text(config, "cloud_token", "")?;
        let uid = self.text(config, "user_uid", "")?;
        self.refuse(token.as_deref() == Some(PLACEHOLDER_TOKEN), "cloud_token", TOKEN_NEXT)?;
        self.refuse(uid.as_deref() == Some(PLACEHOLDER_UID), "user_uid", UID_NEXT)?;
        let uid = uid.map(|uid| uid.strip_prefix("u_").map_or(uid.clone(), str::to_owned));
        let is_number = |uid: &String| uid.bytes().all(|byte| byte.is_ascii_digit());
        if uid.as_ref().is_some_and(|uid| !is_number(uid)) {
            return Err(self.value("user_uid", "the number of the account, digits only"));
        }
        let empty = Map::new();
        let server = match config.get("server") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(server)) => server,
            Some(_) => return Err(self.value("server", "an object with host and port")),
        };
        Ok(LegacyConfig {
            token: token.map(|token| Token::new(&token)),
            uid,
            devices: self.devices(config)?,
            host: self.text(server, "host", "server.")?,
            port: self.port(server)?,
            live: match server.get("enable_mqtt_bridge") {
                None | Some(Value::Null) => true,
                Some(Value::Bool(live)) => *live,
                Some(_) => return Err(self.value("server.enable_mqtt_bridge", "true or false")),
            },
        })
    }

    fn devices(&self, config: &Map<String, Value>) -> Result<Vec<LegacyDevice>, LegacyError> {
        let list = match config.get("devices") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) if list.len() <= MOST_DEVICES => list,
            Some(_) => return Err(self.value("devices", "a list of up to 10000 printers")),
        };
        list.iter().enumerate().map(|(index, device)| self.device(index, device)).collect()
    }

    fn device(&self, index: usize, device: &Value) -> Result<LegacyDevice, LegacyError> {
        let place = format!("devices[{index}]");
        let Value::Object(device) = device else {
            return Err(self.value(&place, "an object with device_id"));
        };
        let within = format!("{place}.");
        let serial = self.text(device, "device_id", &within)?;
        self.refuse(serial.as_deref() == Some(PLACEHOLDER_SERIAL), "device_id", SERIAL_NEXT)?;
        let serial = serial.and_then(|serial| Serial::new(&serial).ok()).ok_or_else(|| {
            self.value(&format!("{within}device_id"), "the printer's serial number")
        })?;
        let host = self.text(device, "local_ip", &within)?;
        let code = self.text(device, "access_code", &within)?;
        let is_example = host.as_deref().zip(code.as_deref()) == Some(PLACEHOLDER_LAN);
        let kept = |text: Option<String>| text.filter(|_| !is_example);
        Ok(LegacyDevice {
            serial,
            name: self.text(device, "name", &within)?,
            host: kept(host).map(|host| with_port(&host)),
            access_code: kept(code).map(|code| AccessCode::new(&code)),
        })
    }

    fn port(&self, server: &Map<String, Value>) -> Result<Option<u16>, LegacyError> {
        let Some(text) = self.text(server, "port", "server.")? else { return Ok(None) };
        let wanted = || self.value("server.port", "a port, 0 to 65535");
        text.parse().map(Some).map_err(|_| wanted())
    }

    /// Text, or a number as text; what is empty is not there.
    fn text(
        &self,
        object: &Map<String, Value>,
        key: &str,
        within: &str,
    ) -> Result<Option<String>, LegacyError> {
        match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
            }
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.value(&format!("{within}{key}"), "text in quotes")),
        }
    }

    fn refuse(
        &self,
        refused: bool,
        key: &'static str,
        next: &'static str,
    ) -> Result<(), LegacyError> {
        let path = self.path.to_owned();
        if refused { Err(LegacyError::Placeholder { path, key, next }) } else { Ok(()) }
    }

    fn value(&self, key: &str, wanted: &'static str) -> LegacyError {
        LegacyError::Value { path: self.path.to_owned(), key: key.to_owned(), wanted }
    }
}

const TOKEN_NEXT: &str =
    "write the account's token, or remove the key to use the one that `bambu login` saved";
const UID_NEXT: &str = "write the account's number, or remove the key: the cloud is asked for it";
const SERIAL_NEXT: &str =
    "write the printer's serial number, or remove the entry to serve all printers of the account";

/// `host` or `host:port`; an IPv6 address has a port only behind brackets.
fn with_port(text: &str) -> (String, Option<u16>) {
    if let Some((host, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        return (host.to_owned(), port.parse().ok());
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host.to_owned(), Some(port)),
            Err(_) => (text.to_owned(), None),
        },
        _ => (text.to_owned(), None),
    }
}
