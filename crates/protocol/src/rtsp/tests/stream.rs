//! Packets of a stream: what becomes of them, whole, cut and lost.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    h264::units,
    rtsp::{
        AccessUnit, Depacketizer, Losses, MAX_ACCESS_UNIT,
        rtcp::{self, Reception, Rtcp, SenderReport},
        rtp::{BadPacket, HEADER, Header, Packet},
    },
};

const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];
const IDR: &[u8] = &[0x65, 0x88, 1, 2, 3, 4, 5, 6, 7, 8];
const SECOND_HALF: &[u8] = &[0x65, 0x40, 9, 9];
const SLICE: &[u8] = &[0x41, 0x9a, 1, 2, 3, 4, 5];

/// A stream as it is sent; all its packets have the same time.
struct Sent {
    packets: Vec<Packet>,
    sequence: u16,
}

impl Sent {
    fn new() -> Self {
        Self { packets: Vec::new(), sequence: 65_530 }
    }

    fn packet(&mut self, payload: &[u8], marker: bool) -> &mut Self {
        let header =
            Header { marker, payload_type: 96, sequence: self.sequence, timestamp: 7, source: 1 };
        self.sequence = self.sequence.wrapping_add(1);
        let payload = Bytes::copy_from_slice(payload);
        self.packets.push(Packet { header, payload });
        self
    }

    fn several(&mut self, units: &[&[u8]], marker: bool) -> &mut Self {
        let mut payload = vec![0x78];
        for unit in units {
            payload.extend((unit.len() as u16).to_be_bytes());
            payload.extend_from_slice(unit);
        }
        self.packet(&payload, marker)
    }

    fn parts(&mut self, unit: &[u8], size: usize, marker: bool) -> &mut Self {
        let pieces: Vec<_> = unit[1..].chunks(size).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let (starts, ends) = (index == 0, index + 1 == pieces.len());
            let head = unit[0] & 31 | if starts { 0x80 } else { 0 } | if ends { 0x40 } else { 0 };
            let payload = [&[unit[0] & 0x60 | 28, head], *piece].concat();
            self.packet(&payload, marker && ends);
        }
        self
    }

    fn without(mut self, lost: usize) -> Self {
        self.packets.remove(lost);
        self
    }
}

fn received(sent: &Sent, sets: &[&'static [u8]]) -> (Vec<AccessUnit>, Losses) {
    let sets: Vec<_> = sets.iter().map(|set| Bytes::from_static(set)).collect();
    let mut depacketizer = Depacketizer::new(&sets);
    let mut found = Vec::new();
    for packet in &sent.packets {
        found.extend(depacketizer.push(packet));
    }
    (found, depacketizer.losses())
}

fn shape(found: &[AccessUnit]) -> Vec<(bool, Vec<&[u8]>)> {
    found.iter().map(|unit| (unit.is_key, units(&unit.data).collect())).collect()
}

#[test]
fn pictures_end_with_the_marker_though_all_times_are_alike() {
    let mut sent = Sent::new();
    sent.several(&[SPS, PPS], false).parts(IDR, 3, false).packet(SECOND_HALF, true);
    sent.packet(SLICE, true).parts(SLICE, 1, true);
    let (found, losses) = received(&sent, &[]);
    let key = (true, vec![IDR, SECOND_HALF]);
    assert_eq!(shape(&found), [key, (false, vec![SLICE]), (false, vec![SLICE])]);
    assert_eq!(losses, Losses::default());
    assert_eq!(found[0].parameters.picture.codec(), "avc1.42c028");
    assert_eq!((found[0].parameters.sps.as_ref(), found[0].parameters.pps.as_ref()), (SPS, PPS));
}

#[test]
fn pictures_without_markers_end_where_the_next_begins() {
    let (delimiter, remark) = (&[9, 0xf0][..], &[6, 5, 1, 0][..]);
    let mut sent = Sent::new();
    sent.packet(delimiter, false).packet(IDR, false).packet(SECOND_HALF, false);
    sent.packet(SLICE, false).packet(remark, false).packet(SLICE, false).packet(delimiter, false);
    let (found, losses) = received(&sent, &[SPS, PPS]);
    let key = (true, vec![IDR, SECOND_HALF]);
    assert_eq!(shape(&found), [key, (false, vec![SLICE]), (false, vec![remark, SLICE])]);
    assert_eq!(losses, Losses::default());
}

#[test]
fn nothing_comes_before_the_first_key_frame_and_its_parameters() {
    let mut sent = Sent::new();
    sent.packet(&[0x41, 0x40], false).packet(SLICE, true).packet(IDR, true).packet(SPS, true);
    sent.packet(PPS, true).packet(SLICE, true).packet(IDR, true);
    let (found, losses) = received(&sent, &[]);
    assert_eq!(shape(&found), [(true, vec![IDR])]);
    assert_eq!(losses.access_units, 0, "nothing is lost before the first");
}

#[test]
fn whatever_packet_is_lost_only_whole_pictures_come_and_a_key_frame_after_it() {
    let whole = || {
        let mut sent = Sent::new();
        sent.parts(IDR, 3, false).packet(SECOND_HALF, true).parts(SLICE, 2, true);
        sent.packet(SLICE, true).parts(IDR, 3, false).packet(SECOND_HALF, true).packet(SLICE, true);
        sent
    };
    let count = whole().packets.len();
    let (all, _) = received(&whole(), &[SPS, PPS]);
    assert_eq!(all.len(), 5);
    for lost in 1..count - 1 {
        let (found, losses) = received(&whole().without(lost), &[SPS, PPS]);
        assert_eq!(losses.packets, 1);
        assert!(losses.access_units > 0 || lost < 4, "packet {lost}");
        let mut waits = false;
        for unit in &found {
            assert!(all.contains(unit), "packet {lost}: {unit:?}");
            waits |= unit.is_key;
            assert!(waits);
        }
        assert_eq!(shape(&found).last(), shape(&all).last(), "packet {lost}");
    }
}

#[test]
fn a_part_that_is_missing_without_a_gap_in_the_numbers_is_noticed() {
    let mut sent = Sent::new();
    sent.packet(IDR, true).packet(&[0x7c, 0x85, 0x88, 1], true); // begins, and never ends
    sent.packet(SLICE, true).packet(&[0x7c, 0x45, 1], true).packet(IDR, true); // ends, never begun
    let (found, losses) = received(&sent, &[SPS, PPS]);
    assert_eq!(shape(&found), [(true, vec![IDR]), (true, vec![IDR])]);
    assert_eq!((losses.packets, losses.access_units), (0, 3));
}

#[test]
fn copies_are_let_go_and_another_source_begins_with_a_key_frame() {
    let mut sent = Sent::new();
    sent.packet(IDR, true).packet(SLICE, true);
    let copy = sent.packets[0].clone();
    sent.packets.push(copy);
    sent.packet(SLICE, true).packet(SLICE, true).packet(IDR, true);
    for packet in &mut sent.packets[4..] {
        packet.header.source = 2;
        packet.header.sequence = packet.header.sequence.wrapping_add(30_000);
    }
    let (found, losses) = received(&sent, &[SPS, PPS]);
    let keys: Vec<_> = found.iter().map(|unit| unit.is_key).collect();
    assert_eq!(keys, [true, false, false, true]);
    assert_eq!((losses.packets, losses.access_units), (0, 1));
}

#[test]
fn parameters_that_change_in_the_stream_are_told_with_the_picture() {
    let smaller: &[u8] = &[
        0x67, 0x4d, 0x40, 0x1f, 0xec, 0xa0, 0x28, 0x02, 0xdd, 0x80, 0x88, 0x00, 0x00, 0x03, 0x00,
        0x08, 0x00, 0x00, 0x03, 0x01, 0xe0, 0x78, 0xc1, 0x8c, 0xb0,
    ];
    let (other, further) = (&[0x68, 0xeb, 0xe3, 0xcb, 0x20][..], &[0x68, 0x4b][..]);
    let mut sent = Sent::new();
    sent.packet(IDR, true).several(&[SPS, PPS], false).packet(IDR, true);
    sent.several(&[smaller, other, further, IDR], true).packet(IDR, true);
    let (found, _) = received(&sent, &[SPS, PPS]);
    let widths: Vec<_> = found.iter().map(|unit| unit.parameters.picture.width).collect();
    assert_eq!(widths, [1920, 1920, 1280, 1280]);
    assert_eq!(units(&found[0].data).count(), 1);
    assert_eq!(units(&found[1].data).count(), 1, "what is known is left out");
    let all: Vec<_> = units(&found[3].data).collect();
    assert_eq!(all, [further, IDR], "a second one stands before every key frame");
}

#[test]
fn a_picture_that_does_not_end_takes_bounded_memory() {
    let mut sent = Sent::new();
    sent.packet(&[0x7c, 0x85, 0x88], false);
    let piece = [&[0x7c, 0x05][..], &[1; 60_000]].concat();
    for _ in 0..2 * MAX_ACCESS_UNIT / piece.len() {
        sent.packet(&piece, false);
    }
    sent.packet(IDR, true);
    let (found, _) = received(&sent, &[SPS, PPS]);
    assert_eq!(shape(&found), [(true, vec![IDR])]);
}

#[test]
fn a_packet_is_read_without_what_stands_around_its_payload() {
    let header = Header { marker: true, payload_type: 96, sequence: 2, timestamp: 3, source: 4 };
    let mut bytes = header.encode().to_vec();
    bytes[0] |= 0x20 | 0x10 | 2; // padding, extension, two sources
    bytes.extend([0; 8]);
    bytes.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
    bytes.extend(b"payload\0\0\x03");
    let packet = Packet::parse(&Bytes::from(bytes.clone())).unwrap();
    assert_eq!((packet.header, packet.payload.as_ref()), (header, &b"payload"[..]));
    for (at, value) in [(0, 0x40), (bytes.len() - 1, 0), (bytes.len() - 1, 200), (22, 200)] {
        let mut bad = bytes.clone();
        bad[at] = value;
        let expected = if at == 0 { BadPacket::Version } else { BadPacket::CutOff };
        assert_eq!(Packet::parse(&Bytes::from(bad)), Err(expected));
    }
    assert_eq!(Packet::parse(&Bytes::from_static(&[0x80; HEADER - 1])), Err(BadPacket::CutOff));
}

#[test]
fn a_senders_report_is_answered_with_what_came() {
    let report =
        SenderReport { source: 4, ntp: 0x1234_5678_9abc_def0, timestamp: 5, packets: 6, bytes: 7 };
    let mut frame = report.encode().to_vec();
    frame.extend([0x81, 203, 0, 1, 0, 0, 0, 4]);
    let read: Vec<_> = rtcp::parse(&frame).collect();
    assert_eq!(read, [Rtcp::SenderReport(report), Rtcp::Bye(Some(4))]);
    let header =
        |sequence| Header { marker: false, payload_type: 96, sequence, timestamp: 0, source: 4 };
    let second = Duration::from_secs(1);
    let mut reception = Reception::new(&header(65_535), 90_000, second);
    reception.packet(&header(0), second);
    reception.packet(&header(3), second);
    reception.reported(&report, second);
    let block = reception.block(3 * second);
    assert_eq!((block.lost, block.fraction_lost, block.highest), (2, 102, 65_539));
    assert_eq!((block.last_report, block.since_report), (0x5678_9abc, 131_072));
    let sent = rtcp::receiver_report(9, "bambu", Some(&block));
    let read: Vec<_> = rtcp::parse(&sent).collect();
    assert_eq!(read, [Rtcp::Other(201), Rtcp::Other(202)]);
    assert_eq!((sent.len(), reception.block(3 * second).fraction_lost), (32 + 16, 0));
    assert_eq!(rtcp::receiver_report(9, "bambu", None).len(), 8 + 16);
}

proptest! {
    #[test]
    fn any_packets_are_taken(
        payloads in prop::collection::vec((any::<Vec<u8>>(), any::<bool>(), 0..5_u16), 0..60),
    ) {
        let mut depacketizer = Depacketizer::new(&[Bytes::from_static(SPS), Bytes::from_static(PPS)]);
        let (mut sequence, mut first) = (0_u16, true);
        for (payload, marker, step) in payloads {
            sequence = sequence.wrapping_add(step);
            let header = Header { marker, payload_type: 96, sequence, timestamp: 0, source: 1 };
            for unit in depacketizer.push(&Packet { header, payload: payload.into() }) {
                prop_assert!(unit.is_key || !first);
                prop_assert!(units(&unit.data).map(|unit| unit.len() + 4).sum::<usize>() == unit.data.len());
                first = false;
            }
        }
    }

    #[test]
    fn any_bytes_are_a_packet_or_none(bytes: Vec<u8>) {
        let _ = Packet::parse(&Bytes::from(bytes.clone()));
        let _ = rtcp::parse(&bytes).count();
    }
}
