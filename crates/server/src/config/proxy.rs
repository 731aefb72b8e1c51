//! `[proxy]`: tokens, limits and the two faces of the proxy.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use bambu_protocol::Serial;
use serde::{Deserialize, Deserializer, de};

use super::{Expiry, InvalidSetting, TokenDigest, written};

/// The proxy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// The flat file of tokens, `{custom: real}`, that `bambu token` writes. Default: that one.
    pub tokens_file: Option<PathBuf>,
    /// `[[proxy.token]]`: what a token may do. Default: none, so every token of the file may do all.
    pub token: Vec<TokenOptions>,
    /// Requests per minute and token. Default: device 30, user 15, admin 10, health 60.
    pub rate_limit: RateLimit,
    /// How long an answer of the cloud is given again. Default: off, nothing is kept or shared.
    pub cache: Cache,
    /// How long a realtime session lasts, in seconds, 10 to 86400. Default: 120.
    #[serde(deserialize_with = "written::within::<_, _, 10, 86_400>")]
    pub realtime_seconds: u64,
    /// How long the cloud is waited for, in seconds, 1 to 600: for the head of an answer, and for each
    /// further part of it. Default: 30.
    #[serde(deserialize_with = "written::within::<_, _, 1, 600>")]
    pub upstream_seconds: u64,
    /// The face that only reads; off without its table.
    pub strict: Option<Listen>,
    /// The face that forwards every method; off without its table.
    pub full: Option<Listen>,
}

/// Where a face of the proxy listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Address and port. Default: 127.0.0.1, port 5001 for strict and 5003 for full.
    pub listen: Option<SocketAddr>,
}

/// What one token may do: a `[[proxy.token]]`.
///
/// It belongs to the token of the tokens file that has the same hash. When the file has none, it is a
/// token of its own that stands for the saved login.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenOptions {
    /// What it is called in logs, metrics and lists, 1 to 40 letters, digits, `-`, `_` and `.`.
    /// Default: the first 8 digits of its hash.
    #[serde(default, deserialize_with = "name")]
    pub name: Option<String>,
    /// Its hash, `sha256:` and 64 hex digits, or the token itself.
    pub token: TokenDigest,
    /// The printers it may see. Default: all of the account.
    #[serde(default)]
    pub serials: Option<Vec<Serial>>,
    /// Whether it only reads, on the full face, too. Default: false.
    #[serde(default)]
    pub read_only: bool,
    /// Its own limit, for devices and the user alike, in requests per minute. Default: those of all.
    #[serde(default, deserialize_with = "limit")]
    pub limit: Option<u32>,
    /// When it ends. Default: never.
    #[serde(default)]
    pub expires: Option<Expiry>,
    /// Whether secrets are masked in what it is told; `false` counts on the full face alone.
    /// Default: true.
    #[serde(default)]
    pub masking: Option<bool>,
    /// Whether it may ask `/admin` and, from other machines, `/metrics`. Once one token may, no
    /// other may. Default: false.
    #[serde(default)]
    pub admin: bool,
    /// For the owner's eyes; shown in `/admin/tokens`. Default: none.
    #[serde(default)]
    pub note: Option<String>,
}

/// Requests per minute and token, by group: `"off"`, one number for all groups, or a table
/// `{ device, user, admin, health }` whose missing keys keep their default. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// What is asked about devices and tasks. Default: 30.
    pub device: Option<u32>,
    /// What is asked about the user. Default: 15.
    pub user: Option<u32>,
    /// `/admin`. Default: 10.
    pub admin: Option<u32>,
    /// `/health`, `/` and `/metrics`. Default: 60.
    pub health: Option<u32>,
}

/// How long an answer of the cloud is given again: `"off"`, or 1 to 3600 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cache {
    /// Every request goes to the cloud by itself.
    #[default]
    Off,
    /// Equal requests share one answer for so long.
    For(Duration),
}

impl RateLimit {
    /// No limit at all.
    pub const OFF: Self = Self::each(None);

    /// The same in each group.
    pub const fn each(limit: Option<u32>) -> Self {
        Self { device: limit, user: limit, admin: limit, health: limit }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { device: Some(30), user: Some(15), admin: Some(10), health: Some(60) }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            tokens_file: None,
            token: Vec::new(),
            rate_limit: RateLimit::default(),
            cache: Cache::Off,
            realtime_seconds: 120,
            upstream_seconds: 30,
            strict: None,
            full: None,
        }
    }
}

impl FromStr for RateLimit {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        one_limit(text).map(Self::each)
    }
}

impl FromStr for Cache {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text.trim() {
            "off" => Ok(Self::Off),
            number => number.parse().ok().and_then(Self::seconds).ok_or(InvalidSetting::Cache),
        }
    }
}

impl Cache {
    fn seconds(seconds: i64) -> Option<Self> {
        let seconds = u64::try_from(seconds).ok().filter(|s| (1..=3600).contains(s))?;
        Some(Self::For(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::For(time) => write!(f, "{}", time.as_secs()),
        }
    }
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// One group of the table; without it the default stays.
        #[derive(Clone, Copy)]
        struct One(Option<u32>);
        impl<'de> Deserialize<'de> for One {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = |number| per_minute(number).map(|limit| Self(Some(limit)));
                written::word_or(
                    deserializer,
                    "\"off\", or a number of requests per minute",
                    |word| one_limit(word).map(Self),
                    number,
                    |de::IgnoredAny| Self(None),
                )
            }
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Groups {
            device: Option<One>,
            user: Option<One>,
            admin: Option<One>,
            health: Option<One>,
        }
        let usual = Self::default();
        let or = |one: Option<One>, usual| one.map_or(usual, |One(limit)| limit);
        written::word_or(
            deserializer,
            "\"off\", a number of requests per minute, or a table of groups",
            str::parse,
            |number| per_minute(number).map(|limit| Self::each(Some(limit))),
            |Groups { device, user, admin, health }| Self {
                device: or(device, usual.device),
                user: or(user, usual.user),
                admin: or(admin, usual.admin),
                health: or(health, usual.health),
            },
        )
    }
}

impl<'de> Deserialize<'de> for Cache {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::word_or(
            deserializer,
            "\"off\", or a number of seconds",
            str::parse,
            Self::seconds,
            |NoTable {}| Self::Off,
        )
    }
}

/// A table where none belongs: any key of it is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoTable {}

fn one_limit(text: &str) -> Result<Option<u32>, InvalidSetting> {
    match text.trim() {
        "off" => Ok(None),
        number => {
            let limit = number.parse().ok().and_then(per_minute);
            limit.map(Some).ok_or(InvalidSetting::RateLimit)
        }
    }
}

fn per_minute(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| (1..=1_000_000).contains(number))
}

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let wrong = || de::Error::custom("write a number of requests per minute from 1 to 1000000");
    per_minute(number).map(Some).ok_or_else(wrong)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let right = (1..=40).contains(&name.len()) && name.bytes().all(plain);
    let wrong = || de::Error::custom("a name has 1 to 40 letters, digits, '-', '_' and '.'");
    right.then_some(Some(name)).ok_or_else(wrong)
}
