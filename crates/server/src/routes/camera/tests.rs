use axum::http::Request;
use bambulab::{
    LanTarget, Options, Region, Roots, cloud::Manners, endpoint::BrokerAddress,
    protocol::AccessCode,
};
use tower::ServiceExt as _;

use super::*;
use crate::{accounts::Accounts, metrics::Metrics};

const HERE: &str = "01P00A000000001";
const IN_THE_CLOUD: &str = "01P00A000000002";

/// The routes over a printer at whose address nobody is, and one without an address.
fn routes(has_token: bool) -> Router {
    let code = AccessCode::new("12345678");
    let mut target = LanTarget::new(HERE.parse().unwrap(), "127.0.0.1", code);
    target.camera_port = Some(1);
    let (options, endpoint) = (Options::default(), Region::Global.endpoint());
    let (roots, manners, lan) = (Roots::public(), Manners::default(), vec![target]);
    let accounts = Accounts::new(&endpoint, &roots, options.clone(), manners, lan).unwrap();
    let cameras = Arc::new(Cameras::new(Arc::new(accounts), options, 4, Metrics::new()));
    let roster = Arc::new(Roster::new(Duration::from_secs(30)));
    for serial in [HERE, IN_THE_CLOUD] {
        let serial = serial.parse().unwrap();
        roster.put(Shown { serial, name: None, model: None, link: None });
    }
    router(Parts { roster, cameras }, Guard { has_token, names: Arc::new([]) })
}

async fn asked(router: Router, path: &str, headers: &[(&str, &str)]) -> (u16, String, bool) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, later) =
        (response.status().as_u16(), response.headers().contains_key("retry-after"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned(), later)
}

#[tokio::test]
async fn a_camera_that_cannot_be_reached_is_told_with_its_cause_and_the_next_step() {
    for what in ["snapshot.jpg", "stream"] {
        let path = format!("/api/v2/printers/{HERE}/camera/{what}");
        let (status, body, later) = asked(routes(false), &path, &[]).await;
        assert_eq!((status, later), (503, true), "{body}");
        assert!(body.contains(r#""cause":"unreachable""#), "{body}");
        let path = format!("/api/v2/printers/{IN_THE_CLOUD}/camera/{what}");
        let (status, body, later) = asked(routes(false), &path, &[]).await;
        assert_eq!((status, later), (409, false), "{body}");
        assert!(body.contains("access_code"), "{body}");
    }
    let (status, ..) = asked(routes(false), "/api/v2/printers/X/camera", &[]).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn asking_how_a_camera_is_does_not_open_it() {
    let (status, body, _) = asked(routes(false), "/api/v2/cameras", &[]).await;
    assert_eq!(status, 200);
    assert!(body.contains(r#""kind":"jpeg","state":"idle""#), "{body}");
    assert!(body.contains(r#""state":"none","cause":"no_address""#), "{body}");
}

#[tokio::test]
async fn a_page_of_others_sees_nothing_and_with_a_token_no_socket() {
    let path = format!("/api/v2/printers/{HERE}/camera");
    let evil = [("host", "127.0.0.1:8081"), ("origin", "http://evil.example")];
    assert_eq!(asked(routes(false), &path, &evil).await.0, 403);
    assert_eq!(asked(routes(true), &path, &evil).await.0, 200);
    let socket = [evil[0], evil[1], ("upgrade", "websocket")];
    assert_eq!(asked(routes(true), &format!("{path}/live"), &socket).await.0, 403);
    assert_eq!(asked(routes(false), &path, &[("host", "evil.example")]).await.0, 403);
    assert_eq!(asked(routes(true), &path, &[("host", "cam.example")]).await.0, 200);
}

#[tokio::test]
async fn a_socket_without_a_websocket_says_what_it_is() {
    let path = format!("/api/v2/printers/{HERE}/camera/live");
    assert_eq!(asked(routes(false), &path, &[]).await.0, 426);
}

#[test]
fn what_passes_by_itself_may_be_asked_again_and_what_does_not_needs_somebody() {
    let address = BrokerAddress { host: "192.0.2.1".into(), port: 6000 };
    let untrusted = CameraError::Untrusted { address, why: "another".into() };
    for (why, status) in [
        (CameraError::InUse, 503),
        (CameraError::Lost("cut".into()), 503),
        (CameraError::NoPicture { within: Duration::from_secs(1) }, 503),
        (CameraError::WrongAccessCode, 409),
        (CameraError::CameraOff, 409),
        (CameraError::LiveviewOff, 409),
        (CameraError::UnknownKind, 409),
        (untrusted, 409),
        (CameraError::NoSnapshot, 501),
    ] {
        let response = refusal(&why).into_response();
        assert_eq!(response.status(), status, "{why}");
        assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{why}");
    }
}

#[test]
fn a_part_of_mjpeg_tells_its_length() {
    let frame = Frame {
        number: 7,
        session: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::ZERO,
        data: Bytes::from_static(b"\xff\xd8\xff\xd9"),
        is_key: true,
        video: None,
    };
    let [head, picture, end] = part(&frame);
    let head = String::from_utf8(head.to_vec()).unwrap();
    assert!(head.starts_with("--bambu-picture\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("Content-Length: 4\r\nX-Picture-Number: 7\r\n"), "{head}");
    assert_eq!(picture.as_ptr(), frame.data.as_ptr());
    assert_eq!(end, "\r\n");
}
