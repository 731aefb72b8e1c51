use std::fs;

use super::*;

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

#[test]
fn a_token_is_shown_with_bearer_or_bare_and_only_once() {
    for text in ["secret", "Bearer secret", "bearer   secret ", "BEARER secret"] {
        assert_eq!(shown(&headers(text)), Ok("secret"), "{text}");
    }
    for text in ["", " ", "Bearer", "Bearer  "] {
        assert_eq!(shown(&headers(text)), Err(AuthError::Missing), "{text}");
    }
    assert_eq!(shown(&HeaderMap::new()), Err(AuthError::Missing));
    assert_eq!(shown(&headers("Bearersecret")), Ok("Bearersecret"));
    assert_eq!(shown(&headers(&"a".repeat(4097))), Err(AuthError::Invalid));
    let mut two = headers("Bearer one");
    two.append(AUTHORIZATION, "Bearer two".parse().unwrap());
    assert_eq!(shown(&two), Err(AuthError::Invalid));
}

#[test]
fn the_seeds_file_is_read_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("proxy_tokens.json");
    fs::write(&path, r#"{"mine": "AQAreal"}"#).unwrap();
    let tokens = Tokens::open(Some(path), Vec::new(), None).unwrap();
    let caller = tokens.check(&headers("Bearer mine")).unwrap();
    assert_eq!(caller.real, Token::new("AQAreal"));
    assert_eq!(tokens.check(&headers("Bearer other")).unwrap_err(), AuthError::Invalid);
    assert_eq!(tokens.count(), 1);
}
