//! The cloud's REST interface: who I am, which printers I have, what they do.
//!
//! Bodies are in `bambu_protocol::cloud`; the broker, which tells what printers do right now, is
//! behind [`CloudSession`](crate::CloudSession).

mod account;
mod ams;
mod bind;
mod budget;
mod call;
mod camera;
mod devices;
mod error;
mod filament;
mod forwarded;
mod http;
mod login;
mod messages;
mod pages;
mod possession;
pub mod print;
mod probe;
mod projects;
mod retry;
mod slicer;
mod tasks;
pub mod upload;

use std::{fmt, ops::Deref, sync::Arc};

use serde_json::Value;

use crate::{endpoint::Endpoint, tls::Roots, token::Token};

pub use ams::{AmsError, AmsFilaments, AmsUnitFilaments, TrayFilament};
pub use budget::{Budget, Group, InvalidBudget, Rate};
pub use camera::{CameraUrls, CloudVideo, LocalCamera};
pub use devices::DeviceInfo;
pub use error::CloudError;
pub use forwarded::Allowance;
pub use login::{
    Code, CodeSource, CodeWanted, Credentials, FixedCode, Found, Life, Login, LoginError, NoCode,
    Obtained, Supply,
};
pub use messages::MessageQuery;
pub use possession::{InvalidPossession, Possession};
pub use print::{CloudFile, JobFile, PrintError, PrintErrorKind, PrintOptions, Started, Step};
pub use probe::Probe;
pub use tasks::TaskQuery;
pub use upload::{OnProgress, Progress, UploadError, UploadOptions, Uploaded};

pub(crate) use call::{Call, Reply};
pub(crate) use pages::{PageStart, pages};

use budget::Ledger;
use http::Http;
use upload::Uploads;

/// An account's view of the cloud. Cheap to clone; connections are shared and reused.
#[derive(Debug, Clone)]
pub struct Cloud {
    http: Http,
    token: Option<Token>,
    manners: Manners,
    ledger: Arc<Ledger>,
    /// For connections to the store, which are not those of the interface.
    roots: Roots,
    uploads: Uploads,
}

/// How the cloud is asked: how often, how many times more, and whether a key is shown.
#[derive(Debug, Clone)]
pub struct Manners {
    /// How often, per kind of call.
    pub budget: Budget,
    /// How many times a call that only reads is made again when nobody answers, when the cloud is
    /// in trouble (5xx) or wants it later (429); 2 by default. No other call is ever repeated.
    pub retries: u32,
    /// The user's own key, for the one call that may want it; none by default.
    pub possession: Option<Possession>,
}

/// A typed answer, and the JSON it was read from, with every key the cloud sent.
///
/// `raw` may hold LAN access codes; `Debug` hides it.
#[derive(Clone)]
pub struct Answer<T> {
    /// What is understood of it.
    pub value: T,
    /// All of it. A secret where the cloud sends access codes.
    pub raw: Value,
}

impl Cloud {
    /// The cloud at an endpoint; without a token every call but the public ones is refused.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when TLS cannot be set up.
    pub fn new(
        endpoint: &Endpoint,
        token: Option<Token>,
        roots: &Roots,
    ) -> Result<Self, CloudError> {
        Self::with(endpoint, token, roots, Manners::default())
    }

    /// The same with manners of one's own.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when TLS cannot be set up.
    pub fn with(
        endpoint: &Endpoint,
        token: Option<Token>,
        roots: &Roots,
        manners: Manners,
    ) -> Result<Self, CloudError> {
        let http = Http::new(endpoint, roots)?;
        let ledger = Ledger::shared(&http.api_host(), token.as_ref(), manners.budget);
        let (roots, uploads) = (roots.clone(), Uploads::default());
        Ok(Self { http, token, manners, ledger, roots, uploads })
    }

    /// The same cloud for another token; connections are shared.
    #[must_use]
    pub fn with_token(&self, token: Token) -> Self {
        let ledger = Ledger::shared(&self.http.api_host(), Some(&token), self.manners.budget);
        Self { token: Some(token), ledger, uploads: Uploads::default(), ..self.clone() }
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self { budget: Budget::default(), retries: 2, possession: None }
    }
}

impl<T> Answer<T> {
    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: of(self.value), raw: self.raw }
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("value", &self.value).finish_non_exhaustive()
    }
}
