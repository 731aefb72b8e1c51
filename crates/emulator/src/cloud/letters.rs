//! Words that chance makes: passwords, PINs, tickets, keys.

use rand::Rng;

/// So many letters out of these, of which there is one at least.
pub(super) fn word(rng: &mut impl Rng, letters: &[u8], length: usize) -> String {
    let mut letter = || letters.get(rng.random_range(0..letters.len())).copied().map(char::from);
    (0..length).filter_map(|_| letter()).collect()
}
