//! An object or a list that is masked as one: only its end is looked for.

/// How far it is from its end.
#[derive(Debug)]
pub(super) struct Hidden {
    depth: u64,
    quoted: bool,
    escaped: bool,
}

impl Hidden {
    /// It was just opened.
    pub(super) fn opened() -> Self {
        Self { depth: 1, quoted: false, escaped: false }
    }

    /// Takes more of it; how much of that it is, once it has ended.
    pub(super) fn push(&mut self, rest: &[u8]) -> Option<usize> {
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                b'{' | b'[' if !self.quoted => self.depth += 1,
                b'}' | b']' if !self.quoted => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 {
                return Some(at + 1);
            }
        }
        None
    }
}
