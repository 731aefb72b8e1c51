//! Topics and filters: what is valid, what matches, and the topics of a printer.

use crate::Serial;

/// Most levels that a topic or filter may have, as in mosquitto.
const MAX_LEVELS: usize = 200;

/// Which of a printer's two topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `device/<serial>/report`: the printer speaks.
    Report,
    /// `device/<serial>/request`: the printer is asked.
    Request,
}

/// Whether a message may be published to `topic`: not empty, no wildcard, no NUL, at most 200 levels.
pub fn valid_topic(topic: &str) -> bool {
    well_sized(topic) && !topic.contains(['+', '#', '\0'])
}

/// Whether `filter` may be subscribed: `+` only as a whole level, `#` only as the whole last one.
pub fn valid_filter(filter: &str) -> bool {
    if !well_sized(filter) || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let plain = !level.contains(['+', '#']);
        let wildcard = level == "+" || (level == "#" && levels.peek().is_none());
        if !plain && !wildcard {
            return false;
        }
    }
    true
}

fn well_sized(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= usize::from(u16::MAX)
        && text.bytes().filter(|byte| *byte == b'/').count() < MAX_LEVELS
}

/// Whether `filter` has a wildcard.
pub fn has_wildcard(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// Whether a message on `topic` is for `filter`. A leading wildcard never matches `$…` topics.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut filter = filter.split('/');
    let mut topic = topic.split('/');
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some(wanted), Some(level)) if wanted == "+" || wanted == level => {}
            _ => return false,
        }
    }
}

/// `device/<serial>/report`.
pub fn report(serial: &Serial) -> String {
    format!("device/{serial}/report")
}

/// `device/<serial>/request`.
pub fn request(serial: &Serial) -> String {
    format!("device/{serial}/request")
}

/// The serial number, as it stands there, and the direction of a topic; `None` when it is not a
/// printer's. [`parse`] judges the serial number, too.
pub fn split(topic: &str) -> Option<(&str, Kind)> {
    let (serial, kind) = topic.strip_prefix("device/")?.split_once('/')?;
    match kind {
        "report" => Some((serial, Kind::Report)),
        "request" => Some((serial, Kind::Request)),
        _ => None,
    }
}

/// The printer and direction of a topic; `None` when it is not a printer's.
pub fn parse(topic: &str) -> Option<(Serial, Kind)> {
    let (serial, kind) = split(topic)?;
    // White space that `Serial::new` would drop makes another topic, not this printer's.
    Serial::new(serial).ok().filter(|parsed| parsed.as_str() == serial).map(|serial| (serial, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/c", false),
            ("a/b", "a/b/c", false),
            ("a/b/c", "a/b", false),
            ("a/+", "a/b", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("+", "a", true),
            ("+", "/a", false),
            ("/+", "/a", true),
            ("+/+", "/a", true),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("#", "a/b", true),
            ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
            ("device/+/report", "device/01P00A000000001/report", true),
            ("device/+/report", "device/01P00A000000001/request", false),
        ];
        for (filter, topic, expected) in cases {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn wildcards_stand_alone_in_their_level() {
        for good in ["#", "+", "a/#", "a/+/b", "+/#", "/", "//", " "] {
            assert!(valid_filter(good), "{good}");
        }
        for bad in ["", "a#", "a/#/b", "a+", "+a/b", "##", "a\0b", &"/".repeat(200)] {
            assert!(!valid_filter(bad), "{bad:?}");
            assert!(!valid_topic(bad), "{bad:?}");
        }
        assert!(valid_topic(&"/".repeat(199)));
        assert!(!valid_topic("a/+") && !valid_topic("#") && valid_topic("a/b"));
    }

    #[test]
    fn a_printers_topics_are_read_back() {
        let serial = Serial::new("01P00A000000001").unwrap();
        assert_eq!(parse(&report(&serial)), Some((serial.clone(), Kind::Report)));
        assert_eq!(parse(&request(&serial)), Some((serial, Kind::Request)));
        for other in ["", "device", "device/x", "device/x/y", "device//report", "device/ x/report"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(parse("device/x/report/more"), None);
    }
}
