//! The fields inside a packet: numbers, strings and byte strings, read and written.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{DecodeError, EncodeError};

/// Reads the body of one packet from front to back.
pub(super) struct Body(pub(super) Bytes);

impl Body {
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.0.try_get_u8().map_err(|_| DecodeError::Truncated)
    }

    pub(super) fn word(&mut self) -> Result<u16, DecodeError> {
        self.0.try_get_u16().map_err(|_| DecodeError::Truncated)
    }

    pub(super) fn packet_id(&mut self) -> Result<u16, DecodeError> {
        match self.word()? {
            0 => Err(DecodeError::ZeroPacketId),
            id => Ok(id),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let length = usize::from(self.word()?);
        if length > self.0.len() {
            return Err(DecodeError::Truncated);
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn string(&mut self) -> Result<String, DecodeError> {
        let bytes = self.bytes()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| DecodeError::MalformedText)?;
        if !allowed(text) {
            return Err(DecodeError::ForbiddenCharacter);
        }
        Ok(text.to_owned())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(super) fn rest(self) -> Bytes {
        self.0
    }

    /// The end of a packet: nothing may follow.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::TrailingBytes) }
    }
}

/// Whether `text` holds no control and no non-character code point, as mosquitto wants it.
fn allowed(text: &str) -> bool {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return true;
    }
    !text.chars().any(|c| {
        let code = u32::from(c);
        c.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    })
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
    let length = u16::try_from(bytes.len()).map_err(|_| EncodeError::FieldTooLong)?;
    out.put_u16(length);
    out.put_slice(bytes);
    Ok(())
}

pub(super) fn put_string(text: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !allowed(text) {
        return Err(EncodeError::ForbiddenCharacter);
    }
    put_bytes(text.as_bytes(), out)
}

pub(super) fn put_packet_id(id: u16, out: &mut BytesMut) -> Result<(), EncodeError> {
    if id == 0 {
        return Err(EncodeError::PacketId);
    }
    out.put_u16(id);
    Ok(())
}
