//! The faces of one printer in a world: their ports, and what serves them.

use std::{
    net::Ipv4Addr,
    sync::{Arc, OnceLock},
};

use bambu_protocol::{
    Model, Serial,
    camera::{JPEG_PORT, RTSPS_PORT},
    discovery::{Announcement, Bind, Mode, detect},
    ftp,
    model::Camera,
    mqtt::login as mqtt_login,
};
use rustls::ServerConfig;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    Config, WorldError, bind,
    plan::{Kind, Planned},
};
use crate::{
    camera,
    cloud::{Cloud, Listed, account::Account},
    detect::{self as detect_face, Desk},
    ftps,
    machine::{About, Machine},
    mqtt, rtsp,
    simulator::Summary,
    storage::Storage,
};

/// A printer with its owner, its address and its listeners.
pub(super) struct Front {
    pub(super) owner: Arc<Account>,
    pub(super) ip: Ipv4Addr,
    pub(super) printer: Kind,
    pub(super) listeners: Listeners,
}

/// Opens the ports of all printers, and lets go wrong what is to go wrong with them.
pub(super) async fn bind(
    planned: Vec<Planned>,
    config: &Config,
    notes: &mut Vec<String>,
) -> Result<Vec<Front>, WorldError> {
    let mut fronts = Vec::with_capacity(planned.len());
    for Planned { owner, ip, printer } in planned {
        let Summary { name, model, .. } = printer.summary();
        let faults = printer.listed().faults();
        let of_printers = config.faults.iter().filter(|on| !on.fault.is_of_cloud());
        of_printers.for_each(|on| faults.set(on.fault, on.rate));
        let own_address = config.lan_addresses.is_some();
        let listeners = Listeners::bind(ip, own_address, model, &name, notes).await?;
        fronts.push(Front { owner, ip, printer, listeners });
    }
    Ok(fronts)
}

/// The listeners of a printer.
pub(super) struct Listeners {
    mqtt: TcpListener,
    detect: TcpListener,
    detect_tls: Option<TcpListener>,
    ftps: TcpListener,
    camera: CameraPort,
}

/// A printer has one of the two.
enum CameraPort {
    Jpeg(TcpListener),
    Video(TcpListener),
}

/// Their ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) mqtt: u16,
    pub(super) detect: u16,
    pub(super) detect_tls: Option<u16>,
    pub(super) ftps: Option<u16>,
    pub(super) camera: Option<u16>,
    pub(super) rtsps: Option<u16>,
}

/// What a printer's faces show besides the machine itself.
pub(super) struct Shown {
    pub(super) model: Model,
    pub(super) desk: Desk,
    pub(super) storage: Storage,
}

impl Listeners {
    /// The real ports of a printer with an address of its own, else free ones.
    pub(super) async fn bind(
        ip: Ipv4Addr,
        own_address: bool,
        model: Model,
        name: &str,
        notes: &mut Vec<String>,
    ) -> Result<Self, WorldError> {
        let real = |port| own_address.then_some(port);
        let mqtt = bind::tcp(ip, real(mqtt_login::PORT), name, notes).await?;
        let detect = bind::tcp(ip, real(detect::PORT), name, notes).await?;
        // The same over TLS is for those who know the port already: a free one costs a file each.
        let detect_tls = match own_address {
            true => Some(bind::tcp(ip, Some(detect::TLS_PORT), name, notes).await?),
            false => None,
        };
        let ftps = bind::tcp(ip, real(ftp::PORT), name, notes).await?;
        let camera = match model.capabilities().camera {
            // The others have a file tunnel at this port, which is not built: it stays closed.
            Camera::Jpeg => CameraPort::Jpeg(bind::tcp(ip, real(JPEG_PORT), name, notes).await?),
            Camera::Rtsps => CameraPort::Video(bind::tcp(ip, real(RTSPS_PORT), name, notes).await?),
        };
        Ok(Self { mqtt, detect, detect_tls, ftps, camera })
    }

    pub(super) fn ports(&self) -> Result<Ports, WorldError> {
        let (camera, rtsps) = match &self.camera {
            CameraPort::Jpeg(listener) => (Some(bind::port(listener)?), None),
            CameraPort::Video(listener) => (None, Some(bind::port(listener)?)),
        };
        Ok(Ports {
            mqtt: bind::port(&self.mqtt)?,
            detect: bind::port(&self.detect)?,
            detect_tls: self.detect_tls.as_ref().map(bind::port).transpose()?,
            ftps: Some(bind::port(&self.ftps)?),
            camera,
            rtsps,
        })
    }

    /// Serves them until `shutdown`.
    pub(super) fn serve(
        self,
        machine: &Arc<dyn Listed>,
        tls: &Arc<ServerConfig>,
        shown: Shown,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) {
        let Shown { model, desk, storage } = shown;
        let same = || Arc::clone(machine) as Arc<dyn Machine>;
        let secure = || Some(Arc::clone(tls));
        tasks.spawn(mqtt::lan::run(self.mqtt, secure(), same(), shutdown.clone()));
        let detect =
            |listener, tls| detect_face::run(listener, tls, same(), desk.clone(), shutdown.clone());
        tasks.spawn(detect(self.detect, None));
        if let Some(listener) = self.detect_tls {
            tasks.spawn(detect(listener, secure()));
        }
        let files = ftps::Files { machine: same(), model, storage };
        tasks.spawn(ftps::run(self.ftps, Arc::clone(tls), files, shutdown.clone()));
        match self.camera {
            CameraPort::Jpeg(listener) => {
                tasks.spawn(camera::run(listener, secure(), same(), shutdown.clone()));
            }
            CameraPort::Video(listener) => {
                let habits = rtsp::Habits::of(model);
                let video = rtsp::run(listener, secure(), same(), habits, shutdown.clone());
                tasks.spawn(video);
            }
        }
    }
}

/// A ticket for a printer that nobody owns, and when somebody does.
pub(super) fn ticket(cloud: &Cloud, serial: &Serial) -> Option<(String, detect_face::Bound)> {
    let ticket = cloud.mint_ticket(serial)?;
    let mut owners = cloud.printer(serial)?.owners();
    let bound = async move {
        let _ = owners.wait_for(Option::is_some).await;
    };
    Some((ticket, Box::pin(bound)))
}

/// What a printer of this world tells before anybody logs in: while the cloud reaches it, that it
/// belongs to somebody there, else that it is in LAN mode.
pub(super) fn about(cloud: Arc<Cloud>, serial: Serial, ip: Ipv4Addr) -> About {
    // Looked up when somebody asks: a thousand reports take their time.
    let signal_dbm = OnceLock::new();
    Arc::new(move || {
        let bound = cloud.printer(&serial)?;
        let printer = bound.printer();
        let summary = bound.summary();
        let (connect, bind) = match bound.online() && bound.owner().is_some() {
            true => (Mode::Cloud, Bind::Occupied),
            false => (Mode::Lan, Bind::Free),
        };
        printer.power().is_on().then(|| Announcement {
            model_code: Some(summary.model.code().to_owned()),
            name: Some(summary.name),
            address: Some(ip.into()),
            firmware: printer.firmware().map(|firmware| firmware.to_string()),
            connect: Some(connect),
            bind: Some(bind),
            is_secure: Some(true),
            signal_dbm: match summary.model {
                // It leaves the line out [L].
                Model::P2S => None,
                _ => *signal_dbm.get_or_init(|| signal(&printer.full_report()?)),
            },
            interface: Some("wlan0".to_owned()),
            ..Announcement::new(serial.clone())
        })
    })
}

/// The strength of the WLAN, as the report tells it: `-45dBm`.
fn signal(report: &[u8]) -> Option<i16> {
    let report: Value = serde_json::from_slice(report).ok()?;
    let signal = report.get("print")?.get("wifi_signal")?.as_str()?;
    signal.strip_suffix("dBm")?.trim().parse().ok()
}
