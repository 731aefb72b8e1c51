//! The printer that the environment names, as the `bambu` command reads it.

use std::{env, error::Error};

use bambulab::{
    BrokerAddress, CloudLogin, CloudSession, LanTarget, Options, Printer, Region, Roots, Token,
    connect_both,
    protocol::{AccessCode, Serial},
};

/// `BAMBU_SERIAL` names it. It is reached over the LAN with `BAMBU_HOST` (`BAMBU_MQTT_PORT`) and
/// `BAMBU_ACCESS_CODE`, over the cloud with `BAMBU_UID` and `BAMBU_TOKEN` (`BAMBU_MQTT_URL`), over
/// both with all of them. `BAMBU_CA_FILE` adds to whom is trusted.
pub(crate) async fn from_environment() -> Result<Printer, Box<dyn Error>> {
    let serial = Serial::new(&wanted("BAMBU_SERIAL")?)?;
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    let options = Options { roots, ..Options::default() };
    let session = match (env::var("BAMBU_UID"), env::var("BAMBU_TOKEN")) {
        (Ok(uid), Ok(token)) => {
            let broker = match env::var("BAMBU_MQTT_URL") {
                Ok(url) => url.parse::<BrokerAddress>()?,
                Err(_) => Region::Global.endpoint().mqtt,
            };
            let login = CloudLogin { uid, token: Token::new(&token), broker };
            Some(CloudSession::connect(login, options.clone()))
        }
        _ => None,
    };
    let lan = match env::var("BAMBU_HOST") {
        Ok(host) => {
            let code = AccessCode::new(&wanted("BAMBU_ACCESS_CODE")?);
            let mut target = LanTarget::new(serial.clone(), host, code);
            if let Ok(port) = env::var("BAMBU_MQTT_PORT") {
                target.port = port.parse()?;
            }
            Some(target)
        }
        Err(_) => None,
    };
    let printer = match (lan, session) {
        (Some(lan), Some(session)) => connect_both(lan, &session, options).into(),
        (Some(lan), None) => Printer::connect(lan, options),
        (None, Some(session)) => session.printer(serial, None, None).into(),
        (None, None) => return Err("set BAMBU_HOST, or BAMBU_UID and BAMBU_TOKEN".into()),
    };
    printer.ready().await.map_err(|reason| reason.to_string())?;
    Ok(printer)
}

fn wanted(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|_| format!("set {name}").into())
}
