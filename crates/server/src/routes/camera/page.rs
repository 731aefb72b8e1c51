//! The page that plays a camera, or all of them: ours alone, without anything from elsewhere. It
//! holds nothing about any printer, so it is shown to everybody and asks for the token itself.

use axum::http::HeaderMap;
use bytes::Bytes;

use crate::page::Page;

/// `GET …/camera/`.
pub(super) async fn one() -> (HeaderMap, Bytes) {
    answer("Camera", "one")
}

/// `GET /` where there are several.
pub(super) async fn wall() -> (HeaderMap, Bytes) {
    answer("Cameras", "wall")
}

fn answer(title: &str, class: &str) -> (HeaderMap, Bytes) {
    let body = format!(
        "<form id=\"door\" hidden>\n<label>This server asks for its token\n<input id=\"token\" \
         type=\"password\" autocomplete=\"current-password\" spellcheck=\"false\"></label>\n\
         <button>Show</button>\n<p id=\"refused\"></p>\n</form>\n\
         <main id=\"cameras\" class=\"{class}\"></main>\n\
         <noscript><p>Without scripts there is the still picture: <a \
         href=\"snapshot.jpg\">snapshot.jpg</a></p></noscript>"
    );
    let (style, script) = (include_str!("page/camera.css"), include_str!("page/camera.js"));
    let loads = "img-src 'self' blob:; media-src blob:; ";
    Page { title, style, script, body: &body, loads }.answer()
}
