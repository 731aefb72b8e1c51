//! Text that is longer than may be held at once: it is masked piece by piece, cut where nothing
//! goes on across the cut.

use super::{
    Rules,
    keys::Class,
    link,
    text::{self, TOKEN, traits},
};

/// How many bytes of a string or a text are held before they have to be judged.
pub(super) const LIMIT: usize = 64 * 1024;

/// So much of what came before is read together with a piece: a name, and the sign after it.
const CONTEXT: usize = 256;

/// The end of what was judged already, to be read together with what follows.
#[derive(Debug, Default)]
pub(super) struct Context(Vec<u8>);

impl Context {
    /// What stood before is this.
    pub(super) fn of(text: &[u8]) -> Self {
        Self(text.to_vec())
    }

    /// Masks the next piece; `None` if nothing in it has to be.
    pub(super) fn mask(&mut self, rules: &Rules, piece: &[u8]) -> Option<Vec<u8>> {
        let context = self.0.len();
        self.0.extend_from_slice(piece);
        let shown = text::mask_after(context, &self.0, Class::Plain, &rules.secrets);
        let keep = self.0.len().saturating_sub(CONTEXT);
        self.0.drain(..keep);
        shown
    }
}

/// Where a full buffer may be cut: after its last separator, but before anything that may still
/// grow into a secret; anywhere if it is a text without traits. `None`: nowhere, and what is cut
/// nowhere is masked whole.
pub(super) fn cut(rules: &Rules, buffer: &[u8]) -> Option<usize> {
    let reserve = rules.secrets.longest().max(CONTEXT);
    let until = buffer.len().checked_sub(reserve)?;
    let head = buffer.get(..until)?;
    let calm = traits::of(buffer) & !(traits::SLASH | traits::SPACE) == 0;
    let at = match head.iter().rposition(|byte| link::separates(*byte)) {
        Some(last) => last + 1,
        None if calm => until,
        None => return None,
    };
    match rules.secrets.across(buffer, at) {
        None => Some(at),
        Some(start) => (calm && start > 0).then_some(start),
    }
}

/// Text that is no JSON, from here to its end.
#[derive(Debug)]
pub(super) struct Plain {
    context: Context,
    held: Vec<u8>,
    dropping: bool,
}

impl Plain {
    /// Nothing yet; `before` is what stood before it.
    pub(super) fn after(before: &[u8]) -> Self {
        Self { context: Context::of(before), held: Vec::new(), dropping: false }
    }

    /// Takes more of it and writes what is judged.
    pub(super) fn push(&mut self, rules: &Rules, mut more: &[u8], out: &mut Vec<u8>) {
        while !more.is_empty() {
            if self.dropping {
                let Some(end) = more.iter().position(|byte| link::separates(*byte)) else {
                    return;
                };
                self.dropping = false;
                more = more.get(end..).unwrap_or_default();
            }
            let room = LIMIT.saturating_sub(self.held.len()).min(more.len());
            let (now, later) = more.split_at(room);
            self.held.extend_from_slice(now);
            more = later;
            if self.held.len() >= LIMIT {
                self.judge(rules, out);
            }
        }
    }

    fn judge(&mut self, rules: &Rules, out: &mut Vec<u8>) {
        match cut(rules, &self.held) {
            Some(at) => {
                let rest = self.held.split_off(at);
                self.write(rules, out);
                self.held = rest;
            }
            None => {
                out.extend_from_slice(TOKEN);
                self.context = Context::default();
                self.held.clear();
                self.dropping = true;
            }
        }
    }

    fn write(&mut self, rules: &Rules, out: &mut Vec<u8>) {
        match self.context.mask(rules, &self.held) {
            Some(shown) => out.extend_from_slice(&shown),
            None => out.extend_from_slice(&self.held),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(mut self, rules: &Rules, out: &mut Vec<u8>) {
        self.write(rules, out);
    }
}
