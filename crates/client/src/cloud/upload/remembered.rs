//! What was uploaded a moment ago: the cloud's own lists do not show it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::Uploaded;

/// The newest are kept; an address is good for some hours anyhow.
const KEPT: usize = 16;

/// The last uploads of one account. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::cloud) struct Uploads(Arc<Mutex<VecDeque<Uploaded>>>);

impl Uploads {
    /// Remembers it in place of an older one of the same name.
    pub(super) fn remember(&self, file: &Uploaded) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| it.file_name != file.file_name);
        kept.push_front(file.clone());
        kept.truncate(KEPT);
    }

    /// The one of that name.
    pub(in crate::cloud) fn find(&self, name: &str) -> Option<Uploaded> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|it| it.file_name == name).cloned()
    }
}
