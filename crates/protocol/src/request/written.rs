//! How single fields are written where serde's own way is not the wire's.

use serde::Serializer;

/// A number as decimal text.
pub(super) fn decimal<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// A number as text of eight hex digits.
pub(super) fn hex<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:08X}"))
}

/// A yes or no as 1 or 0.
pub(super) fn bit<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

/// For `Variant(value)`, whose one field has no name in Rust: a function for each key, which writes
/// `{"<key>": value}`.
macro_rules! keys {
    ($($key:ident),+) => {
        /// By the key on the wire.
        pub(super) mod key { $(
            pub(in crate::request) fn $key<T: serde::Serialize, S: serde::Serializer>(
                value: &T,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(stringify!($key), value)?;
                map.end()
            }
        )+ }
    };
}

keys!(action, config, ctt_val, enable, extruder_index, id, mode, obj_list, option, param, temp);
