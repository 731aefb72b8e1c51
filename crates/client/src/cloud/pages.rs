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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::StreamExt;

    use super::*;

    fn id(number: &usize) -> String {
        number.to_string()
    }

    #[tokio::test]
    async fn a_list_is_read_page_by_page_each_only_when_it_is_wanted() {
        let asked = RefCell::new(Vec::new());
        let page = async |start: PageStart| {
            asked.borrow_mut().push(start.clone());
            Ok((start.offset..7.min(start.offset + 3)).collect())
        };
        let mut list = Box::pin(pages(page, id));
        for number in 0..3 {
            assert_eq!(list.next().await.unwrap().unwrap(), number);
        }
        assert_eq!(asked.borrow().len(), 1);
        let rest: Vec<_> = list.map(Result::unwrap).collect().await;
        assert_eq!(rest, [3, 4, 5, 6]);
        let starts: Vec<_> =
            asked.borrow().iter().map(|start| (start.offset, start.after.clone())).collect();
        let after = |number: usize| Some(number.to_string());
        assert_eq!(starts, [(0, None), (3, after(2)), (6, after(5)), (7, after(6))]);
    }

    #[tokio::test]
    async fn a_cloud_that_knows_no_pages_or_moves_them_is_read_once() {
        let same = async |_: PageStart| Ok(vec![1, 2, 3]);
        let list: Vec<_> = pages(same, id).map(Result::unwrap).collect().await;
        assert_eq!(list, [1, 2, 3]);
        // One more came in at the front meanwhile.
        let moved = async |start: PageStart| match start.offset {
            0 => Ok(vec![1, 2]),
            2 => Ok(vec![2, 3]),
            _ => Ok(Vec::new()),
        };
        let list: Vec<_> = pages(moved, id).map(Result::unwrap).collect().await;
        assert_eq!(list, [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_error_is_told_and_ends_the_list() {
        let page = async |start: PageStart| match start.offset {
            0 => Ok(vec![1]),
            _ => Err(CloudError::NoToken),
        };
        let list: Vec<_> = pages(page, id).collect().await;
        assert!(matches!(list.as_slice(), [Ok(1), Err(CloudError::NoToken)]), "{list:?}");
    }
}
