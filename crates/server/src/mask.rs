//! Masking of what leaves for others: access codes, tokens, URLs, addresses, in JSON of any depth and
//! size, as it streams by. Pure, without I/O and clock.
//!
//! | What | Becomes |
//! |---|---|
//! | an access code, and whatever else hands out access, by its key (below) | `********` |
//! | text or number under a key with `token`, `csrf` in it | `***` |
//! | a URL with any scheme; `user:password@host`; `host.domain:port`; `//host.domain/…`; a path with a signed query | `[URL_REDACTED]` |
//! | an IPv4 or IPv6 address, with its zone; a number or a text under a key that names an address | `[IP_REDACTED]` |
//! | the caller's own token | `***REDACTED***` |
//!
//! *Keys* are compared without case and punctuation, their escapes resolved. Access is handed out by
//! access codes, passwords, secrets, tickets (sign-in, binding, upload), PINs, storage keys, signatures,
//! cookies, and by the answer for a camera ticket: `ttcode`, `passwd`, `authkey`, `stream_key`,
//! `stream_salt`, `channel_name`, `rtm`. An object or a list under such a key is masked as one. In a
//! text that is no JSON the same names are found before `=` and `:`.
//!
//! *No address:* the loopback; 0 (an interface that is down); a firmware version, which has two digits in
//! each of its four places and begins with a nought (`01.08.02.00`); under a key for versions also one
//! whose first number is below ten (`1.10.0.35`); a time; a hardware address.
//!
//! *Disguises* are seen through: escapes in keys and values, JSON within a string, percent signs,
//! doubled backslashes, UTF-16. A line that hides something where it cannot be cut out is masked whole.
//! Other encodings (Base64, gzip) are not; a compressed answer must not come here.

mod address;
mod assignment;
mod escape;
mod headers;
mod keys;
mod link;
mod scalar;
mod segments;
mod stream;
mod text;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, sync::Arc};

pub(crate) use stream::Stream;

/// Masks what one caller is shown. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Masker {
    rules: Arc<Rules>,
}

/// What a masker knows besides the rules that are the same for all.
#[derive(Debug, Default)]
struct Rules {
    secrets: text::Secrets,
}

impl Masker {
    /// A masker for the caller with this token.
    pub(crate) fn new(own: Option<&str>) -> Self {
        Self::with(own, &[])
    }

    /// A masker that also masks these texts wherever they stand, as `***`: the real token, above all.
    pub(crate) fn with(own: Option<&str>, others: &[&str]) -> Self {
        let mut secrets = text::Secrets::default();
        if let Some(own) = own {
            secrets.add(own, text::OWN);
        }
        for other in others {
            secrets.add(other, text::TOKEN);
        }
        Self { rules: Arc::new(Rules { secrets }) }
    }

    /// A plain text, such as the message of an error.
    pub(crate) fn text<'a>(&self, plain: &'a str) -> Cow<'a, str> {
        match text::mask(plain.as_bytes(), keys::Class::Plain, &self.rules.secrets) {
            Some(shown) => Cow::Owned(String::from_utf8_lossy(&shown).into_owned()),
            None => Cow::Borrowed(plain),
        }
    }

    /// A whole body, JSON or not.
    pub(crate) fn json(&self, body: &[u8]) -> Vec<u8> {
        stream::whole(&self.rules, body, 0)
    }

    /// A body that comes in chunks.
    pub(crate) fn stream(&self) -> Stream {
        Stream::new(self.rules.clone())
    }
}
