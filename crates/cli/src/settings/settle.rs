//! Who wins: each setting from flag, environment, config file, saved session or default, in this
//! order.

use std::path::{Path, PathBuf};

use bambu_protocol::{AccessCode, mqtt::login};
use bambulab::{
    Endpoint, Environment, FileError, Region, SavedSession, SessionFile, Token, cloud::Budget,
};

use directories::BaseDirs;

use super::{Flags, Setting, Settings, Source, file, secret, servers};
use crate::exit::{Failure, Kind};

/// What is outside of the arguments: the environment and the home directory. A value of its own
/// so that tests can make one up.
pub(super) struct Surroundings<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(super) home: PathBuf,
    pub(super) config_dir: PathBuf,
    pub(super) state_dir: PathBuf,
    /// The working folder.
    pub(super) here: PathBuf,
}

/// What a saved session is to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
    /// Who I am: one that is named has to be there, and one that is there has to be readable.
    Needed,
    /// What is about to be replaced or forgotten.
    Replaced,
}

/// The name of a flag and of the environment variable that says the same.
struct Names(&'static str, &'static str);

impl Surroundings<'static> {
    pub(super) fn real() -> Self {
        let base = BaseDirs::new();
        let home = base.as_ref().map_or_else(|| PathBuf::from("."), |b| b.home_dir().to_owned());
        let of_base = |folder: fn(&BaseDirs) -> &Path| {
            base.as_ref().map_or_else(|| home.clone(), |base| folder(base).join("bambu"))
        };
        let config_dir = of_base(BaseDirs::config_dir);
        let state_dir = of_base(|base| base.state_dir().unwrap_or(base.data_local_dir()));
        let variable = &|name: &str| std::env::var(name).ok();
        Surroundings { variable, home, config_dir, state_dir, here: PathBuf::new() }
    }
}

impl Surroundings<'_> {
    pub(super) fn config_file(&self, flags: &Flags) -> Setting<PathBuf> {
        if let Some(path) = &flags.config {
            return Setting { value: path.clone(), source: Source::Flag("--config") };
        }
        let folder = (self.variable)("BAMBU_CONFIG_DIR").filter(|text| !text.is_empty());
        let source = match folder {
            Some(_) => Source::Environment("BAMBU_CONFIG_DIR"),
            None => Source::Default,
        };
        let folder = folder.map_or_else(|| self.config_dir.clone(), PathBuf::from);
        Setting { value: folder.join("bambu.toml"), source }
    }

    /// A path of this file: what is relative counts from the file's folder.
    pub(super) fn beside(&self, file: &Path, path: &Path) -> PathBuf {
        let path = home(path, &self.home);
        file.parent().map_or_else(|| path.clone(), |folder| folder.join(&path))
    }
}

impl Settings {
    pub(super) fn settle(
        flags: &Flags,
        around: &Surroundings<'_>,
        saved: Saved,
    ) -> Result<Self, Failure> {
        let pick = |flag: Option<&str>, names: Names, file: Option<&str>| {
            let Names(flag_name, variable) = names;
            let from = |text: String, source| Setting { value: text, source };
            flag.map(|text| from(text.to_owned(), Source::Flag(flag_name)))
                .or_else(|| {
                    let text = (around.variable)(variable).filter(|text| !text.is_empty())?;
                    Some(from(text, Source::Environment(variable)))
                })
                .or_else(|| file.map(|text| from(text.to_owned(), Source::File)))
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.to_string_lossy().into_owned());
        let default = |value: String| Setting { value, source: Source::Default };

        let config_file = around.config_file(flags);
        let wanted = flags.config.is_some();
        let (file, config_found) = file::read(&config_file.value, wanted)?;
        let of_file = |path: &Path| around.beside(&config_file.value, path);
        let place = |Setting { value, source }: Setting<String>| {
            let value = match source {
                Source::File => of_file(Path::new(&value)),
                _ => home(Path::new(&value), &around.home),
            };
            Setting { value, source }
        };

        let token_file = pick(
            path(&flags.token_file).as_deref(),
            Names("--token-file", "BAMBU_TOKEN_FILE"),
            file.token_file.as_deref(),
        );
        let token_file = token_file.map_or_else(
            || Setting { value: around.home.join(".bambu_token"), source: Source::Default },
            place,
        );
        let token = pick(flags.token.as_deref(), Names("--token", "BAMBU_TOKEN"), None);
        // A token that was given makes the saved session irrelevant, even a broken one.
        let session = match &token {
            Some(_) if saved == Saved::Needed => None,
            // Named for this call it has to be there; elsewhere it may only come with a login.
            _ => session(&token_file.value, flags.token_file.is_some(), saved)?,
        };
        let of_session = |value: String| Setting { value, source: Source::Session };
        let token = match token {
            Some(Setting { value, source }) => {
                Some(Setting { value: Token::new(&secret(&value)?), source })
            }
            None => session
                .as_ref()
                .map(|session| Setting { value: session.token.clone(), source: Source::Session }),
        };

        let region = pick(
            flags.region.as_deref(),
            Names("--region", "BAMBU_REGION"),
            file.region.as_deref(),
        );
        let saved_region = session.as_ref().and_then(|session| session.region);
        let region = region.or_else(|| Some(of_session(saved_region?.name().to_owned())));
        let region = match region {
            None => Setting { value: Region::default(), source: Source::Default },
            Some(setting) => setting.parsed(|text| text.parse())?,
        };
        let environment = pick(None, Names("", "BAMBU_ENVIRONMENT"), file.environment.as_deref());
        let environment = environment.unwrap_or_else(|| default("production".to_owned()));
        let installation: Environment = environment.clone().parsed(|text| text.parse())?.value;
        let endpoint = Endpoint::of(region.value, installation);
        let mqtt_url = pick(
            flags.mqtt_url.as_deref(),
            Names("--mqtt-url", "BAMBU_MQTT_URL"),
            file.mqtt_url.as_deref(),
        )
        .unwrap_or_else(|| default(format!("mqtts://{}", endpoint.mqtt)));
        let endpoint = endpoint.with_mqtt(mqtt_url.clone().parsed(|text| text.parse())?.value);
        let api_url = pick(
            flags.api_url.as_deref(),
            Names("--api-url", "BAMBU_API_URL"),
            file.api_url.as_deref(),
        );
        // An address that is given brings its own web site, unless that is given, too.
        let mut endpoint = match &api_url {
            Some(url) => url.clone().parsed(|text| endpoint.with_api_url(text))?.value,
            None => endpoint,
        };
        let api_url = api_url.unwrap_or_else(|| default(endpoint.api_url.clone()));
        let web_url = pick(None, Names("", "BAMBU_WEB_URL"), file.web_url.as_deref());
        if let Some(url) = &web_url {
            endpoint = url.clone().parsed(|text| endpoint.with_web_url(text))?.value;
        }
        let web_url = web_url.unwrap_or_else(|| default(endpoint.web_url.clone()));
        let rate_limits = pick(None, Names("", "BAMBU_RATE_LIMITS"), file.rate_limits.as_deref());
        let rate_limits = rate_limits.unwrap_or_else(|| default("default".to_owned()));
        let budget: Budget = rate_limits.clone().parsed(|text| text.parse())?.value;
        let ca_file = pick(
            path(&flags.ca_file).as_deref(),
            Names("--ca-file", "BAMBU_CA_FILE"),
            file.ca_file.as_deref(),
        )
        .map(place);
        let known_printers = pick(
            path(&flags.known_printers).as_deref(),
            Names("--known-printers", "BAMBU_KNOWN_PRINTERS"),
            file.known_printers.as_deref(),
        )
        .map(place)
        .unwrap_or_else(|| {
            let beside = around.config_file(&Flags::default()).value;
            let value = beside.with_file_name("known_printers");
            Setting { value, source: Source::Default }
        });
        let state_dir =
            pick(None, Names("", "BAMBU_STATE_DIR"), file.state_dir.as_deref()).map(place);
        let state_dir = state_dir.unwrap_or_else(|| servers::state_dir(around));
        let servers = servers::resolved(file.server, file.proxy, file.compat, file.camera, of_file);
        let proxy_tokens = servers::proxy_tokens(&servers.proxy, around, &config_file.value);
        let discovery_interface =
            pick(None, Names("", "BAMBU_DISCOVERY_INTERFACE"), file.discovery_interface.as_deref());
        let discovery_port =
            pick(None, Names("", "BAMBU_DISCOVERY_PORT"), file.discovery_port.as_deref());
        let saved_uid = session.as_ref().and_then(|session| session.uid.clone());
        let uid = pick(flags.uid.as_deref(), Names("--uid", "BAMBU_UID"), file.uid.as_deref())
            .or_else(|| saved_uid.map(of_session))
            .map(|setting| setting.map(|uid| login::bare_uid(&uid).to_owned()));
        let access_code = pick(None, Names("", "BAMBU_ACCESS_CODE"), None)
            .map(|setting| setting.map(|code| AccessCode::new(&code)));
        Ok(Self {
            config_file,
            config_found,
            region,
            environment,
            api_url,
            web_url,
            mqtt_url,
            rate_limits,
            budget,
            ca_file,
            known_printers,
            insecure: flags.insecure,
            discovery_interface,
            discovery_port,
            token_file,
            session,
            token,
            uid,
            access_code,
            printers: file.printer,
            servers,
            proxy_tokens,
            state_dir,
            endpoint,
        })
    }
}

/// The saved session, if there is one.
fn session(path: &Path, named: bool, saved: Saved) -> Result<Option<SavedSession>, Failure> {
    let needed = saved == Saved::Needed;
    let about = || format!("cannot read the saved session {}", path.display());
    match SessionFile::at(path).read() {
        Ok(None) if named && needed => {
            let why = if path.exists() { "there is no token in it" } else { "it is not there" };
            Err(Failure::say(Kind::NotAuthenticated, format!("{}: {why}", about()))
                .next("bambu login, or name another file with --token-file"))
        }
        Ok(session) => Ok(session),
        // Whoever replaces it is told then.
        Err(_) if !needed => Ok(None),
        Err(error @ FileError::Foreign { .. }) => Err(Failure::advised(Kind::Usage, &error)),
        Err(error) => Err(Failure::advised(Kind::NotAuthenticated, &error)),
    }
}

/// A path with a leading `~` replaced by the home directory.
fn home(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}
