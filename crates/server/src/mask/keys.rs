//! What a key says about its value: which names stand for something that opens doors.
//!
//! The keys come from the cloud's answers, the printers' reports and the queries of signed
//! addresses; what is done with the values is in [`stream`](super::stream).

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing in particular: the text decides.
    Plain,
    /// A version number, which may look like an address.
    Version,
    /// An address, in whatever form.
    Address,
    /// A token.
    Token,
    /// An access code, a password, a key, a ticket: whoever has it may do something.
    Secret,
}

impl Class {
    /// Whether a value under such a key is masked whatever it looks like.
    pub(super) fn hides(self) -> bool {
        matches!(self, Self::Token | Self::Secret)
    }
}

/// Keys longer than this are not read, but taken for secret ones.
const LONGEST: usize = 1024;

/// The class of a key whose escapes are resolved. Case, and everything that is neither a letter nor
/// a digit, makes no difference: `dev_access_code`, `devAccessCode` and `Access Code` are one.
pub(super) fn classify(key: &[u8]) -> Class {
    if key.len() > LONGEST {
        return Class::Secret;
    }
    let mut short = [0u8; 64];
    if key.len() <= short.len() {
        let (length, letters) = fold(key, &mut short);
        return judge(short.get(..length).unwrap_or_default(), letters, key);
    }
    let mut long = vec![0u8; key.len()];
    let (length, letters) = fold(key, &mut long);
    judge(long.get(..length).unwrap_or_default(), letters, key)
}

/// Letters and digits of a key in lower case, and which letters there are.
fn fold(key: &[u8], into: &mut [u8]) -> (usize, u32) {
    let mut length = 0;
    let mut letters = 0;
    for byte in key {
        let folded = FOLDED[usize::from(*byte)];
        if let Some(place) = into.get_mut(length) {
            *place = folded;
        }
        length += usize::from(folded != 0);
        letters |= bit(folded);
    }
    (length, letters)
}

/// Letters in lower case, digits, and 0 for all others.
static FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// A bit per letter. Digits share them: it says what may be there, no more.
const fn bit(folded: u8) -> u32 {
    1 << (folded & 31)
}

/// A word that makes any key secret that contains it.
struct Word {
    text: &'static [u8],
    letters: u32,
    class: Class,
}

const fn word(text: &'static str, class: Class) -> Word {
    let text = text.as_bytes();
    let mut letters = 0;
    let mut at = 0;
    while at < text.len() {
        letters |= bit(text[at]);
        at += 1;
    }
    Word { text, letters, class }
}

const fn secret(text: &'static str) -> Word {
    word(text, Class::Secret)
}

/// `ttcode`, `passwd`, `authkey`, `stream…` and `channel_name` are the camera ticket's answer; the
/// `accessKey…` ones are storage keys; a `ticket` or `pincode` binds a printer or signs in.
const WORDS: [Word; 26] = [
    secret("accesscode"),
    word("token", Class::Token),
    word("csrf", Class::Token),
    word("xsrf", Class::Token),
    secret("passwd"),
    secret("password"),
    secret("passphrase"),
    secret("passcode"),
    secret("secret"),
    secret("authkey"),
    secret("ttcode"),
    secret("ticket"),
    secret("pincode"),
    secret("bindcode"),
    secret("tfakey"),
    secret("tfacode"),
    secret("accesskey"),
    secret("privatekey"),
    secret("apikey"),
    secret("credential"),
    secret("authorization"),
    secret("cookie"),
    secret("streamkey"),
    secret("streamsalt"),
    secret("channelname"),
    secret("signature"),
];

fn judge(folded: &[u8], letters: u32, key: &[u8]) -> Class {
    for word in &WORDS {
        if word.letters & letters == word.letters && contains(folded, word.text) {
            return word.class;
        }
    }
    match folded {
        b"pin" | b"pwd" | b"pass" | b"sig" | b"rtm" | b"jwt" | b"totp" | b"sessionid"
        | b"keystore" | b"keystorexml" => Class::Secret,
        b"ip" | b"ips" | b"ipv4" | b"ipv6" | b"ipaddr" | b"ipaddress" | b"ipaddresses"
        | b"gateway" | b"dns" | b"dns1" | b"dns2" => Class::Address,
        b"ver" => Class::Version,
        _ if ends_like_an_address(key) => Class::Address,
        _ if folded.ends_with(b"version") || folded.ends_with(b"versionnumber") => Class::Version,
        _ if ends_with(key, b"_ver") => Class::Version,
        _ => Class::Plain,
    }
}

/// `local_ip`, `dev-ip`, `lanIp`: not `clip` and not `zip`.
fn ends_like_an_address(key: &[u8]) -> bool {
    ends_with(key, b"_ip") || ends_with(key, b"-ip") || key.ends_with(b"Ip")
}

fn ends_with(key: &[u8], end: &[u8]) -> bool {
    key.len()
        .checked_sub(end.len())
        .and_then(|from| key.get(from..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_access_code_is_known() {
        for key in [
            "dev_access_code",
            "access_code",
            "accesscode",
            "accessCode",
            "DEV_ACCESS_CODE",
            "bambu access code",
            "dev-access-code",
            "printer_access_code_2",
        ] {
            assert_eq!(classify(key.as_bytes()), Class::Secret, "{key}");
        }
    }

    #[test]
    fn what_hands_out_access_is_secret_and_what_merely_sounds_like_it_is_not() {
        for key in [
            "ttcode",
            "passwd",
            "authkey",
            "ticket",
            "upload_ticket",
            "pincode",
            "pin",
            "tfaKey",
            "accessKeyId",
            "accessKeySecret",
            "Signature",
            "stream_key",
            "AWSAccessKeyId",
        ] {
            assert_eq!(classify(key.as_bytes()), Class::Secret, "{key}");
        }
        for key in ["securityToken", "TOKEN", "refreshtoken", "x-bbl-csrf"] {
            assert_eq!(classify(key.as_bytes()), Class::Token, "{key}");
        }
        for key in [
            "code",
            "err_code",
            "print_error",
            "spinning",
            "compass",
            "sign",
            "key",
            "zip",
            "clip",
            "equip",
            "ship",
            "server",
            "cover",
            "ipcam",
            "ipcam_dev",
            "description",
            "mask",
            "uid",
        ] {
            assert_eq!(classify(key.as_bytes()), Class::Plain, "{key}");
        }
    }

    #[test]
    fn addresses_and_versions_have_their_keys() {
        for key in ["ip", "IP", "local_ip", "devIp", "lan-ip", "ips", "gateway"] {
            assert_eq!(classify(key.as_bytes()), Class::Address, "{key}");
        }
        for key in ["sw_ver", "hw_ver", "ver", "version", "ota_new_version_number", "dev_version"] {
            assert_eq!(classify(key.as_bytes()), Class::Version, "{key}");
        }
    }

    #[test]
    fn a_key_too_long_to_be_read_counts_as_secret() {
        assert_eq!(classify(&[b'x'; LONGEST]), Class::Plain);
        assert_eq!(classify(&[b'x'; LONGEST + 1]), Class::Secret);
        let mut key = vec![b'-'; 600];
        key.splice(300..300, *b"to.ken");
        assert_eq!(classify(&key), Class::Token);
    }
}
