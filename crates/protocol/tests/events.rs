//! A run of two jobs, frame by frame, watched with cuts, full resends, repeats and losses.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use bambu_protocol::{
    Model,
    event::{Event, Watcher},
    report::State,
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

/// What the printer sends: a full report, then changes as a P2S sends them.
fn run() -> Vec<Value> {
    let tray = |id: u8, kind: &str| json!({"id": id.to_string(), "tray_type": kind, "tray_color": "112233FF"});
    let mut frames = vec![json!({
        "gcode_state": "FINISH", "subtask_name": "old", "gcode_file": "/data/Metadata/plate_1.gcode",
        "task_id": "0", "subtask_id": "0", "mc_percent": 100, "layer_num": 30, "total_layer_num": 30,
        "stg_cur": 255, "print_error": 0, "hms": [], "stat": "0", "fail_reason": "0",
        "nozzle_temper": 25.0, "nozzle_target_temper": 0, "bed_temper": 25.0, "bed_target_temper": 0,
        "ams": {"tray_now": "255", "tray_exist_bits": "3",
            "ams": [{"id": "0", "tray": [tray(0, "PLA"), tray(1, "PLA")]}]},
    })];
    let mut then = |change: Value| frames.push(change);
    then(json!({"subtask_name": "cube"}));
    then(json!({"stat": "800000"}));
    then(json!({"stat": "0"}));
    then(json!({"gcode_state": "PREPARE", "gcode_file": "cube.3mf", "total_layer_num": 20}));
    then(json!({"gcode_state": "RUNNING", "stg_cur": 2, "bed_target_temper": 60}));
    then(json!({"bed_temper": 59.1, "mc_percent": 0, "layer_num": 0}));
    then(json!({"stg_cur": 14, "nozzle_target_temper": 220, "ams": {"tray_now": "0"}}));
    then(json!({"nozzle_temper": 219.0}));
    then(json!({"stg_cur": 0}));
    for layer in 1..=20 {
        then(json!({"layer_num": layer}));
        then(json!({"mc_percent": layer * 5, "wifi_signal": format!("-{}dBm", 40 + layer)}));
        match layer {
            6 => then(json!({"ams": {"tray_now": "1"}})),
            9 => then(json!({"gcode_state": "PAUSE", "stg_cur": 6, "print_error": 0x0700_8011,
                "hms": [{"attr": 0x0700_2100, "code": 0x0002_0001}]})),
            10 => then(json!({"hms": [{"attr": 0x0C00_0300, "code": 0x0003_0007}]})),
            12 => then(json!({"hms": []})),
            _ => {}
        }
        if layer == 9 {
            then(json!({"print_error": 0, "hms": []}));
            then(json!({"gcode_state": "RUNNING", "stg_cur": 255}));
        }
    }
    then(json!({"gcode_state": "FINISH", "nozzle_target_temper": 0, "bed_target_temper": 0}));
    then(json!({"gcode_state": "PREPARE"}));
    then(json!({"gcode_state": "RUNNING", "mc_percent": 1, "layer_num": 1}));
    then(json!({"mc_percent": 30, "layer_num": 4}));
    then(json!({"gcode_state": "FAILED", "print_error": 50_348_044, "fail_reason": "50348044"}));
    then(json!({"print_error": 0}));
    frames
}

/// What can befall the connection at a frame.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// Connection lost and made again: the printer sends everything once more.
    Cut,
    /// The same, and it takes long enough for the printer to be called offline.
    Outage,
    /// The printer sends the whole report unasked.
    Resend,
    /// The report comes twice.
    Repeat,
    /// The client starts to doubt and then hears again.
    Doubt,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    use Mishap::{Cut, Doubt, Outage, Repeat, Resend};
    prop_oneof![Just(Cut), Just(Outage), Just(Resend), Just(Repeat), Just(Doubt)]
}

/// One client that watches.
struct Client {
    state: State,
    watcher: Watcher,
    told: Vec<Event>,
}

impl Client {
    fn new() -> Self {
        Self { state: State::new().with_model(Model::P2S), watcher: Watcher::new(), told: vec![] }
    }

    fn hear(&mut self, print: &Value, message: u8, online: Option<bool>) {
        let mut print = print.clone();
        print["msg"] = json!(message);
        self.state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
        self.look(online);
    }

    fn look(&mut self, online: Option<bool>) {
        let mut status = self.state.status();
        status.online = online;
        self.told.extend(self.watcher.observe(&status));
    }
}

fn merged(frames: &[Value]) -> Value {
    let mut whole = frames[0].clone();
    for frame in &frames[1..] {
        for (key, value) in frame.as_object().unwrap() {
            if key == "ams" {
                whole["ams"]["tray_now"] = value["tray_now"].clone();
            } else {
                whole[key] = value.clone();
            }
        }
    }
    whole
}

/// Watches the run; `lost` frames are not heard, only their sum with the next full report.
fn watch(mishaps: &[(usize, Mishap)], lost: &[usize]) -> Vec<Event> {
    let frames = run();
    let online = Some(true);
    let mut client = Client::new();
    client.hear(&frames[0], 0, online);
    let mut missed = false;
    for (index, frame) in frames.iter().enumerate().skip(1) {
        if lost.contains(&index) {
            missed = true;
            continue;
        }
        let whole = merged(&frames[..=index]);
        if std::mem::take(&mut missed) {
            client.hear(&whole, 0, online);
        } else {
            client.hear(frame, 1, online);
        }
        for (_, mishap) in mishaps.iter().filter(|(at, _)| *at % frames.len() == index) {
            match mishap {
                Mishap::Cut => {
                    client.look(None);
                    client.hear(&whole, 0, online);
                }
                Mishap::Outage => {
                    client.look(Some(false));
                    client.look(Some(false));
                    client.hear(&whole, 0, online);
                }
                Mishap::Resend => client.hear(&whole, 0, online),
                Mishap::Repeat => client.hear(frame, 1, online),
                Mishap::Doubt => client.look(None),
            }
        }
    }
    client.told
}

fn is_presence(event: &Event) -> bool {
    event.name().starts_with("device.")
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[test]
fn the_run_is_told_from_its_start_to_its_end() {
    let events = watch(&[], &[]);
    let count = |name: &str| events.iter().filter(|event| event.name() == name).count();
    for (name, times) in [
        ("print.started", 2),
        ("print.completed", 1),
        ("print.cancelled", 1),
        ("print.failed", 0),
        ("print.paused", 1),
        ("print.resumed", 1),
        ("print.progress", 13),
        ("print.layer", 24),
        ("print.stage", 5),
        ("filament.runout", 1),
        ("filament.changed", 2),
        ("hms.raised", 2),
        ("hms.cleared", 2),
        ("error.raised", 1),
        ("error.cleared", 1),
        ("door.opened", 1),
        ("door.closed", 1),
        ("temperature.reached", 2),
        ("device.online", 0),
        ("device.offline", 0),
    ] {
        assert_eq!(count(name), times, "{name}: {:?}", names(&events));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn cuts_resends_and_repeats_tell_the_same_list(mishaps in vec((any::<usize>(), mishap()), 0..40)) {
        let mut events = watch(&mishaps, &[]);
        let presence: Vec<_> = events.extract_if(.., |event| is_presence(event)).collect();
        prop_assert_eq!(&events, &watch(&[], &[]));
        for pair in presence.chunks(2) {
            prop_assert_eq!(names(pair), ["device.offline", "device.online"]);
        }
    }

    #[test]
    fn lost_reports_invent_nothing_and_lose_no_start_end_layer_or_step(
        lost in vec(1_usize..100, 0..30),
        mishaps in vec((any::<usize>(), mishap()), 0..10),
    ) {
        let reference = watch(&[], &[]);
        let frames = run().len();
        // What nobody can know is kept out: the end of the first job and the last word.
        let lost: Vec<_> = lost.into_iter().filter(|at| *at < frames - 6).collect();
        let events = watch(&mishaps, &lost);
        for name in ["print.started", "print.completed", "print.cancelled", "print.failed", "print.layer"] {
            let of = |events: &[Event]| events.iter().filter(|e| e.name() == name).count();
            prop_assert_eq!(of(&events), of(&reference), "{}", name);
        }
        let steps = |events: &[Event]| events.iter().filter_map(|event| match event {
            Event::PrintProgress { percent, .. } => Some(*percent),
            _ => None,
        }).collect::<Vec<_>>();
        prop_assert_eq!(steps(&events), steps(&reference));
        for (name, _) in Event::NAMES.iter().filter(|(name, _)| !name.starts_with("device.")) {
            let of = |events: &[Event]| events.iter().filter(|e| e.name() == *name).count();
            prop_assert!(of(&events) <= of(&reference), "{} too often", name);
        }
    }
}

#[test]
fn a_capture_seen_again_and_again_tells_nothing() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no captures at {}", folder.display());
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let capture: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut state = State::new();
        let mut watcher = Watcher::new();
        for part in ["get_version", "pushall", "pushall", "get_version", "pushall"] {
            state.apply(capture[part].to_string().as_bytes()).unwrap();
            if state.has_full() {
                assert_eq!(watcher.observe(&state.status()), [], "{}", path.display());
            }
        }
    }
}
