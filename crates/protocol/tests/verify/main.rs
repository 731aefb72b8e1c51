//! What becomes of commands, request by request, with public items alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use bambu_protocol::{
    Model,
    report::State,
    request::{Raw, Request},
    status::Status,
};
use serde_json::{Value, json};

mod effects;
mod honesty;
mod outcomes;

/// The status of a live printer that reports these keys.
fn status(model: Model, print: &Value) -> Status {
    let mut print = print.clone();
    print["msg"] = json!(0);
    let mut state = State::new().with_model(model);
    state.apply(json!({ "print": print }).to_string().as_bytes()).unwrap();
    let mut status = state.status();
    status.online = Some(true);
    status
}

fn request(section: &str, body: &Value) -> Request {
    Raw::parse(&json!({ section: body }).to_string()).unwrap().into()
}
