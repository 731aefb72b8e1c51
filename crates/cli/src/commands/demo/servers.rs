//! The servers of the demo: both proxies, the compatibility layer and the cameras, over the simulated world.

use std::{collections::BTreeMap, net::SocketAddr};

use bambu_emulator::world::{PrinterEntry, Ready};
use bambu_server::{
    App, BindError, Config, Face, Surroundings,
    config::{Camera, Compat, Listen, Proxy},
};
use bambulab::{
    Endpoint, LanTarget, Options, ProxyTokens, Token,
    cloud::Manners,
    protocol::{AccessCode, Model},
};

use crate::{
    exit::{Failure, Kind},
    servers,
};

/// What a client of the proxies shows.
const PROXY_TOKEN: &str = "demo-token";

/// Takes the ports: the usual ones, or free ones where they are taken, which is said.
///
/// # Errors
/// No port is to be had, or the file of tokens cannot be written.
pub(super) async fn start(
    ready: &Ready,
    endpoint: &Endpoint,
    options: &Options,
) -> Result<App, Failure> {
    let real = Token::new(&ready.account.token);
    // Where the settings that the demo prints let `bambu token` look.
    let file = ready.ca_file.with_file_name("config").join("proxy_tokens.json");
    let failed = |error: &dyn std::error::Error| Failure::advised(Kind::Failed, error);
    let mut tokens = ProxyTokens::open(&file).map_err(|error| failed(&error))?;
    tokens.add(&Token::new(PROXY_TOKEN), &real).map_err(|error| failed(&error))?;
    let printers = on_lan(ready);
    let mut config = Config {
        proxy: Proxy {
            tokens_file: Some(file.clone()),
            strict: Some(Listen::default()),
            full: Some(Listen::default()),
            ..Proxy::default()
        },
        compat: Some(Compat::default()),
        camera: (!printers.is_empty()).then(Camera::default),
        ..Config::default()
    };
    let state_dir = ready.ca_file.parent().unwrap_or(&ready.ca_file).to_owned();
    let surroundings = Surroundings {
        endpoint: endpoint.clone(),
        roots: options.roots.clone(),
        options: options.clone(),
        manners: Manners::default(),
        login: Some(real),
        uid: Some(ready.account.uid.clone()),
        saved: None,
        printers,
        state_dir,
    };
    loop {
        match App::bind(config.clone(), surroundings.clone()).await {
            Ok(app) => {
                tell_other_ports(&app);
                return Ok(app);
            }
            // Another demo may run; a port that is chosen by the system is never taken.
            Err(BindError::Listen { face, address, .. }) if address.port() != 0 => {
                let free = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
                match face {
                    Face::ProxyStrict => config.proxy.strict = Some(Listen { listen: free }),
                    Face::ProxyFull => config.proxy.full = Some(Listen { listen: free }),
                    Face::Compat => {
                        config.compat = Some(Compat { listen: free, ..Compat::default() });
                    }
                    Face::Camera => {
                        config.camera = Some(Camera { listen: free, ..Camera::default() });
                    }
                }
            }
            Err(error) => return Err(servers::failure(&error)),
        }
    }
}

/// The printers whose cameras can be looked at.
fn on_lan(ready: &Ready) -> Vec<LanTarget> {
    let target = |printer: &PrinterEntry| {
        let camera = printer.camera_port.or(printer.rtsps_port)?;
        let serial = printer.serial.parse().ok()?;
        let code = AccessCode::new(&printer.access_code);
        let mut target = LanTarget::new(serial, &printer.host, code);
        target.port = printer.mqtt_port;
        target.ftps_port = printer.ftps_port.unwrap_or(target.ftps_port);
        target.camera_port = Some(camera);
        target.name = Some(printer.name.clone());
        target.model = printer.model.parse::<Model>().ok();
        Some(target)
    };
    ready.printers.iter().filter_map(target).collect()
}

/// What the ready file says of them.
pub(super) fn entry(app: &App) -> BTreeMap<String, String> {
    let mut entry = servers::urls(app.faces());
    entry.insert("proxy_token".to_owned(), PROXY_TOKEN.to_owned());
    entry
}

/// Where they are, as short as one line of a terminal has to be.
pub(super) fn foot(ready: &Ready) -> String {
    let url =
        |name| ready.servers.as_ref().and_then(|all| all.get(name)).map_or("", String::as_str);
    let port = |name| url(name).rsplit(':').next().unwrap_or_default();
    let camera = match port("camera") {
        "" => String::new(),
        port => format!(", :{port} cameras"),
    };
    format!(
        "{} strict, :{} full, :{} compat{camera}; i: how to ask",
        url("proxy_strict"),
        port("proxy_full"),
        port("compat")
    )
}

fn tell_other_ports(app: &App) {
    for bound in app.faces() {
        let usual = bound.face.default_address().port();
        if bound.address.port() != usual {
            let name = bound.face.name();
            eprintln!("note: port {usual} is taken: {name} is at {}", bound.url);
        }
    }
}
