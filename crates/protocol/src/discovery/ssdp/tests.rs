use proptest::prelude::*;

use super::*;
use crate::Model;

/// As the reference shows it. [L]
const SEEN: &str = "NOTIFY * HTTP/1.1\r\n\
    Host: 239.255.255.250:1990\r\nServer: UPnP/1.0\r\nLocation: 192.168.1.50\r\n\
    NT: urn:bambulab-com:device:3dprinter:1\r\nNTS: ssdp:alive\r\nUSN: 03000A000000001\r\n\
    Cache-Control: max-age=1800\r\nDevModel.bambu.com: N1\r\nDevName.bambu.com: 3DP-030-123\r\n\
    DevSignal.bambu.com: -55\r\nDevConnect.bambu.com: lan\r\nDevBind.bambu.com: free\r\n\
    Devseclink.bambu.com: secure\r\nDevInf.bambu.com: wlan0\r\n\
    DevVersion.bambu.com: 01.07.02.00\r\nDevCap.bambu.com: 1\r\n\r\n";

fn alive(packet: &str) -> Announcement {
    match read(packet.as_bytes()) {
        Some(Packet::Alive(about)) => about,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorded_packet_is_read_and_written_byte_by_byte() {
    let about = alive(SEEN);
    assert_eq!(about.serial.as_str(), "03000A000000001");
    assert_eq!(about.model(), Some(Model::A1Mini));
    assert_eq!(about.address, Some([192, 168, 1, 50].into()));
    assert_eq!((about.connect, about.bind), (Some(Mode::Lan), Some(Bind::Free)));
    assert_eq!((about.signal_dbm, about.is_secure), (Some(-55), Some(true)));
    assert_eq!(about.firmware.as_deref(), Some("01.07.02.00"));
    assert_eq!(notify(&about), SEEN);
    assert_eq!(read(answer(&about).as_bytes()), Some(Packet::Answer(about)));
}

#[test]
fn line_ends_case_and_missing_values_do_not_matter() {
    let odd = SEEN.replace("\r\n", "\n").replace("USN:", "usn:").replace("DevModel", "DEVMODEL");
    assert_eq!(alive(&odd), alive(SEEN));
    let bare = "NOTIFY * HTTP/1.1\nUSN: 22E00A000000001\nDevModel.bambu.com: N7\n\
                DevSignal.bambu.com: \nDevConnect.bambu.com: moon\nLocation: nowhere\n";
    let about = alive(bare);
    assert_eq!((about.signal_dbm, about.connect, about.address), (None, None, None));
    assert_eq!(about.model(), Some(Model::P2S));
}

#[test]
fn what_is_no_printer_is_passed_over() {
    let router = "NOTIFY * HTTP/1.1\r\nUSN: uuid:1::upnp:rootdevice\r\nNT: upnp:rootdevice\r\n\r\n";
    let foreign_search = search(3).replace(TARGET, "urn:dial-multiscreen-org:service:dial:1");
    let not_found = answer(&alive(SEEN)).replace("200 OK", "404 Not Found");
    let too_long = SEEN.replace("3DP-030-123", &"x".repeat(5000));
    let no_model = SEEN.replace("DevModel.bambu.com: N1\r\n", "");
    for packet in [router, &foreign_search, &not_found, &too_long, &no_model, "", "\r\n"] {
        assert_eq!(read(packet.as_bytes()), None, "{packet}");
    }
}

#[test]
fn a_search_and_a_goodbye_are_read_as_they_are_written() {
    assert_eq!(read(search(3).as_bytes()), Some(Packet::Search { within_seconds: 3 }));
    let patient = search(3).replace("MX: 3", "MX: 120");
    assert_eq!(read(patient.as_bytes()), Some(Packet::Search { within_seconds: 5 }));
    let serial = Serial::new("03000A000000001").unwrap();
    assert_eq!(read(goodbye(&serial).as_bytes()), Some(Packet::Gone(serial)));
}

#[test]
fn a_name_can_neither_steer_a_terminal_nor_add_a_header() {
    let packet = SEEN.replace("3DP-030-123", "\x1b[2Jone\u{202e}two");
    assert_eq!(alive(&packet).name.as_deref(), Some("[2Jonetwo"));
    let mut about = alive(SEEN);
    about.name = Some("x\r\nDevBind.bambu.com: occupied".into());
    assert_eq!(alive(&notify(&about)).bind, Some(Bind::Free));
}

proptest! {
    #[test]
    fn no_packet_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600), cut in 0..600_usize) {
        let _ = read(&bytes);
        let mut torn = SEEN.as_bytes().to_vec();
        torn.truncate(cut);
        torn.extend(bytes);
        let _ = read(&torn);
    }
}
