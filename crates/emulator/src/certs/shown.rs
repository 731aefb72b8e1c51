//! Which certificate a printer shows: its own, unless a fault puts another in its place.

use std::sync::{Arc, OnceLock};

use bambu_protocol::Serial;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{Authority, CertError, Shape};
use crate::faults::{Fault, Faults};

/// The certificates of one printer; those that are not its own are made when they are needed.
pub(super) struct Shown {
    pub(super) own: Arc<CertifiedKey>,
    pub(super) serial: Serial,
    pub(super) shape: Shape,
    pub(super) faults: Faults,
    pub(super) authority: Arc<Authority>,
    pub(super) renewed: OnceLock<Option<Arc<CertifiedKey>>>,
    pub(super) swapped: OnceLock<Option<Arc<CertifiedKey>>>,
}

type Made = Result<CertifiedKey, CertError>;

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let once = |place: &OnceLock<Option<Arc<CertifiedKey>>>, make: &dyn Fn() -> Made| {
            let other = place.get_or_init(|| match make() {
                Ok(made) => Some(Arc::new(made)),
                Err(error) => {
                    tracing::error!(%error, "no other certificate for a printer");
                    None
                }
            });
            // Without one the handshake fails: better than to show the printer's own.
            other.clone()
        };
        if self.faults.strikes(Fault::SwappedCertificate) {
            return once(&self.swapped, &|| self.authority.swapped(&self.serial));
        }
        if self.faults.strikes(Fault::RenewedCertificate) {
            return once(&self.renewed, &|| self.authority.renewed(&self.serial, self.shape));
        }
        Some(Arc::clone(&self.own))
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("serial", &self.serial).finish_non_exhaustive()
    }
}
