//! What looks like a secret and is none.

use super::{json, text};

#[test]
fn firmware_versions_are_no_addresses() {
    for kept in [
        r#"{"sw_ver":"01.08.02.00","hw_ver":"AP05","loader_ver":"00.00.00.32"}"#,
        r#"{"new_version_number":"1.10.0.35","version":"2.0.0.1","lower_limit":"00.00.00.00"}"#,
        r#"["ota 01.08.02.00-beta","02.05.57.52","V00.00.07.89"]"#,
    ] {
        assert_eq!(json(kept), kept);
    }
    assert_eq!(json(r#"{"version":"192.168.1.5"}"#), r#"{"version":"[IP_REDACTED]"}"#);
    assert_eq!(json(r#"{"server":"8.8.8.8"}"#), r#"{"server":"[IP_REDACTED]"}"#);
    assert_eq!(json(r#"{"name":"10.20.30.40"}"#), r#"{"name":"[IP_REDACTED]"}"#);
}

#[test]
fn times_and_hardware_addresses_are_no_addresses() {
    for kept in [
        "12:30:45",
        "2026-08-01T12:30:45Z",
        "2026-08-01 12:30:45.123456+02:00",
        "aa:bb:cc:dd:ee:ff",
        "AC:DE:48:00:11:22",
        "std::cout, ::",
        "Garden Hose Healer: Male fitting",
        "300.1.1.1 and 1.2.3 and 2026.11.21.18",
        "0300-4003",
        "10:00",
        "1:87 scale, part 3.4",
    ] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn the_loopback_stays() {
    for kept in ["127.0.0.1:8883", "[::1]:80", "::ffff:127.0.0.1", "localhost:5001"] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn what_people_write_stays() {
    for kept in [
        "maker@example.com",
        "/data/Metadata/plate_1.gcode",
        "a // b",
        "part.gcode.3mf",
        "100 % infill, 50% speed",
        "C:\\models\\cube.3mf",
        "x=1&y=2",
        "#FF0000FF",
        "The token was not valid",
        "data:image/png;base64,iVBORw0KGgo=",
    ] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn captured_reports_lose_their_addresses_and_nothing_else() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests");
    let mut seen = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json") {
                let before = std::fs::read_to_string(&path).unwrap();
                compare(&before, &json(&before), &path.display().to_string());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "there are captures");
}

fn compare(before: &str, after: &str, path: &str) {
    for (before, after) in before.lines().zip(after.lines()) {
        let address = before.contains("ip\":") || before.contains("://");
        assert!(before == after || address, "{path}: {before} became {after}");
    }
    assert_eq!(before.lines().count(), after.lines().count(), "{path}");
}
