//! The inbox (`my/messages`) and the state of an upload's processing (`user/notification`).

use super::{Processing, SignedUrl, lenient::body};
use crate::Serial;

body! {
    /// Body of `GET my/messages`. [L] The seeds document an inbox at `user/notification`, with
    /// `notifications`, which does not exist; its shape is read all the same. [G]
    #[derive(Default)]
    pub struct Messages {
        /// One page of them, newest first.
        pub messages: Vec<Message> = "hits" | "messages" | "notifications" | "data",
    }

    /// One message. What it is about shows in which part it has: the type's numbers are open. [L]
    #[derive(Default)]
    pub struct Message {
        /// Its id; the page after it begins here.
        pub id: Option<String> = "id" | "notification_id",
        /// 6 about prints in one sample, 5 in another; see `task`.
        #[serde(rename = "type")]
        pub kind: Option<String> = "type",
        /// About a print.
        pub task: Option<TaskMessage> = "taskMessage",
        /// About a design.
        pub design: Option<MessageDesign>,
        /// Whether it is about a comment.
        pub comment: Option<MessageComment>,
        /// Who caused it.
        pub from: Option<Sender>,
        /// When, ISO 8601 or as sent.
        pub create_time: Option<String> = "createTime" | "timestamp" | "create_time",
        /// Its words, in the documented shape. [G]
        pub text: Option<String> = "message" | "text",
        /// Whether it was read, in the documented shape. [G]
        pub read: Option<bool>,
    }

    /// A message's print (`taskMessage`). [L]
    #[derive(Default)]
    pub struct TaskMessage {
        /// Id in the history.
        pub id: Option<String>,
        /// Title.
        pub title: Option<String>,
        /// Picture.
        pub cover: Option<SignedUrl>,
        /// As in the history.
        pub status: Option<String>,
        /// Serial number of the printer (`deviceId`).
        pub serial: Option<Serial> = "deviceId",
    }

    /// A message's design.
    #[derive(Default)]
    pub struct MessageDesign {
        /// Its id.
        pub id: Option<String>,
        /// Its title.
        pub title: Option<String>,
    }

    /// A message's comment.
    #[derive(Default)]
    pub struct MessageComment {
        /// Its id.
        pub id: Option<String>,
        /// Its words.
        pub content: Option<String>,
    }

    /// Who caused a message. [L]
    #[derive(Default)]
    pub struct Sender {
        /// User id.
        pub uid: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// Address of a picture.
        pub avatar: Option<String>,
    }

    /// Body of `GET user/notification`: how far an upload has been processed. Always HTTP 200. [L]
    #[derive(Default)]
    pub struct Notification {
        /// `running`, `success`, or what went wrong.
        pub message: Option<String>,
    }
}

/// What an upload's ticket is asked for. [L]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// `upload`: a 3MF of a project.
    Upload,
    /// `import_mesh`.
    ImportMesh,
}

impl NotificationAction {
    /// Its word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::ImportMesh => "import_mesh",
        }
    }
}

impl Notification {
    /// How far the cloud is.
    pub fn processing(&self) -> Processing {
        Processing::of(self.message.as_deref())
    }
}

impl Message {
    /// What it is about, in one line: its words, else the title of what it is about.
    pub fn subject(&self) -> Option<&str> {
        let print = self.task.as_ref().and_then(|task| task.title.as_deref());
        let design = self.design.as_ref().and_then(|design| design.title.as_deref());
        let comment = self.comment.as_ref().and_then(|comment| comment.content.as_deref());
        self.text.as_deref().or(print).or(comment).or(design)
    }
}
