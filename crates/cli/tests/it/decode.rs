//! `bambu decode`.

use serde_json::Value;

use crate::run::{Home, Run};

fn decode(arguments: &[&str], input: &[u8]) -> Run {
    Home::new().feed(&[&["decode"], arguments].concat(), input)
}

const FULL: &str = r#"{"print":{"command":"push_status","msg":0,"gcode_state":"RUNNING","mc_percent":45,"nozzle_temper":219.6}}"#;

#[test]
fn each_report_is_answered_by_the_status_after_it() {
    let input = format!(
        "{FULL}\n{}\n{}\n",
        r#"{"print":{"command":"push_status","msg":1,"mc_percent":46}}"#,
        r#"{"print":{"command":"pause","sequence_id":"20001","result":"success"}}"#
    );
    let run = decode(&["--serial", "01P00A000000001"], input.as_bytes());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let all = run.documents();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0]["job"]["progress_percent"], 45);
    assert_eq!(all[1]["job"]["progress_percent"], 46);
    assert_eq!(all[1]["state"], "running");
    assert_eq!(all[2], all[1], "an acknowledgement changes nothing");
    assert_eq!((&all[0]["serial"], &all[0]["model"]), (&"01P00A000000001".into(), &"P1S".into()));
    assert!(all[0]["online"].is_null() && all[0]["updated_at"].is_null());
}

#[test]
fn a_pretty_printed_report_is_one_report() {
    let value: Value = serde_json::from_str(FULL).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let run = decode(&[], format!("{pretty}\n{pretty}").as_bytes());
    assert_eq!((run.code, run.documents().len()), (0, 2));
}

#[test]
fn a_bad_line_is_named_and_the_others_are_decoded() {
    let long = format!("{{\"print\":{{\"x\":\"{}\"}}}}", "x".repeat(1 << 20));
    for bad in ["nonsense", "[]", "{\"print\":", "{\"print\":}", "\"text\"", long.as_str()] {
        let run = decode(&[], format!("{FULL}\n{bad}\n{FULL}\n").as_bytes());
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert_eq!(run.documents().len(), 2);
        assert!(run.stderr.contains("line 2"), "{}", run.stderr);
        assert!(run.stderr.contains("next: "), "{}", run.stderr);
    }
}

#[test]
fn input_that_holds_no_status_at_all_is_said_to() {
    let wrapped = decode(&[], format!("{{\"pushall\":{FULL}}}\n").as_bytes());
    assert_eq!((wrapped.code, wrapped.documents().len()), (0, 1));
    assert!(wrapped.stderr.contains("note: "), "{}", wrapped.stderr);
    assert_eq!(decode(&[], FULL.as_bytes()).stderr, "");
}

#[test]
fn latin_1_in_a_file_name_is_text() {
    let run = decode(&[], b"{\"print\":{\"subtask_name\":\"Geh\xE4use\"}}\n");
    assert_eq!(run.documents()[0]["job"]["name"], "Geh\u{e4}use");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::Stdio;
    let home = Home::new();
    let mut child = home.command(&["decode"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..2000 {
        if std::io::Write::write_all(&mut stdin, format!("{FULL}\n").as_bytes()).is_err() {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn an_unknown_model_is_a_usage_error() {
    let run = decode(&["--model", "toaster"], b"");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("P1S"), "{}", run.stderr);
}
