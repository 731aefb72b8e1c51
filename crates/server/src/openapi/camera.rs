//! The cameras, of every printer and by short names where there is one.

use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;

use super::{
    book::{Book, Route},
    schemas::{Camera, Cameras},
};
use crate::faces::Face;

const TAG: &str = "cameras";

/// What else is said of a route.
type More = fn(Route<'_>) -> Route<'_>;

fn serial(route: Route<'_>) -> Route<'_> {
    route.segment("serial", "Its serial number.", "01P00A000000001")
}

fn of_one(route: Route<'_>) -> Route<'_> {
    serial(route).unknown()
}

fn of_the_only(route: Route<'_>) -> Route<'_> {
    let says = "Several cameras are shown, so the printer has to be named.";
    let example = json!({
        "error": "Which camera",
        "message": "several cameras are shown here; ask for /api/v2/printers/SERIAL/camera and what \
                    is below it, with a serial number of /api/v2/cameras",
    });
    route.error(404, says, example)
}

/// The routes that are the same for every printer.
pub(super) fn write(book: &mut Book) {
    book.route(HttpMethod::Get, "/api/v2/cameras", TAG, "cameras", "How every camera is")
        .token_if_set()
        .gives::<Cameras>(200, "All printers.", json!({"cameras": [camera()]}))
        .stranger()
        .done();
    let told = "/api/v2/printers/{serial}/camera";
    about(book, told, "camera", of_one);
    let path = "/api/v2/printers/{serial}/camera/snapshot.jpg";
    snapshot(book, path, "snapshot", of_one);
    // Its 404 is for cameras of the other kind, too.
    stream(book, "/api/v2/printers/{serial}/camera/stream", "mjpeg", serial);
    live(book, "/api/v2/printers/{serial}/camera/live", "live", of_one);
    let path = "/api/v2/printers/{serial}/camera/";
    serial(book.route(HttpMethod::Get, path, TAG, "camera_page", "A page that plays the camera"))
        .gives_text("text/html", "It asks for the token itself.", "<!doctype html>")
        .stranger()
        .done();
}

/// The short names of the face of its own.
pub(super) fn short(book: &mut Book, face: Option<Face>) {
    about(book, "/camera", "the_camera", of_the_only);
    snapshot(book, "/snapshot.jpg", "the_snapshot", of_the_only);
    // As above.
    stream(book, "/stream", "the_mjpeg", |route| route);
    live(book, "/live", "the_live", of_the_only);
    if face == Some(Face::Camera) {
        let says = "A page that plays the camera, or all of them";
        book.route(HttpMethod::Get, "/", TAG, "the_page", says)
            .gives_text("text/html", "It asks for the token itself.", "<!doctype html>")
            .stranger()
            .done();
    }
}

fn camera() -> Value {
    json!({
        "serial": "01P00A000000001", "name": "left", "model": "P1S", "kind": "jpeg",
        "state": "live", "cause": null, "message": null, "retry_in_seconds": null,
        "codec": null, "width": null, "height": null, "viewers": 1,
    })
}

fn about(book: &mut Book, path: &'static str, id: &str, more: More) {
    let route = book.route(HttpMethod::Get, path, TAG, id, "How a camera is");
    let says = "Asking does not open the camera. Short names are there where one printer is shown.";
    more(route.says(says).token_if_set())
        .gives::<Camera>(200, "The camera.", camera())
        .stranger()
        .done();
}

fn snapshot(book: &mut Book, path: &'static str, id: &str, more: More) {
    let route = book.route(HttpMethod::Get, path, TAG, id, "The picture of this moment");
    let says = "`Age`, `Last-Modified` and `X-Picture-Time` (RFC 3339) say when it came; one that \
                is older than 10 s is not given.";
    more(route.says(says).token_if_set())
        .gives_text("image/jpeg", "A JPEG.", "(binary)")
        .stranger()
        .no_picture()
        .error(501, "This build makes no pictures from H.264.", json!({
            "error": "No picture", "cause": "no_snapshot",
            "message": "this build makes no still pictures from H.264; build it with the feature \
                        \"snapshot\"",
        }))
        .done();
}

fn stream(book: &mut Book, path: &'static str, id: &str, more: More) {
    let route = book.route(HttpMethod::Get, path, TAG, id, "Pictures as they come (MJPEG)");
    let says = "Each part has `Content-Length`, `X-Picture-Number` and `X-Picture-Time`. A reader \
                that is too slow gets the newest picture, which its number shows.";
    let example = "--bambu-picture\r\nContent-Type: image/jpeg\r\nContent-Length: 40000\r\n\r\n";
    more(route.says(says).token_if_set())
        .gives_text("multipart/x-mixed-replace", "Parts, until one side ends them.", example)
        .error(
            404,
            "There is no such printer, or its camera sends video.",
            json!({
                "error": "No MJPEG", "cause": "not_this_kind",
                "message": "this camera sends video, not single pictures; open the WebSocket live \
                            beside this, or the page, or ask for snapshot.jpg",
            }),
        )
        .stranger()
        .no_picture()
        .done();
}

fn live(book: &mut Book, path: &'static str, id: &str, more: More) {
    let route = book.route(HttpMethod::Get, path, TAG, id, "The camera over a WebSocket");
    let says = "Text messages: `{\"type\": \"video\", \"codec\", \"width\", \"height\"}` before the \
        first binary one and whenever it changes; `{\"type\": \"state\", \"state\", \"cause\", \
        \"message\", \"retry_in_seconds\"}` when pictures come or cease. Binary messages: with the \
        codec `image/jpeg` one JPEG each; else first a segment with `ftyp` and `moov`, then one \
        fragment of MP4 for each picture, from a key picture on. The token may be shown as a second \
        protocol, `bearer.` and the token in base64url, beside `bambu.camera`. Pages of other \
        servers are refused.";
    more(route.says(says).token_if_set())
        .gives_nothing(101, "Pictures, until one side closes.")
        .stranger()
        .no_picture()
        .error(426, "The request asks for no WebSocket.", json!({
            "error": "Not a WebSocket",
            "message": "this is a WebSocket; open the page beside it in a browser, or connect with \
                        a WebSocket client",
        }))
        .done();
}

impl Route<'_> {
    fn unknown(self) -> Self {
        self.error(404, "There is no such printer.", super::v2::unknown())
    }

    fn stranger(self) -> Self {
        self.refuses(
            403,
            "Stranger",
            "A page of another server asks, or, without a token, one under a name that is not \
             this server's.",
            json!({
                "error": "Forbidden", "cause": "origin",
                "message": "pages of other servers may not look through the camera; open its own \
                            page, or ask for it without an Origin",
            }),
        )
    }

    fn no_picture(self) -> Self {
        self.refuses(
            409,
            "CameraNeedsYou",
            "The camera shows nothing until somebody does something: `cause` is `camera_off`, \
             `liveview_off`, `wrong_credentials`, `no_address`, `untrusted_certificate`, \
             `unknown_kind` or `not_this_kind`.",
            json!({
                "error": "No picture", "cause": "liveview_off",
                "message": "the printer offers no live view on the local network; switch on \"LAN \
                            Mode Liveview\" on its screen (Settings > LAN Only)",
            }),
        )
        .refuses(
            503,
            "CameraLater",
            "The camera shows nothing now, or too many look; see `Retry-After`. `cause` is \
             `in_use`, `unreachable`, `lost`, `no_picture` or `malformed`.",
            json!({
                "error": "No picture", "cause": "in_use",
                "message": "the camera takes the connection but shows nothing: it has one viewer at \
                            a time; close the others (slicer, phone, dashboard)",
            }),
        )
    }
}
