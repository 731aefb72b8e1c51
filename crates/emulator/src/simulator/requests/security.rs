//! Commands of the `security` section: certificates of applications that may sign commands.
//!
//! They are listed and nothing more: no signature is checked, so none is ever right.

use serde_json::{Map, Value};
use x509_parser::{pem::Pem, prelude::parse_x509_pem};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::mainboard::Mainboard;

/// Certificates that one printer keeps.
const MOST: usize = 16;

/// What becomes of one command; silence before the firmware that wants signatures.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    let from = board.spec.model.capabilities().authorization_control_from;
    if !from.is_some_and(|from| board.firmware_from(from)) {
        return Verdict::Silent;
    }
    match command {
        "app_cert_install" => {
            let Some(id) = asked.text("app_cert").and_then(cert_id) else {
                return Verdict::Refused(NONSENSE);
            };
            if asked.text("crl").is_none() || board.applications.len() >= MOST {
                return Verdict::Refused(NONSENSE);
            }
            board.applications.retain(|known| *known != id);
            board.applications.push(id);
            let own = board.certificate.0.as_ref().and_then(|make| make()).unwrap_or_default();
            Verdict::Bare(Map::from_iter([
                ("printer_cert".to_owned(), own.into()),
                ("result".to_owned(), "SUCCESS".into()),
            ]))
        }
        "app_cert_list" => {
            let ids = Value::from(board.applications.clone());
            Verdict::Bare(Map::from_iter([("cert_ids".to_owned(), ids)]))
        }
        _ => Verdict::Refused(NONSENSE),
    }
}

/// Serial number in lower-case hex, even digits, and the issuer's name right behind it.
fn cert_id(pem: &str) -> Option<String> {
    let (_, first): (_, Pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = first.parse_x509().ok()?;
    let serial: String =
        certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{serial}{}", certificate.issuer()))
}
