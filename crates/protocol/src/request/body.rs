//! Reading the fields of a request, whether it was typed or somebody wrote it: what guards and
//! expected effects have in common.

use serde_json::{Map, Value};

/// The fields inside a section, as [`super::Request::body`] gives them.
pub(crate) type Body = Map<String, Value>;

pub(crate) fn text<'a>(body: &'a Body, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str()
}

/// A number, or the text of one: the wire has both.
pub(crate) fn number(body: &Body, key: &str) -> Option<f64> {
    let value = body.get(key)?;
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The same without a fraction, where the type can hold it.
pub(crate) fn whole<T: TryFrom<i64>>(body: &Body, key: &str) -> Option<T> {
    let number = number(body, key).filter(|number| number.fract() == 0.0)?;
    T::try_from(number as i64).ok()
}

/// The objects of an array; none where it is missing.
pub(crate) fn objects<'a>(body: &'a Body, key: &str) -> impl Iterator<Item = &'a Body> {
    body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
