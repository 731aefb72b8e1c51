//! What the accounts of a simulated cloud have: projects, uploads, print history, messages, presets
//! and spools, each kind bounded per account.
//!
//! It knows no HTTP: what becomes of it in JSON is in `http/`.

mod messages;
mod names;
mod presets;
mod projects;
mod spools;
mod tasks;
mod uploads;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};

pub use self::{
    messages::Message,
    names::Names,
    presets::{NewPreset, Preset, PresetChange, PresetKind, QuotaReached},
    projects::{Announced, PrintReady, Project},
    spools::{Mapping, Spool},
    tasks::{NewTask, Task, TaskState},
    uploads::Upload,
};

/// Everything that accounts have. Items are found by their number, whoever owns them: whether the
/// asker may see one is asked of its `owner`, the account's uid.
pub struct Library {
    shelves: Mutex<Shelves>,
}

struct Shelves {
    projects: Vec<Project>,
    uploads: Vec<Upload>,
    tasks: Vec<Task>,
    messages: Vec<Message>,
    presets: Vec<Preset>,
    spools: Vec<Spool>,
    mappings: Vec<Mapping>,
    /// By account; there is one entry each at most.
    names: HashMap<u64, Names>,
    /// Where numbers, tickets and model names come from.
    rng: StdRng,
    last: Last,
}

/// The numbers given out last.
struct Last {
    project: u64,
    profile: u64,
    task: u64,
    message: u64,
    spool: u64,
    upload: u64,
}

impl Library {
    /// An empty one; the same seed gives the same numbers in the same order.
    pub fn new(seed: u64) -> Self {
        let last = Last {
            project: 310_000_000,
            profile: 150_000_000,
            // Above those of jobs that the simulated printers invent.
            task: 910_000_000,
            message: 40_000_000,
            spool: 7_000_000,
            upload: 0,
        };
        let rng = StdRng::seed_from_u64(seed ^ 0x11B4_A4B7);
        Self {
            shelves: Mutex::new(Shelves {
                projects: Vec::new(),
                uploads: Vec::new(),
                tasks: Vec::new(),
                messages: Vec::new(),
                presets: Vec::new(),
                spools: Vec::new(),
                mappings: Vec::new(),
                names: HashMap::new(),
                rng,
                last,
            }),
        }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").finish_non_exhaustive()
    }
}

impl Shelves {
    /// `length` hex digits.
    fn hex(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            text.push_str(&format!("{:016x}", self.rng.next_u64()));
        }
        text.truncate(length);
        text
    }
}

impl Last {
    /// The next number after `last`, a few further on, as others take some in between.
    fn next(last: &mut u64, rng: &mut StdRng) -> u64 {
        *last = last.saturating_add(rng.random_range(1..40));
        *last
    }
}

/// Makes room for one more item of `owner`: the oldest goes when there are `most`.
fn make_room<T>(items: &mut Vec<T>, most: usize, is_owned: impl Fn(&T) -> bool) {
    if items.iter().filter(|item| is_owned(item)).count() >= most
        && let Some(at) = items.iter().position(is_owned)
    {
        items.remove(at);
    }
}

#[cfg(test)]
mod tests;
