//! Logging in: Digest as printers ask for it (RFC 2069, without `qop`), with `qop=auth` (RFC 2617),
//! and Basic.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};

use super::message::Headers;

/// How a server wants a login proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// The password itself, inside TLS.
    Basic {
        /// What the login is for.
        realm: String,
    },
    /// Proof of the password.
    Digest(Digest),
}

/// What a proof is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// What the login is for.
    pub realm: String,
    /// The server's own part.
    pub nonce: String,
    /// Goes back as it came.
    pub opaque: Option<String>,
    /// Whether `qop=auth` is asked for.
    pub counted: bool,
    /// Whether the password is proved for the session (`MD5-sess`).
    pub per_session: bool,
    /// Whether the login was right and only `nonce` too old.
    pub is_stale: bool,
}

/// Who logs in. `Debug` hides the password.
#[derive(Clone)]
pub struct Login {
    /// `bblp` at a printer [L].
    pub user: String,
    /// The access code at a printer [L].
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"<redacted>").finish()
    }
}

/// The client's own part of a proof with `qop=auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Chosen at random.
    pub nonce: String,
    /// How often the server's `nonce` was used, from 1.
    pub uses: u32,
}

impl Challenge {
    /// The best of those in the answer to a request that was not let in; `None` when there is none
    /// that is known here.
    pub fn best_of(headers: &Headers) -> Option<Self> {
        let all = || headers.values("WWW-Authenticate").filter_map(parse);
        all().find(|one| matches!(one, Self::Digest(_))).or_else(|| all().next())
    }

    /// The value of `Authorization` for one request.
    pub fn answer(&self, login: &Login, method: &str, uri: &str, count: &Count) -> String {
        let Login { user, password } = login;
        match self {
            Self::Basic { .. } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Digest(digest) => digest.answer(login, method, uri, count),
        }
    }
}

impl Digest {
    fn answer(&self, login: &Login, method: &str, uri: &str, count: &Count) -> String {
        let Login { user, password } = login;
        let Self { realm, nonce, .. } = self;
        let mut secret = md5(&format!("{user}:{realm}:{password}"));
        if self.per_session {
            secret = md5(&format!("{secret}:{nonce}:{}", count.nonce));
        }
        let what = md5(&format!("{method}:{uri}"));
        let uses = format!("{:08x}", count.uses);
        let middle = match self.counted {
            true => format!("{nonce}:{uses}:{}:auth", count.nonce),
            false => nonce.clone(),
        };
        let proof = md5(&format!("{secret}:{middle}:{what}"));
        let mut text = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{proof}\"",
            quoted(user),
            quoted(realm),
            quoted(nonce),
            quoted(uri),
        );
        if self.per_session {
            text.push_str(", algorithm=MD5-sess");
        }
        if self.counted {
            text.push_str(&format!(", qop=auth, nc={uses}"));
        }
        if self.counted || self.per_session {
            text.push_str(&format!(", cnonce={}", quoted(&count.nonce)));
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque={}", quoted(opaque)));
        }
        text
    }
}

fn md5(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn parse(value: &str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace).unwrap_or((value, ""));
    let parameters = parameters(rest);
    let named = |name: &str| {
        let found = parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let realm = named("realm").unwrap_or_default().to_owned();
    if scheme.eq_ignore_ascii_case("Basic") {
        return Some(Challenge::Basic { realm });
    }
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let algorithm = named("algorithm").unwrap_or("MD5");
    let per_session = algorithm.eq_ignore_ascii_case("MD5-sess");
    if !per_session && !algorithm.eq_ignore_ascii_case("MD5") {
        return None;
    }
    let offered = named("qop").map(|qop| qop.split(',').any(|one| one.trim() == "auth"));
    if offered == Some(false) {
        return None;
    }
    Some(Challenge::Digest(Digest {
        realm,
        nonce: named("nonce")?.to_owned(),
        opaque: named("opaque").map(str::to_owned),
        counted: offered.is_some(),
        per_session,
        is_stale: named("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
    }))
}

/// `name="value", name=value`, where a value in quotes may hold commas and escaped quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ',']).to_owned();
        let after = after.trim_start();
        let (value, behind) = match after.strip_prefix('"') {
            Some(inside) => unquoted(inside),
            None => {
                let (value, behind) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), behind)
            }
        };
        found.push((name, value));
        rest = behind;
    }
    found
}

/// A value up to its closing quote, and what stands behind that.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            letter => value.push(letter),
        }
    }
    (value, "")
}
