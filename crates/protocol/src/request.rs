//! What a printer is asked: every request as a type, and its JSON.
//!
//! The answers are in [`crate::report`]. Topics are in [`crate::mqtt::topic`].

mod sequence;

use std::{fmt, str::FromStr};

use crate::mqtt::QoS;

pub use sequence::SequenceId;

/// One request to a printer, published to `device/<serial>/request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// `pushing.pushall`: send the whole status. The answer is a report, not an acknowledgement;
    /// at most every 3 s [V].
    PushAll,
    /// `pushing.start`: send reports again after a silence. Never acknowledged. [V]
    StartPush,
    /// `info.get_version`: name the modules and their firmware. [L]
    GetVersion,
    /// `print.pause`. [L]
    Pause,
    /// `print.resume`. [L]
    Resume,
    /// `print.stop`: ends the job for good. [L]
    Stop,
    /// `print.print_speed`. [V]
    Speed(SpeedLevel),
    /// `system.ledctrl`. [L]
    Light {
        /// Which light.
        node: LightNode,
        /// What it shall do.
        mode: LightMode,
    },
}

/// Print speed (`spd_lvl`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpeedLevel {
    /// 1, half speed.
    Silent = 1,
    /// 2, as sliced.
    Standard = 2,
    /// 3, faster.
    Sport = 3,
    /// 4, fastest.
    Ludicrous = 4,
}

/// A light that can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LightNode {
    /// `chamber_light`, on all models.
    Chamber,
    /// `chamber_light2`, H2 and X2D.
    Chamber2,
    /// `work_light`, X1.
    Work,
    /// `heatbed_light`, H2; never in the reports.
    Heatbed,
}

/// What a light shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LightMode {
    /// Shine.
    On,
    /// Be dark.
    Off,
    /// Blink.
    Flashing,
}

/// A word that names no speed, light or light mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is none of {known}")]
pub struct UnknownWord {
    word: String,
    known: &'static str,
}

impl Request {
    /// The section of the request and of its acknowledgement: `print`, `system`, `info`, `pushing`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::PushAll | Self::StartPush => "pushing",
            Self::GetVersion => "info",
            Self::Pause | Self::Resume | Self::Stop | Self::Speed(_) => "print",
            Self::Light { .. } => "system",
        }
    }

    /// The command word inside the section.
    pub fn command(&self) -> &'static str {
        match self {
            Self::PushAll => "pushall",
            Self::StartPush => "start",
            Self::GetVersion => "get_version",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Speed(_) => "print_speed",
            Self::Light { .. } => "ledctrl",
        }
    }

    /// The payload to publish.
    pub fn json(&self, id: SequenceId) -> String {
        let body = match self {
            Self::PushAll => r#","version":1,"push_target":1"#.to_owned(),
            Self::StartPush | Self::GetVersion => String::new(),
            Self::Pause | Self::Resume | Self::Stop => r#","param":"""#.to_owned(),
            Self::Speed(level) => format!(r#","param":"{}""#, *level as u8),
            Self::Light { node, mode } => light(*node, *mode),
        };
        let (section, command) = (self.section(), self.command());
        format!(r#"{{"{section}":{{"sequence_id":"{id}","command":"{command}"{body}}}}}"#)
    }

    /// How the vendor publishes it. [V]
    pub fn qos(&self) -> QoS {
        match self {
            Self::GetVersion | Self::Pause | Self::Resume | Self::Stop => QoS::AtLeastOnce,
            Self::PushAll | Self::StartPush | Self::Speed(_) | Self::Light { .. } => {
                QoS::AtMostOnce
            }
        }
    }
}

fn light(node: LightNode, mode: LightMode) -> String {
    // The bed light takes only zeros [L]; the others take the vendor's half second.
    let half = if node == LightNode::Heatbed { 0 } else { 500 };
    let interval = if mode == LightMode::Flashing { 1000 } else { 0 };
    format!(
        concat!(
            r#","led_node":"{}","led_mode":"{}","led_on_time":{},"led_off_time":{},"#,
            r#""loop_times":1,"interval_time":{}"#
        ),
        node.wire(),
        mode.wire(),
        half,
        half,
        interval,
    )
}

impl SpeedLevel {
    /// Every level, slowest first.
    pub const ALL: [Self; 4] = [Self::Silent, Self::Standard, Self::Sport, Self::Ludicrous];

    /// Its name, such as `sport`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Standard => "standard",
            Self::Sport => "sport",
            Self::Ludicrous => "ludicrous",
        }
    }
}

impl FromStr for SpeedLevel {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|l| text.eq_ignore_ascii_case(l.name()) || text == (*l as u8).to_string())
            .ok_or_else(|| unknown(text, "silent, standard, sport, ludicrous, 1 to 4"))
    }
}

impl LightNode {
    /// Its name on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Chamber => "chamber_light",
            Self::Chamber2 => "chamber_light2",
            Self::Work => "work_light",
            Self::Heatbed => "heatbed_light",
        }
    }
}

impl FromStr for LightNode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let text = text.trim();
        let plain = text.strip_suffix("_light").unwrap_or(text);
        match plain {
            "chamber" => Ok(Self::Chamber),
            "chamber2" | "chamber_light2" => Ok(Self::Chamber2),
            "work" => Ok(Self::Work),
            "heatbed" | "bed" => Ok(Self::Heatbed),
            _ => Err(unknown(text, "chamber, chamber2, work, heatbed")),
        }
    }
}

impl LightMode {
    /// Its name on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Flashing => "flashing",
        }
    }
}

impl FromStr for LightMode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.trim() {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            "flashing" => Ok(Self::Flashing),
            other => Err(unknown(other, "on, off, flashing")),
        }
    }
}

impl fmt::Display for SpeedLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn unknown(word: &str, known: &'static str) -> UnknownWord {
    UnknownWord { word: word.chars().take(60).collect(), known }
}

#[cfg(test)]
mod tests;
