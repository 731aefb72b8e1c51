//! The table of every command: each enum of this directory is written once, in the macro below,
//! which makes the type, its JSON and its row in the table of the documentation.
//!
//! The words of their fields are in `words.rs`, odd ways of writing a field in `written.rs`.

use serde::Serialize;

use super::SequenceId;

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
///
/// It expands to the enum with serde's tag `command`, its rows as `ENTRIES` in the same order, and
/// [`Part`]: `row` is the place of the variant in both, `fixed` the fields that never change.
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

pub(super) use requests;
