//! The description of a stream (SDP, RFC 4566), as far as finding its H.264 needs.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

/// Padding is often left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Most sets of parameters that are taken.
const MAX_SETS: usize = 32;

/// The video of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// Which packets are its; below 128.
    pub payload_type: u8,
    /// In Hz, 90000 as a rule.
    pub clock: u32,
    /// Where `SETUP` goes, relative to the base or whole; see [`resolve`].
    pub control: Option<String>,
    /// Where `PLAY` goes for all of it, the same way.
    pub session_control: Option<String>,
    /// 0: single units, 1: put together and parted in order, 2: out of order.
    pub packetization_mode: u8,
    /// NAL units of SPS and PPS, as far as they are told (`sprop-parameter-sets`).
    pub parameter_sets: Vec<Bytes>,
}

/// Why there is nothing to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSdp {
    /// It is no text, or no description.
    #[error("no description of a stream")]
    NoSdp,
    /// It describes other streams only.
    #[error("a description without H.264")]
    NoH264,
    /// The units of its pictures come out of order.
    #[error("H.264 in an order that is not read here (packetization-mode {0})")]
    Order(u8),
}

impl Video {
    /// Finds the first H.264 stream of a description.
    ///
    /// # Errors
    /// [`BadSdp`].
    pub fn parse(description: &[u8]) -> Result<Self, BadSdp> {
        let text = std::str::from_utf8(description).map_err(|_| BadSdp::NoSdp)?;
        if !text.trim_start().starts_with("v=") {
            return Err(BadSdp::NoSdp);
        }
        let mut parts = text.split("\nm=");
        let session_control = parts.next().and_then(control);
        let mut video = parts.find_map(h264).ok_or(BadSdp::NoH264)?;
        if video.packetization_mode > 1 {
            return Err(BadSdp::Order(video.packetization_mode));
        }
        video.session_control = session_control;
        Ok(video)
    }
}

fn attributes<'a>(part: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    part.lines().filter_map(move |line| {
        let (known, value) = line.trim().strip_prefix("a=")?.split_once(':')?;
        known.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn control(part: &str) -> Option<String> {
    attributes(part, "control").next().map(str::to_owned)
}

/// A part that begins behind its `m=`.
fn h264(part: &str) -> Option<Video> {
    let mut words = part.lines().next()?.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case("video") {
        return None;
    }
    let offered: Vec<u8> = words.skip(2).filter_map(|word| word.parse().ok()).collect();
    let (payload_type, clock) = attributes(part, "rtpmap").find_map(|value| {
        let (number, coding) = value.split_once(char::is_whitespace)?;
        let number: u8 = number.parse().ok()?;
        let mut coding = coding.trim().split('/');
        let is_h264 = coding.next()?.eq_ignore_ascii_case("H264");
        let clock = coding.next()?.trim().parse().ok().filter(|clock| *clock > 0)?;
        (is_h264 && offered.contains(&number)).then_some((number, clock))
    })?;
    let mut video = Video {
        payload_type,
        clock,
        control: control(part),
        session_control: None,
        packetization_mode: 0,
        parameter_sets: Vec::new(),
    };
    for value in attributes(part, "fmtp") {
        let Some((number, settings)) = value.split_once(char::is_whitespace) else { continue };
        if number.parse() == Ok(payload_type) {
            video.take_settings(settings);
        }
    }
    Some(video)
}

impl Video {
    fn take_settings(&mut self, settings: &str) {
        for setting in settings.split(';') {
            let Some((name, value)) = setting.trim().split_once('=') else { continue };
            if name.eq_ignore_ascii_case("packetization-mode") {
                self.packetization_mode = value.trim().parse().unwrap_or(0);
            } else if name.eq_ignore_ascii_case("sprop-parameter-sets") {
                let sets = value.split(',').filter_map(|set| BASE64.decode(set.trim()).ok());
                self.parameter_sets = sets.take(MAX_SETS).map(Bytes::from).collect();
            }
        }
    }
}

/// The address that `control` means: itself when it is whole, `base` for `*` or none, else behind
/// `base`, as servers mean it (and not in place of its last part, as RFC 2396 says).
pub fn resolve(base: &str, control: Option<&str>) -> String {
    let Some(control) = control.filter(|control| !control.is_empty() && *control != "*") else {
        return base.to_owned();
    };
    if control.contains("://") {
        return control.to_owned();
    }
    if control.starts_with('/') {
        let host = base.find("://").map_or(0, |at| at + 3);
        let path = base.get(host..).and_then(|rest| rest.find('/'));
        let end = path.map_or(base.len(), |path| host + path);
        return format!("{}{control}", base.get(..end).unwrap_or(base));
    }
    format!("{}/{control}", base.trim_end_matches('/'))
}
