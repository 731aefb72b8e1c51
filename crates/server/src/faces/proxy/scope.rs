//! A caller that may see some of an account's printers: which routes it has, and what is left of
//! their answers. Pure. What is not known to be about its printers does not pass.

use std::collections::BTreeSet;

use axum::{
    extract::Query,
    http::{Method, Uri, uri::PathAndQuery},
};
use bambu_protocol::Serial;
use serde_json::{Map, Value};

use super::failure::{Cause, Failure};

/// Routes whose answers name the printer of everything in them.
const LISTS: [&str; 4] = [
    "/v1/iot-service/api/user/bind",
    "/v1/iot-service/api/user/print",
    "/v1/iot-service/api/user/device/version",
    "/v1/user-service/my/tasks",
];
/// One task; its number follows.
const TASK: &str = "/v1/user-service/my/task/";
/// What a printer's serial number is called.
const NAMES: [&str; 5] = ["dev_id", "device_id", "deviceId", "dev_ids", "serial"];
/// Lists of things that each name their printer.
const THINGS: [&str; 4] = ["devices", "jobs", "hits", "tasks"];

/// The printers that a caller may see.
pub(super) type Serials = BTreeSet<Serial>;

/// Why a request is not for this caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfScope {
    /// The request names another printer.
    #[error("this token is for other printers than the one that is named; see user/bind for which")]
    Printer,
    /// The route tells more than can be kept apart.
    #[error(
        "this token is for some printers only, and the answer to this cannot be limited to them; \
         ask for user/bind, user/print, user/device/version, my/tasks or device/realtime"
    )]
    Route,
}

impl From<OutOfScope> for Failure {
    fn from(error: OutOfScope) -> Self {
        Self::new(Cause::Scope, error.to_string())
    }
}

/// How an answer is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Lists of things that each name their printer.
    Lists,
    /// One thing, which names its printer.
    One,
}

/// Whether a caller may ask this, and how the answer is limited then.
///
/// # Errors
/// [`OutOfScope`].
pub(super) fn judge(
    serials: &Serials,
    method: &Method,
    target: &PathAndQuery,
) -> Result<Filter, OutOfScope> {
    let path = target.path();
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let filter = match path.strip_prefix(TASK) {
        _ if !matches!(*method, Method::GET | Method::HEAD) => None,
        Some(number) => is_number(number).then_some(Filter::One),
        None => LISTS.contains(&path).then_some(Filter::Lists),
    };
    let filter = filter.ok_or(OutOfScope::Route)?;
    let asked = Query::<Vec<(String, String)>>::try_from_uri(&Uri::from(target.clone()));
    let Query(asked) = asked.map_err(|_| OutOfScope::Route)?;
    for (name, value) in asked {
        if NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name))
            && !value.split(',').all(|serial| serial.is_empty() || is_among(serials, serial))
        {
            return Err(OutOfScope::Printer);
        }
    }
    Ok(filter)
}

impl Filter {
    /// What is left of an answer.
    ///
    /// # Errors
    /// [`Failure`]: it is not what such an answer is, or none of it is left.
    pub(super) fn apply(self, serials: &Serials, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let broken = "the cloud's answer cannot be limited to this token's printers; report it";
        let broken = || Failure::new(Cause::Server, broken);
        let document: Value = serde_json::from_slice(body).map_err(|_| broken())?;
        let Value::Object(object) = document else {
            return Err(broken());
        };
        let left = match self {
            Self::Lists => limited(serials, object),
            Self::One if is_of(serials, &object) => object,
            Self::One => {
                let text = "that task was not on one of this token's printers; see my/tasks";
                return Err(Failure::new(Cause::Refused, text));
            }
        };
        serde_json::to_vec(&left).map_err(|_| broken())
    }
}

/// An object whose lists are limited. Lists and objects that are not known are left out, and a total
/// counts what is left.
fn limited(serials: &Serials, object: Map<String, Value>) -> Map<String, Value> {
    let mut left = Map::new();
    let mut total = 0;
    for (key, value) in object {
        match value {
            Value::Array(mut things) if key == "data" || THINGS.contains(&key.as_str()) => {
                things.retain(|thing| thing.as_object().is_some_and(|it| is_of(serials, it)));
                total += things.len();
                left.insert(key, things.into());
            }
            // The documented shape has everything one level further in.
            Value::Object(inner) if key == "data" => {
                let inner: Map<_, _> =
                    inner.into_iter().filter(|(_, value)| !value.is_object()).collect();
                left.insert(key, limited(serials, inner).into());
            }
            Value::Array(_) | Value::Object(_) => {}
            value => drop(left.insert(key, value)),
        }
    }
    if let Some(told) = left.get_mut("total") {
        *told = total.into();
    }
    left
}

/// Whether a thing names a printer, and only such that may be seen.
fn is_of(serials: &Serials, thing: &Map<String, Value>) -> bool {
    let mut named = NAMES.iter().filter_map(|name| thing.get(*name)).peekable();
    named.peek().is_some()
        && named.all(|serial| serial.as_str().is_some_and(|it| is_among(serials, it)))
}

fn is_among(serials: &Serials, text: &str) -> bool {
    serials.iter().any(|serial| serial.as_str() == text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: &str = "01P00A000000001";
    const OTHER: &str = "01P00A000000002";

    fn serials() -> Serials {
        BTreeSet::from([Serial::new(MINE).unwrap()])
    }

    fn verdict(method: &Method, target: &str) -> Result<Filter, OutOfScope> {
        judge(&serials(), method, &target.parse().unwrap())
    }

    #[test]
    fn only_routes_that_can_be_limited_are_there_and_only_to_read() {
        for path in LISTS {
            assert_eq!(verdict(&Method::GET, path), Ok(Filter::Lists), "{path}");
            assert_eq!(verdict(&Method::HEAD, path), Ok(Filter::Lists), "{path}");
            for method in [Method::POST, Method::DELETE, Method::PATCH] {
                assert_eq!(verdict(&method, path), Err(OutOfScope::Route), "{path}");
            }
            assert_eq!(verdict(&Method::GET, &format!("{path}/")), Err(OutOfScope::Route));
        }
        assert_eq!(verdict(&Method::GET, "/v1/user-service/my/task/12"), Ok(Filter::One));
        for path in ["/v1/user-service/my/profile", "/v1/user-service/my/task/", "/v1/x"] {
            assert_eq!(verdict(&Method::GET, path), Err(OutOfScope::Route), "{path}");
        }
        assert_eq!(verdict(&Method::GET, "/v1/user-service/my/task/1/x"), Err(OutOfScope::Route));
    }

    #[test]
    fn another_printers_serial_is_refused_however_it_is_written() {
        let tasks = LISTS[3];
        for query in [
            format!("deviceId={OTHER}"),
            format!("deviceid={OTHER}"),
            format!("dev%5Fid={OTHER}"),
            format!("dev_id={MINE}&dev_id={OTHER}"),
            format!("dev_ids={MINE},{OTHER}"),
            "serial=%30%31P00A000000002".to_owned(),
        ] {
            let asked = verdict(&Method::GET, &format!("{tasks}?{query}"));
            assert_eq!(asked, Err(OutOfScope::Printer), "{query}");
        }
        for query in [format!("deviceId={MINE}&limit=5"), "force=true".into(), "dev_id=".into()] {
            assert!(verdict(&Method::GET, &format!("{tasks}?{query}")).is_ok(), "{query}");
        }
    }

    #[test]
    fn of_an_answer_only_what_names_ones_own_printers_is_left() {
        let left = |text: &str| -> Value {
            let left = Filter::Lists.apply(&serials(), text.as_bytes()).unwrap();
            serde_json::from_slice(&left).unwrap()
        };
        let text = format!(
            r#"{{"message":"success","code":null,"total":3,"extra":[1],"more":{{"a":1}},
                "devices":[{{"dev_id":"{MINE}","a":1}},{{"dev_id":"{OTHER}"}},{{"name":"x"}},7,
                {{"dev_id":"{MINE}","device_id":"{OTHER}"}},{{"dev_id":null}}]}}"#
        );
        let wanted = serde_json::json!({
            "message": "success", "code": null, "total": 1, "devices": [{"dev_id": MINE, "a": 1}],
        });
        assert_eq!(left(&text), wanted);
        let text = format!(
            r#"{{"code":0,"data":{{"hits":[{{"deviceId":"{OTHER}"}}],"total":1,"x":{{"y":1}}}}}}"#
        );
        assert_eq!(left(&text), serde_json::json!({"code": 0, "data": {"hits": [], "total": 0}}));
        for text in ["[]", "7", "", "{", "<html>"] {
            assert!(Filter::Lists.apply(&serials(), text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn one_task_passes_if_it_was_on_ones_own_printer() {
        let one = |serial: &str| {
            let text = format!(r#"{{"id":1,"deviceId":"{serial}"}}"#);
            Filter::One.apply(&serials(), text.as_bytes())
        };
        assert!(one(MINE).is_ok());
        assert_eq!(one(OTHER).unwrap_err().cause, Cause::Refused);
        assert!(Filter::One.apply(&serials(), b"{}").is_err());
    }
}
