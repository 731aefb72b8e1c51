//! One state of all tokens: the lines of the file, joined with what the configuration says.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use bambu_protocol::Serial;
use bambulab::Token;
use jiff::Timestamp;

use super::{AuthError, Caller, Digest, InvalidDigest, file::Flat};

/// The longest name of a token.
const LONGEST_NAME: usize = 64;

/// What the configuration says about one token.
#[derive(Debug, Clone)]
pub struct Rule {
    name: Arc<str>,
    digest: Digest,
    /// The printers that it may see; `None` is all.
    pub serials: Option<Arc<BTreeSet<Serial>>>,
    /// Whether it may only read.
    pub read_only: bool,
    /// Requests per minute, at least 1.
    pub limit: Option<u32>,
    /// When it ends, by the wall clock.
    pub expires: Option<Timestamp>,
    /// Whether answers are masked where the face leaves the choice.
    pub masked: bool,
    /// Whether it is marked for the pages about the proxy itself.
    pub admin: bool,
    /// What whoever runs this wanted to remember.
    pub note: Option<String>,
}

/// Why what the configuration says about a token cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The name cannot be one.
    #[error(
        "the name of a token has 1 to 64 letters, digits, spaces or ._-; give token {number} of the configuration another one"
    )]
    Name {
        /// Which token of the configuration, from 1.
        number: usize,
    },
    /// The name is the token itself, which logs and metrics would show.
    #[error(
        "the name of token {number} of the configuration is the token itself; give it another name, since logs and metrics show it"
    )]
    Telling {
        /// Which token of the configuration, from 1.
        number: usize,
    },
    /// Two have one name.
    #[error(
        "two tokens of the configuration are called {name}; rename one, since metrics tell them apart by it"
    )]
    SameName {
        /// The name.
        name: String,
    },
    /// Two are one.
    #[error("{one} and {other} of the configuration are one token; take one of them out")]
    SameToken {
        /// The name of the first.
        one: String,
        /// The name of the second.
        other: String,
    },
    /// The digest cannot be one.
    #[error("token {name} of the configuration: {source}")]
    Digest {
        /// The name.
        name: String,
        /// Why.
        source: InvalidDigest,
    },
    /// Nothing at all would be allowed.
    #[error(
        "token {name} of the configuration has a limit of 0 and could never be used; take it out, or give it 1 or more"
    )]
    NoLimit {
        /// The name.
        name: String,
    },
}

impl Rule {
    /// A rule that allows what the face allows. `number` counts the configuration's tokens from 1.
    ///
    /// # Errors
    /// [`RuleError`]: the name or the token cannot be one.
    pub fn new(number: usize, name: &str, token: &str) -> Result<Self, RuleError> {
        let sign = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
        let short = (1..=LONGEST_NAME).contains(&name.chars().count());
        if !short || name.trim() != name || !name.chars().all(sign) {
            return Err(RuleError::Name { number });
        }
        let digest = Digest::written(token)
            .map_err(|source| RuleError::Digest { name: name.to_owned(), source })?;
        if token.trim().is_empty() {
            return Err(RuleError::Digest { name: name.to_owned(), source: InvalidDigest });
        }
        if Digest::of(name).matches(&digest) {
            return Err(RuleError::Telling { number });
        }
        Ok(Self {
            name: name.into(),
            digest,
            serials: None,
            read_only: false,
            limit: None,
            expires: None,
            masked: true,
            admin: false,
            note: None,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Whether rules can stand beside each other.
pub(super) fn agree(rules: &[Rule]) -> Result<(), RuleError> {
    let (mut names, mut digests) = (HashSet::new(), HashMap::new());
    for rule in rules {
        let name = rule.name().to_owned();
        if !names.insert(rule.name()) {
            return Err(RuleError::SameName { name });
        }
        if let Some(one) = digests.insert(rule.digest, rule.name()) {
            return Err(RuleError::SameToken { one: one.to_owned(), other: name });
        }
        if rule.limit == Some(0) {
            return Err(RuleError::NoLimit { name });
        }
    }
    Ok(())
}

/// A token as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The configuration's name, else the first 8 digits of the fingerprint.
    pub name: Arc<str>,
    /// `sha256:` and 12 digits.
    pub fingerprint: String,
    /// SHA-256 of the token, to find the caller's own; not to be shown.
    pub digest: Digest,
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
    entries: HashMap<Digest, Entry>,
    admin: bool,
    /// Tokens of the configuration that were in the file once: taken out of it, they let nobody in,
    /// instead of standing for the saved login all of a sudden.
    filed: HashSet<Digest>,
    /// Tokens of the configuration that stand for nothing.
    idle: Vec<(Arc<str>, bool)>,
}

struct Entry {
    digest: Digest,
    real: Token,
    login: bool,
    rule: Option<Rule>,
    /// Made when the token is first shown: only then is a token known that was given as a digest.
    caller: OnceLock<Arc<Caller>>,
}

impl Table {
    /// Joins them; `before` is the state that this one replaces.
    pub(super) fn of(
        flat: Flat,
        rules: &[Rule],
        login: Option<&Token>,
        before: Option<&Self>,
    ) -> Self {
        let mut entries = HashMap::with_capacity(flat.len() + rules.len());
        for (custom, real) in flat {
            let digest = Digest::of(custom.reveal());
            entries.insert(digest, Entry::new(digest, real, false));
        }
        let mut filed = before.map(|before| before.filed.clone()).unwrap_or_default();
        let mut idle = Vec::new();
        for rule in rules {
            let known = entries.contains_key(&rule.digest);
            if known {
                filed.insert(rule.digest);
            }
            let taken_out = filed.contains(&rule.digest);
            match login {
                _ if known => {}
                Some(login) if !taken_out => {
                    entries.insert(rule.digest, Entry::new(rule.digest, login.clone(), true));
                }
                _ => idle.push((rule.name.clone(), taken_out)),
            }
            if let Some(entry) = entries.get_mut(&rule.digest) {
                entry.rule = Some(rule.clone());
            }
        }
        Self { entries, admin: rules.iter().any(|rule| rule.admin), filed, idle }
    }

    /// Who shows this token.
    pub(super) fn caller(
        &self,
        digest: &Digest,
        shown: &str,
        now: Timestamp,
    ) -> Result<Arc<Caller>, AuthError> {
        let entry = self.entries.get(digest).ok_or(AuthError::Invalid)?;
        if !entry.digest.matches(digest) {
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

impl Entry {
    fn new(digest: Digest, real: Token, login: bool) -> Self {
        Self { digest, real, login, rule: None, caller: OnceLock::new() }
    }

    fn name(&self) -> Arc<str> {
        self.rule.as_ref().map_or_else(|| self.digest.digits(8).into(), |rule| rule.name.clone())
    }

    fn expired(&self, now: Timestamp) -> bool {
        self.rule.as_ref().and_then(|rule| rule.expires).is_some_and(|end| now >= end)
    }

    fn made(&self, shown: &str) -> Caller {
        let (custom, rule) = (Token::new(shown), self.rule.as_ref());
        Caller {
            name: self.name(),
            fingerprint: custom.fingerprint(),
            digest: self.digest,
            custom,
            real: self.real.clone(),
            read_only: rule.is_some_and(|rule| rule.read_only),
            serials: rule.and_then(|rule| rule.serials.clone()),
            masked: rule.is_none_or(|rule| rule.masked),
            admin: rule.is_some_and(|rule| rule.admin),
            limit: rule.and_then(|rule| rule.limit),
            expires: rule.and_then(|rule| rule.expires),
        }
    }

    fn listed(&self, now: Timestamp) -> Listed {
        let rule = self.rule.as_ref();
        Listed {
            name: self.name(),
            fingerprint: format!("{:?}", self.digest),
            digest: self.digest,
            login: self.login,
            read_only: rule.is_some_and(|rule| rule.read_only),
            serials: rule.and_then(|rule| rule.serials.clone()),
            limit: rule.and_then(|rule| rule.limit),
            expires: rule.and_then(|rule| rule.expires),
            expired: self.expired(now),
            admin: rule.is_some_and(|rule| rule.admin),
            note: rule.and_then(|rule| rule.note.clone()),
        }
    }
}
