//! Where a file goes: addresses that are signed for one upload, `user/upload`.

use std::fmt;

use serde::{Serialize, Serializer};

use super::lenient::body;

/// An address that lets whoever has it store or fetch one object: the signature is in its query.
///
/// A secret: `Debug`, `Display` and `Serialize` show it without the query.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// Takes an address as it was received.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// All of it, for the one request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The object's address, which opens nothing.
    pub fn without_query(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }

    /// When it expires, in seconds since 1970 (`Expires`); `None` when it does not say. [L]
    pub fn expires_at(&self) -> Option<u64> {
        let query = self.0.split_once('?')?.1;
        query.split('&').find_map(|pair| pair.strip_prefix("Expires="))?.parse().ok()
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.without_query())
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({:?})", self.without_query())
    }
}

impl Serialize for SignedUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.without_query())
    }
}

body! {
    /// Body of `GET user/upload`. [L]
    #[derive(Default)]
    pub struct UploadUrls {
        /// One address per thing to store; empty for an account without cloud storage.
        pub urls: Vec<UploadUrl>,
        /// The only address in the documented shape. [G]
        pub upload_url: Option<SignedUrl>,
    }

    /// An address, and what to store there. [L]
    pub struct UploadUrl {
        /// `filename`: the file; `size`: its size as decimal text (`type`).
        pub kind: Option<String> = "type",
        /// The last part of the address: the file's name, or its size.
        pub file: Option<String>,
        /// The address.
        pub url: SignedUrl,
    }
}

impl UploadUrls {
    /// Where the file goes: the address for it, else the only one, in either shape.
    pub fn file(&self) -> Option<&SignedUrl> {
        let only = self.urls.first().filter(|url| url.kind.as_deref() != Some("size"));
        let file = self.of_kind("filename").or(only).map(|url| &url.url);
        file.or(self.upload_url.as_ref()).filter(|url| !url.reveal().is_empty())
    }

    /// Where the file's size goes, as decimal text; the documented shape has none.
    pub fn size(&self) -> Option<&SignedUrl> {
        self.of_kind("size").map(|url| &url.url).filter(|url| !url.reveal().is_empty())
    }

    fn of_kind(&self, kind: &str) -> Option<&UploadUrl> {
        self.urls.iter().find(|url| url.kind.as_deref() == Some(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_tell_where_the_file_goes() {
        let observed: UploadUrls = serde_json::from_str(
            r#"{"message":"success","host":"user","urls":[
                {"type":"size","file":"7","url":"https://s/size/7?Signature=b"},
                {"type":"filename","file":"a.3mf","url":"https://s/a.3mf?Expires=99&Signature=a"}]}"#,
        )
        .unwrap();
        assert_eq!(observed.file().unwrap().without_query(), "https://s/a.3mf");
        assert_eq!(observed.file().unwrap().expires_at(), Some(99));
        assert_eq!(observed.size().unwrap().without_query(), "https://s/size/7");
        let documented: UploadUrls =
            serde_json::from_str(r#"{"upload_url":"https://s/a?x=1","urls":null}"#).unwrap();
        assert_eq!(documented.file().unwrap().reveal(), "https://s/a?x=1");
        assert!(documented.size().is_none());
        for none in ["{}", r#"{"urls":[]}"#, r#"{"urls":[{"type":"filename"}],"upload_url":""}"#] {
            assert!(serde_json::from_str::<UploadUrls>(none).unwrap().file().is_none(), "{none}");
        }
    }

    #[test]
    fn a_signature_is_never_shown() {
        let url = SignedUrl::new("https://s/a.3mf?AWSAccessKeyId=K&Expires=1&Signature=secret");
        let shown = format!("{url} {url:?} {}", serde_json::to_string(&url).unwrap());
        assert!(!shown.contains("secret") && !shown.contains('?'), "{shown}");
        assert!(url.reveal().ends_with("secret"));
    }
}
