//! Values that are written in more than one way: a word or a number or a table, a token or its hash,
//! a date or a time. No error repeats what was written where that may be a secret.

use std::{fmt, marker::PhantomData};

use jiff::{Timestamp, civil, tz::TimeZone};
use ring::digest;
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

use super::InvalidSetting;

/// SHA-256 of a token's text: what a token is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token's text; white space around it is no part of it.
    pub fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, token.trim().as_bytes());
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 8 hex digits: what a token without a name is called.
    pub fn short(&self) -> String {
        self.digits(4)
    }

    /// `sha256:` and the first 12 hex digits: how the client library shows a token, too.
    pub(crate) fn fingerprint(&self) -> String {
        format!("sha256:{}", self.digits(6))
    }

    fn digits(&self, bytes: usize) -> String {
        self.0.iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads `sha256:` and 64 hex digits, or takes the text for the token itself.
    fn read(text: &str) -> Result<Self, InvalidSetting> {
        let text = text.trim();
        let Some(hex) = text.strip_prefix("sha256:") else {
            return is_token(text).then(|| Self::of(text)).ok_or(InvalidSetting::Token);
        };
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidSetting::Token);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = hex.get(2 * index..2 * index + 2).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidSetting::Token)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({}…)", self.short())
    }
}

impl<'de> Deserialize<'de> for TokenDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        secret(deserializer, Self::read)
    }
}

/// When a token ends. A date lasts until it is over in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(pub Timestamp);

impl Expiry {
    fn read(text: &str) -> Result<Self, InvalidSetting> {
        if let Ok(time) = text.trim().parse::<Timestamp>() {
            return Ok(Self(time));
        }
        // A time without its zone would be read as its day, too.
        let day = Some(text.trim()).filter(|text| text.len() == "2027-01-31".len());
        let day: Option<civil::Date> = day.and_then(|day| day.parse().ok());
        let day = day.ok_or(InvalidSetting::Expiry)?;
        let next = day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
        next.map(|next| Self(next.timestamp())).map_err(|_| InvalidSetting::Expiry)
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// TOML has dates without quotes, too.
        struct Written;
        impl<'de> de::Visitor<'de> for Written {
            type Value = Expiry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Expiry, E> {
                Expiry::read(text).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Expiry, A::Error> {
                let map = MapAccessDeserializer::new(map);
                let date = toml::value::Datetime::deserialize(map)?;
                Expiry::read(&date.to_string()).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// A whole number from `LEAST` to `MOST`.
pub(super) fn within<'de, D, T, const LEAST: u64, const MOST: u64>(
    deserializer: D,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    let number = i64::deserialize(deserializer)?;
    let number = u64::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| de::Error::custom(format_args!("write a number from {LEAST} to {MOST}")))
}

/// Whether a client can send this as its token.
pub(super) fn is_token(text: &str) -> bool {
    let text = text.trim();
    (1..=4096).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A text whose value no error repeats, whatever type it has.
pub(super) fn secret<'de, D, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, InvalidSetting>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text;
    impl de::Visitor<'_> for Text {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text in quotes")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<String>, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Option<String>, E> {
            Err(E::custom("put the value in quotes"))
        }

        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Option<String>, E> {
            Err(E::custom("put the value in quotes"))
        }
    }
    let text = deserializer.deserialize_any(Text)?.unwrap_or_default();
    read(&text).map_err(de::Error::custom)
}

/// A word, a number, or a table of `M`.
pub(super) fn word_or<'de, D, T, M>(
    deserializer: D,
    expected: &'static str,
    word: impl FnOnce(&str) -> Result<T, InvalidSetting>,
    number: impl FnOnce(i64) -> Option<T>,
    table: impl FnOnce(M) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    M: Deserialize<'de>,
{
    struct Either<T, M, W, N, F>(&'static str, W, N, F, PhantomData<(T, M)>);
    impl<'de, T, M, W, N, F> de::Visitor<'de> for Either<T, M, W, N, F>
    where
        M: Deserialize<'de>,
        W: FnOnce(&str) -> Result<T, InvalidSetting>,
        N: FnOnce(i64) -> Option<T>,
        F: FnOnce(M) -> T,
    {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            self.1(text).map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            self.2(number).ok_or_else(|| E::custom(format_args!("write {}", self.0)))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            M::deserialize(MapAccessDeserializer::new(map)).map(self.3)
        }
    }
    deserializer.deserialize_any(Either(expected, word, number, table, PhantomData))
}
