//! One payload taken apart into its sections, in a single pass.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{
    ReportError,
    ack::{Ack, Answer},
    leaf::{Leaf, Skip},
    list::List,
    macros::wire,
    text,
    wire::{PushStatus, parts::Module},
};
use crate::status::Text;

/// Modules kept from one `get_version`; the largest machine sends about 25.
pub(crate) type Modules = List<Module, 128>;

wire! {
    /// The `info` section.
    pub(crate) struct Info {
        command: Text = "command",
        sequence_id: Text = "sequence_id",
        result: Text = "result",
        reason: Text = "reason",
        modules: Modules = "module",
    }
}

wire! {
    /// The `event` section of the cloud's broker.
    pub(crate) struct Event {
        event: Text = "event",
    }
}

/// Whether the printer is connected to the cloud, as the cloud's broker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// `client.connected`.
    Connected,
    /// `client.disconnected`.
    Disconnected,
}

/// The sections of one payload.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) print: Option<Box<PushStatus>>,
    pub(crate) modules: Option<Modules>,
    pub(crate) ack: Option<Ack>,
    pub(crate) presence: Option<Presence>,
    /// Report time beside or inside `print`, milliseconds since 1970.
    pub(crate) t_utc: Option<f64>,
}

impl Document {
    pub(crate) fn read(payload: &[u8]) -> Result<Self, ReportError> {
        if payload.len() > super::MAX_REPORT {
            return Err(ReportError::TooLarge { bytes: payload.len() });
        }
        let text = text::text(payload);
        serde_json::from_str(&text)
            .or_else(|error| {
                let repaired = text::repaired(&text);
                if repaired == *text { Err(error) } else { serde_json::from_str(&repaired) }
            })
            .map_err(ReportError::Json)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Sections)
    }
}

struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut print = Leaf::<Box<PushStatus>>::Absent;
        let mut info = Leaf::<Info>::Absent;
        let mut event = Leaf::<Event>::Absent;
        let mut t_utc = Leaf::<f64>::Absent;
        let mut ack = None;
        while let Some(section) = map.next_key::<Section>()? {
            match section {
                Section::Print => print = map.next_value()?,
                Section::Info => info = map.next_value()?,
                Section::Event => event = map.next_value()?,
                Section::Time => t_utc = map.next_value()?,
                Section::Quiet => {
                    map.next_value::<Skip>()?;
                }
                Section::Other(name) => {
                    let answer = map.next_value::<Leaf<Answer>>()?;
                    ack = answer.known().and_then(|answer| answer.ack(&name)).or(ack);
                }
            }
        }
        Ok(assemble(print, &info, &event, &t_utc, ack))
    }
}

fn assemble(
    print: Leaf<Box<PushStatus>>,
    info: &Leaf<Info>,
    event: &Leaf<Event>,
    t_utc: &Leaf<f64>,
    ack: Option<Ack>,
) -> Document {
    let mut document = Document { ack, t_utc: t_utc.known().copied(), ..Document::default() };
    if let Leaf::Known(print) = print {
        document.t_utc = document.t_utc.or(print.t_utc.known().copied());
        match Answer::of(&print).ack("print") {
            Some(ack) => document.ack = Some(ack),
            None => document.print = Some(print),
        }
    }
    if let Leaf::Known(info) = info {
        let is_version = info.command.known().is_none_or(|command| command == "get_version");
        match &info.modules {
            Leaf::Known(modules) if is_version && !modules.is_empty() => {
                document.modules = Some(modules.clone());
            }
            _ => {
                let answer = Answer {
                    command: info.command.clone(),
                    sequence_id: info.sequence_id.clone(),
                    result: info.result.clone(),
                    reason: info.reason.clone(),
                    ..Answer::default()
                };
                document.ack = document.ack.or_else(|| answer.ack("info"));
            }
        }
    }
    document.presence = match event.known().and_then(|event| event.event.known()) {
        Some(word) if word == "client.connected" => Some(Presence::Connected),
        Some(word) if word == "client.disconnected" => Some(Presence::Disconnected),
        _ => None,
    };
    document
}

/// A key at the top level.
enum Section {
    Print,
    Info,
    Event,
    Time,
    /// Log lines and signatures: nothing to read in them.
    Quiet,
    Other(String),
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::DeserializeSeed;
        super::macros::KeySeed(|key: &str| match key {
            "print" => Self::Print,
            "info" => Self::Info,
            "event" => Self::Event,
            "t_utc" => Self::Time,
            "mc_print" | "header" => Self::Quiet,
            other => Self::Other(other.chars().take(40).collect()),
        })
        .deserialize(deserializer)
    }
}
