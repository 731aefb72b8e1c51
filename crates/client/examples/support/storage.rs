//! The printer on the LAN that the environment names, as the `bambu` command reads it.

use std::{env, error::Error};

use bambulab::{
    LanTarget, Options, Roots,
    protocol::{AccessCode, Serial},
};

/// `BAMBU_SERIAL`, `BAMBU_HOST` and `BAMBU_ACCESS_CODE`; `BAMBU_FTPS_PORT` where its storage is at
/// another port than printers have. `BAMBU_CA_FILE` says who vouches for it; else its certificate
/// is taken as it is this once.
pub(crate) fn from_environment() -> Result<(LanTarget, Options), Box<dyn Error>> {
    let wanted = |name: &str| env::var(name).map_err(|_| format!("set {name}"));
    let code = AccessCode::new(&wanted("BAMBU_ACCESS_CODE")?);
    let mut target =
        LanTarget::new(Serial::new(&wanted("BAMBU_SERIAL")?)?, wanted("BAMBU_HOST")?, code);
    if let Ok(port) = env::var("BAMBU_FTPS_PORT") {
        target.ftps_port = port.parse()?;
    }
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    Ok((target, Options { roots, ..Options::default() }))
}
