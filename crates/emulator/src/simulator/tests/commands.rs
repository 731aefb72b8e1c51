//! Every command of the reference, accepted and refused: the scripts in `commands/` say what is sent
//! to which model, what comes back, and what the next full report shows.
//!
//! A line is `section {fields} -> answer path=value …`; `==` begins with new printers.

use super::*;

/// What the scripts are called after.
const SCRIPTS: [(&str, &str); 10] = [
    ("job", include_str!("commands/job.txt")),
    ("climate", include_str!("commands/climate.txt")),
    ("motion", include_str!("commands/motion.txt")),
    ("ams", include_str!("commands/ams.txt")),
    ("calibration", include_str!("commands/calibration.txt")),
    ("options", include_str!("commands/options.txt")),
    ("system", include_str!("commands/system.txt")),
    ("camera", include_str!("commands/camera.txt")),
    ("upgrade", include_str!("commands/upgrade.txt")),
    ("conflicts", include_str!("commands/conflicts.txt")),
];

/// Sections and commands that the reference lists, without `pushing` and `get_version`.
const LISTED: [(&str, &str); 6] = [
    (
        "print",
        "pause resume stop ignore idle_ignore clean_print_error skip_objects print_speed \
         buzzer_ctrl close_air_filt gcode_line gcode_file unload_filament project_file \
         set_nozzle_temp set_bed_temp set_ctt set_fan set_airduct back_to_center xyz_ctrl \
         set_extrusion_length select_extruder refresh_nozzle set_against_continued_heating_mode \
         nozzle_holder_ctrl nozzle_info_confirm holder_nozzle_refresh get_auto_nozzle_mapping \
         print_option calibration ams_change_filament ams_filament_setting ams_user_setting \
         ams_get_rfid ams_control ams_reset manual_ams_bind ams_filament_drying \
         auto_stop_ams_dry extrusion_cali extrusion_cali_set extrusion_cali_get \
         extrusion_cali_get_result extrusion_cali_sel extrusion_cali_del flowrate_cali \
         flowrate_get_result",
    ),
    (
        "system",
        "ledctrl get_access_code set_accessories get_accessories uiop set_door_stat \
         print_cache_set reboot",
    ),
    (
        "camera",
        "ipcam_record_set ipcam_timelapse ipcam_resolution_set ipcam_cap_pic_set \
         ipcam_get_media_info ipcam_delete_oldest_timelapse",
    ),
    ("xcam", "xcam_control_set"),
    (
        "upgrade",
        "upgrade_confirm consistency_confirm start get_history upgrade_history wtm_upgrade \
         mc_for_ams_firmware_upgrade",
    ),
    ("security", "app_cert_install app_cert_list"),
];

/// Commands that nothing in the reference makes a printer refuse, Developer Mode apart.
const NEVER_REFUSED: [&str; 5] =
    ["clean_print_error", "get_access_code", "reboot", "get_history", "app_cert_list"];

fn model(name: &str) -> Model {
    name.trim().parse().unwrap()
}

/// The certificate of an application, as PEM.
fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["application".to_owned()]).unwrap();
    params.self_signed(&key).unwrap().pem()
}

/// One answer as the scripts spell it: `ok`, `none`, `fail`, or more of a failure.
fn spelled(answer: Option<&Value>) -> String {
    let Some(answer) = answer else { return "none".to_owned() };
    if let Some(code) = answer["err_code"].as_u64().filter(|code| *code > 0) {
        return format!("{code:08X}");
    }
    match &answer["result"] {
        Value::String(word) if word.eq_ignore_ascii_case("success") => "ok".to_owned(),
        Value::String(_) => "fail".to_owned(),
        Value::Null => "bare".to_owned(),
        other => other.to_string(),
    }
}

/// The value under a dotted path; a number is a place in an array. `path@16+8` is eight bits of it.
fn under(report: &Value, path: &str) -> Value {
    let (path, bits) = path.split_once('@').unwrap_or((path, ""));
    let value = path.split('.').fold(report, |value, key| match key.parse::<usize>() {
        Ok(at) if value.is_array() => &value[at],
        _ => &value[key],
    });
    let Some((shift, width)) = bits.split_once('+') else { return value.clone() };
    let number = match value {
        Value::String(hex) => u64::from_str_radix(hex, 16).unwrap(),
        number => u64::from(number.as_i64().unwrap_or_default() as u32),
    };
    let width: u32 = width.parse().unwrap();
    (number >> shift.parse::<u32>().unwrap() & ((1 << width) - 1)).into()
}

/// Section, command and answer of every line that was played.
type Seen = Vec<(String, String, String)>;

/// Plays one script; what was not as it says goes to `wrong`.
fn play(name: &str, script: &str, seen: &mut Seen, wrong: &mut Vec<String>) {
    let mut printers: Vec<Arc<Printer>> = Vec::new();
    for (at, line) in script.lines().enumerate() {
        let place = format!("{name}.txt:{}: {line}", at + 1);
        let (left, right) = line.split_once(" -> ").unwrap_or((line, ""));
        let (word, rest) = left.split_once(' ').unwrap_or((left, ""));
        let mut expected = right.split_whitespace();
        let mut answers: Vec<Option<Value>> = Vec::new();
        match word {
            "" | "#" => continue,
            "==" => printers = rest.split(',').map(|name| printer(model(name))).collect(),
            "start" => printers.iter().for_each(|printer| {
                printer.start_print(Job::local("cube", 20, 30.0)).unwrap();
                until(printer, "RUNNING");
            }),
            "hold" => printers.iter().for_each(|printer| {
                assert!(printer.hold(u32::from_str_radix(rest.trim(), 16).unwrap()), "{place}");
            }),
            "store" => printers.iter().for_each(|printer| printer.store([rest.to_owned()])),
            "wait" => {
                let seconds = rest.trim().parse().unwrap();
                printers.iter().for_each(|printer| ticks(printer, seconds));
            }
            section => {
                let answer = expected.next().unwrap_or_else(|| panic!("no answer in {place}"));
                let mut body: Value =
                    serde_json::from_str(rest).unwrap_or_else(|error| panic!("{place}: {error}"));
                if body["sequence_id"].is_null() {
                    body["sequence_id"] = "20001".into();
                }
                if body["app_cert"] == "$CERTIFICATE" {
                    body["app_cert"] = certificate().into();
                }
                let command = body["command"].as_str().unwrap().to_owned();
                seen.push((section.to_owned(), command, answer.to_owned()));
                for printer in &printers {
                    let got =
                        ask(printer, &json!({ section: body })).map(|got| got[section].clone());
                    if let Some(got) = &got {
                        assert_eq!(got["sequence_id"], body["sequence_id"], "{place}");
                    }
                    if spelled(got.as_ref()) != answer {
                        let model = printer.spec().model;
                        wrong.push(format!("{place}\n  {model}: {got:?}"));
                    }
                    answers.push(got);
                }
            }
        }
        for expectation in expected {
            // A blank in a value is spelled ␣.
            let expectation = expectation.replace('␣', " ");
            let (path, value) = expectation.split_once('=').unwrap();
            let value: Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            for (at, printer) in printers.iter().enumerate() {
                let nothing = Value::Null;
                let got = match path.strip_prefix('.') {
                    Some(path) => under(answers[at].as_ref().unwrap_or(&nothing), path),
                    None => under(&full(printer), path),
                };
                let same = got == value || got.is_number() && got.as_f64() == value.as_f64();
                if !same {
                    let model = printer.spec().model;
                    wrong.push(format!("{place}\n  {model}: {path} is {got}"));
                }
            }
        }
    }
}

#[test]
fn every_command_of_the_reference_is_accepted_and_refused_as_the_scripts_say() {
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    SCRIPTS.iter().for_each(|(name, script)| play(name, script, &mut seen, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (section, commands) in LISTED {
        for command in commands.split_whitespace() {
            let answers = || {
                seen.iter()
                    .filter(|(s, c, _)| s == section && c == command)
                    .map(|(.., a)| a.as_str())
            };
            let refused = |answer: &str| answer == "fail" || answer.len() == 8;
            assert!(
                answers().any(|answer| !refused(answer)),
                "{section}.{command} is never accepted"
            );
            let able = answers().any(refused) || NEVER_REFUSED.contains(&command);
            assert!(able, "{section}.{command} is never refused");
        }
    }
}

#[test]
fn without_developer_mode_every_print_command_is_refused_and_no_other_section_is() {
    let printer = printer(Model::H2D);
    printer.set_developer_mode(false);
    let (_, commands) = LISTED[0];
    for name in commands.split_whitespace() {
        let ack = command(&printer, name, &json!({})).unwrap();
        assert_eq!((&ack["result"], &ack["err_code"]), (&json!("failed"), &json!(84_033_543)));
    }
    assert_eq!(under(&full(&printer), "fun@29+1"), 1);
    let light =
        json!({"system": {"command": "ledctrl", "led_node": "chamber_light", "led_mode": "off"}});
    assert_eq!(ask(&printer, &light).unwrap()["system"]["result"], "success");
    let signed = json!({"header": {"sign_ver": "v1.0"}, "print": {"command": "pause"}});
    assert_eq!(ask(&printer, &signed).unwrap()["print"]["err_code"], 84_033_545);
    printer.set_developer_mode(true);
    assert_eq!(under(&full(&printer), "fun@29+1"), 0);
    assert_eq!(
        command(&printer, "print_speed", &json!({"param": "1"})).unwrap()["result"],
        "success"
    );
}

#[test]
fn an_application_that_installs_its_certificate_is_told_the_printer_s_own_and_listed() {
    let printer = printer(Model::P2S);
    printer.set_certificate(|| Some("-----BEGIN CERTIFICATE-----".to_owned()));
    let install = json!({"security": {"command": "app_cert_install", "sequence_id": "25001",
                                      "app_cert": certificate(), "crl": ""}});
    let told = ask(&printer, &install).unwrap();
    assert_eq!(told["security"]["printer_cert"], "-----BEGIN CERTIFICATE-----");
    let list = json!({"security": {"command": "app_cert_list", "sequence_id": "25002"}});
    let ids = ask(&printer, &list).unwrap()["security"]["cert_ids"].clone();
    let id = ids[0].as_str().unwrap();
    assert!(id.ends_with("CN=rcgen self signed cert"), "{id}");
    assert_eq!(ids.as_array().unwrap().len(), 1);
}
