//! Bits of a slice or a parameter set, with the codes of H.264.

/// A raw byte sequence payload that grows bit by bit.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, and how many they are.
    rest: u64,
    count: u32,
}

impl Bits {
    /// The lowest `count` bits of `value`, at most 32.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.rest = self.rest << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.rest >> self.count) as u8);
        }
        self.rest &= (1 << self.count) - 1;
    }

    /// `ue(v)`.
    pub(super) fn unsigned(&mut self, value: u32) {
        let value = value.saturating_add(1);
        let length = value.ilog2();
        self.put(0, length);
        self.put(value, length + 1);
    }

    /// `se(v)`.
    pub(super) fn signed(&mut self, value: i32) {
        let magnitude = value.unsigned_abs().saturating_mul(2);
        self.unsigned(if value > 0 { magnitude - 1 } else { magnitude });
    }

    /// The value of a block's only coefficient and, for the first of them, that no zeros stand
    /// before it. Nothing for 0. The token with their number comes before.
    pub(super) fn coefficient(&mut self, level: i32) {
        let sign = u32::from(level < 0);
        match level.unsigned_abs() {
            0 => return,
            1 => self.put(sign, 1),
            magnitude => {
                let code = (magnitude - 2) * 2 + sign;
                match code {
                    0..14 => self.put(1, code + 1),
                    14..30 => {
                        self.put(1, 15);
                        self.put(code - 14, 4);
                    }
                    _ => {
                        self.put(1, 16);
                        self.put((code - 30).min(0xFFF), 12);
                    }
                }
            }
        }
        self.put(1, 1);
    }

    /// Zeros up to the next byte.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    /// Whole bytes; the position has to be aligned.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends it: a NAL unit with this header byte, without a start code, and with no start code
    /// inside.
    pub(super) fn nal_unit(mut self, header: u8) -> Vec<u8> {
        self.put(1, 1);
        self.align();
        let mut unit = Vec::with_capacity(self.bytes.len() + 16);
        unit.push(header);
        let mut zeros = 0;
        for byte in self.bytes {
            if zeros == 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Bits)) -> String {
        let mut bits = Bits::default();
        write(&mut bits);
        let whole: String = bits.bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        match bits.count {
            0 => whole,
            count => format!("{whole}{:0width$b}", bits.rest, width = count as usize),
        }
    }

    #[test]
    fn numbers_are_written_as_the_tables_of_the_standard_have_them() {
        for (value, code) in [(0, "1"), (1, "010"), (2, "011"), (3, "00100"), (8, "0001001")] {
            assert_eq!(written(|bits| bits.unsigned(value)), code);
        }
        for (value, code) in [(0, "1"), (1, "010"), (-1, "011"), (2, "00100"), (-6, "0001101")] {
            assert_eq!(written(|bits| bits.signed(value)), code);
        }
        for (level, code) in [
            (0, ""),
            (1, "01"),
            (-1, "11"),
            (2, "11"),
            (-2, "011"),
            (9, "000000000000001 0000 1"),
            (17, "0000000000000001 000000000000 1"),
        ] {
            let code = code.replace(' ', "");
            assert_eq!(written(|bits| bits.coefficient(level)), code, "{level}");
        }
    }

    #[test]
    fn a_start_code_inside_of_a_unit_is_broken_up() {
        let mut bits = Bits::default();
        bits.bytes(&[0, 0, 1, 0, 0, 0, 0, 9]);
        let unit = [0x65, 0, 0, 3, 1, 0, 0, 3, 0, 0, 9, 0x80];
        assert_eq!(bits.nal_unit(0x65), unit);
    }
}
