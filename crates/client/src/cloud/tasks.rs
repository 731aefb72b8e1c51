//! The print history.

use bambu_protocol::{
    Serial,
    cloud::{SliceTask, Task, Tasks},
};
use futures_util::Stream;

use super::{Answer, Call, Cloud, CloudError, PageStart, pages};

/// Which prints of the history are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskQuery {
    /// Those of this printer only.
    pub device: Option<Serial>,
    /// How many at a time; 20 when not told.
    pub limit: Option<u32>,
    /// How many to leave out, the newest first.
    pub offset: u32,
    /// Those after this one, an older way to ask for a page; goes before `offset`.
    pub after: Option<String>,
}

/// Entries per page where nobody says otherwise, as the stock slicer asks.
pub(super) const PAGE: u32 = 20;

impl Cloud {
    /// One page of the print history, newest first: `GET my/tasks?limit=&offset=&status=0`, or with
    /// `after=<id>` [L]; answered by `{total, hits}` [L] or `{tasks, hits: {total: {value}}}` [G].
    ///
    /// The seeds' `GET iot-service/api/user/task` does not exist [G].
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_tasks")]
    pub async fn tasks(&self, query: &TaskQuery) -> Result<Answer<Tasks>, CloudError> {
        let limit = query.limit.unwrap_or(PAGE);
        let mut call = Call::get("/v1/user-service/my/tasks").query("limit", limit);
        call = match &query.after {
            Some(after) => call.query("after", after),
            None => call.query("offset", query.offset).query("status", 0),
        };
        if let Some(serial) = &query.device {
            call = call.query("deviceId", serial);
        }
        self.call(call).await
    }

    /// The whole print history from `offset` on, page by page as it is read; `limit` is the size of
    /// a page. Ends at the first error.
    pub fn tasks_pages(
        &self,
        query: TaskQuery,
    ) -> impl Stream<Item = Result<Task, CloudError>> + Send + use<> {
        let cloud = self.clone();
        let page = move |start: PageStart| {
            let (cloud, mut query) = (cloud.clone(), query.clone());
            async move {
                let before = u32::try_from(start.offset).unwrap_or(u32::MAX);
                match query.after {
                    Some(first) => query.after = Some(start.after.unwrap_or(first)),
                    None => query.offset = query.offset.saturating_add(before),
                }
                Ok(cloud.tasks(&query).await?.value.tasks)
            }
        };
        pages(page, |task: &Task| task.id.clone().unwrap_or_default())
    }

    /// One print of the history: `GET my/task/{id}`. [L]
    ///
    /// The seeds ask the other service, see [`Cloud::slice_task`].
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::Forbidden`] or [`CloudError::NotFound`] when it is nobody's.
    #[doc(alias = "get_task")]
    pub async fn task(&self, id: &str) -> Result<Answer<Task>, CloudError> {
        self.call(Call::get("/v1/user-service/my/task/{}").value(id)).await
    }

    /// What was sliced for one's own subtask: `GET iot-service/api/user/task/{id}`. Sources
    /// disagree: one got it with the id of a subtask [L], one only ever 403 with code 8 [L].
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::Forbidden`] for any other id.
    pub async fn slice_task(&self, id: &str) -> Result<Answer<SliceTask>, CloudError> {
        self.call(Call::get("/v1/iot-service/api/user/task/{}").value(id)).await
    }
}
