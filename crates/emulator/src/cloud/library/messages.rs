//! Messages to an account; here each tells of a task that has ended.

use jiff::Timestamp;

use super::{Last, Library, Shelves, Task, TaskState, make_room};

/// Messages kept per account; the oldest goes.
const MOST: usize = 500;

/// A message about a task.
#[derive(Debug, Clone)]
pub struct Message {
    /// Uid of the account.
    pub owner: u64,
    /// Number, counting up.
    pub id: u64,
    /// The task it tells of.
    pub task: u64,
    /// The task's title.
    pub title: String,
    /// Serial number of the printer.
    pub device: String,
    /// How the task ended.
    pub state: TaskState,
    /// When.
    pub created: Timestamp,
    /// Whether its reader has said so.
    pub read: bool,
}

impl Library {
    /// The account's messages, newest first.
    pub fn messages(&self, owner: u64) -> Vec<Message> {
        let shelves = self.shelves();
        shelves.messages.iter().rev().filter(|of| of.owner == owner).cloned().collect()
    }

    /// Marks these messages of the account, or all of them; returns how many there were.
    pub fn mark_messages(&self, owner: u64, ids: Option<&[u64]>, read: bool) -> usize {
        let mut shelves = self.shelves();
        let mine = shelves
            .messages
            .iter_mut()
            .filter(|of| of.owner == owner && ids.is_none_or(|ids| ids.contains(&of.id)));
        mine.map(|message| message.read = read).count()
    }
}

impl Shelves {
    pub(super) fn tell(&mut self, task: &Task, now: Timestamp) {
        let owner = task.what.owner;
        let message = Message {
            owner,
            id: Last::next(&mut self.last.message, &mut self.rng),
            task: task.id,
            title: task.what.title.clone(),
            device: task.what.serial.to_string(),
            state: task.state,
            created: now,
            read: false,
        };
        make_room(&mut self.messages, MOST, |of| of.owner == owner);
        self.messages.push(message);
    }
}
