//! What a request says: the fields of its JSON body and of its query, judged as the service's Go
//! back ends judge them [L].

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::answer::Refused;

/// The query of a request; of a repeated name the last value counts.
pub(super) type Query = axum::extract::Query<HashMap<String, String>>;

/// The JSON object of a request, whatever content type it claims.
pub(super) fn object(body: &Bytes) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refused::NotJson),
    }
}

/// The same; no body is an empty object.
pub(super) fn object_or_none(body: &Bytes) -> Result<Map<String, Value>, Refused> {
    if body.trim_ascii().is_empty() { Ok(Map::new()) } else { object(body) }
}

/// A text field that has to be there and not empty.
pub(super) fn text<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a str, Refused> {
    match body.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(Refused::NotSet(field.into())),
        Some(_) => Err(Refused::TypeMismatch(field.into())),
    }
}

/// A text field that may be missing; an empty one is there.
pub(super) fn text_if_set<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a str>, Refused> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::TypeMismatch(field.into())),
    }
}

/// A list that has to be there.
pub(super) fn list<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a [Value], Refused> {
    match body.get(field) {
        Some(Value::Array(list)) => Ok(list),
        None | Some(Value::Null) => Err(Refused::NotSet(field.into())),
        Some(_) => Err(Refused::TypeMismatch(field.into())),
    }
}

/// An object that has to be there.
pub(super) fn inner<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a Map<String, Value>, Refused> {
    match body.get(field) {
        Some(Value::Object(inner)) => Ok(inner),
        None | Some(Value::Null) => Err(Refused::NotSet(field.into())),
        Some(_) => Err(Refused::TypeMismatch(field.into())),
    }
}

/// A number that comes as a number or as text.
pub(super) fn number_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A number in the query; missing and empty are `None`.
pub(super) fn asked_number(query: &Query, field: &'static str) -> Result<Option<u64>, Refused> {
    match query.get(field).map(|text| text.trim()) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Refused::TypeMismatch(field.into())),
    }
}

/// A text in the query that has to be there and not empty.
pub(super) fn asked<'a>(query: &'a Query, field: &'static str) -> Result<&'a str, Refused> {
    let text = query.get(field).map(String::as_str).filter(|text| !text.is_empty());
    text.ok_or(Refused::NotSet(field.into()))
}

/// An id in a path that is a number; a name in its place is refused as the service does [L].
pub(super) fn path_number(text: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| Refused::Invalid)
}
