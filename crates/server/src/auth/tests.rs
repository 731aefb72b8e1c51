use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tempfile::TempDir;

use super::*;

/// A folder with a file of tokens in it.
struct World {
    dir: TempDir,
}

impl World {
    fn of(text: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        world.write(text);
        world
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("proxy_tokens.json")
    }

    /// In one step, as `bambu token` writes it.
    fn write(&self, text: &str) {
        let new = self.dir.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn open(&self, options: &str, login: Option<&str>) -> Result<Tokens, OpenError> {
        Tokens::open(Some(self.path()), configured(options), login.map(Token::new))
    }
}

/// `[[token]]` tables as the configuration has them.
fn configured(text: &str) -> Vec<TokenOptions> {
    toml::from_str::<crate::config::Proxy>(text).unwrap().token
}

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

fn real(tokens: &Tokens, custom: &str) -> Result<String, AuthError> {
    tokens.check(&headers(custom)).map(|caller| caller.real.reveal().to_owned())
}

/// Two looks find the same: only then is a file settled.
fn settle(tokens: &Tokens) -> Reload {
    assert_eq!(tokens.reload_if_changed(), Reload::Unchanged);
    tokens.reload_if_changed()
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
    assert_eq!(shown(&headers("Bearer é")), Err(AuthError::Invalid));
    let mut two = headers("Bearer one");
    two.append(AUTHORIZATION, "Bearer two".parse().unwrap());
    assert_eq!(shown(&two), Err(AuthError::Invalid));
}

#[test]
fn the_seeds_file_is_read_as_it_is() {
    let world = World::of("\u{feff}{\"mine\": \"AQAreal\", \"her own\": \" AQAher\\n\"}");
    let tokens = world.open("", None).unwrap();
    let caller = tokens.check(&headers("Bearer mine")).unwrap();
    assert_eq!((caller.real.reveal(), caller.custom.reveal()), ("AQAreal", "mine"));
    assert_eq!(*caller.name, *TokenDigest::of("mine").short());
    assert!(caller.masked && !caller.read_only && !caller.admin && caller.serials.is_none());
    assert_eq!(real(&tokens, "her own"), Ok("AQAher".to_owned()));
    for wrong in ["other", "min", "mine2", "Mine", "AQAreal"] {
        assert_eq!(real(&tokens, wrong), Err(AuthError::Invalid), "{wrong}");
    }
    assert_eq!(tokens.count(), 2);
    assert!(Tokens::open(None, Vec::new(), None).unwrap().count() == 0);
}

#[test]
fn the_configuration_says_what_a_token_of_the_file_may_do() {
    let world = World::of(r#"{"mine": "AQAreal", "plain": "AQAreal"}"#);
    let hash = "sha256:".to_owned()
        + &TokenDigest::of("mine").bytes().map(|byte| format!("{byte:02x}")).concat();
    let options = format!(
        r#"
        [[token]]
        name = "alice"
        token = "{hash}"
        serials = ["01P00A000000001"]
        read_only = true
        limit = 120
        masking = false
        note = "the farm's wall"
        "#
    );
    let tokens = world.open(&options, Some("AQAlogin")).unwrap();
    let alice = tokens.check(&headers("mine")).unwrap();
    assert_eq!((&*alice.name, alice.real.reveal(), alice.limit), ("alice", "AQAreal", Some(120)));
    assert!(alice.read_only && !alice.masked);
    assert!(alice.may_see("01P00A000000001") && !alice.may_see("01P00A000000002"));
    assert!(tokens.check(&headers("plain")).unwrap().may_see("01P00A000000002"));
    let listed = tokens.list();
    assert_eq!(listed[1].fingerprint, Token::new("mine").fingerprint().to_string());
    assert_eq!(listed[1].note.as_deref(), Some("the farm's wall"));
    assert!(!listed[1].login);
}

#[test]
fn a_token_that_is_in_no_file_stands_for_the_saved_login() {
    let options = "[[token]]\nname = \"bob\"\ntoken = \"bobs-secret\"\n";
    let tokens = Tokens::open(None, configured(options), Some(Token::new("AQAlogin"))).unwrap();
    assert_eq!(real(&tokens, "bobs-secret"), Ok("AQAlogin".to_owned()));
    assert!(tokens.list()[0].login && tokens.warnings().is_empty());

    let tokens = Tokens::open(None, configured(options), Some(Token::new(" "))).unwrap();
    assert_eq!(real(&tokens, "bobs-secret"), Err(AuthError::Invalid));
    assert!(tokens.warnings()[0].contains("bob"), "{:?}", tokens.warnings());
}

#[test]
fn a_token_ends_when_the_wall_clock_says_so() {
    let world = World::of(r#"{"old": "AQAold", "young": "AQAyoung"}"#);
    let options = r#"
        [[token]]
        token = "old"
        expires = 2020-01-01
        [[token]]
        token = "young"
        expires = "9000-01-01T00:00:00Z"
    "#;
    let tokens = world.open(options, None).unwrap();
    assert_eq!(real(&tokens, "old"), Err(AuthError::Expired));
    assert_eq!(real(&tokens, "young"), Ok("AQAyoung".to_owned()));
    let young = tokens.check(&headers("young")).unwrap();
    let end: Timestamp = "9000-01-01T00:00:00Z".parse().unwrap();
    let table = tokens.table.load();
    let before = end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap();
    assert!(table.caller(&young.digest, "young", before).is_ok());
    assert_eq!(table.caller(&young.digest, "young", end).unwrap_err(), AuthError::Expired);
    assert!(tokens.warnings().iter().any(|warning| warning.contains("expired")));
}

#[test]
fn once_a_token_is_marked_admin_no_other_is() {
    let world = World::of(r#"{"mine": "AQAreal", "boss": "AQAreal"}"#);
    let none = world.open("", None).unwrap();
    assert!(none.check_admin(&headers("mine")).is_ok());
    let one = world.open("[[token]]\ntoken = \"boss\"\nadmin = true\n", None).unwrap();
    assert!(one.check_admin(&headers("boss")).unwrap().admin);
    assert_eq!(one.check_admin(&headers("mine")).unwrap_err(), AuthError::NotAdmin);
    assert_eq!(one.check_admin(&headers("nobody")).unwrap_err(), AuthError::Invalid);
    assert_eq!(AuthError::NotAdmin.into_response().status(), 403);
    assert_eq!(AuthError::Missing.into_response().status(), 401);
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_without_a_token_in_the_text() {
    for (options, wanted) in [
        (["name = \"a\"\ntoken = \"t1\"", "name = \"a\"\ntoken = \"t2\""], "called a"),
        (["name = \"a\"\ntoken = \"t1\"", "name = \"b\"\ntoken = \"t1\""], "a and b"),
        (["name = \"a\"\ntoken = \"t1\"", "name = \"t2\"\ntoken = \"t2\""], "token 2"),
    ] {
        let text: String = options.map(|options| format!("[[token]]\n{options}\n")).concat();
        let error = Tokens::open(None, configured(&text), None).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains(wanted) && !told.contains("t1") && !told.contains("t2"), "{told}");
    }
}

#[test]
fn the_untouched_example_is_refused_by_name() {
    let world = World::of(r#"{"custom-token-1": "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"}"#);
    let error = world.open("", None).unwrap_err();
    assert!(matches!(error, OpenError::Placeholder { .. }), "{error:?}");
    assert!(error.to_string().contains("YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"));
}

#[test]
fn a_new_file_is_taken_when_two_looks_find_the_same() {
    let world = World::of(r#"{"mine": "AQAold"}"#);
    let tokens = world.open("", None).unwrap();
    assert_eq!(tokens.reload_if_changed(), Reload::Unchanged);
    world.write(r#"{"mine": "AQAnew", "more": "AQAmore"}"#);
    assert_eq!(tokens.reload_if_changed(), Reload::Unchanged);
    assert_eq!(real(&tokens, "mine"), Ok("AQAold".to_owned()));
    assert_eq!(tokens.reload_if_changed(), Reload::Taken);
    assert_eq!(real(&tokens, "mine"), Ok("AQAnew".to_owned()));
    assert_eq!(tokens.count(), 2);
    // Written anew with the same text: nothing to take.
    world.write(r#"{"mine": "AQAnew", "more": "AQAmore"}"#);
    assert_eq!(settle(&tokens), Reload::Unchanged);
}

#[test]
fn a_file_that_is_still_being_written_is_not_taken() {
    let world = World::of(r#"{"mine": "AQAold"}"#);
    let tokens = world.open("", None).unwrap();
    // Each part reads as a whole file.
    for part in ["", "{}", r#"{"a": "A"}"#, r#"{"a": "A", "b": "B"}"#] {
        fs::write(world.path(), part).unwrap();
        assert_eq!(tokens.reload_if_changed(), Reload::Unchanged, "{part}");
        assert_eq!(real(&tokens, "mine"), Ok("AQAold".to_owned()), "{part}");
    }
    assert_eq!(tokens.reload_if_changed(), Reload::Taken);
    assert_eq!(tokens.count(), 2);
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_once() {
    let world = World::of(r#"{"mine": "AQAold"}"#);
    let tokens = world.open("", None).unwrap();
    for broken in ["", "{\"mine\": ", "[1]", "{\"a\": {\"b\": \"c\"}}", "\u{0}"] {
        fs::write(world.path(), broken).unwrap();
        assert_eq!(settle(&tokens), Reload::Kept, "{broken}");
        assert_eq!(settle(&tokens), Reload::Unchanged, "{broken}");
        assert_eq!(real(&tokens, "mine"), Ok("AQAold".to_owned()));
    }
    fs::write(world.path(), [0xff, 0xfe, 0x00]).unwrap();
    assert_eq!(settle(&tokens), Reload::Kept);
    world.write(r#"{"x": "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"}"#);
    assert_eq!(settle(&tokens), Reload::Kept);
    fs::remove_file(world.path()).unwrap();
    fs::create_dir(world.path()).unwrap();
    assert_eq!(settle(&tokens), Reload::Kept);
    fs::remove_dir(world.path()).unwrap();
    assert_eq!(settle(&tokens), Reload::Kept);
    assert_eq!(settle(&tokens), Reload::Unchanged);
    assert_eq!(real(&tokens, "mine"), Ok("AQAold".to_owned()));
    world.write("{}");
    assert_eq!(settle(&tokens), Reload::Taken);
    assert_eq!(real(&tokens, "mine"), Err(AuthError::Invalid));
}

#[test]
fn tokens_of_the_saved_login_follow_it_and_those_of_the_file_do_not() {
    let world = World::of(r#"{"mine": "AQAreal"}"#);
    let options = "[[token]]\nname = \"alice\"\ntoken = \"hers\"\n";
    let tokens = world.open(options, Some("AQAlogin")).unwrap();
    let alice = tokens.check(&headers("hers")).unwrap();
    tokens.renew_login(Token::new("AQArenewed"));
    assert_eq!(real(&tokens, "hers"), Ok("AQArenewed".to_owned()));
    assert_eq!(real(&tokens, "mine"), Ok("AQAreal".to_owned()));
    assert_eq!(tokens.recheck(&alice), Err(AuthError::Invalid), "her stream is of the old one");
    world.write(r#"{"more": "AQAmore"}"#);
    assert_eq!(settle(&tokens), Reload::Taken);
    assert_eq!(real(&tokens, "hers"), Ok("AQArenewed".to_owned()));
    // Nobody was signed in at the start.
    let tokens = world.open(options, None).unwrap();
    assert_eq!(real(&tokens, "hers"), Err(AuthError::Invalid));
    tokens.renew_login(Token::new("AQAfirst"));
    assert_eq!(real(&tokens, "hers"), Ok("AQAfirst".to_owned()));
}

#[test]
fn a_token_taken_out_of_the_file_does_not_become_the_saved_login() {
    let world = World::of(r#"{"mine": "AQAreal"}"#);
    let options = "[[token]]\nname = \"alice\"\ntoken = \"mine\"\n";
    let tokens = world.open(options, Some("AQAlogin")).unwrap();
    let alice = tokens.check(&headers("mine")).unwrap();
    assert_eq!(tokens.recheck(&alice), Ok(()));
    world.write("{}");
    assert_eq!(settle(&tokens), Reload::Taken);
    assert_eq!(real(&tokens, "mine"), Err(AuthError::Invalid));
    assert_eq!(tokens.recheck(&alice), Err(AuthError::Invalid));
    assert!(tokens.warnings().iter().any(|warning| warning.contains("alice")));
    world.write(r#"{"mine": "AQAother"}"#);
    assert_eq!(settle(&tokens), Reload::Taken);
    assert_eq!(real(&tokens, "mine"), Ok("AQAother".to_owned()));
    assert_eq!(tokens.recheck(&alice), Err(AuthError::Invalid));
}

#[test]
fn whoever_asks_while_files_come_and_go_meets_one_whole_state() {
    let world = World::of(r#"{"first": "AQA0", "second": "AQA0"}"#);
    let tokens = world.open("", None).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let (first, second) = (real(&tokens, "first"), real(&tokens, "second"));
                    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
                    let table = tokens.table.load();
                    let same: std::collections::HashSet<String> = ["first", "second"]
                        .map(|shown| {
                            let digest = TokenDigest::of(shown);
                            let caller = table.caller(&digest, shown, Timestamp::now()).unwrap();
                            caller.real.reveal().to_owned()
                        })
                        .into();
                    assert_eq!(same.len(), 1, "{same:?}");
                }
            });
        }
        // Several look at once, as several processes of a supervisor never would.
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    tokens.reload_if_changed();
                }
            });
        }
        for round in 1..300 {
            if round % 3 == 0 {
                // A writer that fails half-way, in place.
                fs::write(world.path(), r#"{"first": "AQA"#).unwrap();
            }
            world.write(&format!(r#"{{"first": "AQA{round}", "second": "AQA{round}"}}"#));
        }
        done.store(true, Ordering::Relaxed);
    });
    // Whatever was met meanwhile, the last file is in use after two quiet looks.
    for _ in 0..2 {
        tokens.reload_if_changed();
    }
    assert_eq!(real(&tokens, "second"), Ok("AQA299".to_owned()));
}

#[test]
fn nothing_that_can_be_printed_shows_a_token() {
    let world = World::of(r#"{"my-secret": "AQAsecret"}"#);
    let tokens = world.open("[[token]]\ntoken = \"my-secret\"\nname = \"a\"\n", None).unwrap();
    let caller = tokens.check(&headers("my-secret")).unwrap();
    let shown = format!("{tokens:?} {caller:?} {:?} {:?}", tokens.list(), tokens.warnings());
    assert!(!shown.contains("secret"), "{shown}");
    for broken in [r#"{"my-secret": 1}"#, r#"{"my-secret": "AQAsecret""#, "AQAsecret"] {
        world.write(broken);
        let error = world.open("", None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn a_password_lets_in_and_stands_for_nothing() {
    let password = Password::new(&Token::new("open"));
    assert_eq!(password.check(&headers("Bearer open")), Ok(()));
    assert_eq!(password.check(&headers("Bearer ope")), Err(AuthError::Invalid));
    assert_eq!(password.check(&HeaderMap::new()), Err(AuthError::Missing));
    assert!(!format!("{password:?}").contains("open"));
}
