use serde_json::json;

use super::*;

/// The seeds' example file, key by key, with what it holds of one's own filled in.
fn filled() -> Value {
    json!({
        "cloud_token": "AADBexample",
        "user_uid": "1234567890",
        "devices": [{
            "device_id": "01P00A000000001",
            "name": "My Printer",
            "local_ip": "192.168.1.50",
            "access_code": "87654321"
        }],
        "server": {"host": "0.0.0.0", "port": 8080, "enable_mqtt_bridge": true}
    })
}

fn read(config: &Value) -> Result<LegacyConfig, LegacyError> {
    LegacyConfig::parse(config.to_string().as_bytes(), Path::new("legacy.json"))
}

fn with(pointer: &str, value: Value) -> Value {
    let mut config = filled();
    *config.pointer_mut(pointer).unwrap() = value;
    config
}

#[test]
fn the_seeds_file_is_read_as_it_is() {
    let config = read(&filled()).unwrap();
    assert_eq!(config.token.as_ref().map(Token::reveal), Some("AADBexample"));
    assert_eq!(config.uid.as_deref(), Some("1234567890"));
    assert_eq!((config.host.as_deref(), config.port), (Some("0.0.0.0"), Some(8080)));
    assert!(config.live);
    let target = config.devices[0].target().unwrap();
    assert_eq!(target.serial.as_str(), "01P00A000000001");
    assert_eq!((target.host.as_str(), target.port), ("192.168.1.50", 8883));
    assert_eq!(target.access_code.reveal(), "87654321");
    assert_eq!(target.name.as_deref(), Some("My Printer"));
}

#[test]
fn what_is_not_said_is_as_in_the_seeds() {
    let config = read(&json!({"cloud_token": "t", "a key of tomorrow": [1]})).unwrap();
    assert_eq!((config.uid, config.host, config.port), (None, None, None));
    assert!(config.devices.is_empty() && config.live);
    let config = read(&with("/server/enable_mqtt_bridge", json!(false))).unwrap();
    assert!(!config.live);
    assert_eq!(read(&json!({"cloud_token": " "})).unwrap().token, None);
}

#[test]
fn numbers_and_text_are_taken_for_one_another_and_a_byte_order_mark_is_skipped() {
    let config = read(&with("/server/port", json!("9090"))).unwrap();
    assert_eq!(config.port, Some(9090));
    let config = read(&with("/user_uid", json!(42))).unwrap();
    assert_eq!(config.uid.as_deref(), Some("42"));
    let config = read(&with("/user_uid", json!("u_42"))).unwrap();
    assert_eq!(config.uid.as_deref(), Some("42"));
    let config = read(&with("/devices/0/access_code", json!(11223344))).unwrap();
    assert_eq!(config.devices[0].access_code.as_ref().unwrap().reveal(), "11223344");
    let marked = format!("\u{feff}{}", filled());
    LegacyConfig::parse(marked.as_bytes(), Path::new("x")).unwrap();
}

#[test]
fn the_examples_own_values_are_refused_by_name() {
    for (pointer, value, key) in [
        ("/cloud_token", PLACEHOLDER_TOKEN, "cloud_token"),
        ("/user_uid", PLACEHOLDER_UID, "user_uid"),
        ("/devices/0/device_id", PLACEHOLDER_SERIAL, "device_id"),
    ] {
        match read(&with(pointer, json!(value))) {
            Err(LegacyError::Placeholder { key: named, .. }) => assert_eq!(named, key),
            other => panic!("{pointer}: {other:?}"),
        }
    }
}

#[test]
fn the_examples_address_and_code_together_are_nobodys_printer() {
    let lan = |host: &str, code: &str| {
        let mut config = with("/devices/0/local_ip", json!(host));
        config["devices"][0]["access_code"] = json!(code);
        read(&config).unwrap().devices[0].target()
    };
    assert!(lan("192.168.1.100", "12345678").is_none());
    assert!(lan("192.168.1.100", "").is_none());
    assert!(lan("", "87654321").is_none());
    assert!(lan("192.168.1.100", "87654321").is_some());
    assert!(lan("192.168.1.50", "12345678").is_some());
}

#[test]
fn an_address_may_name_its_port() {
    for (text, host, port) in [
        ("printer.lan", "printer.lan", None),
        ("127.0.0.1:41010", "127.0.0.1", Some(41010)),
        ("fe80::1", "fe80::1", None),
        ("[fe80::1]:8884", "fe80::1", Some(8884)),
        ("host:word", "host:word", None),
    ] {
        assert_eq!(with_port(text), (host.to_owned(), port), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_named_by_its_key() {
    for (pointer, value, key) in [
        ("/user_uid", json!("maker@example.com"), "user_uid"),
        ("/server", json!([]), "server"),
        ("/server/port", json!(70000), "server.port"),
        ("/server/enable_mqtt_bridge", json!("no"), "server.enable_mqtt_bridge"),
        ("/devices", json!({}), "devices"),
        ("/devices/0", json!("01P"), "devices[0]"),
        ("/devices/0/device_id", json!(""), "devices[0].device_id"),
        ("/devices/0/local_ip", json!(["a"]), "devices[0].local_ip"),
    ] {
        match read(&with(pointer, value)) {
            Err(LegacyError::Value { key: named, .. }) => assert_eq!(named, key),
            other => panic!("{pointer}: {other:?}"),
        }
    }
}

#[test]
fn no_error_and_no_debug_text_shows_a_secret() {
    let torn = r#"{"cloud_token": "AADBsecret", "access_code": "87654321" oops"#;
    let error = LegacyConfig::parse(torn.as_bytes(), Path::new("legacy.json")).unwrap_err();
    assert!(matches!(error, LegacyError::Json { line: 1, .. }));
    let told = format!("{error} {error:?} {:?}", read(&filled()).unwrap());
    assert!(!told.contains("AADB") && !told.contains("87654321"), "{told}");
    assert!(matches!(read(&json!([])), Err(LegacyError::Json { .. })));
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compatibility_config.json");
    let error = LegacyConfig::read(&path).unwrap_err();
    assert!(error.to_string().contains("compatibility_config.json"), "{error}");
    std::fs::write(&path, filled().to_string()).unwrap();
    assert_eq!(LegacyConfig::read(&path).unwrap().devices.len(), 1);
}
