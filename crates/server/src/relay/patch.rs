//! JSON merge patches (RFC 7396): what changed between two documents.

use serde_json::{Map, Value};

/// The patch that makes `new` of `old`; empty when they say the same.
///
/// `null` in a patch takes the key away, so to its reader an absent key and `null` are one.
pub(super) fn diff(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, new) in new {
        match (old.get(key).unwrap_or(&Value::Null), new) {
            (old, new) if old == new => {}
            (Value::Object(old), Value::Object(new)) => {
                let inner = diff(old, new);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (_, new) => drop(patch.insert(key.clone(), new.clone())),
        }
    }
    for (key, old) in old {
        if !old.is_null() && !new.contains_key(key) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As RFC 7396 writes it.
    fn merge(target: Value, patch: Value) -> Value {
        let Value::Object(patch) = patch else { return patch };
        let mut target = match target {
            Value::Object(target) => target,
            _ => Map::new(),
        };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(&key);
            } else {
                let old = target.remove(&key).unwrap_or_default();
                target.insert(key, merge(old, value));
            }
        }
        Value::Object(target)
    }

    /// Without keys that are `null`, outside of lists.
    fn bare(value: Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.into_iter().filter(|(_, value)| !value.is_null());
                Value::Object(kept.map(|(key, value)| (key, bare(value))).collect())
            }
            other => other,
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            proptest::collection::vec(0..3, 0..3).prop_map(Value::from),
        ];
        let inner = leaf.prop_recursive(3, 24, 4, |inner| {
            proptest::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        proptest::collection::btree_map("[abc]", inner, 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_reader_who_merges_the_patch_has_the_new_document(old in document(), new in document()) {
            let patch = diff(old.as_object().unwrap(), new.as_object().unwrap());
            prop_assert_eq!(bare(merge(bare(old), Value::Object(patch))), bare(new));
        }
    }

    #[test]
    fn only_what_changed_is_told_and_lists_are_told_whole() {
        let old = json!({"a": {"b": 1, "c": 2}, "list": [1, 2], "gone": 1, "same": null});
        let new = json!({"a": {"b": 1, "c": 3}, "list": [1], "gone": null, "same": null});
        let patch = diff(old.as_object().unwrap(), new.as_object().unwrap());
        assert_eq!(Value::Object(patch), json!({"a": {"c": 3}, "list": [1], "gone": null}));
    }
}
