//! Headers can carry what bodies do: where to go on (`Location`), who one is (`Set-Cookie`).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Masker,
    keys::{Class, classify},
    text::{self, TOKEN},
};

impl Masker {
    /// Masks the values of headers. A cookie keeps its name and attributes; what stands under a
    /// secret name (`X-Csrf-Token`, `Authorization`) becomes `***`; for all others the rules for text
    /// hold.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if let Some(shown) = self.header(name, value.as_bytes()) {
                *value = HeaderValue::from_bytes(&shown)
                    .unwrap_or_else(|_| HeaderValue::from_static("***"));
            }
        }
    }

    fn header(&self, name: &HeaderName, value: &[u8]) -> Option<Vec<u8>> {
        if *name == header::SET_COOKIE {
            return Some(self.cookie(value));
        }
        // A challenge names a way to sign in, not a secret.
        if *name != header::WWW_AUTHENTICATE && classify(name.as_str().as_bytes()).hides() {
            return Some(TOKEN.to_vec());
        }
        text::mask(value, Class::Plain, &self.rules.secrets)
    }

    fn cookie(&self, value: &[u8]) -> Vec<u8> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (pair, attributes) = value.split_at(end);
        let name = memchr::memchr(b'=', pair).and_then(|end| pair.get(..=end));
        let mut shown = name.unwrap_or_default().to_vec();
        shown.extend_from_slice(TOKEN);
        shown.extend_from_slice(attributes);
        text::mask(&shown, Class::Plain, &self.rules.secrets).unwrap_or(shown)
    }
}
