//! Times as the services write them.

use jiff::Timestamp;

/// A time as the user services write it [L].
pub(super) fn user_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as the iot service writes it [L].
pub(super) fn iot_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
