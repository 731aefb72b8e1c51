//! Who a printer is taken for: pinned at first use, refused when it changes.

use std::process::Command;

use crate::{run::Run, world::World};

/// `query --status` of the first printer on the LAN, without a CA file.
fn status(world: &World, flags: &[&str]) -> Run {
    Run::of(command(world, flags))
}

fn command(world: &World, flags: &[&str]) -> Command {
    let (serial, port, code) = world.printer();
    let call = ["query", "--status", &serial, "--host", "127.0.0.1", "--mqtt-port", &port];
    let mut command = world.home.command(&[&call, flags].concat());
    command.env("BAMBU_ACCESS_CODE", code);
    command
}

#[test]
fn a_printer_is_pinned_without_a_question_and_a_change_names_file_and_line() {
    let world = World::start(&["--printers", "1"]);
    let (serial, ..) = world.printer();
    let pins = world.home.path().join("pins");
    let pins_flag = ["--known-printers", "pins"];
    assert_eq!(status(&world, &pins_flag).code, 0);
    let text = std::fs::read_to_string(&pins).unwrap();
    assert!(text.lines().last().unwrap().starts_with(&serial), "{text}");
    assert_eq!(status(&world, &pins_flag).code, 0);
    assert_eq!(std::fs::read_to_string(&pins).unwrap(), text);

    let zeros = "0".repeat(64);
    let print = text.split("sha256:").nth(1).unwrap().get(..64).unwrap();
    std::fs::write(&pins, text.replace(print, &zeros)).unwrap();
    let refused = status(&world, &pins_flag);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    for word in [print, &zeros, "remove line 3 of pins"] {
        assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
    }
    let insecure = status(&world, &[&pins_flag[..], &["--insecure"]].concat());
    assert_eq!(insecure.code, 0, "{}", insecure.stderr);
    assert!(insecure.stderr.contains("warning: --insecure"), "{}", insecure.stderr);
    assert!(std::fs::read_to_string(&pins).unwrap().contains(&zeros), "it pins nothing");
}

#[test]
fn where_nothing_can_be_saved_it_works_and_says_so() {
    let world = World::start(&["--printers", "1"]);
    world.home.write("file", "");
    let run = status(&world, &["--known-printers", "file/known_printers"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("cannot be saved"), "{}", run.stderr);
}

#[test]
fn a_ca_file_decides_alone() {
    let (world, other) = (World::start(&["--printers", "1"]), World::start(&["--printers", "1"]));
    let with = |ca: &World| {
        let mut command = command(&world, &[]);
        command.env("BAMBU_CA_FILE", ca.ca());
        Run::of(command)
    };
    assert_eq!(with(&world).code, 0);
    let refused = with(&other);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    assert!(refused.stderr.contains("BAMBU_CA_FILE"), "{}", refused.stderr);
    assert!(!world.home.path().join(".config/bambu/known_printers").exists());
}

#[test]
fn a_printer_with_a_swapped_certificate_is_refused() {
    let world = World::start(&["--printers", "1"]);
    let (serial, ..) = world.printer();
    assert_eq!(status(&world, &[]).code, 0);
    world.put(&format!("/printers/{serial}/faults/swapped-certificate"));
    let refused = status(&world, &[]);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    let text =
        std::fs::read_to_string(world.home.path().join(".config/bambu/known_printers")).unwrap();
    let pinned = text.split("sha256:").nth(1).unwrap().get(..64).unwrap();
    let (before, after) = refused.stderr.split_once(pinned).expect("the pinned one is named");
    let is_print = |word: &str| word.len() == 64 && word != pinned;
    let mut words = before.split(|c: char| !c.is_ascii_hexdigit());
    assert!(words.any(is_print), "the one that was shown is named: {}", refused.stderr);
    assert!(after.contains("remove line 3"), "{}", refused.stderr);
    let mut by_file = command(&world, &[]);
    by_file.env("BAMBU_CA_FILE", world.ca());
    assert_eq!(Run::of(by_file).code, 5);
}

#[cfg(target_os = "linux")]
#[test]
fn a_slicer_vouches_for_a_new_certificate_and_its_word_outlives_it() {
    let world = World::start(&["--printers", "1"]);
    let (serial, ..) = world.printer();
    assert_eq!(status(&world, &[]).code, 0);
    world.put(&format!("/printers/{serial}/faults/renewed-certificate"));
    assert_eq!(status(&world, &[]).code, 5, "nobody vouches for it");
    let folder = ".local/share/BambuStudio/cert";
    world
        .home
        .write(&format!("{folder}/printer.cer"), &std::fs::read_to_string(world.ca()).unwrap());
    let vouched = status(&world, &[]);
    assert_eq!(vouched.code, 0, "{}", vouched.stderr);
    assert!(vouched.stderr.contains("its pin is renewed"), "{}", vouched.stderr);
    let shown = world.home.run(&["config", "show"]);
    assert!(shown.stdout.contains("BambuStudio/cert/printer.cer"), "{}", shown.stdout);
    std::fs::remove_dir_all(world.home.path().join(folder)).unwrap();
    assert_eq!(status(&world, &[]).code, 0);
}
