//! How single values read to a person: the seeds' `format_timestamp`, `format_temperature`,
//! `format_percentage` and `format_time_remaining`.
//!
//! Their `parse_device_data` is what [`cloud::Device`](crate::cloud::Device) reads of a device list,
//! and what [`report::State`](crate::report::State) makes of a report.

use std::time::Duration;

/// What stands for an unknown value.
pub const UNKNOWN: &str = "-";

/// A duration as `45m`, `2h 05m` or `3d 04h`; the seconds of a begun minute are left out.
///
/// The seeds count in seconds, printers in minutes, the cloud in both: a [`Duration`] cannot be
/// taken for the wrong one.
#[doc(alias = "format_time_remaining")]
pub fn time_remaining(left: Option<Duration>) -> String {
    match left.map(|left| left.as_secs() / 60) {
        None => UNKNOWN.into(),
        Some(m) if m < 60 => format!("{m}m"),
        Some(m) if m < 24 * 60 => format!("{}h {:02}m", m / 60, m % 60),
        Some(m) => format!("{}d {:02}h", m / 1440, m % 1440 / 60),
    }
}

/// A temperature in °C as `220°C`. The seeds show a tenth, which no sensor of a printer is good for.
#[doc(alias = "format_temperature")]
pub fn temperature(celsius: Option<f64>) -> String {
    celsius.map_or_else(|| UNKNOWN.into(), |celsius| format!("{celsius:.0}°C"))
}

/// A percentage as `45%`.
#[doc(alias = "format_percentage")]
pub fn percentage(percent: Option<u8>) -> String {
    percent.map_or_else(|| UNKNOWN.into(), |percent| format!("{percent}%"))
}

/// A time of the cloud as `2026-11-21 08:00:00`, in UTC. It sends `2026-11-21T08:00:00Z` from one
/// service and `2026-11-21 08:00:00` from another [L]; anything else is `None`.
#[doc(alias = "format_timestamp")]
pub fn timestamp(sent: &str) -> Option<String> {
    let (date, time) = parts(sent)?;
    Some(format!("{date} {time}"))
}

/// A time of the cloud in seconds since 1970, for comparing; the forms are those of [`timestamp`].
pub fn unix_seconds(sent: &str) -> Option<i64> {
    let (date, time) = parts(sent)?;
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(date, 0, 4)?, number(date, 5, 7)?, number(date, 8, 10)?);
    let (hour, minute, second) = (number(time, 0, 2)?, number(time, 3, 5)?, number(time, 6, 8)?);
    // Days since 1970 of the Gregorian calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Date and time of day, if they look like it and are UTC.
fn parts(sent: &str) -> Option<(&str, &str)> {
    let sent = sent.trim();
    let (date, time, rest) = (sent.get(..10)?, sent.get(11..19)?, sent.get(19..)?);
    let is_like = |text: &str, form: &str| {
        text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            separator => byte == separator,
        })
    };
    let plain = is_like(date, "0000-00-00") && is_like(time, "00:00:00");
    let separated = matches!(sent.as_bytes().get(10), Some(b'T' | b't' | b' '));
    let fraction = rest.trim_end_matches(['Z', 'z']).trim_start_matches('.');
    let utc = fraction.bytes().all(|byte| byte.is_ascii_digit()) || rest == "+00:00";
    let possible = {
        let between = |text: Option<&str>, least: u8, most: u8| {
            text.and_then(|it| it.parse().ok()).is_some_and(|it: u8| (least..=most).contains(&it))
        };
        between(date.get(5..7), 1, 12)
            && between(date.get(8..10), 1, 31)
            && between(time.get(..2), 0, 23)
            && between(time.get(3..5), 0, 59)
            && between(time.get(6..8), 0, 60)
    };
    (plain && separated && utc && possible).then_some((date, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_a_person_says_them() {
        let minutes = |m: u64| time_remaining(Some(Duration::from_secs(m * 60 + 59)));
        assert_eq!([59, 125, 3000].map(minutes), ["59m", "2h 05m", "2d 02h"]);
        assert_eq!(time_remaining(None), "-");
        assert_eq!((temperature(Some(219.6)), temperature(None)), ("220°C".into(), "-".into()));
        assert_eq!((percentage(Some(45)), percentage(None)), ("45%".into(), "-".into()));
    }

    #[test]
    fn both_forms_of_time_are_one_and_nonsense_is_none() {
        for sent in ["2026-11-21T08:00:00Z", " 2026-11-21 08:00:00", "2026-11-21T08:00:00.123Z"] {
            assert_eq!(timestamp(sent).as_deref(), Some("2026-11-21 08:00:00"), "{sent}");
            assert_eq!(unix_seconds(sent), Some(1_795_248_000), "{sent}");
        }
        assert_eq!(unix_seconds("1970-01-01T00:00:00+00:00"), Some(0));
        assert_eq!(unix_seconds("2000-02-29 23:59:59"), Some(951_868_799));
        for sent in
            ["", "yesterday", "2026-13-21 08:00:00", "2026-11-21T08:00:00+02:00", "2026-11-21"]
        {
            assert_eq!((timestamp(sent), unix_seconds(sent)), (None, None), "{sent}");
        }
    }
}
