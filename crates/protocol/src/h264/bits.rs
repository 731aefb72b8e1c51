//! Reading single bits and Exp-Golomb numbers, without the bytes that keep start codes apart.

/// A reader of what stands in a NAL unit behind its first byte.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Next byte to load, and how many zeros came before it.
    at: usize,
    zeros: u8,
    current: u8,
    /// Bits of `current` that are left.
    left: u8,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, zeros: 0, current: 0, left: 0 }
    }

    fn load(&mut self) -> Option<u8> {
        let mut byte = *self.bytes.get(self.at)?;
        self.at += 1;
        if self.zeros >= 2 && byte == 3 {
            self.zeros = 0;
            byte = *self.bytes.get(self.at)?;
            self.at += 1;
        }
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        Some(byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.current = self.load()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(self.current >> self.left & 1 == 1)
    }

    /// Up to 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// `ue(v)`, below 2^32 - 1.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.bits(zeros)?;
        (1_u32 << zeros).checked_add(rest)?.checked_sub(1)
    }

    /// `se(v)`.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = i64::from(self.unsigned()?);
        Some(if number % 2 == 0 { -(number / 2) } else { number / 2 + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_standard_writes_them() {
        // 1 010 011 00100 00101 0001000 1...
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_1000, 0b1000_0000]);
        let numbers: Vec<_> = (0..6).map_while(|_| bits.unsigned()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 7]);
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let numbers: Vec<_> = (0..5).map_while(|_| bits.signed()).collect();
        assert_eq!(numbers, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn a_three_behind_two_zeros_is_left_out() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0, 0, 3]);
        assert_eq!(bits.bits(24), Some(1));
        assert_eq!(bits.bits(16), Some(0));
        assert_eq!(bits.flag(), None);
    }

    #[test]
    fn a_number_of_too_many_bits_is_none() {
        assert_eq!(Bits::new(&[0; 5]).unsigned(), None);
        assert_eq!(Bits::new(&[0, 0, 3, 0, 0, 3, 0, 0]).unsigned(), None);
    }
}
