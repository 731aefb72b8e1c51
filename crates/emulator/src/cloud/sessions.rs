//! Signing in: codes, authenticator keys and tokens, without a clock of its own.
//!
//! What becomes of it in JSON is in `http/login.rs`; tickets are in `sessions/tickets.rs`.

pub(super) mod tickets;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use subtle::ConstantTimeEq;

use self::tickets::Tickets;
use super::account::{Account, Accounts, SignIn};

/// How long an e-mailed code counts [G].
pub const CODE_LIFE: Duration = Duration::from_secs(5 * 60);
/// How long the key for the authenticator step counts; "short-lived" is all that is known [G].
pub const TFA_KEY_LIFE: Duration = Duration::from_secs(5 * 60);
/// Wrong codes that a key for the authenticator step bears [G].
const TFA_ATTEMPTS: u8 = 3;
/// Sent codes that count at once, per account; the oldest goes.
const MAX_CODES: usize = 64;
/// Keys kept at once; the oldest goes.
const MAX_TFA_KEYS: usize = 256;
/// Tokens kept at once, beside the first ones; the oldest goes.
const MAX_TOKENS: usize = 1024;

/// What a sign-in step led to.
#[derive(Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// A token.
    Token(String),
    /// A code is on its way by e-mail.
    CodeNeeded,
    /// The authenticator's code is wanted, with this key.
    AuthenticatorNeeded(String),
}

/// Why a sign-in step was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Unknown account, wrong password, or a key that was never given out or is used up.
    #[error("Login failed")]
    LoginFailed,
    /// The code or key is too old or used: ask for a new one.
    #[error("Code expired")]
    Expired,
    /// The code is wrong: read it again.
    #[error("Incorrect code")]
    WrongCode,
}

/// What the cloud remembers between two requests.
pub(super) struct Sessions {
    /// When each account's code was sent, oldest first: each sending is good for one sign-in.
    codes: HashMap<u64, VecDeque<Instant>>,
    /// Accounts that have asked for a code; the one counted as sent at the start is void then.
    asked: HashSet<u64>,
    keys: VecDeque<Key>,
    pub(super) tickets: Tickets,
    tokens: HashMap<String, Arc<Account>>,
    /// Oldest first.
    issued: VecDeque<String>,
    /// Where keys and tokens are drawn from, one per account.
    drawn: HashMap<u64, StdRng>,
}

struct Key {
    text: String,
    account: Arc<Account>,
    issued: Instant,
    attempts: u8,
}

impl Sessions {
    /// Every account has one token, and a code counts as sent, at the start of the world.
    pub(super) fn new(accounts: &Accounts, now: Instant) -> Self {
        let all = accounts.all();
        let first = |account: &Arc<Account>| (first_token(account), Arc::clone(account));
        Self {
            codes: all.iter().map(|account| (account.uid, VecDeque::from([now]))).collect(),
            asked: HashSet::new(),
            keys: VecDeque::new(),
            tickets: Tickets::new(accounts),
            tokens: all.into_iter().map(first).collect(),
            issued: VecDeque::new(),
            drawn: all.into_iter().map(|account| (account.uid, later(account))).collect(),
        }
    }

    pub(super) fn account_of(&self, token: &str) -> Option<Arc<Account>> {
        self.tokens.get(token).cloned()
    }

    pub(super) fn by_password(
        &mut self,
        accounts: &Accounts,
        email: &str,
        password: &str,
        now: Instant,
    ) -> Result<SignedIn, Refusal> {
        let account = accounts.by_name(email).ok_or(Refusal::LoginFailed)?;
        if !same(&account.password, password) {
            return Err(Refusal::LoginFailed);
        }
        match account.sign_in {
            SignIn::Password => Ok(SignedIn::Token(self.issue(account))),
            SignIn::EmailCode | SignIn::SmsCode => Ok(SignedIn::CodeNeeded),
            SignIn::Authenticator => Ok(SignedIn::AuthenticatorNeeded(self.key(account, now))),
        }
    }

    pub(super) fn send_code(&mut self, account: &Account, now: Instant) {
        let sent = self.codes.entry(account.uid).or_default();
        if self.asked.insert(account.uid) {
            sent.clear();
        }
        if sent.len() >= MAX_CODES {
            sent.pop_front();
        }
        sent.push_back(now);
    }

    pub(super) fn by_code(
        &mut self,
        accounts: &Accounts,
        email: &str,
        code: &str,
        now: Instant,
    ) -> Result<SignedIn, Refusal> {
        let account = accounts.by_name(email).ok_or(Refusal::WrongCode)?;
        if !same(&account.email_code, code.trim()) {
            return Err(Refusal::WrongCode);
        }
        let sent = self.codes.entry(account.uid).or_default();
        // The code of the ready file counts until another one is asked for, however late that is.
        if self.asked.contains(&account.uid) {
            sent.retain(|sent| now.saturating_duration_since(*sent) <= CODE_LIFE);
        }
        sent.pop_front().ok_or(Refusal::Expired)?;
        if account.sign_in == SignIn::Authenticator {
            return Ok(SignedIn::AuthenticatorNeeded(self.key(account, now)));
        }
        Ok(SignedIn::Token(self.issue(account)))
    }

    pub(super) fn by_authenticator(
        &mut self,
        key: &str,
        code: &str,
        now: Instant,
    ) -> Result<SignedIn, Refusal> {
        let at = self.keys.iter().position(|known| same(&known.text, key));
        let mut known = at.and_then(|at| self.keys.remove(at)).ok_or(Refusal::LoginFailed)?;
        if now.saturating_duration_since(known.issued) > TFA_KEY_LIFE {
            return Err(Refusal::Expired);
        }
        if same(&known.account.totp_code, code.trim()) {
            return Ok(SignedIn::Token(self.issue(&known.account)));
        }
        known.attempts = known.attempts.saturating_add(1);
        if known.attempts < TFA_ATTEMPTS {
            self.keys.push_back(known);
        }
        Err(Refusal::WrongCode)
    }

    pub(super) fn refresh(&mut self, token: &str, refresh: &str) -> Option<String> {
        let holder = self.account_of(token)?;
        let account = self.account_of(refresh)?;
        (holder.uid == account.uid).then(|| self.issue(&account))
    }

    pub(super) fn sign_out(&mut self, token: &str) {
        self.tokens.remove(token);
        self.issued.retain(|known| known != token);
    }

    /// A token for somebody who has shown who he is.
    pub(super) fn issue(&mut self, account: &Arc<Account>) -> String {
        let token = self.draw(account, 'A');
        self.tokens.insert(token.clone(), Arc::clone(account));
        self.issued.push_back(token.clone());
        if self.issued.len() > MAX_TOKENS
            && let Some(oldest) = self.issued.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        token
    }

    fn key(&mut self, account: &Arc<Account>, now: Instant) -> String {
        let text = self.draw(account, 'T');
        if self.keys.len() >= MAX_TFA_KEYS {
            self.keys.pop_front();
        }
        let account = Arc::clone(account);
        self.keys.push_back(Key { text: text.clone(), account, issued: now, attempts: 0 });
        text
    }

    fn draw(&mut self, account: &Account, kind: char) -> String {
        opaque(self.drawn.entry(account.uid).or_insert_with(|| later(account)), kind)
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(<redacted>)",
            Self::CodeNeeded => "CodeNeeded",
            Self::AuthenticatorNeeded(_) => "AuthenticatorNeeded(<redacted>)",
        })
    }
}

/// The token that an account has from the start of the world.
pub(super) fn first_token(account: &Account) -> String {
    opaque(&mut StdRng::seed_from_u64(account.token_seed), 'A')
}

/// Where an account's further tokens come from.
fn later(account: &Account) -> StdRng {
    StdRng::seed_from_u64(account.token_seed ^ 0x7A7E_12F0)
}

/// As the service writes them now: `AQA…`, base64url, more than 100 characters [L].
fn opaque(rng: &mut StdRng, kind: char) -> String {
    let mut bytes = [0; 96];
    rng.fill_bytes(&mut bytes);
    format!("AQ{kind}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests;
