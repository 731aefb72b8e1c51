//! Outcomes, acknowledgement by acknowledgement; effects are in `effects.rs`.

use bambu_protocol::{
    Firmware, Model,
    report::{Ack, Applied, State},
    request::{Ams, AmsAction, Climate, Gcode, Job, LightMode, LightNode, Request, System},
    status::Status,
    verify::{Hint, Outcome, Verification},
};
use serde_json::{Value, json};

use super::status;

/// An answer as a printer sends it.
fn answer(document: &Value) -> Ack {
    match State::new().apply(document.to_string().as_bytes()).unwrap() {
        Applied::Ack(ack) => ack,
        other => panic!("{document} is no acknowledgement: {other:?}"),
    }
}

fn light(mode: &str) -> Status {
    status(Model::P1S, &json!({"lights_report": [{"node": "chamber_light", "mode": mode}]}))
}

fn light_on() -> Request {
    System::light(LightNode::Chamber, LightMode::On).into()
}

fn pause() -> Request {
    Job::Pause.into()
}

fn running() -> Status {
    status(Model::P1S, &json!({"gcode_state": "RUNNING"}))
}

fn paused() -> Status {
    status(Model::P1S, &json!({"gcode_state": "PAUSE"}))
}

#[test]
fn every_shape_of_a_good_acknowledgement_leads_to_the_effect() {
    for body in [
        json!({"command": "pause", "sequence_id": "1", "result": "success", "reason": "success"}),
        json!({"command": "pause", "sequence_id": 1, "result": "SUCCESS"}),
        json!({"sequence_id": "1", "param": "", "result": "success", "reason": "success"}),
        json!({"command": "pause", "sequence_id": "1"}),
        json!({"command": "pause", "sequence_id": "1", "result": 0}),
        json!({"command": "pause", "sequence_id": "1", "result": "success", "err_code": 0}),
    ] {
        let ack = answer(&json!({ "print": body }));
        let mut verification = Verification::new(&pause(), &running());
        assert_eq!(verification.ack(&ack), None, "{body}");
        assert_eq!(verification.ack(&ack), None, "twice: {body}");
        assert_eq!(verification.status(&running()), None);
        assert!(matches!(verification.out_of_time(&running()), Outcome::Unconfirmed { .. }));
        assert_eq!(verification.status(&paused()), Some(Outcome::Confirmed));
    }
}

#[test]
fn every_shape_of_a_refusal_is_one() {
    for (body, code, developer) in [
        (json!({"result": "fail", "reason": "Don't exist"}), None, false),
        (json!({"result": "FAILED"}), None, false),
        (
            json!({"result": "success", "reason": "success", "err_code": 83_902_468}),
            Some(83_902_468),
            false,
        ),
        (json!({"result": "success", "errno": -2, "soft_temp": 45}), None, false),
        (json!({"errno": -4}), None, false),
        (json!({"result": 1}), None, false),
        (json!({"result": "failed", "reason": "mqtt message verify failed"}), None, true),
        (json!({"result": "failed", "err_code": 84_033_543}), Some(84_033_543), true),
        (json!({"result": "failed", "err_code": 84_033_548}), Some(84_033_548), true),
        (json!({"result": "failed", "err_code": 84_033_549}), Some(84_033_549), false),
    ] {
        let mut body = body;
        (body["command"], body["sequence_id"]) = (json!("pause"), json!("1"));
        let ack = answer(&json!({ "print": body }));
        let mut verification = Verification::new(&pause(), &running());
        let Some(Outcome::Rejected(rejection)) = verification.ack(&ack) else {
            panic!("{body} was not taken as a refusal");
        };
        assert_eq!((rejection.code, rejection.needs_developer_mode), (code, developer), "{body}");
        let text = rejection.to_string();
        let (cause, next) = text.rsplit_once("; ").unwrap();
        assert!(cause.len() > 20 && next.len() > 20, "{text}");
        assert_eq!(developer, next.contains("Developer Mode"), "{text}");
    }
}

#[test]
fn a_refusal_after_an_acceptance_counts() {
    let mut verification = Verification::new(&pause(), &running());
    assert_eq!(verification.ack(&Ack { result: Some("success".into()), ..Ack::default() }), None);
    let refused = Ack { result: Some("fail".into()), ..Ack::default() };
    assert!(matches!(verification.ack(&refused), Some(Outcome::Rejected(_))));
}

#[test]
fn silence_with_the_effect_is_a_confirmation() {
    let mut verification = Verification::new(&light_on(), &light("off"));
    assert_eq!(verification.status(&light("off")), None);
    assert_eq!(verification.status(&light("on")), Some(Outcome::Confirmed));
}

#[test]
fn a_slow_effect_is_waited_for_without_an_answer() {
    let idle = status(Model::P1S, &json!({"gcode_state": "IDLE"}));
    let start = Verification::new(&Job::GcodeFile("/x.gcode".into()).into(), &idle);
    assert_eq!(start.unanswered(&idle), None);
    assert!(matches!(start.out_of_time(&idle), Outcome::Unanswered { .. }));
    let held = Verification::new(&pause(), &running());
    assert!(matches!(held.unanswered(&running()), Some(Outcome::Unanswered { .. })));
}

#[test]
fn what_was_so_before_needs_an_answer_or_a_later_status() {
    let mut answered = Verification::new(&light_on(), &light("on"));
    assert_eq!(answered.ack(&Ack::default()), None, "no status came after the command");
    assert_eq!(answered.status(&light("on")), Some(Outcome::Confirmed));
    let mut late = Verification::new(&light_on(), &light("on"));
    assert_eq!(late.status(&light("on")), None, "a refusal may still come");
    assert_eq!(late.ack(&Ack::default()), Some(Outcome::Confirmed));
    let mut silent = Verification::new(&light_on(), &light("on"));
    silent.status(&light("on"));
    assert_eq!(silent.out_of_time(&light("on")), Outcome::Confirmed);
    let nothing = Verification::new(&light_on(), &light("on"));
    assert_eq!(nothing.out_of_time(&light("on")), Outcome::Unanswered { hint: None });
    let mut stale = light("on");
    stale.online = Some(false);
    let mut gone = Verification::new(&light_on(), &light("off"));
    gone.ack(&Ack::default());
    assert_eq!(gone.status(&stale), None);
    assert!(matches!(gone.out_of_time(&stale), Outcome::Unconfirmed { .. }));
}

#[test]
fn developer_mode_off_is_named_whatever_the_sign() {
    let refused =
        json!({"gcode_state": "RUNNING", "hms": [{"attr": 0x0500_0500, "code": 0x0001_0007}]});
    let with_hms = status(Model::P1S, &refused);
    let needs = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Rejected(rejection)) => rejection.needs_developer_mode,
        _ => false,
    };
    let mut verification = Verification::new(&pause(), &running());
    assert!(needs(verification.status(&with_hms)), "the message of a P1");
    let mut again = Verification::new(&pause(), &with_hms);
    assert!(!needs(again.status(&with_hms)), "the message of an earlier command");
    assert!(needs(Some(again.out_of_time(&with_hms))));
    let locked = status(Model::X1C, &json!({"gcode_state": "RUNNING", "fun": "20000000"}));
    let verification = Verification::new(&pause(), &locked);
    assert!(needs(Some(verification.out_of_time(&locked))), "bit 29");
    let error = status(Model::P2S, &json!({"gcode_state": "RUNNING", "print_error": 84_033_543}));
    let mut verification = Verification::new(&pause(), &running());
    assert!(needs(verification.status(&error)));
    let mut light_verification = Verification::new(&light_on(), &light("off"));
    assert!(!needs(light_verification.status(&with_hms)), "only print commands are checked");
}

#[test]
fn silence_of_firmware_with_authorization_control_gets_a_hint() {
    for (model, firmware, hint) in [
        (Model::P1S, Some([1, 8, 2, 0]), Some(Hint::DeveloperMode)),
        (Model::P1S, Some([1, 7, 0, 0]), None),
        (Model::A1Mini, None, Some(Hint::DeveloperMode)),
        (Model::X1C, Some([1, 7, 0, 0]), None),
    ] {
        let mut before = status(model, &json!({"gcode_state": "RUNNING"}));
        before.firmware = firmware.map(Firmware::new);
        let verification = Verification::new(&pause(), &before);
        assert_eq!(verification.out_of_time(&before), Outcome::Unanswered { hint }, "{model}");
    }
    let open = status(Model::X1C, &json!({"gcode_state": "RUNNING", "fun": "0"}));
    let verification = Verification::new(&pause(), &open);
    assert_eq!(verification.out_of_time(&open), Outcome::Unanswered { hint: None });
}

#[test]
fn a_command_without_visible_effect_is_accepted_by_its_answer() {
    for request in [
        Request::from(Gcode::Line("G28\n".into())),
        Ams::Control(AmsAction::Resume).into(),
        Ams::GetRfid { ams_id: 0, slot_id: 1 }.into(),
        System::AccessCode.into(),
        System::light(LightNode::Heatbed, LightMode::On).into(),
        Request::PushAll,
        Request::GetVersion,
    ] {
        let mut verification = Verification::new(&request, &running());
        assert!(verification.awaits_ack(), "{request:?}");
        assert_eq!(verification.expected(), None, "{request:?}");
        assert_eq!(verification.ack(&Ack::default()), Some(Outcome::Accepted), "{request:?}");
        let unanswered = Verification::new(&request, &running());
        assert!(matches!(unanswered.out_of_time(&running()), Outcome::Unanswered { .. }));
    }
}

#[test]
fn what_is_never_answered_is_accepted_when_it_was_sent() {
    let mut offline = running();
    offline.online = Some(false);
    let mut reboot = Verification::new(&System::Reboot.into(), &running());
    assert!(!reboot.awaits_ack());
    assert_eq!(reboot.status(&running()), None);
    assert_eq!(reboot.status(&offline), Some(Outcome::Accepted));
    assert!(matches!(reboot.out_of_time(&running()), Outcome::Unconfirmed { .. }));
    assert_eq!(reboot.ack(&Ack::default()), None, "who only says so does not restart");
    assert_eq!(reboot.status(&offline), Some(Outcome::Accepted));
    assert_eq!(Verification::new(&Request::StartPush, &running()).patience().as_secs(), 0);
}

#[test]
fn a_job_that_does_not_start_names_the_error() {
    let idle = status(Model::P1S, &json!({"gcode_state": "FINISH"}));
    let start = Request::from(Job::GcodeFile("/x.gcode".into()));
    let mut verification = Verification::new(&start, &idle);
    verification.ack(&Ack { result: Some("success".into()), ..Ack::default() });
    assert!(verification.patience().as_secs() >= 150, "a P1 parses slowly");
    let failed = status(Model::P1S, &json!({"gcode_state": "FAILED", "print_error": 0x0500_4003}));
    match verification.status(&failed) {
        Some(Outcome::Rejected(rejection)) => assert_eq!(rejection.code, Some(0x0500_4003)),
        other => panic!("{other:?}"),
    }
    let mut stop = Verification::new(&Job::Stop.into(), &running());
    stop.ack(&Ack::default());
    let end = status(Model::P1S, &json!({"gcode_state": "FAILED", "print_error": 50_348_044}));
    assert_eq!(stop.status(&end), Some(Outcome::Confirmed), "cancelling is no error of a stop");
}

#[test]
fn a_question_can_be_answered_with_the_same_command() {
    let request = Request::from(Climate::SetCtt(45));
    let ack = answer(&json!({"print": {"command": "set_ctt", "sequence_id": "1", "result": "fail",
        "err_code": 83_935_248, "err_index": 3}}));
    let mut verification = Verification::new(&request, &running());
    let Some(Outcome::Rejected(rejection)) = verification.ack(&ack) else { panic!() };
    let again = rejection.proceed(&request).unwrap().body();
    assert_eq!((&again["err_code"], &again["err_ignored"]), (&json!(0), &json!([3])));
    assert_eq!((&again["command"], &again["ctt_val"]), (&json!("set_ctt"), &json!(45)));
}

#[test]
fn the_words_of_a_printer_are_one_short_line() {
    let reason = format!("bad\u{1b}[31m\n{}", "x".repeat(999));
    let ack = Ack { result: Some("fail".into()), reason: Some(reason), ..Ack::default() };
    let Some(Outcome::Rejected(rejection)) = Verification::new(&pause(), &running()).ack(&ack)
    else {
        panic!()
    };
    assert!(rejection.reason.len() <= 200 && !rejection.reason.contains(['\n', '\u{1b}']));
}

#[test]
fn a_job_that_pauses_again_at_once_was_not_resumed() {
    let fault = json!({"gcode_state": "PAUSE", "print_error": 83_935_248});
    let before = status(Model::P1S, &fault);
    let mut resume = Verification::new(&Job::Resume.into(), &before);
    assert_eq!(resume.ack(&Ack::default()), None);
    assert_eq!(resume.status(&running()), None, "a moment proves nothing");
    assert!(resume.patience().as_secs() >= 5);
    assert_eq!(resume.out_of_time(&running()), Outcome::Confirmed);
    assert_eq!(resume.status(&before), None);
    assert!(matches!(resume.out_of_time(&before), Outcome::Unconfirmed { .. }));
}

#[test]
fn the_light_of_the_bed_may_switch_although_it_says_no() {
    let request = System::light(LightNode::Heatbed, LightMode::On).into();
    let no = Ack { result: Some("fail".into()), ..Ack::default() };
    let outcome = Verification::new(&request, &running()).ack(&no);
    assert!(matches!(outcome, Some(Outcome::Unconfirmed { .. })), "{outcome:?}");
}

#[test]
fn a_printer_that_refuses_in_silence_has_not_done_what_was_so_before() {
    let hms = json!([{"attr": 0x0500_0500, "code": 0x0001_0007}]);
    let refusing = status(Model::P1S, &json!({"bed_target_temper": 60, "hms": hms}));
    let request: Request = Gcode::Line("M140 S60\n".into()).into();
    let mut verification = Verification::new(&request, &refusing);
    verification.status(&refusing);
    assert!(matches!(verification.out_of_time(&refusing), Outcome::Rejected(_)));
}
