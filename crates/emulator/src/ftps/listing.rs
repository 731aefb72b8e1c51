//! Lists of files, as text.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::storage::Entry;

/// Older files tell their year instead of their hour, as `ls` does.
const HALF_A_YEAR: SignedDuration = SignedDuration::from_hours(182 * 24);
/// What a name may not bring into a list.
const ENDS: [char; 2] = ['\r', '\n'];

/// The lines of `LIST` [L].
pub(super) fn long(entries: &[Entry], now: Timestamp) -> String {
    entries
        .iter()
        .filter(|entry| !entry.name.contains(ENDS))
        .map(|entry| line(entry, now))
        .collect()
}

fn line(entry: &Entry, now: Timestamp) -> String {
    let time = entry.modified.to_zoned(TimeZone::UTC);
    let old = now.duration_since(entry.modified).abs() > HALF_A_YEAR;
    let when = time.strftime(if old { "%b %d  %Y" } else { "%b %d %H:%M" });
    let (kind, size, name) = (if entry.is_folder { 'd' } else { '-' }, entry.size, &entry.name);
    format!("{kind}rwxr-xr-x    1 103      107      {size:>12} {when} {name}\r\n")
}

/// The lines of `NLST`, each after `prefix`.
pub(super) fn short(entries: &[Entry], prefix: &str) -> String {
    let names = entries.iter().map(|entry| &entry.name).filter(|name| !name.contains(ENDS));
    names.map(|name| format!("{prefix}{name}\r\n")).collect()
}

/// A time as `MDTM` tells it.
pub(super) fn stamp(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string()
}

/// Without the options that clients put before a path, such as `-la`.
pub(super) fn path(argument: &str) -> &str {
    let mut rest = argument.trim_start();
    while rest.starts_with('-') {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_looks_like_that_of_ls() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let entry = |name: &str, is_folder, size, modified: &str| {
            let modified = modified.parse().unwrap();
            Entry { name: name.to_owned(), is_folder, size, modified }
        };
        let entries = [
            entry("a  b.3mf", false, 12, "2026-11-20T08:05:00Z"),
            entry("cache", true, 0, "2025-01-02T08:05:00Z"),
            entry("odd\nname", false, 1, "2026-11-20T08:05:00Z"),
        ];
        assert_eq!(
            long(&entries, now),
            "-rwxr-xr-x    1 103      107                12 Nov 20 08:05 a  b.3mf\r\n\
             drwxr-xr-x    1 103      107                 0 Jan 02  2025 cache\r\n"
        );
        assert_eq!(short(&entries, "/x/"), "/x/a  b.3mf\r\n/x/cache\r\n");
        assert_eq!(stamp(entries[0].modified), "20261120080500");
        assert_eq!((path("-la /x y"), path("-a"), path(" x -y")), ("/x y", "", "x -y"));
    }
}
