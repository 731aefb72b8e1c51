use std::fs;

use super::*;

const SERIAL: &str = "01P00A000000001";

fn print(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes()).unwrap()
}

fn serial(number: usize) -> String {
    format!("01P00A{number:09}")
}

#[test]
fn a_file_of_pins_is_made_whole_and_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/known_printers");
    KnownPrinters::open(&path).pin(SERIAL, print("a")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().last().unwrap();
    assert!(line.starts_with(&format!("{SERIAL} sha256:{} 2", print("a"))), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn processes_and_threads_lose_none_of_each_others_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_printers");
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let path = &path;
            scope.spawn(move || {
                // Its own view of the file, as another process has it.
                let known = KnownPrinters::open(path);
                for number in 0..20 {
                    let serial = serial(100 * worker + number);
                    known.pin(&serial, print("old")).unwrap();
                    if number % 4 == 0 {
                        known.renew(&serial, print(&serial));
                        assert_eq!(known.has(&serial, print(&serial)), Ok(true));
                    }
                }
            });
        }
    });
    let known = KnownPrinters::open(&path);
    for worker in 0..8 {
        for number in 0..20 {
            let serial = serial(100 * worker + number);
            let wanted = if number % 4 == 0 { print(&serial) } else { print("old") };
            assert_eq!(known.has(&serial, wanted), Ok(true), "{serial}");
        }
    }
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2 + 160);
}

#[test]
fn of_two_that_pin_one_printer_the_first_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_printers");
    let (one, two) = (KnownPrinters::open(&path), KnownPrinters::open(&path));
    assert_eq!(two.has(SERIAL, print("b")), Ok(false));
    one.pin(SERIAL, print("a")).unwrap();
    let why = two.pin(&SERIAL.to_lowercase(), print("b")).unwrap_err();
    assert!(matches!(why, UntrustedPrinter::Changed { pinned, .. } if pinned == print("a")));
}

#[test]
fn a_damaged_line_is_no_first_use_and_spoils_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_printers");
    let good = format!("{} sha256:{} 2026-11-21", serial(2), print("b"));
    let damaged = format!("\u{fffd}\0\n# x\n{SERIAL} sha256:12\n{good}\n\n{} sha256:", serial(3));
    fs::write(&path, [damaged.as_bytes(), &[0xff, 0xfe]].concat()).unwrap();
    let known = KnownPrinters::open(&path);
    for (serial, line) in [(SERIAL, 3), (&serial(3), 6)] {
        let why = known.has(serial, print("a")).unwrap_err();
        assert_eq!(why, UntrustedPrinter::PinDamaged { line, path: path.clone() });
        assert!(known.pin(serial, print("a")).is_err());
    }
    assert_eq!(known.has(&serial(2), print("b")), Ok(true));
    // A line that was cut off does not swallow the next one.
    known.pin(&serial(4), print("d")).unwrap();
    assert_eq!(KnownPrinters::open(&path).has(&serial(4), print("d")), Ok(true));
}

#[test]
fn a_file_that_cannot_be_read_is_no_empty_file() {
    let dir = tempfile::tempdir().unwrap();
    let known = KnownPrinters::open(dir.path());
    let why = known.has(SERIAL, print("a")).unwrap_err();
    assert!(matches!(why, UntrustedPrinter::PinsUnreadable { .. }), "{why}");
    let huge = dir.path().join("huge");
    fs::File::create(&huge).unwrap().set_len(5 << 20).unwrap();
    assert!(KnownPrinters::open(&huge).has(SERIAL, print("a")).is_err());
}

#[test]
fn where_nothing_can_be_written_pins_hold_for_the_process() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the folder should be: nobody can write there, not even root.
    let blocked = dir.path().join("file");
    fs::write(&blocked, "").unwrap();
    let known = KnownPrinters::open(blocked.join("known_printers"));
    known.pin(SERIAL, print("a")).unwrap();
    assert_eq!(known.has(SERIAL, print("a")), Ok(true));
    let why = known.has(SERIAL, print("b")).unwrap_err();
    assert!(why.to_string().contains("start this program again"), "{why}");
}

#[test]
fn a_lock_that_somebody_holds_for_ever_stops_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_printers");
    let held = file::lock(&path).unwrap();
    let known = KnownPrinters::open(&path);
    known.pin(SERIAL, print("a")).unwrap();
    drop(held);
    assert_eq!(KnownPrinters::open(&path).has(SERIAL, print("a")), Ok(true));
}
