//! The object store's refusals, as S3 writes them: XML with a code.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// No signature, or only a part of one.
    Unsigned,
    /// `Expires` is no number.
    InvalidExpires,
    /// The URL is too old: when it ended.
    Expired(i64),
    /// No such key pair.
    InvalidAccessKeyId(String),
    /// The signature is another one.
    SignatureDoesNotMatch { access_key_id: String, text: String, signature: String },
    /// There is one bucket only.
    NoSuchBucket(String),
    /// Nothing is stored there.
    NoSuchKey(String),
    /// The key has more than 1024 bytes, or is no text.
    InvalidKey,
    /// Neither GET, HEAD nor PUT.
    MethodNotAllowed(String),
    /// A body without `Content-Length`.
    MissingContentLength,
    /// Larger than may be: size and limit.
    EntityTooLarge(u64, u64),
    /// `Content-MD5` is no MD5.
    InvalidDigest,
    /// The body has another MD5: the wanted one, in base64.
    BadDigest { wanted: String, got: String },
    /// The body ended early.
    IncompleteBody,
    /// The store is full of what somebody refers to.
    SlowDown,
    /// The disk refuses.
    Internal,
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        tracing::warn!(%error, "the object store cannot use its file");
        Self::Internal
    }
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unsigned
            | Self::InvalidExpires
            | Self::Expired(_)
            | Self::InvalidAccessKeyId(_)
            | Self::SignatureDoesNotMatch { .. } => StatusCode::FORBIDDEN,
            Self::NoSuchBucket(_) | Self::NoSuchKey(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingContentLength => StatusCode::LENGTH_REQUIRED,
            Self::SlowDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Code and message.
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unsigned => ("AccessDenied", "Access Denied"),
            Self::InvalidExpires => {
                ("AccessDenied", "Invalid date (should be seconds since epoch)")
            }
            Self::Expired(_) => ("AccessDenied", "Request has expired"),
            Self::InvalidAccessKeyId(_) => (
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            Self::SignatureDoesNotMatch { .. } => (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            ),
            Self::NoSuchBucket(_) => ("NoSuchBucket", "The specified bucket does not exist"),
            Self::NoSuchKey(_) => ("NoSuchKey", "The specified key does not exist."),
            Self::InvalidKey => ("InvalidURI", "Couldn't parse the specified URI."),
            Self::MethodNotAllowed(_) => {
                ("MethodNotAllowed", "The specified method is not allowed against this resource.")
            }
            Self::MissingContentLength => {
                ("MissingContentLength", "You must provide the Content-Length HTTP header.")
            }
            Self::EntityTooLarge(..) => {
                ("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
            }
            Self::InvalidDigest => ("InvalidDigest", "The Content-MD5 you specified was invalid."),
            Self::BadDigest { .. } => {
                ("BadDigest", "The Content-MD5 you specified did not match what we received.")
            }
            Self::IncompleteBody => (
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP \
                 header",
            ),
            Self::SlowDown => ("SlowDown", "Please reduce your request rate."),
            Self::Internal => {
                ("InternalError", "We encountered an internal error. Please try again.")
            }
        }
    }

    /// What stands beside code and message.
    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Expired(ended) => vec![
                ("Expires", time(Timestamp::from_second(*ended).unwrap_or_default())),
                ("ServerTime", time(Timestamp::now())),
            ],
            Self::InvalidAccessKeyId(id) => vec![("AWSAccessKeyId", id.clone())],
            Self::SignatureDoesNotMatch { access_key_id, text, signature } => vec![
                ("AWSAccessKeyId", access_key_id.clone()),
                ("StringToSign", text.clone()),
                ("SignatureProvided", signature.clone()),
                ("StringToSignBytes", hex(text)),
            ],
            Self::NoSuchBucket(bucket) => vec![("BucketName", bucket.clone())],
            Self::NoSuchKey(key) => vec![("Key", key.clone())],
            Self::MethodNotAllowed(method) => {
                vec![("Method", method.clone()), ("ResourceType", "OBJECT".to_owned())]
            }
            Self::EntityTooLarge(size, limit) => {
                vec![("ProposedSize", size.to_string()), ("MaxSizeAllowed", limit.to_string())]
            }
            Self::BadDigest { wanted, got } => {
                vec![("ExpectedDigest", wanted.clone()), ("CalculatedDigest", got.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// The answer; without its body for HEAD.
    pub(super) fn answer(&self, request_id: &str, head: bool) -> Response {
        let (code, message) = self.words();
        let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
        let fixed = [("Code", code.to_owned()), ("Message", message.to_owned())];
        let ids = [("RequestId", request_id.to_owned()), ("HostId", "simulator".to_owned())];
        for (name, text) in fixed.into_iter().chain(self.details()).chain(ids) {
            xml += &format!("<{name}>{}</{name}>", escaped(&text));
        }
        xml += "</Error>";
        let body = if head { Body::empty() } else { Body::from(xml) };
        let mut answer = Response::new(body);
        *answer.status_mut() = self.status();
        let xml = HeaderValue::from_static("application/xml");
        answer.headers_mut().insert(header::CONTENT_TYPE, xml);
        answer
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn hex(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// The text inside an element; control characters that XML does not know are left out.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => xml += "&amp;",
            '<' => xml += "&lt;",
            '>' => xml += "&gt;",
            '\n' | '\t' => xml.push(letter),
            letter if letter.is_control() => {}
            letter => xml.push(letter),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_cannot_end_an_element() {
        assert_eq!(escaped("</Key>&\u{1}\n"), "&lt;/Key&gt;&amp;\n");
        assert_eq!(hex("PU\n"), "50 55 0a");
    }
}
