//! A printer's checks: address, ports, certificate, access code, status, Developer Mode.

use std::time::Duration;

use bambu_protocol::{
    ftp::PORT as FILES,
    status::Status,
    verify::{HMS_COMMAND_REFUSED, may_want_signatures},
};
use bambulab::{
    BrokerAddress, Link, Options, Reason, Snapshot, Unreachable, camera::CameraKind, link::inspect,
    tls::Verdict,
};
use futures_util::future::join_all;
use tokio::{net::TcpStream, time::timeout};

use super::findings::Finding;
use crate::{
    exit::{Failure, Kind},
    settings::Settings,
    targets::{self, Target},
    watch,
};

/// How long a port may take to open; one on this network is open in milliseconds.
const PORT: Duration = Duration::from_secs(3);
const SWITCHED_ON: &str =
    "check that it is switched on, in this network, and that its address is right";

/// Looks at a printer at its address on the local network.
pub(super) async fn look(
    target: Target,
    was_found: bool,
    settings: &Settings,
    options: &Options,
    within: Duration,
) -> Vec<Finding> {
    let findings = match target.address() {
        Ok(Some(address)) => local(&target, &address, was_found, settings, options, within).await,
        Ok(None) => Vec::new(),
        Err(failure) => vec![Finding::of("address", failure)],
    };
    about(&target, findings)
}

/// Looks at printers whose address nobody knows: what they tell over the cloud, in one session.
pub(super) async fn look_from_afar(
    targets: Vec<Target>,
    settings: &Settings,
    within: Duration,
) -> Vec<Finding> {
    let connected = match settings.token {
        Some(_) => targets::connect(targets.clone(), settings).await.ok(),
        None => None,
    };
    let told = targets.iter().map(|target| async {
        let fleet = connected.as_ref().map(|connected| &connected.fleet);
        match fleet.and_then(|fleet| fleet.link(target.serial.as_str())) {
            Some(link) => status(link, target.shown(), within).await.split_off(1),
            None => skipped(&["status", "developer_mode"], "there is no way to it"),
        }
    });
    let told = join_all(told).await;
    if let Some(connected) = connected {
        connected.close().await;
    }
    let all = targets.iter().zip(told).flat_map(|(target, told)| {
        let seen = "not found on this network";
        let mut findings = vec![match settings.token {
            Some(_) => Finding::warn(
                "address",
                format!("{seen}, the cloud is the only way"),
                "give its address as host in the config file, if it is in this network",
            ),
            None => {
                let failure = Failure::say(Kind::Unreachable, seen);
                Finding::of("address", failure.next(SWITCHED_ON))
            }
        }];
        let names = ["mqtt_port", "files_port", "camera_port", "certificate", "access_code"];
        findings.extend(skipped(&names, "its address is not known"));
        findings.extend(told);
        about(target, findings)
    });
    all.collect()
}

fn about(target: &Target, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().map(|finding| finding.about(target)).collect()
}

async fn local(
    target: &Target,
    address: &BrokerAddress,
    was_found: bool,
    settings: &Settings,
    options: &Options,
    within: Duration,
) -> Vec<Finding> {
    let how = if was_found { "found on this network" } else { "as given" };
    let mut findings = vec![Finding::ok("address", format!("{}, {how}", address.host))];
    let ports = target.ports();
    let files_port = ports.ftps_port.unwrap_or(FILES);
    let kind = CameraKind::of(target.model(), None).ok();
    let camera = ports.camera_port.or(kind.map(CameraKind::port));
    let camera_port = async {
        match camera {
            Some(port) => is_open(&address.host, port).await,
            None => false,
        }
    };
    let host = &address.host;
    let (mqtt, files, picture) =
        tokio::join!(is_open(host, address.port), is_open(host, files_port), camera_port);
    findings.push(match mqtt {
        true => Finding::ok("mqtt_port", format!("{} is open", address.port)),
        false => {
            let failure = Failure::say(Kind::Unreachable, format!("{address} is closed"));
            Finding::of("mqtt_port", failure.next(SWITCHED_ON))
        }
    });
    let closed =
        |name, port: u16, next: &str| Finding::warn(name, format!("{port} is closed"), next);
    findings.push(match files {
        true => Finding::ok("files_port", format!("{files_port} is open")),
        false => closed("files_port", files_port, "without it files reach it over the cloud alone"),
    });
    findings.push(match camera {
        None => Finding::skipped("camera_port", "its model is not known"),
        Some(port) if picture => Finding::ok("camera_port", format!("{port} is open")),
        Some(port) => closed(
            "camera_port",
            port,
            match kind {
                Some(CameraKind::Jpeg) => "check the camera's cable, and restart the printer",
                _ => "switch on \"LAN Mode Liveview\" on the printer's screen, if wanted",
            },
        ),
    });
    if !mqtt {
        findings.extend(skipped(&["certificate", "access_code"], "its port is closed"));
        findings.extend(skipped(&["status", "developer_mode"], "its port is closed"));
        return findings;
    }
    let certificate = certificate(target, address, settings, options, within).await;
    let is_trusted = certificate.is_good();
    findings.push(certificate);
    if is_trusted {
        findings.extend(login(target.clone().over_lan(), settings, within).await);
    } else {
        // A stranger gets no access code.
        let names = ["access_code", "status", "developer_mode"];
        findings.extend(skipped(&names, "its certificate is not trusted"));
    }
    findings
}

fn skipped(names: &[&'static str], why: &str) -> Vec<Finding> {
    names.iter().map(|name| Finding::skipped(name, why)).collect()
}

async fn is_open(host: &str, port: u16) -> bool {
    matches!(timeout(PORT, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}

/// Whose certificate it shows; no access code is sent for this.
async fn certificate(
    target: &Target,
    address: &BrokerAddress,
    settings: &Settings,
    options: &Options,
    within: Duration,
) -> Finding {
    let looked = timeout(within, inspect(&target.serial, address.clone(), options)).await;
    let why = Unreachable::Silent;
    let late = || Err(Reason::Unreachable { address: address.clone(), why });
    let shown = match looked.unwrap_or_else(|_| late()) {
        Ok(shown) => shown,
        Err(reason) => return Finding::of("certificate", watch::failure(&reason)),
    };
    let slicer = || options.identity.slicer_file().map(|file| file.display().to_string());
    let seen = match shown.verdict {
        Verdict::Vouched if settings.ca_file.is_some() => {
            "signed by the CA file's authority".into()
        }
        Verdict::Vouched => format!("signed by an authority of {}", slicer().unwrap_or_default()),
        Verdict::VouchedAnew => {
            "new, signed by the slicer's authority; it replaces the one remembered".into()
        }
        Verdict::Pinned => "the one that was remembered at first use".into(),
        Verdict::FirstUse => "seen for the first time; remembered once it lets us in".into(),
        Verdict::Insecure => {
            let seen = format!("not checked; SHA-256 {}", shown.sha256);
            return Finding::warn("certificate", seen, "leave out --insecure");
        }
    };
    Finding::ok("certificate", format!("{seen} (SHA-256 {})", shown.sha256))
}

/// Access code, status and Developer Mode of a printer on the local network.
async fn login(target: Target, settings: &Settings, within: Duration) -> Vec<Finding> {
    if !target.has_access_code() {
        let failure = Failure::say(Kind::NotAuthenticated, "its access code is not known");
        let next = "read it from the printer's screen (Settings > Network) and give it as \
                    BAMBU_ACCESS_CODE or in the config file";
        let mut findings = vec![Finding::of("access_code", failure.next(next))];
        findings.extend(skipped(&["status", "developer_mode"], "nobody is logged in"));
        return findings;
    }
    let name = target.shown().to_owned();
    let connected = match targets::connect(vec![target], settings).await {
        Ok(connected) => connected,
        Err(failure) => return no_status(Finding::of("status", failure)),
    };
    let mut findings = Vec::new();
    if let Some(link) = connected.fleet.links().next() {
        findings = status(link, &name, within).await;
    }
    connected.close().await;
    findings
}

/// Waits for the whole status.
async fn status(link: &Link, name: &str, within: Duration) -> Vec<Finding> {
    match timeout(within, link.ready()).await {
        Ok(answer) => judged(answer.as_deref()),
        Err(_) => {
            let about = format!("{name} did not tell it within {} s", within.as_secs_f64());
            let failure = watch::late(about, link.snapshot().connection.reason());
            no_status(Finding::of("status", failure))
        }
    }
}

fn no_status(status: Finding) -> Vec<Finding> {
    vec![
        Finding::skipped("access_code", "nobody knows whether it was heard"),
        status,
        Finding::skipped("developer_mode", "it does not answer"),
    ]
}

fn judged(answer: Result<&Snapshot, &Reason>) -> Vec<Finding> {
    match answer {
        Ok(snapshot) => vec![
            Finding::ok("access_code", "the printer takes it"),
            Finding::ok("status", "it tells its whole status"),
            developer_mode(&snapshot.status),
        ],
        Err(reason @ Reason::WrongAccessCode(_)) => vec![
            Finding::of("access_code", watch::failure(reason)),
            Finding::skipped("status", "nobody is logged in"),
            Finding::skipped("developer_mode", "nobody is logged in"),
        ],
        Err(reason) => no_status(Finding::of("status", watch::failure(reason))),
    }
}

/// Whether it obeys commands that are not signed by the vendor's programs.
fn developer_mode(status: &Status) -> Finding {
    let off = || {
        Finding::warn(
            "developer_mode",
            "off, it can be watched and refuses most commands from here",
            "switch on LAN Only mode and then Developer Mode on the printer's screen",
        )
    };
    let refuses = status.hms.iter().any(|hms| hms.code == HMS_COMMAND_REFUSED);
    match status.developer_mode {
        Some(true) => Finding::ok("developer_mode", "on, it takes commands from here"),
        Some(false) => off(),
        None if refuses => off(),
        None if !may_want_signatures(status) => {
            Finding::ok("developer_mode", "its firmware takes commands without one")
        }
        None => Finding::ok("developer_mode", "this printer does not tell"),
    }
}
