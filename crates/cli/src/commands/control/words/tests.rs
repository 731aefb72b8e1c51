//! Who and what a call means.

use bambu_protocol::request::{AmsAction, Fan, LightMode, LightNode, SpeedLevel, TrayId};

use super::*;

fn call(text: &str) -> Result<Said, Failure> {
    let words: Vec<String> = text.split('|').map(str::to_owned).collect();
    read(&words, false)
}

fn meant(text: &str) -> (Option<String>, Command) {
    let said = call(text).unwrap_or_else(|failure| panic!("{text}: {failure}"));
    (said.printer, said.command)
}

fn mistake(text: &str) -> String {
    let failure = call(text).expect_err(text);
    format!("{failure}; {}", failure.next_step().unwrap_or_default())
}

#[test]
fn the_printer_stands_in_front_or_nowhere() {
    assert_eq!(meant("P1S 1|pause"), (Some("P1S 1".into()), Command::Pause));
    assert_eq!(meant("pause"), (None, Command::Pause));
    assert_eq!(meant("01P00A000000001|bed|60"), (Some("01P00A000000001".into()), Command::Bed(60)));
    assert_eq!(meant("bed|60"), (None, Command::Bed(60)));
}

#[test]
fn a_printer_that_is_called_like_a_verb_is_understood_where_only_one_reading_makes_sense() {
    assert_eq!(meant("pause|pause"), (Some("pause".into()), Command::Pause));
    assert_eq!(meant("home|stop"), (Some("home".into()), Command::Stop));
    let light = Command::Light { node: None, mode: LightMode::On };
    assert_eq!(meant("light|on"), (None, light.clone()));
    assert_eq!(meant("light|light|on"), (Some("light".into()), light));
    // Both readings make sense: whoever knows the printers' names has to say.
    let said = call("ams|resume").unwrap();
    assert_eq!(said.command, Command::AmsControl(AmsAction::Resume));
    assert!(said.unclear && !call("ams|abort").unwrap().unclear);
    let words = ["ams".to_owned(), "resume".to_owned()];
    assert!(!read(&words, true).unwrap().unclear);
}

#[test]
fn every_verb_of_the_help_is_understood() {
    let fan = |fan, percent| Command::Fan { fan, percent };
    let nozzle = |extruder, celsius| Command::Nozzle { extruder, celsius };
    let tray = |unit, slot| TrayId { unit, slot };
    for (text, command) in [
        ("resume", Command::Resume),
        ("STOP", Command::Stop),
        ("speed|sport", Command::Speed(SpeedLevel::Sport)),
        ("speed|3", Command::Speed(SpeedLevel::Sport)),
        ("skip|1|2", Command::SkipObjects(vec![1, 2])),
        ("clear-error", Command::ClearError),
        ("clear_error", Command::ClearError),
        ("nozzle|220", nozzle(None, 220)),
        ("nozzle|left|220C", nozzle(Some(1), 220)),
        ("nozzle|off", nozzle(None, 0)),
        ("bed|60°C", Command::Bed(60)),
        ("chamber|35", Command::Chamber(35)),
        ("fan|part|50", fan(Fan::Part, 50)),
        ("fan|50%", fan(Fan::Part, 50)),
        ("fan|chamber|on", fan(Fan::Chamber, 100)),
        (
            "light|work|flashing",
            Command::Light { node: Some(LightNode::Work), mode: LightMode::Flashing },
        ),
        ("gcode|G28", Command::Gcode("G28".into())),
        ("gcode|G1|X5|F3000", Command::Gcode("G1 X5 F3000".into())),
        ("gcode|M104 S200|M140 S60", Command::Gcode("M104 S200\nM140 S60".into())),
        ("gcode|G91\\nG1 X5", Command::Gcode("G91\nG1 X5".into())),
        ("home", Command::Home),
        ("jog|x|-0.5", Command::Jog { axis: bambu_protocol::request::Axis::X, millimetres: -0.5 }),
        ("extrude|left|5", Command::Extrude { extruder: Some(1), millimetres: 5 }),
        ("extruder|right", Command::Extruder(0)),
        ("ams|load|B3", Command::Load { tray: tray(1, 2) }),
        ("load|external", Command::Load { tray: TrayId::EXTERNAL }),
        ("unload", Command::Unload),
        ("ams|read|A1", Command::ReadTag { tray: tray(0, 0) }),
        ("ams|dry-stop|HT-A", Command::DryStop { unit: 128 }),
        (
            "ams|dry|B|55|8h|PLA|rotate",
            Command::DryStart {
                unit: 1,
                celsius: 55,
                hours: 8,
                filament: "PLA".into(),
                rotate: true,
            },
        ),
        ("ams|clear|A2", Command::SetFilament { tray: tray(0, 1), filament: None }),
        (
            "ams|option|insert|off",
            Command::AmsOptions {
                read_at_power_on: None,
                read_on_insert: Some(false),
                estimate_remain: None,
            },
        ),
    ] {
        assert_eq!(meant(text), (None, command), "{text}");
    }
    for verb in ["calibrate|bed|vibration", "record|on", "timelapse|off", "resolution|720p"] {
        call(verb).unwrap_or_else(|failure| panic!("{verb}: {failure}"));
    }
    for verb in ["option|refill|on", "gcode-file|/x.gcode", "refresh", "reboot", "air-duct|heating"]
    {
        call(verb).unwrap_or_else(|failure| panic!("{verb}: {failure}"));
    }
    let (_, Command::SetFilament { filament: Some(filament), .. }) =
        meant("ams|set|A1|PLA|#ff8800|190-230|GFA00")
    else {
        panic!("not a filament")
    };
    assert_eq!((filament.color.as_str(), filament.nozzle_min), ("FF8800FF", 190));
    let Command::Exact(raw) = meant("raw|{\"print\":{\"command\":\"pause\"}}").1 else {
        panic!("not exact")
    };
    assert_eq!((raw.section(), raw.command()), ("print", "pause"));
}

#[test]
fn the_names_of_earlier_tools_are_aliases() {
    for (text, command) in [
        ("set_nozzle_temp|220", Command::Nozzle { extruder: None, celsius: 220 }),
        ("set_bed_temp|60", Command::Bed(60)),
        ("set_chamber_temp|35", Command::Chamber(35)),
        ("set_fan_speed|50", Command::Fan { fan: Fan::Part, percent: 50 }),
        ("set_airduct_fan|50", Command::Fan { fan: Fan::Aux, percent: 50 }),
        ("set_chamber_fan|50", Command::Fan { fan: Fan::Chamber, percent: 50 }),
        ("gcode_line|M104 S200", Command::Gcode("M104 S200".into())),
    ] {
        assert_eq!(meant(text), (None, command.clone()), "{text}");
        assert_eq!(meant(&format!("P1S|{text}")), (Some("P1S".into()), command), "{text}");
    }
    assert!(mistake("set_nozzle_temp|hot").contains("set_nozzle_temp"));
}

#[test]
fn a_mistake_says_what_would_be_right() {
    for (text, words) in [
        ("P1S|paus", &["\"paus\" is no command", "did you mean pause?"][..]),
        ("paus", &["\"paus\" is no command", "did you mean pause?"]),
        ("P1S|dance", &["\"dance\" is no command", "see bambu control --help"]),
        (
            "P1S|nozzle",
            &["nozzle wants a value", "write: bambu control [PRINTER] nozzle [right|left] °C|off"],
        ),
        ("nozzle|warm", &["\"warm\" is no temperature"]),
        ("P1S|nozzle|warm", &["\"warm\" is no temperature"]),
        ("bed|-5", &["\"-5\" is no temperature"]),
        ("bed|60|70", &["\"60 70\" does not fit behind bed"]),
        ("pause|now", &["\"now\" does not fit behind pause"]),
        ("fan|part|half", &["percentage"]),
        ("light|blue", &["blue", "on, off, flashing"]),
        ("speed|warp", &["warp", "ludicrous"]),
        ("P1S|ams", &["ams alone says too little", "ams load TRAY"]),
        ("ams|load|Z9", &["Z9"]),
        ("raw|{", &["no JSON"]),
        ("jog|x|inf", &["no length"]),
    ] {
        let told = mistake(text);
        assert!(words.iter().all(|word| told.contains(word)), "{text}: {told}");
    }
    assert_eq!(call("nozzle|warm").unwrap_err().kind(), Kind::Usage);
    assert!(read(&[], false).is_err());
}

#[test]
fn the_distance_of_two_words_is_what_is_typed_wrong() {
    for (a, b, letters) in
        [("pause", "pause", 0), ("paus", "pause", 1), ("pasue", "pause", 2), ("", "bed", 3)]
    {
        assert_eq!(distance(a, b), letters, "{a} {b}");
    }
}
