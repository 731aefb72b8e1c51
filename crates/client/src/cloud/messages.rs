//! The inbox, and how far the cloud is with an upload.

use bambu_protocol::cloud::{Message, Messages, Notification, NotificationAction};
use futures_util::Stream;
use serde_json::json;

use super::{Answer, Call, Cloud, CloudError, PageStart, pages, tasks::PAGE};

/// Which messages are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageQuery {
    /// Those of this type only; its numbers are open (5 and 6 were seen for prints).
    pub kind: Option<String>,
    /// Those after this one.
    pub after: Option<String>,
    /// How many at a time; 20 when not told.
    pub limit: Option<u32>,
}

impl Cloud {
    /// One page of the inbox, newest first: `GET my/messages?type=&after=&limit=`, answered by
    /// `{hits: [{id, type, taskMessage, from, createTime}]}`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_messages")]
    pub async fn messages(&self, query: &MessageQuery) -> Result<Answer<Vec<Message>>, CloudError> {
        let limit = query.limit.unwrap_or(PAGE);
        let mut call = Call::get("/v1/user-service/my/messages").query("limit", limit);
        if let Some(kind) = &query.kind {
            call = call.query("type", kind);
        }
        if let Some(after) = &query.after {
            call = call.query("after", after);
        }
        Ok(self.call::<Messages>(call).await?.map(|body| body.messages))
    }

    /// The whole inbox, page by page as it is read. Ends at the first error.
    pub fn messages_pages(
        &self,
        query: MessageQuery,
    ) -> impl Stream<Item = Result<Message, CloudError>> + Send + use<> {
        let cloud = self.clone();
        let page = move |start: PageStart| {
            let (cloud, mut query) = (cloud.clone(), query.clone());
            async move {
                query.after = start.after.or(query.after);
                Ok(cloud.messages(&query).await?.value)
            }
        };
        pages(page, |message: &Message| message.id.clone().unwrap_or_default())
    }

    /// The inbox in the seeds' form. Their `GET user/notification?unread=` does not exist: without a
    /// ticket the live route answers 400 [L]. This is one page of [`Cloud::messages`]; `unread_only`
    /// leaves out what the cloud says was read, which no observed answer does.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_notifications")]
    pub async fn notifications(
        &self,
        unread_only: bool,
    ) -> Result<Answer<Vec<Message>>, CloudError> {
        let mut answer = self.messages(&MessageQuery::default()).await?;
        answer.value.retain(|message| !unread_only || message.read != Some(true));
        Ok(answer)
    }

    /// Marks a message as read: `POST my/message/read` with `{ids: [id]}`. The route is known by name
    /// only [D], its body is a guess [G].
    ///
    /// The seeds' `PUT user/notification {notification_id, read}` does not exist, and nothing is
    /// known that marks one as unread.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn mark_notification_read(&self, id: &str) -> Result<Answer<()>, CloudError> {
        // Ids are numbers in this service.
        let id = id.parse().map_or_else(|_| json!(id), |number: u64| json!(number));
        self.done(Call::post("/v1/user-service/my/message/read").json(&json!({"ids": [id]}))).await
    }

    /// How far the cloud is with an upload, by the ticket it gave for it:
    /// `GET user/notification?action=&ticket=`, always 200, `message` is `running`, `success` or what
    /// went wrong ([`Notification::processing`]). Ask every second or two, for up to two minutes. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn notification(
        &self,
        action: NotificationAction,
        ticket: &str,
    ) -> Result<Answer<Notification>, CloudError> {
        let call = Call::get("/v1/iot-service/api/user/notification");
        self.call(call.query("action", action.name()).query("ticket", ticket)).await
    }
}
