//! What the cloud says when it refuses.

use super::lenient::{body, one_line};

/// More of a plain text is not looked at; what is cut off is far behind what is shown.
const LONGEST: usize = 64 << 10;

body! {
    /// The error envelope of all services: `{"code", "error", "message"}`, each key optional. [L]
    #[derive(Default, Eq)]
    pub struct Refusal {
        /// 2 missing, 4 please log in, 8 forbidden, 14 quota reached.
        pub code: Option<i64>,
        /// Short name, such as `Please login.`
        pub error: Option<String>,
        /// Text.
        pub message: Option<String> = "message" | "detail",
    }
}

impl Refusal {
    /// Reads a body, JSON or plain text; anything else is an empty refusal.
    pub fn read(body: &[u8]) -> Self {
        if let Ok(refusal) = serde_json::from_slice(body) {
            return refusal;
        }
        let text = String::from_utf8_lossy(body.get(..body.len().min(LONGEST)).unwrap_or_default());
        let plain = text.trim();
        let message = (!plain.is_empty() && !plain.starts_with('<')).then(|| plain.to_owned());
        Self { message, ..Self::default() }
    }

    /// Whether the token is dead: the only refusal that means "log in again". [L]
    pub fn is_login_wanted(&self) -> bool {
        let says = |text: &Option<String>| text.as_deref() == Some("Please login.");
        self.code == Some(4) || says(&self.error) || says(&self.message)
    }

    /// Whether a body that came with HTTP 200 refuses all the same: a code that is not 0, and a
    /// message that is not `success`. [D]
    pub fn is_told_as_success(&self) -> bool {
        let succeeds = self.message.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("success"));
        self.code.is_some_and(|code| code != 0) && !succeeds
    }

    /// The same without these texts, which nobody may see.
    #[must_use]
    pub fn without(mut self, secrets: &[impl AsRef<str>]) -> Self {
        for text in [&mut self.error, &mut self.message].into_iter().flatten() {
            for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()) {
                *text = text.replace(secret, "********");
            }
        }
        self
    }

    /// The text to show: one line of at most 200 characters, without control characters.
    pub fn text(&self) -> Option<String> {
        let text = match (&self.message, &self.error) {
            (Some(message), Some(error)) if message != error => format!("{error}: {message}"),
            (Some(text), _) | (None, Some(text)) => text.clone(),
            (None, None) => return self.code.map(|code| format!("code {code}")),
        };
        Some(one_line(&text))
    }
}
