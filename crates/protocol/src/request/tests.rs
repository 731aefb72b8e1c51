use super::*;

fn id() -> SequenceId {
    SequenceId::from_random(4)
}

#[test]
fn every_request_has_the_json_of_the_reference() {
    let cases = [
        (
            Request::PushAll,
            r#"{"pushing":{"sequence_id":"20004","command":"pushall","version":1,"push_target":1}}"#,
        ),
        (Request::StartPush, r#"{"pushing":{"sequence_id":"20004","command":"start"}}"#),
        (Request::GetVersion, r#"{"info":{"sequence_id":"20004","command":"get_version"}}"#),
        (Job::Pause.into(), r#"{"print":{"sequence_id":"20004","command":"pause","param":""}}"#),
        (Job::Resume.into(), r#"{"print":{"sequence_id":"20004","command":"resume","param":""}}"#),
        (Job::Stop.into(), r#"{"print":{"sequence_id":"20004","command":"stop","param":""}}"#),
        (
            Job::Speed(SpeedLevel::Sport).into(),
            r#"{"print":{"sequence_id":"20004","command":"print_speed","param":"3"}}"#,
        ),
        (
            System::light(LightNode::Chamber, LightMode::On).into(),
            concat!(
                r#"{"system":{"sequence_id":"20004","command":"ledctrl","led_node":"chamber_light","#,
                r#""led_mode":"on","led_on_time":500,"led_off_time":500,"loop_times":1,"#,
                r#""interval_time":0}}"#
            ),
        ),
    ];
    for (request, json) in cases {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&request.json(id())).unwrap(), value);
        assert_eq!(value[request.section()]["command"], request.command());
    }
}

#[test]
fn the_bed_light_takes_only_zero_times() {
    let json = Request::from(System::light(LightNode::Heatbed, LightMode::Off)).json(id());
    assert!(json.contains(r#""led_on_time":0,"led_off_time":0"#), "{json}");
}

#[test]
fn what_moves_a_machine_is_published_at_least_once() {
    assert_eq!(Request::from(Job::Stop).qos(), QoS::AtLeastOnce);
    assert_eq!(Request::GetVersion.qos(), QoS::AtLeastOnce);
    assert_eq!(Request::PushAll.qos(), QoS::AtMostOnce);
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
    assert!("dim".parse::<LightMode>().is_err());
}
