//! Lists that come in pages, as one stream.

use std::collections::HashSet;

use futures_util::stream::{self, Stream};

use super::CloudError;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageStart {
    /// How many entries came before: for routes with `offset`.
    pub(crate) offset: usize,
    /// The id of the last entry, none for the first page: for routes with `after`.
    pub(crate) after: Option<String>,
}

/// No list is read further than this: who asks for more has another question.
const MOST_PAGES: usize = 10_000;

/// All entries of a list, page by page, each asked for only when the one before is used up.
///
/// Ends at a page that is empty or brings nothing new, as does one from a cloud that knows no
/// pages; an entry that comes twice is told once. After an error it ends.
pub(crate) fn pages<T, F>(
    page: impl Fn(PageStart) -> F,
    id: impl Fn(&T) -> String,
) -> impl Stream<Item = Result<T, CloudError>>
where
    F: Future<Output = Result<Vec<T>, CloudError>>,
{
    struct State {
        start: PageStart,
        seen: HashSet<String>,
        pages: usize,
        ended: bool,
    }
    let first = PageStart { offset: 0, after: None };
    let state = State { start: first, seen: HashSet::new(), pages: 0, ended: false };
    let whole = stream::unfold((state, page, id), |(mut state, page, id)| async move {
        if state.ended || state.pages == MOST_PAGES {
            return None;
        }
        state.pages += 1;
        let entries = match page(state.start.clone()).await {
            Ok(mut entries) => {
                state.start.offset = state.start.offset.saturating_add(entries.len());
                state.start.after = entries.last().map(&id);
                entries.retain(|entry| state.seen.insert(id(entry)));
                state.ended = entries.is_empty();
                entries.into_iter().map(Ok).collect()
            }
            Err(error) => {
                state.ended = true;
                vec![Err(error)]
            }
        };
        Some((stream::iter(entries), (state, page, id)))
    });
    futures_util::StreamExt::flatten(whole)
}
