//! One state of all tokens: the lines of the file, joined with what the configuration says.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use bambu_protocol::Serial;
use bambulab::Token;
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::{AuthError, Caller, file::Flat};
use crate::config::{TokenDigest, TokenOptions};

/// Why what the configuration says about tokens cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The name is the token itself, which logs and metrics would show.
    #[error(
        "the name of token {number} of the configuration is the token itself; give it another name, since logs and metrics show it"
    )]
    Telling {
        /// Which `[[proxy.token]]`, from 1.
        number: usize,
    },
    /// Two have one name.
    #[error(
        "two tokens of the configuration are called {name}; rename one, since logs and metrics tell them apart by it"
    )]
    SameName {
        /// The name.
        name: Arc<str>,
    },
    /// Two are one.
    #[error("{one} and {other} of the configuration are the same token; take one of them out")]
    SameToken {
        /// The name of the first.
        one: Arc<str>,
        /// The name of the second.
        other: Arc<str>,
    },
}

/// Whether they can stand beside each other.
pub(super) fn agree(options: &[TokenOptions]) -> Result<(), OptionsError> {
    let (mut names, mut digests) = (HashSet::new(), HashMap::new());
    for (index, options) in options.iter().enumerate() {
        let name = name(options);
        if TokenDigest::of(&name) == options.token {
            return Err(OptionsError::Telling { number: index + 1 });
        }
        if let Some(one) = digests.insert(options.token, name.clone()) {
            return Err(OptionsError::SameToken { one, other: name });
        }
        if !names.insert(name.clone()) {
            return Err(OptionsError::SameName { name });
        }
    }
    Ok(())
}

fn name(options: &TokenOptions) -> Arc<str> {
    options.name.as_deref().map_or_else(|| options.token.short().into(), Into::into)
}

/// A token as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The configuration's name, else the first 8 digits of the fingerprint.
    pub name: Arc<str>,
    /// `sha256:` and 12 digits.
    pub fingerprint: String,
    /// SHA-256 of the token, to find the caller's own; not to be shown.
    pub digest: TokenDigest,
    /// Whether it stands for the saved login rather than for a line of the file.
    pub login: bool,
    /// Whether it may only read.
    pub read_only: bool,
    /// The printers that it may see; `None` is all.
    pub serials: Option<Arc<BTreeSet<Serial>>>,
    /// Requests per minute in place of the face's own limits.
    pub limit: Option<u32>,
    /// When it ends, by the wall clock.
    pub expires: Option<Timestamp>,
    /// Whether that has come.
    pub expired: bool,
    /// Whether it is marked for the pages about the proxy itself.
    pub admin: bool,
    /// What whoever runs this wanted to remember.
    pub note: Option<String>,
}

/// One state of all tokens.
pub(super) struct Table {
    entries: HashMap<TokenDigest, Entry>,
    admin: bool,
    /// Tokens of the configuration that were in the file once: taken out of it, they let nobody in,
    /// instead of standing for the saved login all of a sudden.
    filed: HashSet<TokenDigest>,
    /// Tokens of the configuration that stand for nothing.
    idle: Vec<(Arc<str>, bool)>,
}

struct Entry {
    digest: TokenDigest,
    real: Token,
    login: bool,
    own: Option<Own>,
    /// Made when the token is first shown: only then is a token known that was given as a digest.
    caller: OnceLock<Arc<Caller>>,
}

impl Table {
    /// Joins them; `before` is the state that this one replaces.
    pub(super) fn of(
        flat: Flat,
        options: &[TokenOptions],
        login: Option<&Token>,
        before: Option<&Self>,
    ) -> Self {
        let mut entries = HashMap::with_capacity(flat.len() + options.len());
        for (custom, real) in flat {
            let digest = TokenDigest::of(custom.reveal());
            entries.insert(digest, Entry::new(digest, real, false));
        }
        let mut filed = before.map(|before| before.filed.clone()).unwrap_or_default();
        let mut idle = Vec::new();
        for options in options {
            let known = entries.contains_key(&options.token);
            if known {
                filed.insert(options.token);
            }
            let taken_out = filed.contains(&options.token);
            match login {
                _ if known => {}
                Some(login) if !taken_out => {
                    entries.insert(options.token, Entry::new(options.token, login.clone(), true));
                }
                _ => idle.push((name(options), taken_out)),
            }
            if let Some(entry) = entries.get_mut(&options.token) {
                entry.own = Some(Own::of(options));
            }
        }
        Self { entries, admin: options.iter().any(|options| options.admin), filed, idle }
    }

    /// Who shows this token.
    pub(super) fn caller(
        &self,
        digest: &TokenDigest,
        shown: &str,
        now: Timestamp,
    ) -> Result<Arc<Caller>, AuthError> {
        let entry = self.entries.get(digest).ok_or(AuthError::Invalid)?;
        // The map compares as it likes, but only digests, which nobody can choose bit by bit.
        if !bool::from(entry.digest.bytes().ct_eq(digest.bytes())) {
            return Err(AuthError::Invalid);
        }
        if entry.expired(now) {
            return Err(AuthError::Expired);
        }
        Ok(entry.caller.get_or_init(|| Arc::new(entry.made(shown))).clone())
    }

    /// How many tokens stand for something.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether any token of the configuration is marked for the pages about the proxy itself.
    pub(super) fn has_admin(&self) -> bool {
        self.admin
    }

    /// Every token without its secrets, by name.
    pub(super) fn list(&self, now: Timestamp) -> Vec<Listed> {
        let mut list: Vec<Listed> = self.entries.values().map(|entry| entry.listed(now)).collect();
        list.sort_by(|one, other| one.name.cmp(&other.name).then(one.digest.cmp(&other.digest)));
        list
    }

    /// What is there and lets nobody in.
    pub(super) fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, taken_out) in &self.idle {
            warnings.push(if *taken_out {
                format!("token {name} was taken out of the file and lets nobody in; take it out of the configuration, too, since after a restart it would stand for the saved login")
            } else {
                format!("token {name} of the configuration stands for nothing; add it with `bambu token add`, or sign in with `bambu login`")
            });
        }
        for entry in self.entries.values().filter(|entry| entry.expired(now)) {
            warnings.push(format!(
                "token {} has expired; give it another date, or take it out",
                entry.name()
            ));
        }
        warnings.sort();
        warnings
    }
}

/// What the configuration says about one token, in the shape that callers share.
struct Own {
    name: Arc<str>,
    serials: Option<Arc<BTreeSet<Serial>>>,
    options: TokenOptions,
}

impl Own {
    fn of(options: &TokenOptions) -> Self {
        let serials = options.serials.as_ref().map(|all| Arc::new(all.iter().cloned().collect()));
        Self { name: name(options), serials, options: options.clone() }
    }
}

impl Entry {
    fn new(digest: TokenDigest, real: Token, login: bool) -> Self {
        Self { digest, real, login, own: None, caller: OnceLock::new() }
    }

    fn options(&self) -> Option<&TokenOptions> {
        self.own.as_ref().map(|own| &own.options)
    }

    fn name(&self) -> Arc<str> {
        self.own.as_ref().map_or_else(|| self.digest.short().into(), |own| own.name.clone())
    }

    fn serials(&self) -> Option<Arc<BTreeSet<Serial>>> {
        self.own.as_ref().and_then(|own| own.serials.clone())
    }

    fn expires(&self) -> Option<Timestamp> {
        self.options().and_then(|options| options.expires).map(|expiry| expiry.0)
    }

    fn expired(&self, now: Timestamp) -> bool {
        self.expires().is_some_and(|end| now >= end)
    }

    fn made(&self, shown: &str) -> Caller {
        let options = self.options();
        Caller {
            name: self.name(),
            digest: self.digest,
            custom: Token::new(shown),
            real: self.real.clone(),
            read_only: options.is_some_and(|options| options.read_only),
            serials: self.serials(),
            masked: options.and_then(|options| options.masking).unwrap_or(true),
            admin: options.is_some_and(|options| options.admin),
            limit: options.and_then(|options| options.limit),
        }
    }

    fn listed(&self, now: Timestamp) -> Listed {
        let options = self.options();
        Listed {
            name: self.name(),
            fingerprint: self.digest.fingerprint(),
            digest: self.digest,
            login: self.login,
            read_only: options.is_some_and(|options| options.read_only),
            serials: self.serials(),
            limit: options.and_then(|options| options.limit),
            expires: self.expires(),
            expired: self.expired(now),
            admin: options.is_some_and(|options| options.admin),
            note: options.and_then(|options| options.note.clone()),
        }
    }
}
