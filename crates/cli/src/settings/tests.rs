//! Who wins, and what is never shown.

use std::collections::HashMap;

use super::*;

fn settled(
    flags: &Flags,
    variables: &[(&str, &str)],
    config: &str,
    session: &str,
) -> Result<Settings, Failure> {
    let home = tempfile::tempdir().unwrap();
    let config_dir = home.path().join("config");
    std::fs::create_dir_all(&config_dir).unwrap();
    if !config.is_empty() {
        std::fs::write(config_dir.join("bambu.toml"), config).unwrap();
    }
    if !session.is_empty() {
        std::fs::write(home.path().join(".bambu_token"), session).unwrap();
    }
    let variables: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let variable = |name: &str| variables.get(name).cloned();
    Settings::settle(
        flags,
        &Surroundings {
            variable: &variable,
            home: home.path().to_owned(),
            config_dir,
            state_dir: home.path().join("state"),
            here: home.path().to_owned(),
        },
        Saved::Needed,
    )
}

#[test]
fn flags_beat_environment_beats_file_beats_region() {
    let none = Flags::default();
    let file = "region = \"china\"\napi_url = \"https://file\"\n";
    let settings = settled(&none, &[], "", "").unwrap();
    assert_eq!(settings.api_url.value, "https://api.bambulab.com");
    let settings = settled(&none, &[], "region = \"china\"", "").unwrap();
    assert_eq!(settings.api_url.value, "https://api.bambulab.cn");
    let settings = settled(&none, &[], file, "").unwrap();
    assert_eq!(
        (settings.api_url.value.as_str(), settings.api_url.source),
        ("https://file", Source::File)
    );
    let variables = [("BAMBU_API_URL", "https://env")];
    let settings = settled(&none, &variables, file, "").unwrap();
    assert_eq!(settings.api_url.value, "https://env");
    let flags = Flags { api_url: Some("https://flag".into()), ..Flags::default() };
    let settings = settled(&flags, &variables, file, "").unwrap();
    assert_eq!(settings.api_url.source, Source::Flag("--api-url"));
}

#[test]
fn the_saved_session_of_the_seeds_is_read_unless_a_token_is_given() {
    let session = r#"{"region": "china", "token": "saved", "created": 1}"#;
    let settings = settled(&Flags::default(), &[], "", session).unwrap();
    assert_eq!(settings.token.unwrap().value.reveal(), "saved");
    assert_eq!(settings.region.value, Region::China);
    let settings = settled(&Flags::default(), &[("BAMBU_TOKEN", "given")], "", "{broken").unwrap();
    assert_eq!(settings.token.unwrap().value.reveal(), "given");
    assert!(settled(&Flags::default(), &[], "", "{broken").is_err());
}

#[test]
fn a_bad_config_names_its_line_and_never_its_secret() {
    for (config, line) in [
        ("region = \"global\"\n[[printer]]\nserial = \"S1\"\naccess_code = 12345678\n", "line 4"),
        ("[[printer]]\nserial = \"S1\"\nacces_code = \"12345678\"\n", "line 3"),
        ("\n\nregion = \"glo", "line 3"),
        ("[[printer]]\nserial = \"a/b\"\n", "line 2"),
        ("[[printer]]\nname = \"x\"\n", "line 1"),
    ] {
        let failure = settled(&Flags::default(), &[], config, "").unwrap_err().to_string();
        assert!(failure.contains(line), "{failure}");
        assert!(!failure.contains("12345678"), "{failure}");
    }
}

#[test]
fn a_uid_is_taken_with_and_without_its_prefix() {
    for config in ["uid = \"u_123\"", "uid = 123"] {
        let settings = settled(&Flags::default(), &[], config, "").unwrap();
        assert_eq!(settings.uid.unwrap().value, "123");
    }
}

#[test]
fn a_session_that_is_not_saved_yet_is_missed_only_when_this_call_names_it() {
    let none = Flags::default();
    let settings = settled(&none, &[], "token_file = \"~/later\"", "").unwrap();
    assert!(settings.token.is_none());
    assert!(settled(&none, &[("BAMBU_TOKEN_FILE", "/nowhere/later")], "", "").is_ok());
    let flags = Flags { token_file: Some("/nowhere/later".into()), ..Flags::default() };
    assert!(settled(&flags, &[], "", "").is_err());
}

#[test]
fn an_environment_and_an_address_bring_their_web_site_unless_one_is_given() {
    let none = Flags::default();
    let web = |config: &str| settled(&none, &[], config, "").unwrap().endpoint.web_url;
    assert_eq!(web(""), "https://bambulab.com");
    assert_eq!(web("region = \"china\""), "https://bambulab.cn");
    assert_eq!(web("environment = \"qa\""), "https://api-qa.bambulab.net");
    assert_eq!(web("api_url = \"https://x\""), "https://x");
    assert_eq!(web("api_url = \"https://x\"\nweb_url = \"https://y\""), "https://y");
    let settings = settled(&none, &[("BAMBU_ENVIRONMENT", "pre-us")], "", "").unwrap();
    assert_eq!(settings.api_url.value, "https://api-pre-us.bambulab.net");
    let slow = [("BAMBU_RATE_LIMITS", "devices=3/min")];
    let settings = settled(&none, &slow, "rate_limits = \"off\"", "").unwrap();
    assert_eq!(settings.manners().budget, "devices=3/min".parse().unwrap());
    for bad in ["environment = \"mars\"", "web_url = \"http://y\"", "rate_limits = \"7\""] {
        assert!(settled(&none, &[], bad, "").is_err(), "{bad}");
    }
}
