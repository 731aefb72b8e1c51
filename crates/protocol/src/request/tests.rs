use proptest::prelude::*;

use super::*;

mod frames;

fn id() -> SequenceId {
    SequenceId::from_random(4)
}

#[test]
fn what_moves_a_machine_is_published_at_least_once() {
    assert_eq!(Request::from(Job::Stop).qos(), QoS::AtLeastOnce);
    assert_eq!(Request::GetVersion.qos(), QoS::AtLeastOnce);
    assert_eq!(Request::PushAll.qos(), QoS::AtMostOnce);
    assert_eq!(Request::StopPush.qos(), QoS::AtMostOnce);
}

#[test]
fn sequence_ids_count_up_and_wrap_within_the_slicers_range() {
    let mut seen = SequenceId::from_random(9_998);
    assert_eq!(seen.to_string(), "29998");
    seen = seen.next();
    assert_eq!(seen.number(), 29_999);
    assert_eq!(seen.next().number(), 20_000);
    for random in [0, 1, 9_999, 10_000, u64::MAX] {
        assert!((20_000..=29_999).contains(&SequenceId::from_random(random).number()));
    }
}

#[test]
fn words_are_read_as_people_write_them() {
    assert_eq!("Ludicrous".parse(), Ok(SpeedLevel::Ludicrous));
    assert_eq!("1".parse(), Ok(SpeedLevel::Silent));
    assert!("5".parse::<SpeedLevel>().is_err());
    assert_eq!("chamber_light".parse(), Ok(LightNode::Chamber));
    assert_eq!("chamber2".parse(), Ok(LightNode::Chamber2));
    assert_eq!("chamber_light2".parse(), Ok(LightNode::Chamber2));
    assert_eq!("off".parse(), Ok(LightMode::Off));
    assert_eq!("left-aux".parse(), Ok(Fan::AuxLeft));
    assert_eq!("full cooling".parse(), Ok(AirDuctMode::FullCooling));
    assert_eq!(
        "dim".parse::<LightMode>().unwrap_err().to_string(),
        "\"dim\" is no light mode; use one of on, off, flashing"
    );
}

#[test]
fn trays_have_the_names_of_the_wire_and_of_the_screen() {
    let tray = |unit, slot| Ok(TrayId { unit, slot });
    for (text, wanted) in [
        ("0/2", tray(0, 2)),
        ("6", tray(1, 2)),
        ("B3", tray(1, 2)),
        ("16/3", tray(16, 3)),
        ("128", tray(128, 0)),
        ("ht-b", tray(129, 0)),
        ("external", tray(255, 0)),
        ("254", tray(254, 0)),
    ] {
        assert_eq!(text.parse(), wanted, "{text}");
        let again: TrayId = wanted.clone().unwrap().to_string().parse().unwrap();
        assert_eq!(Ok(again), wanted);
    }
    for text in ["", "E1", "A5", "16", "0/4", "4/0", "128/1", "-1", "ht-z", "ä1"] {
        assert!(text.parse::<TrayId>().is_err(), "{text}");
    }
}

#[test]
fn a_project_takes_its_filaments_as_the_printer_counts_them() {
    let trays = ["A2", "ht-a", "16/1", "external", "external-left"].map(|t| t.parse().ok());
    let project = ProjectFile::stored("/models/cube v2.gcode.3mf", 2, u64::MAX).map_trays(&trays);
    assert_eq!(project.ams_mapping, [1, 128, 1, -1, -1]);
    let units: Vec<_> = project.ams_mapping2.iter().map(|t| (t.ams_id, t.slot_id)).collect();
    assert_eq!(units, [(0, 1), (128, 0), (16, 1), (255, 0), (254, 0)]);
    assert!(project.use_ams);
    assert!(!project.clone().map_trays(&[Some(TrayId::EXTERNAL), None]).use_ams);
    assert_eq!(project.file, "cube v2.gcode.3mf");
    assert_eq!(project.subtask_name, "cube v2");
    assert_eq!(project.url, "ftp:///models/cube v2.gcode.3mf");
    assert!((1..1 << 31).contains(&project.task_id.parse::<u64>().unwrap()));
    let body = Request::from(Job::ProjectFile(Box::new(project.level_bed(Auto::Auto)))).body();
    assert_eq!((&body["bed_leveling"], &body["auto_bed_leveling"]), (&false.into(), &2.into()));
    assert!(!body.contains_key("bed_levelling"));
}

#[test]
fn what_somebody_wrote_gets_a_sequence_id_unless_it_has_one() {
    let sent = |text: &str| {
        let request = Request::from(Raw::parse(text).unwrap());
        (request.json(id()), request.answered_by(id()))
    };
    let (json, answered_by) = sent(r#"{"print": {"command": "pause"}}"#);
    assert_eq!(json, r#"{"print":{"sequence_id":"20004","command":"pause"}}"#);
    assert_eq!(answered_by, "20004");
    let (json, answered_by) = sent(r#"{"print":{"sequence_id":7,"command":"x","param":"1"}}"#);
    assert_eq!(json, r#"{"print":{"sequence_id":"7","command":"x","param":"1"}}"#);
    assert_eq!(answered_by, "7");
    assert!(sent(r#"{"novel":{}}"#).0.contains(r#"{"novel":{"sequence_id":"20004""#));
    for bad in [
        "",
        "pause",
        "[1]",
        "{}",
        r#"{"print":"pause"}"#,
        r#"{"print":{},"system":{}}"#,
        r#"{"print":{"sequence_id":"1606780800000"}}"#,
        r#"{"print":{"sequence_id":null}}"#,
        &format!("{{\"print\":{{\"param\":\"{}\"}}}}", "x".repeat(70_000)),
    ] {
        let error = Raw::parse(bad).unwrap_err().to_string();
        assert!(error.contains(';'), "{error}");
    }
}

proptest! {
    #[test]
    fn reading_what_somebody_wrote_never_panics(text in ".{0,200}") {
        if let Ok(raw) = Raw::parse(&text) {
            let request = Request::from(raw);
            prop_assert!(Raw::parse(&request.json(id())).is_ok());
        }
        let _ = (text.parse::<TrayId>(), text.parse::<Fan>(), text.parse::<SpeedLevel>());
    }

    #[test]
    fn a_raw_body_comes_out_as_it_went_in(key in "[a-z_]{1,9}", number: i64, word in ".{0,20}") {
        let text = serde_json::json!({"print": {"command": "x", key.clone(): [number, word]}});
        let raw = Request::from(Raw::parse(&text.to_string()).unwrap());
        if key != "sequence_id" {
            prop_assert_eq!(&raw.body()[&key], &text["print"][&key]);
        }
    }
}
