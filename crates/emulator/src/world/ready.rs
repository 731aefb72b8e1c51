//! The ready file: all that another program needs to use a world, in one JSON object.

use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::faces::Ports;
use crate::{
    cloud::{
        Cloud,
        account::{Account, SignIn},
        store::{BUCKET, Store},
    },
    files::replace_private,
    simulator::Summary,
};

/// What a running world tells of itself. Holds secrets, of a simulated world only.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// Where the REST API is, without a slash at the end.
    pub api_url: String,
    /// Where the cloud's broker is; it speaks TLS.
    pub mqtt: Address,
    /// The certificate to trust, for the broker and for the printers.
    pub ca_file: PathBuf,
    /// The account that owns `printers`; it signs in by e-mail code.
    pub account: AccountEntry,
    /// Further accounts: one that signs in by plain password, one with an authenticator, one of
    /// China with a telephone.
    pub accounts: Vec<AccountEntry>,
    /// The printers of `account`.
    pub printers: Vec<PrinterEntry>,
    /// Where files are uploaded to; `null` without cloud storage.
    pub store: Option<StoreEntry>,
    /// Where the control endpoint is, without a slash at the end.
    pub control_url: String,
    /// Servers over the world, by name; only where somebody runs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<BTreeMap<String, String>>,
}

/// Host and port.
#[derive(Debug, Clone, Serialize)]
pub struct Address {
    /// Address or name.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The object store, with the key that its URLs are signed by.
#[derive(Clone, Serialize)]
pub struct StoreEntry {
    /// Where it is, without a slash at the end; the bucket is the first part of a path.
    pub url: String,
    /// The bucket.
    pub bucket: &'static str,
    /// Id of the key pair.
    pub access_key_id: String,
    /// Secret of the key pair.
    pub secret_access_key: String,
}

/// An account and all that it takes to sign in.
#[derive(Clone, Serialize)]
pub struct AccountEntry {
    /// Name at sign-in.
    pub email: String,
    /// Password.
    pub password: String,
    /// Number of the account.
    pub uid: String,
    /// An access token that lives from the start.
    pub token: String,
    /// The code that an e-mail or a text message would bring.
    pub email_code: String,
    /// What the authenticator would show; left out where the password is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_code: Option<String>,
    /// A browser's ticket, good for one sign-in of a program.
    pub ticket: String,
    /// A telephone number, which is another name at sign-in; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'static str>,
    /// How it signs in: `email_code`, `password`, `authenticator` or `sms_code`.
    pub sign_in: &'static str,
    /// The printers of a further account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub printers: Vec<PrinterEntry>,
}

/// A printer and its LAN faces; the port of a face that it does not have is `null`.
#[derive(Clone, Serialize)]
pub struct PrinterEntry {
    /// Serial number.
    pub serial: String,
    /// Name.
    pub name: String,
    /// Model's short name.
    pub model: &'static str,
    /// LAN access code.
    pub access_code: String,
    /// The six characters on its screen that bind it to an account while nobody owns it.
    pub pin: String,
    /// Address.
    pub host: String,
    /// Port of MQTT over TLS.
    pub mqtt_port: u16,
    /// Port of the detect question, in the clear.
    pub detect_port: u16,
    /// Port of the same over TLS.
    pub detect_tls_port: Option<u16>,
    /// Port of FTPS.
    pub ftps_port: Option<u16>,
    /// Port of JPEG pictures over TLS.
    pub camera_port: Option<u16>,
    /// Port of video over RTSPS.
    pub rtsps_port: Option<u16>,
}

impl Ready {
    /// Without printers yet.
    pub(super) fn new(cloud: &Cloud, state_dir: &Path, api: u16, mqtt: u16) -> Self {
        let accounts = cloud.accounts();
        let entry = |account: &Account| AccountEntry::new(cloud, account);
        Self {
            api_url: format!("http://127.0.0.1:{api}"),
            mqtt: Address { host: "127.0.0.1".to_owned(), port: mqtt },
            ca_file: state_dir.join("ca.pem"),
            account: entry(&accounts.ready),
            accounts: [&accounts.plain, &accounts.authenticator, &accounts.china]
                .map(|account| entry(account))
                .into(),
            printers: Vec::new(),
            store: cloud.store().map(|store| StoreEntry::new(store)),
            control_url: String::new(),
            servers: None,
        }
    }

    /// Adds a printer to its owner.
    pub(super) fn add(
        &mut self,
        owner: &Account,
        known: &Summary,
        pin: &str,
        ip: Ipv4Addr,
        ports: Ports,
    ) {
        let printer = PrinterEntry {
            serial: known.serial.to_string(),
            name: known.name.clone(),
            model: known.model.name(),
            access_code: known.access_code.reveal().to_owned(),
            pin: pin.to_owned(),
            host: ip.to_string(),
            mqtt_port: ports.mqtt,
            detect_port: ports.detect,
            detect_tls_port: ports.detect_tls,
            ftps_port: ports.ftps,
            camera_port: ports.camera,
            rtsps_port: ports.rtsps,
        };
        let uid = owner.uid.to_string();
        match self.accounts.iter_mut().find(|account| account.uid == uid) {
            Some(account) => account.printers.push(printer),
            None => self.printers.push(printer),
        }
    }

    /// Writes the ready file in one step: a reader sees all of it or none.
    ///
    /// # Errors
    /// What the system says: no such directory, no permission, disk full.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        replace_private(path, &text)
    }
}

impl StoreEntry {
    fn new(store: &Store) -> Self {
        Self {
            url: store.url().to_owned(),
            bucket: BUCKET,
            access_key_id: store.access_key_id().to_owned(),
            secret_access_key: store.secret_access_key().to_owned(),
        }
    }
}

impl AccountEntry {
    fn new(cloud: &Cloud, account: &Account) -> Self {
        Self {
            email: account.email.clone(),
            password: account.password.clone(),
            uid: account.uid.to_string(),
            token: cloud.first_token(account),
            email_code: account.email_code.clone(),
            totp_code: (!matches!(account.sign_in, SignIn::Password | SignIn::SmsCode))
                .then(|| account.totp_code.clone()),
            ticket: cloud.first_ticket(account),
            phone: account.phone,
            sign_in: account.sign_in.word(),
            printers: Vec::new(),
        }
    }
}
