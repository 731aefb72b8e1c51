//! `bambu config`: which settings are in force, and where each one came from.

use std::io::{self, Write};

use bambu_server::{Config, Face};
use serde_json::json;

use crate::{
    exit::Failure,
    output::{self, Cell, Paint, Table},
    settings::{Flags, Setting, Settings, Source},
};

/// Show the settings in force and where each one came from
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print where the config file is, or would be
    Path,
    /// Print every setting and its source; secrets are masked
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: &Args, flags: &Flags) -> Result<(), Failure> {
    let mut out = output::stdout();
    match args.what {
        // Not through `Settings`: the path is asked for when the file is broken, too.
        What::Path => writeln!(out, "{}", Settings::config_path(flags).display())?,
        What::Show { json } => {
            let settings = Settings::load(flags)?;
            if json { show_json(&settings, &mut out)? } else { show(&settings, &mut out)? }
        }
    }
    Ok(out.flush()?)
}

/// Name, value and source of each setting; `None` where it is not set.
fn lines(settings: &Settings) -> Vec<(&'static str, Option<String>, String)> {
    fn line<T>(
        name: &'static str,
        setting: Option<&Setting<T>>,
        text: impl FnOnce(&T) -> String,
    ) -> (&'static str, Option<String>, String) {
        let source = setting.map_or_else(|| "not set".to_owned(), |s| s.source.to_string());
        (name, setting.map(|setting| text(&setting.value)), source)
    }
    let path = |path: &std::path::PathBuf| path.display().to_string();
    vec![
        line("config_file", Some(&settings.config_file), |file| match settings.config_found {
            true => path(file),
            false => format!("{} (not there)", file.display()),
        }),
        line("region", Some(&settings.region), |region| region.name().to_owned()),
        line("environment", Some(&settings.environment), Clone::clone),
        line("api_url", Some(&settings.api_url), Clone::clone),
        line("web_url", Some(&settings.web_url), Clone::clone),
        line("mqtt_url", Some(&settings.mqtt_url), Clone::clone),
        line("rate_limits", Some(&settings.rate_limits), Clone::clone),
        line("ca_file", settings.ca_file.as_ref(), path),
        line("known_printers", Some(&settings.known_printers), path),
        ("slicer_ca_file", slicer_file(settings), "installed slicer".to_owned()),
        line("discovery_interface", settings.discovery_interface.as_ref(), Clone::clone),
        line("discovery_port", settings.discovery_port.as_ref(), Clone::clone),
        line("token_file", Some(&settings.token_file), path),
        line("token", settings.token.as_ref(), |_| output::MASK.to_owned()),
        line("uid", settings.uid.as_ref(), Clone::clone),
        line("access_code", settings.access_code.as_ref(), |_| output::MASK.to_owned()),
        line("state_dir", Some(&settings.state_dir), path),
        line("proxy_tokens", Some(&settings.proxy_tokens), path),
        face(settings, Face::ProxyStrict),
        face(settings, Face::ProxyFull),
        face(settings, Face::Compat),
        face(settings, Face::Camera),
    ]
}

/// Where `bambu serve` would listen; only the config file turns a server on.
fn face(settings: &Settings, face: Face) -> (&'static str, Option<String>, String) {
    let Config { proxy, compat, camera, .. } = &settings.servers;
    let listen = match face {
        Face::ProxyStrict => proxy.strict.as_ref().map(|face| face.listen),
        Face::ProxyFull => proxy.full.as_ref().map(|face| face.listen),
        Face::Compat => compat.as_ref().map(|face| face.listen),
        Face::Camera => camera.as_ref().map(|face| face.listen),
    };
    let legacy = compat.as_ref().and_then(|compat| compat.config.as_ref());
    let address = listen.map(|listen| match (listen, face, legacy) {
        (Some(address), ..) => address.to_string(),
        (None, Face::Compat, Some(file)) => format!("as {} says", file.display()),
        (None, ..) => face.default_address().to_string(),
    });
    let source = if address.is_some() { Source::File.to_string() } else { "not set".to_owned() };
    (face.name(), address, source)
}

/// The file of an installed slicer that printers are judged by, where no CA file is given.
fn slicer_file(settings: &Settings) -> Option<String> {
    let identity = settings.ca_file.is_none().then(|| settings.identity())?;
    identity.slicer_file().map(|path| path.display().to_string())
}

fn show(settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    let colour = output::colour();
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for (name, value, source) in lines(settings) {
        let value = value.unwrap_or_else(|| "-".to_owned());
        table.row([name.into(), value.into(), Cell::painted(source, Paint::Dim)]);
    }
    table.write(out, colour)?;
    if settings.printers.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Table::new(&["PRINTER", "SERIAL", "MODEL", "HOST", "ACCESS CODE", "GROUP"]);
    for printer in &settings.printers {
        let text = |text: &Option<String>| Cell::from(text.as_deref().unwrap_or("-"));
        table.row([
            text(&printer.name),
            printer.serial.as_str().into(),
            printer.model.map_or("-", |model| model.name()).into(),
            text(&printer.host),
            printer.access_code.as_ref().map_or("-", |_| output::MASK).into(),
            text(&printer.group),
        ]);
    }
    table.write(out, colour)
}

fn show_json(settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    let mut document = serde_json::Map::new();
    for (name, value, source) in lines(settings) {
        document.insert(name.to_owned(), json!({"value": value, "source": source}));
    }
    let printers = settings.printers.iter().map(|printer| {
        json!({"serial": printer.serial, "name": printer.name, "model": printer.model,
               "host": printer.host, "mqtt_port": printer.mqtt_port, "ftps_port": printer.ftps_port,
               "camera_port": printer.camera_port, "group": printer.group,
               "access_code": printer.access_code.as_ref().map(|_| output::MASK)})
    });
    document.insert("printers".to_owned(), printers.collect());
    output::json(&mut *out, &document)
}
