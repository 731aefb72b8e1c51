//! The camera on port 6000 (A1, P1): the login packet and the header before each picture.
//!
//! Who looks is in the client's `camera.rs`, who shows in the emulator's; H.264 is in `rtsp`.

use crate::AccessCode;

/// Where JPEG pictures come from (A1, P1). [L]
pub const JPEG_PORT: u16 = 6000;
/// Where H.264 comes from (X1, P2S, H2, X2D). [L]
pub const RTSPS_PORT: u16 = 322;
/// The path of the H.264 stream on [`RTSPS_PORT`]. [L]
pub const RTSPS_PATH: &str = "/streaming/live/1";
/// The user name of every camera. [L]
pub const USER: &str = "bblp";

/// Bytes of a login packet. [L]
pub const LOGIN_LENGTH: usize = 80;
/// Bytes of the header before each picture. [L]
pub const HEADER_LENGTH: usize = 16;
/// No picture has this many bytes; 1280x720 takes about 60 kB. [D]
pub const PICTURE_LIMIT: u32 = 10_000_000;

/// The first eight bytes of a login packet: payload length 64, type 0x3000. [L]
const LOGIN_START: [u8; 8] = [0x40, 0, 0, 0, 0, 0x30, 0, 0];
/// Bytes of the user name and of the access code, filled up with zeros. [L]
const FIELD: usize = 32;

/// What a viewer says to be let in, after TLS and before anything else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Login([u8; LOGIN_LENGTH]);

/// The header before each picture: `u32` size, track, flags, 0, little-endian. [L]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the picture that follows.
    pub size: u32,
    /// 0 for the camera. [L]
    pub track: u32,
    /// 1 for a picture. [L]
    pub flags: u32,
}

/// An access code that has no room in a login packet: 32 bytes are the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the access code is longer than 32 bytes; read it again from the printer's screen")]
pub struct CodeTooLong;

impl Login {
    /// The packet of somebody who knows the access code.
    ///
    /// # Errors
    /// [`CodeTooLong`].
    pub fn new(code: &AccessCode) -> Result<Self, CodeTooLong> {
        let mut bytes = [0; LOGIN_LENGTH];
        let parts =
            [(0, LOGIN_START.as_slice()), (16, USER.as_bytes()), (48, code.reveal().as_bytes())];
        for (at, part) in parts {
            let length = part.len();
            let room = bytes.get_mut(at..at + length.min(FIELD)).ok_or(CodeTooLong)?;
            if room.len() < length {
                return Err(CodeTooLong);
            }
            room.copy_from_slice(part);
        }
        Ok(Self(bytes))
    }

    /// The bytes for the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// User name and access code of a packet; `None` when it is no login.
    pub fn read(bytes: &[u8; LOGIN_LENGTH]) -> Option<(&str, AccessCode)> {
        let field = |at: usize| {
            let bytes = bytes.get(at..at + FIELD)?;
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(FIELD);
            std::str::from_utf8(bytes.get(..end)?).ok()
        };
        bytes.starts_with(&LOGIN_START).then_some(())?;
        Some((field(16)?, AccessCode::new(field(48)?)))
    }
}

/// Without the access code.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(<redacted>)")
    }
}

impl Header {
    /// The header of a picture of the camera.
    pub fn picture(size: u32) -> Self {
        Self { size, track: 0, flags: 1 }
    }

    /// What a header says.
    pub fn read(bytes: [u8; HEADER_LENGTH]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = bytes;
        let number = u32::from_le_bytes;
        Self {
            size: number([a, b, c, d]),
            track: number([e, f, g, h]),
            flags: number([i, j, k, l]),
        }
    }

    /// The bytes for the wire.
    pub fn bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        for (room, number) in bytes.chunks_exact_mut(4).zip([self.size, self.track, self.flags]) {
            room.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Whether a picture of this size can follow: over 0 and under 10 MB. [D]
    pub fn has_sane_size(self) -> bool {
        (1..PICTURE_LIMIT).contains(&self.size)
    }

    /// Whether this is the file tunnel that P2S, X2D and H2 have on the same port: it answers the
    /// login of a camera with 24 bytes of its own and closes. [L]
    pub fn is_file_tunnel(self) -> bool {
        self.track & 0xffff == 0x013f
    }
}

/// Whether these bytes begin and end as a JPEG picture does.
pub fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.len() > 4 && bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_the_80_bytes_that_printers_take() {
        let login = Login::new(&AccessCode::new("12345678")).unwrap();
        let bytes: [u8; LOGIN_LENGTH] = login.as_bytes().try_into().unwrap();
        assert_eq!(&bytes[..16], [0x40, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&bytes[16..24], b"bblp\0\0\0\0");
        assert_eq!(&bytes[48..58], b"12345678\0\0");
        assert_eq!(Login::read(&bytes), Some(("bblp", AccessCode::new("12345678"))));
        assert!(!format!("{login:?}").contains("1234"));
        assert_eq!(Login::read(&[0; LOGIN_LENGTH]), None);
        assert!(Login::new(&AccessCode::new(&"9".repeat(32))).is_ok());
        assert_eq!(Login::new(&AccessCode::new(&"9".repeat(33))), Err(CodeTooLong));
    }

    #[test]
    fn a_header_is_read_as_it_is_written_and_judged_by_its_size() {
        let header = Header::picture(61_234);
        assert_eq!(Header::read(header.bytes()), header);
        let mut wire = [0; HEADER_LENGTH];
        wire[..2].copy_from_slice(&61_234u16.to_le_bytes());
        wire[8] = 1;
        assert_eq!(header.bytes(), wire);
        let sane = |size| Header::picture(size).has_sane_size();
        assert_eq!(
            [0, 1, 9_999_999, 10_000_000, u32::MAX].map(sane),
            [false, true, true, false, false]
        );
        assert!(Header { size: 8, track: 0x0001_013f, flags: 0 }.is_file_tunnel());
        assert!(!header.is_file_tunnel());
    }

    #[test]
    fn a_picture_has_both_ends() {
        assert!(is_jpeg(b"\xff\xd8\xff\xe0 \xff\xd9"));
        for bytes in [&b"\xff\xd8\xff\xd9"[..], b"", b"\xff\xd8half", b"rest\xff\xd9"] {
            assert!(!is_jpeg(bytes));
        }
    }
}
