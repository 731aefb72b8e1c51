//! Keys that passed already. In a list of objects the same ones come again and again, in the same
//! order: each is looked for where it is expected, and judged once.

use crate::mask::keys::Class;

/// Longer ones are judged each time.
const LONGEST: usize = 24;
/// How many are known at once; a power of two.
const MOST: usize = 32;

/// The keys of one document that passed as they are, each with what it says about its value.
#[derive(Debug)]
pub(super) struct Known {
    slots: [Slot; MOST],
    /// The slot of the last key.
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    text: [u8; LONGEST],
    length: usize,
    class: Class,
    /// The slot of the key that followed it the last time.
    next: usize,
}

impl Known {
    pub(super) fn new() -> Self {
        let none = Slot { text: [0; LONGEST], length: 0, class: Class::Plain, next: 0 };
        Self { slots: [none; MOST], last: 0 }
    }

    /// The length and the class of the key that begins here, if it is the one that is expected.
    pub(super) fn expected(&mut self, rest: &[u8]) -> Option<(usize, Class)> {
        let next = self.slots.get(self.last)?.next;
        let slot = self.slots.get(next)?;
        let text = slot.text.get(..slot.length)?;
        if text.is_empty() || rest.get(slot.length) != Some(&b'"') || !rest.starts_with(text) {
            return None;
        }
        self.last = next;
        Some((slot.length, slot.class))
    }

    /// Takes a key down that passed, in the place of another that falls on the same slot.
    pub(super) fn add(&mut self, raw: &[u8], class: Class) {
        let (Some(first), Some(last)) = (raw.first(), raw.last()) else {
            return;
        };
        let sum = raw.len() + 5 * usize::from(*first) + 3 * usize::from(*last);
        let at = sum % MOST;
        if let Some(last) = self.slots.get_mut(self.last) {
            last.next = at;
        }
        self.last = at;
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.length = 0;
        if let Some(text) = slot.text.get_mut(..raw.len()) {
            text.copy_from_slice(raw);
            (slot.length, slot.class) = (raw.len(), class);
        }
    }
}
