//! Sections `pushing` and `info`: what a printer is asked to tell.

use super::{Request, catalogue::requests};

requests! {
    /// Status on demand.
    pub enum Pushing in "pushing" {
        /// Sends the whole status. At most every 3 s; a P1 or A1 every 5 minutes in steady state.
        PushAll => "pushall" { "version": 1, "push_target": 1 },
            "all", Report, "updated_at", "L";
        /// Sends reports again after a silence.
        StartPush => "start", "all", Nothing, "updated_at", "V";
        /// Sends no more reports until `start`.
        StopPush => "stop", "all", Nothing, "", "V";
    }
}

requests! {
    /// Modules and their firmware.
    pub enum Info in "info" {
        /// Names the modules and their firmware.
        GetVersion => "get_version", "all", Data, "modules", "L";
    }
}

impl Pushing {
    fn into_request(self) -> Request {
        match self {
            Self::PushAll => Request::PushAll,
            Self::StartPush => Request::StartPush,
            Self::StopPush => Request::StopPush,
        }
    }
}

impl Info {
    fn into_request(self) -> Request {
        Request::GetVersion
    }
}
