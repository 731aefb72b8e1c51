//! Where the cloud is: its REST address and its broker. Which setting wins is the caller's matter.

use std::{fmt, str::FromStr};

use url::Url;

pub use bambu_protocol::mqtt::login::PORT as MQTT_PORT;

/// The part of the world that an account belongs to; a token of one is worth nothing in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Region {
    /// `api.bambulab.com`, `us.mqtt.bambulab.com`. [L]
    #[default]
    Global,
    /// `api.bambulab.cn`, `cn.mqtt.bambulab.com`. [L]
    China,
}

/// Where one account's cloud is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Base of all REST paths, such as `https://api.bambulab.com`, without a slash at its end.
    pub api_url: String,
    /// Base of the few calls that only the web site has, such as `https://bambulab.com`.
    pub web_url: String,
    /// The broker.
    pub mqtt: BrokerAddress,
}

/// Which installation of the cloud: everybody's, or one of the vendor's own, which live accounts do
/// not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Environment {
    /// Everybody's. [L]
    #[default]
    Production,
    /// `api-dev.bambulab.net`. [D]
    Dev,
    /// `api-qa.bambulab.net`. [D]
    Qa,
    /// `api-pre.bambulab.net`. [D]
    Pre,
    /// `api-pre-us.bambulab.net`. [D]
    PreUs,
}

/// Host and port of a broker; always TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrokerAddress {
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why a text is no region, no API address or no broker address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Write `global` or `china`.
    #[error("{0:?} is no region; write global or china")]
    Region(String),
    /// Write it as `https://host[:port]`; `http://` is taken for this machine only.
    #[error(
        "the API address is not usable; write https://host[:port] (http:// only for this machine)"
    )]
    ApiUrl,
    /// Write `production`, `dev`, `qa`, `pre` or `pre-us`.
    #[error("{0:?} is no environment; write production, dev, qa, pre or pre-us")]
    Environment(String),
    /// Write it as `https://host[:port]`; `http://` is taken for this machine only.
    #[error(
        "the web address is not usable; write https://host[:port] (http:// only for this machine)"
    )]
    WebUrl,
    /// Write it as `mqtts://host[:port]`.
    #[error("the broker address is not usable; write mqtts://host[:port]")]
    Broker,
}

impl Region {
    /// Its name in files and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::China => "china",
        }
    }

    /// Where its cloud is.
    pub fn endpoint(self) -> Endpoint {
        Endpoint::of(self, Environment::Production)
    }
}

impl FromStr for Region {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        match text.trim().to_ascii_lowercase().as_str() {
            "global" | "us" | "eu" => Ok(Self::Global),
            "china" | "cn" => Ok(Self::China),
            other => Err(InvalidEndpoint::Region(other.chars().take(40).collect())),
        }
    }
}

impl FromStr for Environment {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        match text.trim().to_ascii_lowercase().as_str() {
            "production" | "prod" => Ok(Self::Production),
            "dev" => Ok(Self::Dev),
            "qa" => Ok(Self::Qa),
            "pre" => Ok(Self::Pre),
            "pre-us" => Ok(Self::PreUs),
            other => Err(InvalidEndpoint::Environment(other.chars().take(40).collect())),
        }
    }
}

impl Endpoint {
    /// Where a region's accounts are, in one of the installations; the region matters in
    /// production alone.
    ///
    /// Of the others only the REST addresses and one broker are known; their web site is taken to
    /// be at the REST address, their broker to be the one. [G]
    pub fn of(region: Region, environment: Environment) -> Self {
        let (api, web, broker) = match (environment, region) {
            (Environment::Production, Region::Global) => {
                ("https://api.bambulab.com", "https://bambulab.com", "us.mqtt.bambulab.com")
            }
            (Environment::Production, Region::China) => {
                ("https://api.bambulab.cn", "https://bambulab.cn", "cn.mqtt.bambulab.com")
            }
            (environment, _) => {
                let api = match environment {
                    Environment::Production | Environment::Dev => "https://api-dev.bambulab.net",
                    Environment::Qa => "https://api-qa.bambulab.net",
                    Environment::Pre => "https://api-pre.bambulab.net",
                    Environment::PreUs => "https://api-pre-us.bambulab.net",
                };
                (api, api, "dev.mqtt.bambu-lab.com")
            }
        };
        let mqtt = BrokerAddress { host: broker.into(), port: MQTT_PORT };
        Self { api_url: api.into(), web_url: web.into(), mqtt }
    }

    /// The same with another REST address, which is taken for the web site, too; a region's own
    /// REST address brings that region's web site.
    ///
    /// # Errors
    /// [`InvalidEndpoint::ApiUrl`]: no address, credentials in it, or plain HTTP to another machine,
    /// which would send the token in the open.
    pub fn with_api_url(mut self, text: &str) -> Result<Self, InvalidEndpoint> {
        self.api_url = checked(text)?;
        let known = [Region::Global, Region::China].map(Region::endpoint);
        let known = known.into_iter().find(|known| known.api_url == self.api_url);
        self.web_url = known.map_or_else(|| self.api_url.clone(), |known| known.web_url);
        Ok(self)
    }

    /// The same with another web site; after [`with_api_url`](Self::with_api_url), which sets it.
    ///
    /// # Errors
    /// [`InvalidEndpoint::WebUrl`], for the same reasons.
    pub fn with_web_url(mut self, text: &str) -> Result<Self, InvalidEndpoint> {
        self.web_url = checked(text).map_err(|_| InvalidEndpoint::WebUrl)?;
        Ok(self)
    }

    /// The same with another broker.
    #[must_use]
    pub fn with_mqtt(mut self, mqtt: BrokerAddress) -> Self {
        self.mqtt = mqtt;
        self
    }
}

/// An address that a token may be sent to, without a slash at its end.
fn checked(text: &str) -> Result<String, InvalidEndpoint> {
    let url = Url::parse(text.trim()).map_err(|_| InvalidEndpoint::ApiUrl)?;
    let safe = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_this_machine(&url),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !safe || !plain {
        return Err(InvalidEndpoint::ApiUrl);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether an address stays on this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl FromStr for BrokerAddress {
    type Err = InvalidEndpoint;

    /// Reads `mqtts://host:port`, `host:port` or `host`.
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let text = text.trim();
        let text = match text.split_once("://") {
            Some(("mqtts" | "ssl", rest)) => rest,
            Some(_) => return Err(InvalidEndpoint::Broker),
            None => text,
        };
        // The made-up scheme lets the URL parser judge host, brackets and port.
        let url = Url::parse(&format!("mqtts://{text}")).map_err(|_| InvalidEndpoint::Broker)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && matches!(url.path(), "" | "/");
        let host = url.host_str().filter(|host| !host.is_empty() && plain);
        let host = host.ok_or(InvalidEndpoint::Broker)?.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(MQTT_PORT);
        if port == 0 {
            return Err(InvalidEndpoint::Broker);
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_addresses_are_read_as_people_write_them() {
        let cases = [
            ("mqtts://127.0.0.1:41002", "127.0.0.1:41002"),
            ("mqtts://us.mqtt.bambulab.com", "us.mqtt.bambulab.com:8883"),
            ("localhost:1", "localhost:1"),
            ("printer.lan", "printer.lan:8883"),
            ("mqtts://[::1]:9", "[::1]:9"),
        ];
        for (text, shown) in cases {
            assert_eq!(text.parse::<BrokerAddress>().unwrap().to_string(), shown);
        }
        for bad in ["", "mqtt://h", "http://h:1", "mqtts://", "h:99999", "h:0", "u@h", "h/p", "h?a"]
        {
            assert_eq!(bad.parse::<BrokerAddress>(), Err(InvalidEndpoint::Broker), "{bad}");
        }
    }

    #[test]
    fn plain_http_is_taken_for_this_machine_only() {
        let base = || Region::Global.endpoint();
        assert!(base().with_api_url("http://127.0.0.1:41001").is_ok());
        assert!(base().with_api_url("http://localhost:1/").is_ok());
        assert!(base().with_api_url("https://example.com").is_ok());
        for bad in
            ["http://example.com", "ftp://x", "", "https://u:p@example.com", "http://1.2.3.4"]
        {
            assert_eq!(base().with_api_url(bad), Err(InvalidEndpoint::ApiUrl), "{bad}");
        }
        assert_eq!(Region::China.endpoint().mqtt.host, "cn.mqtt.bambulab.com");
        assert_eq!("CN".parse(), Ok(Region::China));
        assert!("mars".parse::<Region>().is_err());
    }
}
