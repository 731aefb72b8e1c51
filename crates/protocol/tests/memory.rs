//! Memory of decoding stays within a small multiple of the payload, whatever it holds.
//! Measured from outside, by the peak of the process; alone in its binary for that reason.

use bambu_protocol::report::{MAX_REPORT, State};

/// Peak resident memory of this process in KiB, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[test]
fn hostile_lists_and_keys_cost_a_small_multiple_of_their_bytes() {
    let Some(before) = peak_kib() else {
        println!("skipped: the system does not tell peak memory");
        return;
    };
    let filled = |start: &str, part: &str, end: &str| {
        let room = MAX_REPORT - start.len() - end.len();
        format!("{start}{}{end}", part.repeat(room / part.len()))
    };
    let documents = [
        filled(
            "{\"print\":{\"msg\":0,\"ams\":{\"ams\":[",
            "{\"id\":1,\"tray\":[{},{}]},",
            "{}]}}}",
        ),
        filled("{\"print\":{\"ams\":{\"ams\":[{\"id\":0,\"tray\":[", "{\"id\":1},", "{}]}]}}}"),
        filled("{\"print\":{\"hms\":[", "{},", "{}]}}"),
        filled("{\"print\":{\"stg\":[", "1,", "1]}}"),
        filled("{\"print\":{", "\"device\":{},", "\"a\":1}}"),
        filled("{\"print\":{\"vir_slot\":[{\"cols\":[", "\"\",", "1]}]}}"),
        filled("{\"info\":{\"command\":\"get_version\",\"module\":[", "{\"name\":\"\"},", "{}]}}"),
        filled("{\"print\":{\"unknown\":[", "{},", "{}]}}"),
        filled("{\"print\":{\"subtask_name\":\"", "\\u00e9", "\"}}"),
        filled("{", "\"x\":{\"result\":1},", "\"y\":1}"),
    ];
    for document in documents {
        State::new().apply(document.as_bytes()).unwrap();
    }
    let used = peak_kib().unwrap() - before;
    // Ten documents of 1 MiB are held by the test itself.
    assert!(used < 10 * 1024 + 8 * 1024, "{used} KiB");
}
