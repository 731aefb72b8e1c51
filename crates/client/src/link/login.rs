//! Who logs in where: how the connection is opened, and what it means when that fails.

use bambu_protocol::{
    AccessCode, Serial,
    mqtt::{Connect, ConnectCode, login},
};
use bytes::Bytes;

use super::{CloudLogin, Reason, Unreachable};
use crate::{
    endpoint::BrokerAddress,
    mqtt::{Open, OpenError, TlsTarget},
    options::Options,
    tls::SetupError,
};

/// Who logs in where.
pub(super) struct Login {
    pub(super) address: BrokerAddress,
    username: String,
    password: Bytes,
    /// The printer whose certificate is expected; `None` for the cloud.
    pub(super) printer: Option<Serial>,
}

impl Login {
    pub(super) fn lan(address: BrokerAddress, printer: Serial, code: &AccessCode) -> Self {
        let password = Bytes::copy_from_slice(code.reveal().as_bytes());
        Self { address, username: login::PRINTER_USER.into(), password, printer: Some(printer) }
    }

    pub(super) fn cloud(cloud: CloudLogin) -> Self {
        let password = Bytes::copy_from_slice(cloud.token.reveal().as_bytes());
        let username = login::cloud_user(&cloud.uid);
        Self { address: cloud.broker, username, password, printer: None }
    }

    /// Everything that opening needs.
    ///
    /// # Errors
    /// The reason, when there is no TLS for such a host.
    pub(super) fn open(&self, options: &Options) -> Result<Open, Reason> {
        let tls = self.tls(options).map_err(|error| match error {
            SetupError::Host(_) => {
                let (address, why) = (self.address.clone(), Unreachable::UnknownName);
                Reason::Unreachable { address, why }
            }
            error @ SetupError::Tls(_) => Reason::Lost(error.to_string()),
        })?;
        let keep_alive = options.timing.keep_alive.as_secs().clamp(1, 600);
        Ok(Open {
            address: self.address.clone(),
            tls,
            connect: Connect {
                client_id: format!("bambu-{:016x}", rand::random::<u64>()),
                clean_session: true,
                keep_alive: u16::try_from(keep_alive).unwrap_or(60),
                username: Some(self.username.clone()),
                password: Some(self.password.clone()),
                will: None,
            },
            within: options.timing.connect,
        })
    }

    fn tls(&self, options: &Options) -> Result<TlsTarget, SetupError> {
        let Options { roots, identity, .. } = options;
        Ok(match &self.printer {
            Some(serial) => identity.printer_tls(roots, serial)?.into(),
            None => TlsTarget::cloud(roots.cloud_config()?, &self.address.host)?,
        })
    }

    /// Why it could not be opened.
    pub(super) fn reason(&self, error: OpenError) -> Reason {
        let address = self.address.clone();
        match error {
            OpenError::Unreachable(why) => Reason::Unreachable { address, why },
            OpenError::Untrusted { why, fingerprint } => Reason::UntrustedCertificate {
                address,
                why,
                fingerprint: fingerprint.map(|print| print.to_string()),
            },
            OpenError::NotABroker(why) => Reason::NotABroker { address, why },
            OpenError::Silent => Reason::Unreachable { address, why: Unreachable::Silent },
            OpenError::Refused(ConnectCode::BadCredentials | ConnectCode::NotAuthorized) => {
                match &self.printer {
                    Some(_) => Reason::WrongAccessCode(address),
                    None => Reason::WrongToken(address),
                }
            }
            OpenError::Refused(ConnectCode::UnacceptableProtocol) => {
                Reason::NotABroker { address, why: "it does not speak MQTT 3.1.1".into() }
            }
            OpenError::Refused(code) => Reason::Busy { address, code },
        }
    }
}
