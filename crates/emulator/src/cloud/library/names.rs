//! What an account calls itself, once it has changed that (`PUT my/profile`).

use super::Library;

/// What an account has changed of its profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Displayed name, instead of the one it was made with.
    pub name: Option<String>,
    /// URL of its picture.
    pub avatar: Option<String>,
}

impl Library {
    /// What the account has changed of its profile.
    pub fn names(&self, owner: u64) -> Names {
        self.shelves().names.get(&owner).cloned().unwrap_or_default()
    }

    /// Changes what is given.
    pub fn rename(&self, owner: u64, change: Names) {
        let mut shelves = self.shelves();
        let names = shelves.names.entry(owner).or_default();
        names.name = change.name.or(names.name.take());
        names.avatar = change.avatar.or(names.avatar.take());
    }
}
