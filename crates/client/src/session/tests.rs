//! Files that people, the seeds and we have written.

use std::{fs, time::UNIX_EPOCH};

use super::*;

fn file(text: &str) -> (tempfile::TempDir, SessionFile) {
    let dir = tempfile::tempdir().unwrap();
    let file = SessionFile::at(dir.path().join(".bambu_token"));
    if !text.is_empty() {
        fs::write(file.path(), text).unwrap();
    }
    (dir, file)
}

fn session() -> SavedSession {
    SavedSession {
        token: Token::new("AQAtoken"),
        region: Some(Region::China),
        uid: Some("123".into()),
        expires_at: Some(UNIX_EPOCH + Duration::from_secs(1_800_000_000)),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let (_dir, file) = file("");
    assert_eq!(file.read().unwrap(), None);
    file.write(&session()).unwrap();
    assert_eq!(file.read().unwrap(), Some(session()));
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.contains(r#""expires_at": "2027-01-15T08:00:00Z""#), "{text}");
    assert!(text.contains(r#""region": "china""#), "{text}");
    assert!(file.remove().unwrap() && !file.remove().unwrap());
}

#[test]
fn the_seeds_files_and_bare_tokens_are_read() {
    for text in [
        "{\n  \"region\": \"global\",\n  \"token\": \"AQAtoken\"\n}",
        r#"{"token": " AQAtoken ", "uid": 7, "expires_at": "soon", "region": "mars"}"#,
        "AQAtoken\n",
        "\u{feff}AQAtoken",
    ] {
        let (_dir, file) = file(text);
        let session = file.read().unwrap().unwrap();
        assert_eq!(session.token.reveal(), "AQAtoken", "{text}");
        assert_eq!(session.expires_at, None, "{text}");
    }
    for text in ["{}", "\n", r#"{"token": "", "region": "global"}"#, r#"{"token": null}"#] {
        assert_eq!(file(text).1.read().unwrap(), None, "{text}");
    }
}

#[test]
fn keys_that_are_not_ours_stay_and_what_is_not_known_of_a_new_token_goes() {
    let (_dir, file) = file(
        r#"{"token":"old","uid":"1","expires_at":"2027-01-15T08:00:00Z","mine":{"deep":[1]}}"#,
    );
    file.write(&SavedSession::new(Token::new("new"))).unwrap();
    let text: Value = serde_json::from_str(&fs::read_to_string(file.path()).unwrap()).unwrap();
    assert_eq!(text, serde_json::json!({"token": "new", "mine": {"deep": [1]}}));
}

#[test]
fn a_file_of_something_else_is_neither_read_nor_replaced_nor_quoted() {
    for text in ["-----BEGIN KEY-----\nAQAsecret\n", "{\"token\": \"AQAsecret\n", "{\"token\": 1,}"]
    {
        let (_dir, file) = file(text);
        for error in [file.read().unwrap_err(), file.write(&session()).unwrap_err()] {
            assert!(matches!(error, FileError::Foreign { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("AQAsecret"), "{error}");
        }
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
    }
}

#[test]
fn nothing_about_a_session_shows_its_token() {
    assert!(!format!("{:?}", session()).contains("AQAtoken"));
}

#[tokio::test(start_paused = true)]
async fn the_alarm_tells_before_the_end_and_not_long_before() {
    let hour = Duration::from_secs(3600);
    let end = SystemTime::now() + hour;
    let ends = |end| SavedSession { expires_at: end, ..session() };
    assert_eq!(ends(Some(end)).alarm(2 * hour).await, end);
    let over = UNIX_EPOCH + hour;
    assert_eq!(ends(Some(over)).alarm(Duration::ZERO).await, over);
    let soon = Duration::from_secs(90);
    for (session, before) in [(ends(Some(end)), Duration::ZERO), (ends(None), 2 * hour)] {
        assert!(tokio::time::timeout(soon, session.alarm(before)).await.is_err());
    }
}
