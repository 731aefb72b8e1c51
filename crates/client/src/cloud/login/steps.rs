//! The order of a login: what is done next, given what came back. No sockets, no clock, no files.
//!
//! `login.rs` does what is said here and tells what came of it.

use serde_json::{Value, json};

use super::{
    code::{Code, CodeWanted, NoCode, Supply},
    error::LoginError,
    heard::{Grant, Heard},
};
use crate::{cloud::CloudError, endpoint::Region};

/// How often a person is asked for the code of one e-mail or message.
const TRIES: u8 = 3;

/// What is to be done next.
pub(super) enum Act {
    /// `POST user/login` on the API host.
    Login(Value),
    /// `POST user/sendemail/code` on the API host.
    SendEmail(Value),
    /// `POST /api/v1/user-service/user/sendsmscode` on the web origin.
    SendSms(Value),
    /// Ask the code's source whether it can give one.
    Supply(CodeWanted),
    /// Ask for the code.
    Ask(CodeWanted),
    /// `POST user/tfa/login` on the API host.
    AuthenticatorOnApi(Value),
    /// `GET /api/csrf` on the web origin.
    Csrf,
    /// `POST /api/sign-in/tfa` on the web origin, with this value as cookie and as header.
    AuthenticatorOnWeb(Value, String),
    /// That was it.
    Done(Result<Grant, LoginError>),
}

/// What came of it.
pub(super) enum Event {
    Heard(Heard),
    /// No reply, or one that says nothing about the login, such as HTTP 502.
    Failed(CloudError),
    Supply(Supply),
    Code(Result<Code, NoCode>),
}

/// A login on its way.
pub(super) struct Steps {
    account: String,
    region: Region,
    /// Whether a person may be asked again.
    asks_again: bool,
    tries: u8,
    /// Sent in secret, and never told.
    secrets: Vec<String>,
    /// Why the authenticator's code could not be handed over, once it is tried by e-mail instead.
    instead: Option<LoginError>,
    state: State,
}

enum State {
    Password,
    Supply(CodeWanted),
    Sending(CodeWanted),
    Asking(CodeWanted),
    Code(CodeWanted),
    AskingAuthenticator { key: String },
    Api { body: Value },
    Csrf { body: Value, api: String },
    Web { api: String },
    Over,
}

impl Steps {
    /// Signs in with a password.
    pub(super) fn password(
        account: &str,
        password: &str,
        region: Region,
        asks_again: bool,
    ) -> (Self, Act) {
        let mut steps = Self::new(account, region, asks_again);
        if let Some(error) = steps.wrong_region() {
            return (steps, Act::Done(Err(error)));
        }
        steps.secrets.push(password.to_owned());
        steps.state = State::Password;
        let body = json!({"account": steps.account, "password": password, "apiError": ""});
        (steps, Act::Login(body))
    }

    /// Signs in with a code alone, sent by e-mail, or to a telephone in the region China.
    pub(super) fn code_alone(account: &str, region: Region, asks_again: bool) -> (Self, Act) {
        let mut steps = Self::new(account, region, asks_again);
        if let Some(error) = steps.wrong_region() {
            return (steps, Act::Done(Err(error)));
        }
        let act = steps.want_code();
        (steps, act)
    }

    fn new(account: &str, region: Region, asks_again: bool) -> Self {
        Self {
            account: account.trim().to_owned(),
            region,
            asks_again,
            tries: 0,
            secrets: Vec::new(),
            instead: None,
            state: State::Over,
        }
    }

    /// Accounts with a telephone number exist in one region only.
    fn wrong_region(&self) -> Option<LoginError> {
        let wrong = is_phone(&self.account) && self.region == Region::Global;
        wrong.then_some(LoginError::OtherRegion { of: Region::China, here: Region::Global })
    }

    /// What is done next.
    pub(super) fn next(&mut self, event: Event) -> Act {
        let state = std::mem::replace(&mut self.state, State::Over);
        let done = |error| Act::Done(Err(error));
        match (state, event) {
            (State::Password, Event::Heard(heard)) => self.after_password(&heard),
            (State::Supply(wanted), Event::Supply(supply)) => match supply {
                Supply::AtHand => self.ask(wanted),
                Supply::OnRequest => self.send(wanted),
                Supply::Never => {
                    done(self.instead.take().unwrap_or(LoginError::CodeWanted(wanted)))
                }
            },
            (State::Sending(wanted), Event::Heard(heard)) => match heard.is_success() {
                true => self.ask(wanted),
                false => done(self.refused(&heard)),
            },
            (State::Asking(wanted), Event::Code(Ok(code))) => self.sign_in(wanted, &code),
            (State::Code(wanted), Event::Heard(heard)) => self.after_code(wanted, &heard),
            (State::AskingAuthenticator { key }, Event::Code(Ok(code))) => {
                self.secrets.extend([key.clone(), code.reveal().to_owned()]);
                let body = json!({"tfaKey": key, "tfaCode": code.reveal()});
                self.state = State::Api { body: body.clone() };
                Act::AuthenticatorOnApi(body)
            }
            (State::Asking(wanted), Event::Code(Err(NoCode))) => {
                done(self.instead.take().unwrap_or(LoginError::CodeWanted(wanted)))
            }
            (State::AskingAuthenticator { .. }, Event::Code(Err(NoCode))) => {
                done(LoginError::CodeWanted(CodeWanted::Authenticator))
            }
            (State::Api { body }, Event::Heard(heard)) => self.after_api(body, &heard),
            // In trouble, it may not even have looked at the key.
            (State::Api { body }, Event::Failed(error)) if !error.is_unreachable() => {
                self.state = State::Csrf { body, api: cause(&error) };
                Act::Csrf
            }
            (State::Csrf { body, api }, Event::Heard(heard)) => self.after_csrf(body, api, &heard),
            (State::Web { api }, Event::Heard(heard)) => self.after_web(api, &heard),
            (State::Csrf { api, .. } | State::Web { api }, Event::Failed(error)) => {
                self.by_email(LoginError::Authenticator { api, web: cause(&error) })
            }
            (_, Event::Failed(error)) => done(error.into()),
            // The driver answers each act with its own event; anything else ends the login.
            _ => done(LoginError::NotGranted { login_type: String::new() }),
        }
    }

    fn after_password(&mut self, heard: &Heard) -> Act {
        if heard.status == 400 && heard.is_json() && !heard.is_challenge {
            let text = heard.refusal(&self.secrets).text();
            return Act::Done(Err(match self.is_about_region(&text) {
                true => self.other_region(),
                false => LoginError::WrongPassword { account: self.account.clone(), text },
            }));
        }
        self.after_login(heard)
    }

    fn after_code(&mut self, wanted: CodeWanted, heard: &Heard) -> Act {
        let code = heard.refusal(&self.secrets).code;
        let is_judged = heard.status == 400 && !heard.is_challenge;
        let again = self.asks_again && self.tries < TRIES;
        match code.filter(|_| is_judged) {
            Some(1) if again => self.send(wanted),
            Some(1) => Act::Done(Err(LoginError::CodeExpired(wanted))),
            Some(2) if again => self.ask(wanted),
            Some(2) => Act::Done(Err(LoginError::WrongCode(wanted))),
            _ => self.after_login(heard),
        }
    }

    /// What password and code login have in common.
    fn after_login(&mut self, heard: &Heard) -> Act {
        if let Some(grant) = heard.granted() {
            return Act::Done(Ok(grant));
        }
        if !heard.is_success() {
            return Act::Done(Err(self.refused(heard)));
        }
        let login_type = heard.word("loginType").unwrap_or_default();
        match heard.word("tfaKey").or_else(|| heard.word("tfa_key")) {
            _ if login_type == "verifyCode" => self.want_code(),
            // It was tried already, and here it is wanted again.
            Some(_) if self.instead.is_some() => {
                let wanted = LoginError::CodeWanted(CodeWanted::Authenticator);
                Act::Done(Err(self.instead.take().unwrap_or(wanted)))
            }
            Some(key) => {
                self.state = State::AskingAuthenticator { key };
                Act::Ask(CodeWanted::Authenticator)
            }
            None if heard.refusal(&self.secrets).is_told_as_success() => {
                Act::Done(Err(self.refused(heard)))
            }
            None => {
                // A word, or nothing that is worth telling.
                let is_word = |word: &String| {
                    word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                let login_type = Some(login_type).filter(is_word).unwrap_or_default();
                Act::Done(Err(LoginError::NotGranted { login_type }))
            }
        }
    }

    fn want_code(&mut self) -> Act {
        let to = self.account.clone();
        let wanted = match is_phone(&to) {
            true => CodeWanted::Sms { to },
            false => CodeWanted::Email { to },
        };
        self.state = State::Supply(wanted.clone());
        Act::Supply(wanted)
    }

    fn send(&mut self, wanted: CodeWanted) -> Act {
        let act = match &wanted {
            CodeWanted::Sms { to } => Act::SendSms(json!({"phone": to, "type": "codeLogin"})),
            _ => Act::SendEmail(json!({"email": self.account, "type": "codeLogin"})),
        };
        self.state = State::Sending(wanted);
        act
    }

    fn ask(&mut self, wanted: CodeWanted) -> Act {
        self.tries = self.tries.saturating_add(1);
        self.state = State::Asking(wanted.clone());
        Act::Ask(wanted)
    }

    fn sign_in(&mut self, wanted: CodeWanted, code: &Code) -> Act {
        self.secrets.push(code.reveal().to_owned());
        self.state = State::Code(wanted);
        Act::Login(json!({"account": self.account, "code": code.reveal()}))
    }

    fn after_api(&mut self, body: Value, heard: &Heard) -> Act {
        if let Some(grant) = heard.granted_anywhere() {
            return Act::Done(Ok(grant));
        }
        // It has looked at the code: the key is used up, and the web origin would say the same.
        if let Some(error) = self.judged(heard) {
            return Act::Done(Err(error));
        }
        self.state = State::Csrf { body, api: self.words(heard) };
        Act::Csrf
    }

    fn after_csrf(&mut self, body: Value, api: String, heard: &Heard) -> Act {
        if heard.is_challenge {
            let status = heard.status;
            return self.by_email(LoginError::Challenge { status, api: Some(api) });
        }
        let Some((cookie, _)) = heard.cookie("bbl_csrf_token") else {
            let reason = "no bbl_csrf_token was given".to_owned();
            return self.by_email(LoginError::Csrf { reason, api: Some(api) });
        };
        let cookie = cookie.to_owned();
        self.state = State::Web { api };
        Act::AuthenticatorOnWeb(body, cookie)
    }

    fn after_web(&mut self, api: String, heard: &Heard) -> Act {
        if let Some(grant) = heard.granted_anywhere() {
            return Act::Done(Ok(grant));
        }
        if heard.is_challenge {
            let status = heard.status;
            return self.by_email(LoginError::Challenge { status, api: Some(api) });
        }
        if let Some(reason) = heard.csrf() {
            return self.by_email(LoginError::Csrf { reason, api: Some(api) });
        }
        match self.judged(heard) {
            Some(error) => Act::Done(Err(error)),
            None => {
                let web = self.words(heard);
                self.by_email(LoginError::Authenticator { api, web })
            }
        }
    }

    /// A verdict on the authenticator's code itself.
    fn judged(&self, heard: &Heard) -> Option<LoginError> {
        let code = heard.refusal(&self.secrets).code?;
        if heard.is_challenge || heard.csrf().is_some() || !(400..500).contains(&heard.status) {
            return None;
        }
        match code {
            1 => Some(LoginError::CodeExpired(CodeWanted::Authenticator)),
            2 => Some(LoginError::WrongCode(CodeWanted::Authenticator)),
            _ => None,
        }
    }

    /// The last way of an account with an authenticator: a code by e-mail, if anybody can give one.
    fn by_email(&mut self, instead: LoginError) -> Act {
        self.instead = Some(instead);
        self.tries = 0;
        self.want_code()
    }

    fn refused(&self, heard: &Heard) -> LoginError {
        let status = heard.status;
        if heard.is_challenge {
            return LoginError::Challenge { status, api: None };
        }
        let text = heard.refusal(&self.secrets).text();
        match self.is_about_region(&text) {
            true => self.other_region(),
            false => LoginError::Refused { status, text },
        }
    }

    fn is_about_region(&self, text: &Option<String>) -> bool {
        text.as_ref().is_some_and(|text| text.to_lowercase().contains("region"))
    }

    fn other_region(&self) -> LoginError {
        let of = match self.region {
            Region::Global => Region::China,
            Region::China => Region::Global,
        };
        LoginError::OtherRegion { of, here: self.region }
    }

    fn words(&self, heard: &Heard) -> String {
        let status = heard.status;
        match heard.refusal(&self.secrets).text().filter(|_| !heard.is_challenge) {
            Some(text) => format!("HTTP {status}: {text}"),
            None if heard.is_challenge => format!("HTTP {status}: a page for browsers"),
            None => format!("HTTP {status} without a token"),
        }
    }
}

/// The cause without the next step.
fn cause(error: &CloudError) -> String {
    let text = error.to_string();
    text.rsplit_once("; ").map_or(text.clone(), |(cause, _)| cause.to_owned())
}

/// Whether an account is named by a telephone number.
fn is_phone(account: &str) -> bool {
    let digits = account.bytes().filter(u8::is_ascii_digit).count();
    let plain = account.bytes().all(|byte| byte.is_ascii_digit() || b"+- ".contains(&byte));
    plain && (6..=15).contains(&digits)
}

#[cfg(test)]
mod tests;
