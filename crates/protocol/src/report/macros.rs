//! One table per wire object: the macro makes the struct, its reading and its merging.

/// Declares a partial wire object. A repeated key counts as its last value, which `serde`'s own
/// derive refuses. Unlisted keys are skipped and remembered in `unlisted`.
macro_rules! wire {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        $vis struct $name {
            $(pub(crate) $field: $crate::report::leaf::Leaf<$type>,)*
            /// A key that this table does not list was there.
            pub(crate) unlisted: bool,
        }

        const _: () = {
            #[allow(non_camel_case_types, reason = "the fields give the names")]
            enum Key { $($field,)* Unlisted }

            fn key(text: &str) -> Key {
                match text {
                    $($key => Key::$field,)*
                    _ => Key::Unlisted,
                }
            }

            impl $crate::report::leaf::Wire for $name {
                fn object<'de, A: serde::de::MapAccess<'de>>(
                    mut map: A,
                ) -> Result<Option<Self>, A::Error> {
                    let mut object = Self::default();
                    while let Some(found) = map.next_key_seed($crate::report::macros::KeySeed(key))? {
                        match found {
                            $(Key::$field => object.$field = map.next_value()?,)*
                            Key::Unlisted => {
                                object.unlisted = true;
                                map.next_value::<$crate::report::leaf::Skip>()?;
                            }
                        }
                    }
                    Ok(Some(object))
                }

                fn merge(&mut self, newer: Self) {
                    $(self.$field.merge(newer.$field);)*
                    self.unlisted |= newer.unlisted;
                }
            }
        };
    };
}

pub(crate) use wire;

/// Turns a JSON key into the macro's `Key` without a copy.
pub(crate) struct KeySeed<K>(pub(crate) fn(&str) -> K);

impl<'de, K> serde::de::DeserializeSeed<'de> for KeySeed<K> {
    type Value = K;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<K> serde::de::Visitor<'_> for KeySeed<K> {
    type Value = K;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<K, E> {
        Ok((self.0)(text))
    }
}
