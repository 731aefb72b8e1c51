//! What may be written into bambu.toml, and what is refused without repeating a secret.

use std::time::Duration;

use super::*;

fn read(text: &str) -> Result<Config, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn an_empty_file_turns_nothing_on_and_an_empty_table_turns_its_face_on() {
    let config = read("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.proxy.strict.is_none() && config.proxy.full.is_none());
    assert!(config.compat.is_none());
    let config = read("[proxy.strict]\n[compat]").unwrap();
    assert_eq!(config.proxy.strict, Some(Listen { listen: None }));
    assert_eq!(config.compat, Some(Compat::default()));
    assert_eq!(config.proxy.rate_limit, RateLimit::default());
}

#[test]
fn everything_that_can_be_set_is_read() {
    let config = read(
        r#"
        [server]
        tls = { certificate = "c.pem", key = "k.pem" }
        tls_names = ["farm.local"]
        max_connections = 100
        max_connections_per_address = 10
        open_metrics = true
        [proxy]
        tokens_file = "tokens.json"
        rate_limit = { device = 100, user = "off" }
        cache = 5
        realtime_seconds = 300
        strict.listen = "0.0.0.0:5001"
        full = { listen = "[::1]:5003" }
        [[proxy.token]]
        name = "alice"
        token = "sha256:be7cae4a412ddb6e9cf5ee2ef3bea1ed4fbd1eb8d8ae1c1ef6d3ee7e2eb93bd0"
        serials = ["01P00A000000001"]
        read_only = true
        limit = 5
        expires = "2027-01-31"
        masking = false
        admin = true
        note = "the tablet"
        [compat]
        listen = "0.0.0.0:8080"
        config = "compatibility_config.json"
        token = "let-me-in"
        stale_after_seconds = 60
        show_access_codes = true
        cors_origins = ["http://farm.local"]
        "#,
    )
    .unwrap();
    let files = Tls::Files { certificate: "c.pem".into(), key: "k.pem".into() };
    assert_eq!(config.server.tls, Some(files));
    let usual = RateLimit::default();
    let limits = RateLimit { device: Some(100), user: None, ..usual };
    assert_eq!(config.proxy.rate_limit, limits);
    assert_eq!(config.proxy.cache, Cache::For(Duration::from_secs(5)));
    let token = config.proxy.token.first().unwrap();
    assert_eq!(token.expires.unwrap().0.to_string(), "2027-02-01T00:00:00Z");
    assert_eq!(token.token.short(), "be7cae4a");
    let compat = config.compat.unwrap();
    assert_eq!(compat.token.unwrap().reveal(), "let-me-in");
}

#[test]
fn a_token_may_be_written_as_itself_or_as_its_hash() {
    let digest = |text: &str| {
        let config = read(&format!("[[proxy.token]]\ntoken = \"{text}\""))?;
        Ok::<_, toml::de::Error>(config.proxy.token.first().unwrap().token)
    };
    let hex: String =
        TokenDigest::of("AQAsecret").bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest("AQAsecret"), digest(&format!("sha256:{hex}")));
    assert_eq!(digest("AQAsecret").unwrap().short(), "be7cae4a");
    assert_eq!(digest("AQAsecret"), digest(&format!("sha256:{}", hex.to_uppercase())));
    for odd in ["", "two words", "sha256:12", &format!("sha256:{}", "+f".repeat(32))] {
        assert!(digest(odd).is_err(), "{odd}");
    }
}

#[test]
fn limits_caches_and_ends_are_written_in_more_than_one_way() {
    let limit =
        |text: &str| read(&format!("[proxy]\nrate_limit = {text}")).map(|c| c.proxy.rate_limit);
    assert_eq!(limit("\"off\"").unwrap(), RateLimit::OFF);
    assert_eq!(limit("7").unwrap(), RateLimit::each(Some(7)));
    assert_eq!("7".parse(), Ok(RateLimit::each(Some(7))));
    assert_eq!(limit("{}").unwrap(), RateLimit::default());
    for odd in ["0", "-1", "1.5", "\"on\"", "true", "1000001", "{ devices = 1 }", "{ device = 0 }"]
    {
        assert!(limit(odd).is_err(), "{odd}");
    }
    let cache = |text: &str| read(&format!("[proxy]\ncache = {text}")).map(|c| c.proxy.cache);
    assert_eq!(cache("\"off\"").unwrap(), Cache::Off);
    assert_eq!(cache("\"30\"").unwrap(), Cache::For(Duration::from_secs(30)));
    for odd in ["0", "3601", "\"\"", "{ seconds = 1 }"] {
        assert!(cache(odd).is_err(), "{odd}");
    }
    let end = |text: &str| {
        let config = read(&format!("[[proxy.token]]\ntoken = \"a\"\nexpires = {text}"))?;
        Ok::<_, toml::de::Error>(config.proxy.token.first().unwrap().expires.unwrap().0.to_string())
    };
    for (written, told) in [
        ("\"2027-01-31T18:00:00+01:00\"", "2027-01-31T17:00:00Z"),
        ("2027-01-31T18:00:00Z", "2027-01-31T18:00:00Z"),
        ("2027-01-31", "2027-02-01T00:00:00Z"),
    ] {
        assert_eq!(end(written).unwrap(), told, "{written}");
    }
    for odd in ["\"tomorrow\"", "5", "2027-01-31T18:00:00", "\"2027-02-30\""] {
        assert!(end(odd).is_err(), "{odd}");
    }
}

#[test]
fn typing_mistakes_are_refused_and_no_secret_is_repeated() {
    for odd in [
        "[servers]",
        "[server]\ntls = \"yes\"",
        "[server]\nmax_connections = 0",
        "[server]\nmax_connections = -1",
        "[server]\ntls = { certificate = \"c.pem\" }",
        "[proxy.strict]\nport = 5001",
        "[proxy.strict]\nlisten = \"5001\"",
        "[proxy]\nrealtime_seconds = 1",
        "[proxy]\nupstream_seconds = 0",
        "[[proxy.token]]\nname = \"a\"",
        "[[proxy.token]]\nname = \"a b\"\ntoken = \"a\"",
        "[compat]\nstale_after_seconds = 0",
    ] {
        assert!(read(odd).is_err(), "{odd}");
    }
    for secret in [
        "[[proxy.token]]\ntoken = \"AQAse cret\"",
        "[compat]\ntoken = [\"AQAse\"]",
        "[compat]\ntoken = 1234567",
    ] {
        // The rest of its text is the line itself, which the command line does not show.
        let error = read(secret).unwrap_err();
        let error = error.message();
        assert!(!error.contains("AQAse") && !error.contains("1234567"), "{error}");
    }
    let config =
        read("[[proxy.token]]\ntoken = \"AQAsecret\"\n[compat]\ntoken = \"AQAother\"").unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("AQA"), "{shown}");
}
