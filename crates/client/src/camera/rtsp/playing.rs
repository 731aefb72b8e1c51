//! A stream that plays: packets in, pictures into the sink, reports about what came.

use std::{sync::Arc, time::Duration};

use bambu_protocol::{
    h264::Parameters,
    rtsp::{
        Depacketizer, Interleaved, Losses,
        rtcp::{self, Reception, Rtcp},
        rtp::Packet,
        sdp,
    },
};
use tokio::time::Instant;

use super::{
    super::{Video, upstream::Sink},
    CameraError,
};

/// What we are called in reports.
const NAME: &str = "bambu";

/// Which frames are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channels {
    packets: u8,
    reports: u8,
}

/// The stream of one session.
pub(super) struct Playing {
    channels: Channels,
    payload_type: u8,
    clock: u32,
    own: u32,
    began: Instant,
    heard: Instant,
    reception: Option<Reception>,
    depacketizer: Depacketizer,
    shown: Option<(Arc<Parameters>, Arc<Video>)>,
}

impl Channels {
    /// As the answer to `SETUP` names them.
    pub(super) fn of(transport: &str) -> Result<Self, CameraError> {
        let mut parts = transport.split([';', ',']).map(str::trim);
        let named = parts.clone().find_map(|part| part.strip_prefix("interleaved="));
        if named.is_none()
            && parts.next().is_some_and(|first| !first.is_empty())
            && !transport.contains("/TCP")
        {
            return Err(CameraError::Refused("it does not send inside the connection".to_owned()));
        }
        let mut numbers =
            named.unwrap_or("0-1").split('-').map(|number| number.trim().parse().ok());
        let packets = numbers.next().flatten().unwrap_or(0);
        let reports = numbers.next().flatten().unwrap_or(packets ^ 1);
        Ok(Self { packets, reports })
    }
}

impl Playing {
    pub(super) fn new(video: &sdp::Video, channels: Channels) -> Self {
        let now = Instant::now();
        Self {
            channels,
            payload_type: video.payload_type,
            clock: video.clock,
            own: rand::random(),
            began: now,
            heard: now,
            reception: None,
            depacketizer: Depacketizer::new(&video.parameter_sets),
            shown: None,
        }
    }

    /// Takes a frame. Those of other channels are let go, and so is what is no packet.
    pub(super) fn take(&mut self, frame: &Interleaved, sink: &mut Sink) -> Result<(), CameraError> {
        if frame.channel == self.channels.packets {
            if let Ok(packet) = Packet::parse(&frame.data) {
                self.packet(&packet, sink);
            }
        } else if frame.channel == self.channels.reports {
            for report in rtcp::parse(&frame.data) {
                self.reported(report)?;
            }
        }
        Ok(())
    }

    fn packet(&mut self, packet: &Packet, sink: &mut Sink) {
        if packet.header.payload_type != self.payload_type {
            return;
        }
        self.heard = Instant::now();
        let now = self.heard - self.began;
        match &mut self.reception {
            Some(known) if known.source() == packet.header.source => {
                known.packet(&packet.header, now);
            }
            other => *other = Some(Reception::new(&packet.header, self.clock, now)),
        }
        for unit in self.depacketizer.push(packet) {
            let video = match &self.shown {
                Some((known, video)) if Arc::ptr_eq(known, &unit.parameters) => video.clone(),
                _ => {
                    let video = Arc::new(video(&unit.parameters));
                    self.shown = Some((unit.parameters, video.clone()));
                    video
                }
            };
            sink.access_unit(unit.data, unit.is_key, &video);
        }
    }

    fn reported(&mut self, report: Rtcp) -> Result<(), CameraError> {
        match (report, &mut self.reception) {
            (Rtcp::SenderReport(report), Some(known)) if report.source == known.source() => {
                known.reported(&report, self.began.elapsed());
            }
            (Rtcp::Bye(source), known) => {
                let known = known.as_ref().map(Reception::source);
                if source.is_none() || known.is_none() || source == known {
                    return Err(CameraError::Lost("it ended the stream".to_owned()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The frame that tells the printer what came.
    pub(super) fn report(&mut self) -> Vec<u8> {
        let now = self.began.elapsed();
        let block = self.reception.as_mut().map(|reception| reception.block(now));
        let report = rtcp::receiver_report(self.own, NAME, block.as_ref());
        let length = u16::try_from(report.len()).unwrap_or_default();
        [&Interleaved::header(self.channels.reports, length), report.as_slice()].concat()
    }

    /// When it began to play.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// When the last packet came, or when it began.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// What it means that nothing comes.
    pub(super) fn silent(&self, silence: Duration) -> CameraError {
        match self.reception {
            // It plays for somebody else.
            None => CameraError::InUse,
            Some(_) => CameraError::Lost(format!("nothing came for {} s", silence.as_secs())),
        }
    }

    /// What did not become a picture.
    pub(super) fn losses(&self) -> Losses {
        self.depacketizer.losses()
    }
}

fn video(parameters: &Parameters) -> Video {
    Video {
        sps: parameters.sps.clone(),
        pps: parameters.pps.clone(),
        width: parameters.picture.width,
        height: parameters.picture.height,
        codec: parameters.picture.codec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_those_that_the_printer_names() {
        let of = |transport: &str| Channels::of(transport).map(|c| (c.packets, c.reports));
        assert_eq!(of("RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1"), Ok((4, 5)));
        assert_eq!(of("RTP/AVP/TCP;interleaved=2"), Ok((2, 3)));
        assert_eq!(of("RTP/AVP/TCP;unicast"), Ok((0, 1)));
        assert_eq!(of(""), Ok((0, 1)));
        assert!(matches!(of("RTP/AVP;unicast;client_port=1-2"), Err(CameraError::Refused(_))));
    }
}
