//! Who a printer is taken for: what is asked beside the authorities that the user gives.
//!
//! The check itself is in `tls/printer.rs`, the memory in `tls/known.rs`.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bambu_protocol::Serial;
use rustls::{ClientConfig, client::Resumption, version::TLS12};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::sync::Semaphore;

use super::{
    Fingerprint, KnownPrinters, Refused, Roots, SetupError,
    printer::{PrinterVerifier, Verdict},
    provider, slicer,
};

/// How a printer proves who it is when no authority that the user gave vouches for it.
///
/// With a CA file ([`Roots::with_pem_file`]) printers are judged by that file alone. Without one,
/// the authorities of an installed slicer are asked ([`Identity::with_slicers`]), and a printer
/// that they do not know is pinned at first use ([`KnownPrinters`]). Its common name must be the
/// serial number in every case. Cheap to clone; TLS settings are made once.
#[derive(Clone, Default)]
pub struct Identity(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: KnownPrinters,
    slicer: Option<(PathBuf, Vec<CertificateDer<'static>>)>,
    is_insecure: bool,
    /// One for all printers, for the roots it was made with.
    verified: Mutex<Option<(Roots, Verified)>>,
}

/// TLS settings and the check that is in them.
#[derive(Clone)]
struct Verified {
    config: Arc<ClientConfig>,
    verifier: Arc<PrinterVerifier>,
}

/// How to reach one printer over TLS, and what to do once it has let us in.
pub(crate) struct PrinterTls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
    pub(crate) pinning: Pinning,
}

/// Remembers the certificate of a printer after a login that it accepted, and not before: a pin
/// says that this is the printer one works with.
#[derive(Debug)]
pub(crate) struct Pinning {
    serial: Serial,
    verifier: Arc<PrinterVerifier>,
}

impl Identity {
    /// Remembers printers there; [`Identity::default`] does so in memory.
    pub fn new(known: KnownPrinters) -> Self {
        Self(Arc::new(Inner { known, ..Inner::default() }))
    }

    /// Takes whoever answers for the printer. Dangerous: anybody on the network can be it, and
    /// gets the access code. Whoever answers must still own the key that it shows. Pins nothing.
    pub fn insecure() -> Self {
        Self(Arc::new(Inner { is_insecure: true, ..Inner::default() }))
    }

    /// Asks the authorities of an installed slicer, too. Reads files; does nothing where there is
    /// none.
    #[must_use]
    pub fn with_slicers(self) -> Self {
        self.with_slicer_files(&slicer::places())
    }

    /// The same with the slicer's files in other places; the first that can be read counts.
    #[must_use]
    pub fn with_slicer_files(self, places: &[PathBuf]) -> Self {
        let Inner { known, is_insecure, .. } = &*self.0;
        let (known, is_insecure) = (known.clone(), *is_insecure);
        let slicer = slicer::authorities(places);
        Self(Arc::new(Inner { known, is_insecure, slicer, verified: Mutex::default() }))
    }

    /// The slicer's file whose authorities are asked, if one was found.
    pub fn slicer_file(&self) -> Option<&Path> {
        self.0.slicer.as_ref().map(|(path, _)| path.as_path())
    }

    /// Where printers are remembered.
    pub fn known(&self) -> &KnownPrinters {
        &self.0.known
    }

    /// Whether whoever answers is taken for the printer.
    pub fn is_insecure(&self) -> bool {
        self.0.is_insecure
    }

    /// TLS settings for one printer, and the name to ask for: its serial number.
    pub(crate) fn printer_tls(
        &self,
        roots: &Roots,
        serial: &Serial,
    ) -> Result<PrinterTls, SetupError> {
        let finish = |Verified { config, verifier }, name| PrinterTls {
            config,
            name,
            pinning: Pinning { serial: serial.clone(), verifier },
        };
        let Ok(name) = ServerName::try_from(serial.as_str().to_owned()) else {
            // A serial that is no host name (digits only) cannot be sent; the verifier knows it.
            let any = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
            return Ok(finish(self.verified(roots, Some(serial))?, any));
        };
        let mut cached = self.0.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_with, verified)) = &*cached
            && made_with.is_same(roots)
        {
            return Ok(finish(verified.clone(), name));
        }
        let verified = self.verified(roots, None)?;
        *cached = Some((roots.clone(), verified.clone()));
        Ok(finish(verified, name))
    }

    /// The same for one session with a printer's storage: its data connections resume the TLS
    /// session of its control connection. Capped at TLS 1.2, since the tickets of 1.3 come too late
    /// for printers. No two sessions share anything but the check.
    pub(crate) fn resuming_tls(
        &self,
        roots: &Roots,
        serial: &Serial,
    ) -> Result<PrinterTls, SetupError> {
        let PrinterTls { name, pinning, .. } = self.printer_tls(roots, serial)?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(pinning.verifier.clone())
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(1);
        config.enable_sni = matches!(name, ServerName::DnsName(_));
        Ok(PrinterTls { config: Arc::new(config), name, pinning })
    }

    fn verified(&self, roots: &Roots, serial: Option<&Serial>) -> Result<Verified, SetupError> {
        let Inner { known, slicer, is_insecure, .. } = &*self.0;
        let slicer = slicer.as_ref().map_or(&[][..], |(_, authorities)| authorities);
        let verifier = Arc::new(PrinterVerifier::new(
            roots.extra(),
            slicer,
            (!is_insecure).then(|| known.clone()),
            serial.cloned(),
        ));
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.enable_sni = serial.is_none();
        Ok(Verified { config: Arc::new(config), verifier })
    }
}

/// TLS settings for whoever answers, where nothing secret is said.
pub(crate) fn unchecked() -> Result<(Arc<ClientConfig>, ServerName<'static>), SetupError> {
    let nobody = Identity::insecure().verified(&Roots::public(), None)?;
    Ok((nobody.config, ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into())))
}

impl Pinning {
    /// To be called when the printer has accepted the login, with what it showed.
    ///
    /// # Errors
    /// Somebody else pinned another certificate in the meantime.
    pub(crate) async fn accepted(
        self,
        chain: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<(), Refused> {
        /// Writers of pins at a time, so that a thousand new printers take no thousand threads.
        static WRITERS: Semaphore = Semaphore::const_new(1);
        let Self { serial, verifier } = self;
        let chain = chain.unwrap_or_default();
        let Some((shown, verdict)) = judged(&verifier, &serial, &chain)? else { return Ok(()) };
        if !matches!(verdict, Verdict::FirstUse | Verdict::VouchedAnew) {
            return Ok(());
        }
        let _permit = WRITERS.acquire().await;
        let written = tokio::task::spawn_blocking(move || {
            let Some(known) = verifier.known() else { return Ok(()) };
            if verdict == Verdict::FirstUse {
                return known.pin(serial.as_str(), shown);
            }
            known.renew(serial.as_str(), shown);
            Ok(())
        });
        // The task can only be lost when the runtime ends.
        let refused = |why| Refused { why, fingerprint: Some(shown) };
        written.await.unwrap_or(Ok(())).map_err(refused)
    }

    /// What was shown, and why it is taken; nothing is remembered.
    ///
    /// # Errors
    /// It is not taken any more.
    pub(crate) fn look(
        &self,
        chain: &[CertificateDer<'static>],
    ) -> Result<Option<(Fingerprint, Verdict)>, Refused> {
        judged(&self.verifier, &self.serial, chain)
    }
}

fn judged(
    verifier: &PrinterVerifier,
    serial: &Serial,
    chain: &[CertificateDer<'static>],
) -> Result<Option<(Fingerprint, Verdict)>, Refused> {
    let Some((leaf, rest)) = chain.split_first() else { return Ok(None) };
    let Some(shown) = Fingerprint::of(leaf) else { return Ok(None) };
    let now = rustls_pki_types::UnixTime::now();
    let verdict = verifier.judge(leaf, rest, serial.as_str(), now);
    let verdict = verdict.map_err(|why| Refused { why, fingerprint: Some(shown) })?;
    Ok(Some((shown, verdict)))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("known", &self.0.known)
            .field("slicer", &self.slicer_file())
            .field("is_insecure", &self.0.is_insecure)
            .finish()
    }
}
