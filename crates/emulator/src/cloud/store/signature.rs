//! Signature V2 of the object store: the string that is signed, the signature, and signed URLs.
//!
//! Written from Amazon's public description of "Signing and authenticating REST requests".

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::hmac;

/// Query keys that are part of the resource that is signed.
const SUBRESOURCES: [&str; 24] = [
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// What of a request is signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Value of `Content-MD5`, empty without one.
    pub(super) md5: &'a str,
    /// Value of `Content-Type`, empty without one.
    pub(super) content_type: &'a str,
    /// Value of `Expires`, as it stands in the query.
    pub(super) expires: &'a str,
    /// `x-amz-` headers: names in lower case.
    pub(super) amz: &'a [(String, String)],
    /// The path, as it was sent.
    pub(super) path: &'a str,
    /// The query, decoded.
    pub(super) query: &'a [(String, String)],
}

impl Signed<'_> {
    /// The string to sign.
    pub(super) fn text(&self) -> String {
        let Self { method, md5, content_type, expires, .. } = self;
        let mut text = format!("{method}\n{md5}\n{content_type}\n{expires}\n");
        let mut amz: Vec<_> = self.amz.iter().collect();
        // Stable: values of one name stay in their order and are joined by commas.
        amz.sort_by(|a, b| a.0.cmp(&b.0));
        for same in amz.chunk_by(|a, b| a.0 == b.0) {
            let values: Vec<&str> = same.iter().map(|(_, value)| value.trim()).collect();
            let name = same.first().map_or("", |(name, _)| name);
            text += &format!("{name}:{}\n", values.join(","));
        }
        text += self.path;
        let known = |key: &str| SUBRESOURCES.contains(&key);
        let mut parts: Vec<_> = self.query.iter().filter(|(key, _)| known(key)).collect();
        parts.sort();
        for (at, (key, value)) in parts.into_iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text += key;
            if !value.is_empty() {
                text.push('=');
                text += value;
            }
        }
        text
    }
}

/// The signature of a string: HMAC-SHA1 in base64.
pub(super) fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// Whether it is the signature of this string; takes as long for a wrong one.
pub(super) fn is_right(secret: &str, text: &str, signature: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = BASE64_STANDARD.decode(signature);
    tag.is_ok_and(|tag| hmac::verify(&key, text.as_bytes(), &tag).is_ok())
}

/// A text as part of a URL: all but letters, digits and `-_.~` as `%XX`; `/` stays in a path.
pub(super) fn encoded(text: &str, path: bool) -> String {
    let mut url = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(byte));
            }
            b'/' if path => url.push('/'),
            _ => url += &format!("%{byte:02X}"),
        }
    }
    url
}

/// The text of a part of a URL; what is no `%XX` stays. `plus` reads `+` as a space.
pub(super) fn decoded(text: &str, plus: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) if plus => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// The pairs of a query; `None` when a part of it is no text.
pub(super) fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            // A signature that was not encoded has a `+` of its own.
            let plus = key != "Signature";
            Some((decoded(key, true)?, decoded(value, plus)?))
        })
        .collect()
}

#[cfg(test)]
mod tests;
