//! Lists of the status.

/// Collects without spare room: a status is kept for as long as its printer is watched, and a
/// thousand of them at once.
pub(super) fn tight<T>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = items.collect();
    list.shrink_to_fit();
    list
}
