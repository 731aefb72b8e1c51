//! The codes that a login asks for, and where they come from: a prompt, a setting, your function.

use std::{fmt, future::Future};

/// A code of a few digits. A secret: it neither prints nor serializes itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Takes a code as people copy it: spaces and dashes are dropped.
    pub fn new(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect())
    }

    /// This code, unless there is nothing in it.
    pub(super) fn given(self) -> Result<Self, NoCode> {
        if self.0.is_empty() { Err(NoCode) } else { Ok(self) }
    }

    /// The code itself, for the request and nowhere else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(<redacted>)")
    }
}

/// Which code is wanted, and where the person finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeWanted {
    /// The one that was sent by e-mail.
    Email {
        /// To which address.
        to: String,
    },
    /// The one that was sent by text message, in the region China.
    Sms {
        /// To which telephone number.
        to: String,
    },
    /// The one that the authenticator app shows now.
    Authenticator,
}

impl fmt::Display for CodeWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email { to } => write!(f, "the code sent by e-mail to {to}"),
            Self::Sms { to } => write!(f, "the code sent by text message to {to}"),
            Self::Authenticator => f.write_str("the code of the authenticator app"),
        }
    }
}

/// Nobody has the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no code")]
pub struct NoCode;

/// Whether a code is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Yes: none needs to be sent.
    AtHand,
    /// Somebody can be asked once it was sent.
    OnRequest,
    /// No, and there is nobody to ask: none is sent.
    Never,
}

/// Where codes come from. A function that takes a [`CodeWanted`] and returns a future is one, as is
/// a [`FixedCode`].
pub trait CodeSource: Send {
    /// The code that is wanted.
    ///
    /// # Errors
    /// [`NoCode`]: the login ends with [`LoginError::CodeWanted`](super::LoginError::CodeWanted).
    fn code(&mut self, wanted: CodeWanted) -> impl Future<Output = Result<Code, NoCode>> + Send;

    /// Asked before a code is sent.
    fn supply(&self, wanted: &CodeWanted) -> Supply {
        let _ = wanted;
        Supply::OnRequest
    }

    /// Whether a wrong code is worth asking again, as it is with a person; three times at most.
    fn asks_again(&self) -> bool {
        false
    }
}

impl<F, T> CodeSource for F
where
    F: FnMut(CodeWanted) -> T + Send,
    T: Future<Output = Result<Code, NoCode>> + Send,
{
    fn code(&mut self, wanted: CodeWanted) -> impl Future<Output = Result<Code, NoCode>> + Send {
        self(wanted)
    }
}

/// A code that is there already, for the first time that one is wanted. Without one, an account that
/// wants a code is told so, and no code is sent.
#[derive(Debug, Clone, Default)]
pub struct FixedCode(Option<Code>);

impl FixedCode {
    /// This one.
    pub fn new(code: Code) -> Self {
        Self(Some(code))
    }

    /// None at all.
    pub fn none() -> Self {
        Self(None)
    }
}

impl CodeSource for FixedCode {
    async fn code(&mut self, _: CodeWanted) -> Result<Code, NoCode> {
        self.0.take().ok_or(NoCode)
    }

    fn supply(&self, _: &CodeWanted) -> Supply {
        match self.0 {
            Some(_) => Supply::AtHand,
            None => Supply::Never,
        }
    }
}
