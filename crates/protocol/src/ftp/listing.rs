//! What `LIST` sends: lines as `ls -l` writes them.

/// Most entries that are taken from one listing.
pub const MOST_ENTRIES: usize = 65_536;

/// A file or folder of the printer's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name without its folder. Bytes that are no UTF-8 are replaced; such a file cannot be asked
    /// for by this name.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// In bytes; of a folder without meaning.
    pub size: u64,
    /// When it was changed, as listed (`Nov 21 22:10` or `Nov 21 2025`), by the clock of the
    /// printer, which may be wrong. [L]
    pub modified: Option<String>,
}

/// The entries of a listing, in its order. What is no entry is left out: the `total` line, `.` and
/// `..`, devices, names that are paths or hold control characters.
pub fn entries(listing: &[u8]) -> Vec<Entry> {
    listing.split(|byte| *byte == b'\n').filter_map(entry).take(MOST_ENTRIES).collect()
}

/// `-rwxr-xr-x 1 103 107 1234 Nov 21 22:10 a name.3mf` [L]; the group may be missing.
fn entry(line: &[u8]) -> Option<Entry> {
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    let kind = line.chars().next()?;
    if !matches!(kind, '-' | 'd' | 'l') {
        return None;
    }
    let words = words(&line);
    // The size stands before the month; owner and group may be anything, numbers too.
    let at = (4..=5).rev().find(|at| {
        let word = |offset: usize| words.get(at + offset).map_or("", |(_, word)| *word);
        is_month(word(0)) && is_day(word(1)) && is_time_or_year(word(2))
    })?;
    let size = words.get(at - 1)?.1.parse().ok()?;
    let &(from, time) = words.get(at + 2)?;
    // Exactly one space: those after it belong to the name.
    let rest = line.get(from + time.len()..)?.strip_prefix(' ')?;
    let name = match kind {
        'l' => rest.split_once(" -> ").map_or(rest, |(name, _)| name),
        _ => rest,
    };
    let odd = name.is_empty() || name == "." || name == "..";
    if odd || name.contains('/') || name.chars().any(char::is_control) {
        return None;
    }
    let modified = format!("{} {} {time}", words.get(at)?.1, words.get(at + 1)?.1);
    Some(Entry { name: name.to_owned(), is_folder: kind == 'd', size, modified: Some(modified) })
}

/// The first nine words, and where each begins.
fn words(line: &str) -> Vec<(usize, &str)> {
    let begin = line.as_ptr().addr();
    line.split(' ')
        .filter(|word| !word.is_empty())
        .take(9)
        .map(|word| (word.as_ptr().addr() - begin, word))
        .collect()
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    MONTHS.contains(&word.to_ascii_lowercase().as_str())
}

fn is_day(word: &str) -> bool {
    word.parse().is_ok_and(|day: u8| (1..=31).contains(&day))
}

fn is_time_or_year(word: &str) -> bool {
    match word.split_once(':') {
        Some((hours, minutes)) => [hours, minutes]
            .iter()
            .all(|part| matches!(part.len(), 1..=2) && part.parse::<u8>().is_ok()),
        None => word.len() == 4 && word.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64, modified: &str) -> Entry {
        let modified = Some(modified.to_owned());
        Entry { name: name.to_owned(), is_folder: false, size, modified }
    }

    #[test]
    fn lines_of_printers_and_of_vsftpd_are_read() {
        let listing = "total 12\r\n\
            drwxr-xr-x    2 0        0            4096 Nov 20 10:00 .\r\n\
            drwxr-xr-x    2 0        0            4096 Nov 20 10:00 ..\r\n\
            -rwxr-xr-x 1 103 107 2625211 Nov 21 22:10 cube.gcode.3mf\r\n\
            drwxr-xr-x    2 1000     1000         4096 Jan  1  1980 timelapse\r\n\
            -rw-r--r--    1 ftp      ftp  5000000000 Feb 29 2024 two  spaces und Ümlaut.3mf\n\
            -rw------- 1 ftp 7 Mar 1 9:05  leading space\n\
            lrwxrwxrwx 1 0 0 4 Apr 2 10:00 usb -> /mnt\r\n";
        let folder = Entry { is_folder: true, ..file("timelapse", 4096, "Jan 1 1980") };
        let wanted = [
            file("cube.gcode.3mf", 2_625_211, "Nov 21 22:10"),
            folder,
            file("two  spaces und Ümlaut.3mf", 5_000_000_000, "Feb 29 2024"),
            file(" leading space", 7, "Mar 1 9:05"),
            file("usb", 4, "Apr 2 10:00"),
        ];
        assert_eq!(entries(listing.as_bytes()), wanted);
    }

    #[test]
    fn hostile_lines_are_no_entries() {
        for line in [
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10 ../../etc/passwd",
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10 /absolute",
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10 a\x1b[2Jb",
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10 a\0b",
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10 ",
            "-rw-r--r-- 1 0 0 5 Nov 21 22:10",
            "-rw-r--r-- 1 0 0 -5 Nov 21 22:10 negative",
            "-rw-r--r-- 1 0 0 99999999999999999999 Nov 21 22:10 large",
            "brw-r--r-- 1 0 0 8, 1 Nov 21 22:10 sda",
            "-rw-r--r-- 1 0 0 5 Brumaire 21 22:10 name",
            "",
            "é",
        ] {
            assert_eq!(entries(line.as_bytes()), [], "{line:?}");
        }
    }

    #[test]
    fn a_listing_is_cut_at_its_bound() {
        let listing = b"-rw-r--r-- 1 0 0 5 Nov 21 22:10 a\n".repeat(MOST_ENTRIES + 5);
        assert_eq!(entries(&listing).len(), MOST_ENTRIES);
    }
}
