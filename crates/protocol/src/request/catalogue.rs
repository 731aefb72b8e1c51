//! The table of every command: each enum of this directory is written once, in the macro below,
//! which makes the type, its JSON and its row in the table of the documentation.

use serde::Serialize;

use super::{SequenceId, UnknownWord};

/// One command of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Section on the wire, such as `print`.
    pub section: &'static str,
    /// Command word, such as `print_speed`.
    pub command: &'static str,
    /// What it does, in one or two sentences.
    pub what: &'static str,
    /// Which printers take it.
    pub condition: &'static str,
    /// How it is answered.
    pub answer: Answer,
    /// Field of the status document that shows the effect; empty where nothing does.
    pub effect: &'static str,
    /// Source tag: `L`, `V`, `D` or `G`.
    pub source: &'static str,
}

/// How a printer answers a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// An acknowledgement: an echo, mostly with `result` and `reason`.
    Ack,
    /// An acknowledgement that carries what was asked for.
    Data,
    /// No acknowledgement; a report comes instead.
    Report,
    /// Nothing that belongs to the command.
    Nothing,
}

/// Commands of one section: what [`super::Request`] needs of each enum.
pub(super) trait Part {
    fn entry(&self) -> &'static Entry;
    fn json(&self, id: SequenceId) -> String;
}

/// The frame around a body: section, sequence id, the command with its fields, fixed fields.
pub(super) fn frame<T: Serialize>(
    section: &str,
    id: &str,
    body: &T,
    fixed: &serde_json::Value,
) -> String {
    #[derive(Serialize)]
    struct Body<'a, T> {
        sequence_id: &'a str,
        #[serde(flatten)]
        body: &'a T,
        #[serde(flatten)]
        fixed: &'a serde_json::Value,
    }
    let body = Body { sequence_id: id, body, fixed };
    // Maps with text keys cannot fail to be written.
    serde_json::to_string(&std::collections::BTreeMap::from([(section, body)])).unwrap_or_default()
}

/// Commands of one section. A row: what it does, variant, `=>` command word, fields that never
/// change, then which printers take it, how it is answered, where the effect shows, source.
macro_rules! requests {
    ($(#[$meta:meta])* pub enum $name:ident in $section:literal { $(
        $(#[doc = $doc:literal])+
        $variant:ident $(($($tuple:tt)*))? $({$($fields:tt)*})?
            => $word:literal $({$($fixed:tt)*})?,
            $condition:literal, $answer:ident, $effect:literal, $source:literal;
    )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(tag = "command")]
        pub enum $name { $(
            $(#[doc = $doc])+
            #[doc = concat!("\n\n`", $section, ".", $word, "`; printers: ", $condition, ". [", $source, "]")]
            #[serde(rename = $word)]
            $variant $(($($tuple)*))? $({$($fields)*})?,
        )+ }

        impl $name {
            /// The rows of these commands.
            pub(super) const ENTRIES: &[$crate::request::Entry] = &[$($crate::request::Entry {
                section: $section,
                command: $word,
                what: concat!($($doc),+).trim_ascii(),
                condition: $condition,
                answer: $crate::request::Answer::$answer,
                effect: $effect,
                source: $source,
            }),+];

            fn row(&self) -> usize {
                #[allow(clippy::enum_variant_names, reason = "the variants give the names")]
                enum Row { $($variant),+ }
                (match self { $(Self::$variant { .. } => Row::$variant),+ }) as usize
            }

            fn fixed(&self) -> serde_json::Value {
                match self { $(Self::$variant { .. } => serde_json::json!({$($($fixed)*)?})),+ }
            }
        }

        impl $crate::request::catalogue::Part for $name {
            fn entry(&self) -> &'static $crate::request::Entry {
                &Self::ENTRIES[self.row()]
            }

            fn json(&self, id: $crate::request::SequenceId) -> String {
                $crate::request::catalogue::frame($section, &id.to_string(), self, &self.fixed())
            }
        }

        impl From<$name> for $crate::request::Request {
            fn from(request: $name) -> Self {
                request.into_request()
            }
        }
    };
}

/// Writes the only field of a command under its key.
macro_rules! keys {
    ($($key:ident),+) => {
        /// Fields of commands that have only one: the key by which its value is written.
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

/// Words of people and of the wire. A row: what it is, variant, `=` what the wire carries, then
/// its name and further spellings that people use.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident: $wire:ty, $kind:literal { $(
        $(#[$doc:meta])* $variant:ident = $value:literal, $word:literal $(| $other:literal)*;
    )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every one, in the order of the vendor.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What the wire carries.
            pub fn wire(self) -> $wire {
                match self { $(Self::$variant => $value),+ }
            }

            /// What people call it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::request::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::request::UnknownWord> {
                let plain = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
                $(if [$word $(, $other)*].contains(&plain.as_str())
                    || plain == concat!($value)
                {
                    return Ok(Self::$variant);
                })+
                Err($crate::request::catalogue::unknown($kind, text, &[$($word),+]))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.wire().serialize(serializer)
            }
        }
    };
}

pub(super) fn unknown(
    kind: &'static str,
    word: &str,
    known: &'static [&'static str],
) -> UnknownWord {
    UnknownWord { kind, word: word.trim().chars().take(60).collect(), known }
}

pub(super) use {requests, words};

keys!(action, config, ctt_val, enable, extruder_index, id, mode, obj_list, option, param, temp);
