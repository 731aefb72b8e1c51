//! Logging in and out: by password, by a code alone, with an authenticator, with a token.
//!
//! What is done in which order is in `login/steps.rs`, without sockets; here are the calls. The file
//! that a login leaves is in `session.rs`.

mod code;
mod error;
mod heard;
mod obtain;
mod steps;

use std::{fmt, time::SystemTime};

use serde_json::{Value, json};

use super::{Call, Cloud, CloudError, Group};
use crate::{
    endpoint::{Endpoint, Region},
    session::SavedSession,
    tls::Roots,
    token::{Token, is_uid},
};

pub use code::{Code, CodeSource, CodeWanted, FixedCode, NoCode, Supply};
pub use error::LoginError;
pub use obtain::{Found, Obtained};

use heard::{Grant, Heard};
use steps::{Act, Event, Steps};

const CSRF_COOKIE: &str = "bbl_csrf_token";

/// The way into an account. Cheap to clone.
#[derive(Debug, Clone)]
#[doc(alias = "BambuAuthenticator")]
pub struct Login {
    cloud: Cloud,
    region: Region,
}

/// Whom to log in as, and with what. Secrets are in it: `Debug` shows the account alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// An account with a password; the cloud may want a code as well.
    Password {
        /// E-mail address, or a telephone number in the region China.
        account: String,
        /// The password.
        password: String,
    },
    /// A code alone: accounts made through Google or Apple have no password.
    Code {
        /// E-mail address, or a telephone number in the region China.
        account: String,
    },
    /// The ticket of a sign-in in the browser, six characters. [L]
    Ticket(String),
    /// A token that is there already.
    Token(Token),
}

/// Whether a token still counts.
#[derive(Debug)]
pub enum Life {
    /// It does.
    Alive {
        /// Number of the account.
        uid: Option<String>,
    },
    /// It does not: log in again.
    Dead,
    /// Nobody can say: keep it, and try again.
    Unknown(CloudError),
}

impl Login {
    /// The way into accounts of this region.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when TLS cannot be set up.
    pub fn new(endpoint: &Endpoint, region: Region, roots: &Roots) -> Result<Self, CloudError> {
        Ok(Self::with(Cloud::new(endpoint, None, roots)?, region))
    }

    /// The same with manners of one's own; a token that the cloud has is not used.
    pub fn with(cloud: Cloud, region: Region) -> Self {
        Self { cloud, region }
    }

    /// Logs in with a password. `code` is asked when the cloud wants a code as well: the one that it
    /// sends by e-mail or text message, or the authenticator's.
    ///
    /// # Errors
    /// [`LoginError`], each refusal as what it is.
    #[doc(alias = "login")]
    pub async fn password(
        &self,
        account: &str,
        password: &str,
        code: impl CodeSource,
    ) -> Result<SavedSession, LoginError> {
        let start = Steps::password(account, password, self.region, code.asks_again());
        self.walk(start, code).await
    }

    /// Logs in with a code alone, which is sent by e-mail, or to a telephone in the region China.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn code_alone(
        &self,
        account: &str,
        code: impl CodeSource,
    ) -> Result<SavedSession, LoginError> {
        self.walk(Steps::code_alone(account, self.region, code.asks_again()), code).await
    }

    /// Logs in with the ticket of a sign-in in the browser. [L]
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn ticket(&self, ticket: &str) -> Result<SavedSession, LoginError> {
        let call = Call::post("/v1/user-service/user/ticket/{}").value(ticket);
        let heard = match self.step(call.json(&json!({"ticket": ticket}))).await {
            Event::Heard(heard) => heard,
            Event::Failed(error) => return Err(error.into()),
            _ => return Err(LoginError::NotGranted { login_type: String::new() }),
        };
        match heard.granted() {
            Some(grant) => Ok(self.session(grant).await),
            None if heard.is_challenge => {
                Err(LoginError::Challenge { status: heard.status, api: None })
            }
            None => {
                let text = heard.refusal(&[ticket]).text();
                Err(LoginError::Refused { status: heard.status, text })
            }
        }
    }

    /// Takes a token that is there already, if the cloud does.
    ///
    /// # Errors
    /// [`LoginError::DeadToken`]; [`LoginError::Cloud`] when nobody can say whether it counts.
    pub async fn token(&self, token: Token) -> Result<SavedSession, LoginError> {
        match self.verify(&token).await {
            Life::Alive { .. } => Ok(self.session(Grant { token, lives: None }).await),
            Life::Dead => Err(LoginError::DeadToken),
            Life::Unknown(error) => Err(error.into()),
        }
    }

    /// Logs in as said.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn sign_in(
        &self,
        credentials: &Credentials,
        code: impl CodeSource,
    ) -> Result<SavedSession, LoginError> {
        match credentials {
            Credentials::Password { account, password } => {
                self.password(account, password, code).await
            }
            Credentials::Code { account } => self.code_alone(account, code).await,
            Credentials::Ticket(ticket) => self.ticket(ticket).await,
            Credentials::Token(token) => self.token(token.clone()).await,
        }
    }

    /// Whether a token still counts: `GET my/preference`. Only one refusal means that it is dead.
    /// [L]
    #[doc(alias = "verify_token")]
    pub async fn verify(&self, token: &Token) -> Life {
        match self.cloud.with_token(token.clone()).user_info().await {
            Ok(answer) => {
                let uid = answer.value.uid.filter(|uid| is_uid(uid));
                Life::Alive { uid: token.uid().or(uid) }
            }
            Err(error) if error.is_auth() => Life::Dead,
            Err(error) => Life::Unknown(error),
        }
    }

    /// A longer life for a token that still counts, as best as it can be had: some clouds answer
    /// this with 401 only. [L]
    ///
    /// # Errors
    /// [`LoginError`]: log in instead. The old token is as good as before.
    pub async fn refresh(&self, session: &SavedSession) -> Result<SavedSession, LoginError> {
        // At issue, the refresh token equals the access token.
        let call = Call::post("/v1/user-service/user/refreshtoken")
            .json(&json!({"refreshToken": session.token.reveal()}));
        let reply = self.cloud.with_token(session.token.clone()).reply(call).await?;
        let refusal = || LoginError::from(reply.refusal());
        let heard = Heard::of(&reply);
        let Grant { token, lives } = heard.granted().ok_or_else(refusal)?;
        let fresh = SavedSession::new(token);
        Ok(SavedSession {
            region: Some(self.region),
            uid: session.uid.clone().or(fresh.uid),
            expires_at: end(lives).or(fresh.expires_at),
            token: fresh.token,
        })
    }

    /// Ends a token's life: `POST my/logout`. The saved session is another matter,
    /// [`SessionFile::remove`](crate::SessionFile::remove). [L]
    ///
    /// # Errors
    /// [`CloudError`]; one that [`is_auth`](CloudError::is_auth) says that it was dead already.
    pub async fn logout(&self, token: &Token) -> Result<(), CloudError> {
        let call = Call::post("/v1/user-service/my/logout").json(&json!({"refreshtoken": ""}));
        self.cloud.with_token(token.clone()).done(call).await.map(drop)
    }

    async fn walk(
        &self,
        (mut steps, mut act): (Steps, Act),
        mut source: impl CodeSource,
    ) -> Result<SavedSession, LoginError> {
        const LOGIN: &str = "/v1/user-service/user/login";
        loop {
            let event = match act {
                Act::Done(result) => return Ok(self.session(result?).await),
                Act::Supply(wanted) => Event::Supply(source.supply(&wanted)),
                Act::Ask(wanted) => {
                    let code = source.code(wanted).await;
                    Event::Code(code.and_then(|code| code.given()))
                }
                Act::Login(body) => self.post(LOGIN, &body).await,
                Act::SendEmail(body) => {
                    self.post("/v1/user-service/user/sendemail/code", &body).await
                }
                Act::SendSms(body) => {
                    let call = Call::post("/api/v1/user-service/user/sendsmscode");
                    self.step(call.on_web().json(&body)).await
                }
                Act::AuthenticatorOnApi(body) => {
                    self.post("/v1/user-service/user/tfa/login", &body).await
                }
                // Reading this is no login: a whole chain of steps has to fit into the budget.
                Act::Csrf => {
                    let call = Call::get("/api/csrf").on_web();
                    self.step(call.group(Group::General)).await
                }
                Act::AuthenticatorOnWeb(body, cookie) => {
                    let call = Call::post("/api/sign-in/tfa").on_web().json(&body);
                    let call = call.header("x-bbl-csrf-token", &cookie);
                    self.step(call.header("cookie", format!("{CSRF_COOKIE}={cookie}"))).await
                }
            };
            act = steps.next(event);
        }
    }

    async fn post(&self, route: &'static str, body: &Value) -> Event {
        self.step(Call::post(route).json(body)).await
    }

    /// One call without a token, and what it says about the login.
    async fn step(&self, call: Call) -> Event {
        match self.cloud.reply(call.public()).await {
            // In trouble, or too busy: no word about the login.
            Ok(reply) if reply.status >= 500 || matches!(reply.status, 418 | 429) => {
                Event::Failed(reply.refusal())
            }
            Ok(reply) => Event::Heard(Heard::of(&reply)),
            Err(CloudError::Challenge { status }) => Event::Heard(Heard::challenge(status)),
            Err(error) => Event::Failed(error),
        }
    }

    /// What is to be remembered of a token that was given.
    async fn session(&self, Grant { token, lives }: Grant) -> SavedSession {
        let mut session = SavedSession::new(token);
        session.region = Some(self.region);
        session.expires_at = end(lives).or(session.expires_at);
        if session.uid.is_none() {
            // The login is done; who needs the number asks for it again.
            match self.cloud.with_token(session.token.clone()).uid().await {
                Ok(uid) => session.uid = Some(uid),
                Err(error) => tracing::debug!(%error, "logged in, but the cloud tells no number"),
            }
        }
        session
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { account, .. } => write!(f, "Password({account:?})"),
            Self::Code { account } => write!(f, "Code({account:?})"),
            Self::Ticket(_) => f.write_str("Ticket(<redacted>)"),
            Self::Token(_) => f.write_str("Token(<redacted>)"),
        }
    }
}

/// When a token ends that was given now.
fn end(lives: Option<std::time::Duration>) -> Option<SystemTime> {
    SystemTime::now().checked_add(lives?)
}
