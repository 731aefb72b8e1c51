//! Who logs in to a broker, and where it listens.

/// Port of MQTT over TLS, of printers and of the cloud. [L]
pub const PORT: u16 = 8883;

/// User name of every printer; the access code is its password. [L]
pub const PRINTER_USER: &str = "bblp";

/// User name of an account at the cloud's broker, `u_<uid>`; the token is its password. [L]
///
/// A `uid` that already has the prefix is taken as it is.
pub fn cloud_user(uid: &str) -> String {
    format!("u_{}", bare_uid(uid))
}

/// The number of an account, without the prefix of its user name.
pub fn bare_uid(uid: &str) -> &str {
    uid.trim().trim_start_matches("u_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_with_and_without_its_prefix() {
        for uid in ["123", "u_123", " u_123\n"] {
            assert_eq!((bare_uid(uid), cloud_user(uid).as_str()), ("123", "u_123"));
        }
    }
}
