//! The proxy's tokens: what a client of ours shows, and the cloud's token that it stands for.
//!
//! The file is the seeds' `proxy_tokens.json`, a flat JSON object `{custom: real}`: their
//! `TokenManager` reads what is written here, and the other way round.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    private_file::{self, FileError},
    token::{Token, TokenFingerprint},
};

const WANTED: &str = "a file of proxy tokens: JSON with a text for each custom token";

/// The proxy's tokens and the file that they are kept in.
#[derive(Clone)]
#[doc(alias = "TokenManager")]
pub struct ProxyTokens {
    path: PathBuf,
    tokens: BTreeMap<String, Token>,
}

/// One entry, without its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyToken {
    /// The custom token.
    pub custom: TokenFingerprint,
    /// The cloud's token that it stands for.
    pub real: TokenFingerprint,
}

/// A custom token cannot be used: give one of 1 to 4096 printing characters without spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a proxy token has 1 to 4096 printing characters and no space; give another one")]
pub struct InvalidProxyToken;

impl ProxyTokens {
    /// Reads the file; without one there is no token yet.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be read, or it is something else.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let tokens = read(&path)?;
        Ok(Self { path, tokens })
    }

    /// Where they are kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A custom token that nobody can guess: 256 bits, base64url.
    pub fn generate() -> Token {
        let bytes: [u8; 32] = rand::random();
        Token::new(&format!("bambu-{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Adds a custom token, or gives it another meaning, and saves.
    ///
    /// # Errors
    /// [`AddError`]; nothing is changed then.
    #[doc(alias = "add_token")]
    pub fn add(&mut self, custom: &Token, real: &Token) -> Result<(), AddError> {
        check(custom)?;
        check(real)?;
        self.change(|tokens| tokens.insert(custom.reveal().to_owned(), real.clone()))?;
        Ok(())
    }

    /// Lets all that stand for one token of the cloud stand for another one, after a new login, and
    /// saves; how many those are.
    ///
    /// # Errors
    /// [`AddError`]; nothing is changed then.
    pub fn renew(&mut self, old: &TokenFingerprint, new: &Token) -> Result<usize, AddError> {
        check(new)?;
        let renewed = self.change(|tokens| {
            let stale = tokens.values_mut().filter(|real| real.fingerprint() == *old);
            stale.map(|real| *real = new.clone()).count()
        })?;
        Ok(renewed)
    }

    /// Removes a custom token and saves; whether it was there.
    ///
    /// # Errors
    /// [`FileError`]; nothing is changed then.
    #[doc(alias = "remove_token")]
    pub fn remove(&mut self, custom: &Token) -> Result<bool, FileError> {
        self.change(|tokens| tokens.remove(custom.reveal())).map(|gone| gone.is_some())
    }

    /// The cloud's token that a custom token stands for.
    pub fn validate(&self, custom: &Token) -> Option<&Token> {
        // Not by the text itself: how long a comparison takes would tell how much of it is right.
        let wanted = custom.digest()?;
        self.tokens
            .iter()
            .find_map(|(known, real)| (Token::new(known).digest() == Some(wanted)).then_some(real))
    }

    /// The custom token with this fingerprint, or the only one whose fingerprint begins so.
    pub fn by_fingerprint(&self, text: &str) -> Option<Token> {
        let text = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
        let hex = text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let known = self.tokens.keys().map(|custom| Token::new(custom));
        let mut found =
            known.filter(|custom| hex && custom.fingerprint().digits().starts_with(&text));
        found.next().filter(|_| found.next().is_none())
    }

    /// What there is, by fingerprints alone.
    #[doc(alias = "list_tokens")]
    pub fn list(&self) -> Vec<ProxyToken> {
        let entry = |(custom, real): (&String, &Token)| ProxyToken {
            custom: Token::new(custom).fingerprint(),
            real: real.fingerprint(),
        };
        self.tokens.iter().map(entry).collect()
    }

    /// How many there are.
    #[doc(alias = "count")]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Changes what is in the file now: somebody else may have written since it was read.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut BTreeMap<String, Token>) -> T,
    ) -> Result<T, FileError> {
        private_file::refuse_link(&self.path)?;
        let _lock = private_file::lock_file(&self.path).map(|file| file.lock().map(|()| file));
        let mut tokens = read(&self.path)?;
        let result = change(&mut tokens);
        let flat: BTreeMap<&str, &str> =
            tokens.iter().map(|(custom, real)| (custom.as_str(), real.reveal())).collect();
        let text = serde_json::to_string_pretty(&flat).unwrap_or_default() + "\n";
        private_file::replace(&self.path, &text)?;
        self.tokens = tokens;
        Ok(result)
    }
}

/// Why a proxy token was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It cannot be one.
    #[error(transparent)]
    Invalid(#[from] InvalidProxyToken),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl fmt::Debug for ProxyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyTokens")
            .field("path", &self.path)
            .field("tokens", &self.tokens.len())
            .finish()
    }
}

fn check(token: &Token) -> Result<(), InvalidProxyToken> {
    let text = token.reveal();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > 4096 || !plain { Err(InvalidProxyToken) } else { Ok(()) }
}

fn read(path: &Path) -> Result<BTreeMap<String, Token>, FileError> {
    let text = private_file::read(path)?.unwrap_or_default();
    if is_empty(&text) { Ok(BTreeMap::new()) } else { parse(path, &text) }
}

/// Whether the file holds nothing yet, not even `{}`.
pub fn is_empty(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// The custom tokens of such a file's text, each with the cloud's token that it stands for.
///
/// # Errors
/// [`FileError::Foreign`]: it is something else.
pub fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, Token>, FileError> {
    let text = text.trim_start_matches('\u{feff}');
    let flat: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
        FileError::Foreign { path: path.to_owned(), line: error.line(), wanted: WANTED }
    })?;
    Ok(flat.into_iter().map(|(custom, real)| (custom, Token::new(&real))).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn token(text: &str) -> Token {
        Token::new(text)
    }

    #[test]
    fn tokens_are_kept_in_the_seeds_flat_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proxy_tokens.json");
        let mut tokens = ProxyTokens::open(&path).unwrap();
        assert!(tokens.is_empty());
        tokens.add(&token("my-custom-token"), &token("AQAreal")).unwrap();
        let flat: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(flat, serde_json::json!({"my-custom-token": "AQAreal"}));
        let again = ProxyTokens::open(&path).unwrap();
        assert_eq!(again.validate(&token("my-custom-token")), Some(&token("AQAreal")));
        assert_eq!(again.validate(&token("my-custom")), None);
        assert!(tokens.remove(&token("my-custom-token")).unwrap());
        assert!(!tokens.remove(&token("my-custom-token")).unwrap());
    }

    #[test]
    fn after_a_new_login_what_stood_for_the_old_one_stands_for_it_and_others_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = ProxyTokens::open(dir.path().join("t.json")).unwrap();
        for (custom, real) in [("a", "AQAold"), ("b", "AQAold"), ("c", "AQAother")] {
            tokens.add(&token(custom), &token(real)).unwrap();
        }
        let old = token("AQAold").fingerprint();
        assert!(tokens.renew(&old, &token("two words")).is_err());
        assert_eq!(tokens.renew(&old, &token("AQAnew")).unwrap(), 2);
        assert_eq!(tokens.renew(&old, &token("AQAnew")).unwrap(), 0);
        let real = |custom: &str| tokens.validate(&token(custom)).unwrap().reveal().to_owned();
        assert_eq!([real("a"), real("b"), real("c")], ["AQAnew", "AQAnew", "AQAother"]);
    }

    #[test]
    fn what_another_process_added_meanwhile_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proxy_tokens.json");
        let (mut one, mut two) =
            (ProxyTokens::open(&path).unwrap(), ProxyTokens::open(&path).unwrap());
        one.add(&token("a"), &token("A")).unwrap();
        two.add(&token("b"), &token("B")).unwrap();
        assert_eq!(ProxyTokens::open(&path).unwrap().len(), 2);
    }

    #[test]
    fn a_list_tells_fingerprints_and_no_part_of_a_token() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = ProxyTokens::open(dir.path().join("t.json")).unwrap();
        let custom = ProxyTokens::generate();
        tokens.add(&custom, &token("AQAreal")).unwrap();
        let listed = tokens.list();
        let shown = format!("{} {} {listed:?} {tokens:?}", listed[0].custom, listed[0].real);
        assert!(!shown.contains("AQA") && !shown.contains("bambu-"), "{shown}");
        let named = tokens.by_fingerprint(&listed[0].custom.to_string());
        assert_eq!(named, Some(custom));
        assert_eq!(tokens.by_fingerprint("abc"), None);
        assert_eq!(tokens.by_fingerprint(""), None);
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_and_a_foreign_file_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.json");
        let mut tokens = ProxyTokens::open(&path).unwrap();
        for bad in ["", "two words", "ä"] {
            assert!(tokens.add(&token(bad), &token("A")).is_err(), "{bad}");
            assert!(tokens.add(&token("a"), &token(bad)).is_err(), "{bad}");
        }
        assert!(!path.exists());
        for foreign in ["[1]", "{\"a\": {\"b\": \"AQAsecret\"}}", "{\"a\": 1}", "AQAsecret"] {
            fs::write(&path, foreign).unwrap();
            let error = ProxyTokens::open(&path).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("AQAsecret"), "{error}");
            assert!(tokens.add(&token("a"), &token("A")).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
        }
    }
}
