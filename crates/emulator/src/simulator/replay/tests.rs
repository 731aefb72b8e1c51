//! Replay of captures of our own making, and of the real ones where they are at hand.

use super::*;

const CAPTURE: &str = r#"{
  "pushall": {"print": {"command": "push_status", "gcode_state": "RUNNING", "mc_percent": 40,
    "mc_remaining_time": 30, "subtask_name": "cube", "task_id": "5", "wifi_signal": "-61dBm",
    "upgrade_state": {"sn": "**REDACTED**"}, "sequence_id": "9"}},
  "get_version": {"info": {"command": "get_version", "sequence_id": "0", "module": [
    {"name": "ota", "project_name": "C12", "sw_ver": "01.08.02.00", "sn": "**REDACTED**"}]}},
  "deltas": {"first": {"print": {"mc_percent": 41}}, "second": {"print": {"mc_percent": 42}}}
}"#;

fn code() -> AccessCode {
    AccessCode::new("12345678")
}

fn replay(text: &str) -> Result<Arc<Replay>, ReplayError> {
    Replay::read(text.as_bytes(), "p1s-at-work", 7, code())
}

fn ask(replay: &Replay, request: &str) -> Option<Value> {
    let mut reports = replay.reports();
    replay.request(request.as_bytes());
    reports.try_recv().ok().map(|answer| serde_json::from_slice(&answer).unwrap())
}

#[test]
fn a_capture_answers_as_it_was_captured_with_a_fresh_serial_for_a_masked_one() {
    let replay = replay(CAPTURE).unwrap();
    assert_eq!(replay.serial().as_str(), "01P00A000000007");
    assert_eq!(replay.model(), Model::P1S);
    let full = ask(&replay, r#"{"pushing":{"command":"pushall","sequence_id":"1"}}"#).unwrap();
    assert_eq!(full["print"]["mc_percent"], 40);
    assert_eq!(full["print"]["upgrade_state"]["sn"], "01P00A000000007");
    let version = ask(&replay, r#"{"info":{"command":"get_version","sequence_id":"77"}}"#).unwrap();
    assert_eq!(version["info"]["sequence_id"], "77");
    assert_eq!(version["info"]["module"][0]["sn"], "01P00A000000007");
    let stop = ask(&replay, r#"{"print":{"command":"stop","sequence_id":"2"}}"#).unwrap();
    assert_eq!(stop["print"]["result"], "fail");
    let summary = replay.summary();
    assert_eq!((summary.print_status, summary.job.unwrap().progress), ("RUNNING", 40));
}

#[tokio::test(start_paused = true)]
async fn captured_deltas_are_repeated_in_a_loop() {
    let replay = replay(CAPTURE).unwrap();
    let mut reports = replay.reports();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(replay.clone().run(shutdown.clone()));
    let mut heard = Vec::new();
    for _ in 0..4 {
        let report: Value = serde_json::from_slice(&reports.recv().await.unwrap()).unwrap();
        heard.push(report["print"]["mc_percent"].as_u64().unwrap());
    }
    assert_eq!(heard, [41, 42, 41, 42]);
    shutdown.cancel();
    running.await.unwrap();
}

#[test]
fn one_report_per_line_is_a_capture_too() {
    let lines = "{\"print\":{\"msg\":1,\"bed_temper\":20.5}}\n\n\
                 {\"print\":{\"gcode_state\":\"IDLE\",\"msg\":0}}\n{\"print\":{\"mc_percent\":3}}\n";
    let replay = replay(lines).unwrap();
    assert_eq!(replay.capture.full["gcode_state"], "IDLE");
    assert_eq!(replay.capture.later.len(), 2);
}

#[test]
fn what_cannot_be_replayed_says_why() {
    assert!(matches!(replay("{\"print\": {"), Err(ReplayError::NotJson { .. })));
    assert!(matches!(replay("{\"a\":1}\nnonsense"), Err(ReplayError::NotJson { line: 2, .. })));
    assert!(matches!(replay("{\"print\":{\"a\":1}}"), Err(ReplayError::NoReport)));
    let nameless = Replay::read(b"{\"print\":{\"gcode_state\":\"IDLE\"}}", "mine", 1, code());
    assert!(matches!(nameless, Err(ReplayError::UnknownModel)));
    let missing = Replay::open(Path::new("no/such/capture.json"), 1, code());
    assert!(matches!(missing, Err(ReplayError::Read { .. })));
}

#[test]
fn the_real_captures_can_be_replayed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        here.ancestors().map(|at| at.join("shared/captures")).find(|folder| folder.is_dir())
    else {
        eprintln!("skipped: shared/captures is not here");
        return;
    };
    for (file, model) in [
        ("a1-mini.json", Model::A1Mini),
        ("a1.json", Model::A1),
        ("h2d.json", Model::H2D),
        ("p1p.json", Model::P1P),
        ("x1c-multi-ams.json", Model::X1C),
    ] {
        let replay = Replay::open(&folder.join(file), 3, code()).unwrap();
        assert_eq!(replay.model(), model);
        assert_eq!(Model::from_serial(replay.serial()), Some(model));
        assert!(replay.firmware().is_some());
    }
}
