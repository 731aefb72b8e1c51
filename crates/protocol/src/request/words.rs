//! Enums whose values people write in words and printers in words or numbers. The commands that
//! carry them are in the file of their section.

/// A word that names no speed, light, fan …
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {kind}; use one of {known}", known = known.join(", "))]
pub struct UnknownWord {
    kind: &'static str,
    word: String,
    known: &'static [&'static str],
}

/// Words of people and of the wire. A row: what it is, variant, `=` what the wire carries, then
/// its name and further spellings that people use.
///
/// It expands to the enum with `ALL`, `wire()` and `name()`, `FromStr` by every spelling and by
/// what the wire carries, `Display` as the name and `Serialize` as the wire has it.
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
                Err($crate::request::words::unknown($kind, text, &[$($word),+]))
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

pub(super) use words;
