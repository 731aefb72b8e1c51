//! The one place that settles where and as whom we connect: region defaults, then the config
//! file, then the environment, then flags. `bambu config show` prints the result.
//!
//! The config file is read in `settings/file.rs`, the saved session in `settings/session.rs`.

mod file;
mod flags;
mod session;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{BufRead as _, IsTerminal as _, Read as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use bambu_protocol::{AccessCode, mqtt::login};
use bambulab::{
    Endpoint, Identity, KnownPrinters, Options, Region, Roots, Token, discovery::SearchOptions,
};

use crate::exit::{Failure, Kind};

pub(crate) use file::PrinterEntry;
pub(crate) use flags::{Flags, WHERE};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Built in.
    Default,
    /// The saved session.
    Session,
    /// The config file.
    File,
    /// An environment variable.
    Environment(&'static str),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Session => f.write_str("saved session"),
            Self::File => f.write_str("config file"),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

impl<T> Setting<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), source: self.source }
    }

    /// The value as a type of its own, or an error that says where the value came from.
    fn parsed<U, E>(self, parse: impl FnOnce(&str) -> Result<U, E>) -> Result<Setting<U>, Failure>
    where
        T: AsRef<str>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let value = parse(self.value.as_ref()).map_err(|error| {
            Failure::new(Kind::Usage, error).about(self.source.to_string()).next(
                match self.source {
                    Source::File => "correct it in the config file".to_owned(),
                    _ => format!("correct the value of {}", self.source),
                },
            )
        })?;
        Ok(Setting { value, source: self.source })
    }
}

/// Everything a command needs to connect.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config_file: Setting<PathBuf>,
    pub(crate) config_found: bool,
    pub(crate) region: Setting<Region>,
    pub(crate) api_url: Setting<String>,
    pub(crate) mqtt_url: Setting<String>,
    pub(crate) ca_file: Option<Setting<PathBuf>>,
    /// The certificates of printers that were pinned at first use.
    pub(crate) known_printers: Setting<PathBuf>,
    /// Whoever answers is taken for the printer.
    pub(crate) insecure: bool,
    /// Own address on the network where printers are searched.
    pub(crate) discovery_interface: Option<Setting<String>>,
    /// UDP port instead of those of real printers.
    pub(crate) discovery_port: Option<Setting<String>>,
    pub(crate) token_file: Setting<PathBuf>,
    pub(crate) token: Option<Setting<Token>>,
    pub(crate) uid: Option<Setting<String>>,
    pub(crate) access_code: Option<Setting<AccessCode>>,
    pub(crate) printers: Vec<PrinterEntry>,
    /// What region, `api_url` and `mqtt_url` come to.
    pub(crate) endpoint: Endpoint,
}

/// What is outside of the arguments: the environment and the home directory. A value of its own
/// so that tests can make one up.
struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    home: PathBuf,
    config_dir: PathBuf,
}

impl Surroundings<'static> {
    fn real() -> Self {
        let base = directories::BaseDirs::new();
        let home = base.as_ref().map_or_else(|| PathBuf::from("."), |b| b.home_dir().to_owned());
        let config_dir = base.map_or_else(|| home.clone(), |b| b.config_dir().join("bambu"));
        Surroundings { variable: &|name| std::env::var(name).ok(), home, config_dir }
    }
}

impl Surroundings<'_> {
    fn config_file(&self, flags: &Flags) -> Setting<PathBuf> {
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
}

impl Settings {
    /// Settles everything for this call.
    ///
    /// # Errors
    /// A config file, session file or value that cannot be understood.
    pub(crate) fn load(flags: &Flags) -> Result<Self, Failure> {
        let settings = Self::settle(flags, &Surroundings::real())?;
        if settings.insecure {
            eprintln!(
                "warning: --insecure: printers are not checked; whoever answers at a printer's \
                 address gets its access code and your commands"
            );
        }
        Ok(settings)
    }

    /// How to connect: whom to trust.
    ///
    /// # Errors
    /// A CA file that cannot be used.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        Ok(Options { roots: self.roots()?, identity: self.identity(), ..Options::default() })
    }

    /// The authorities that are trusted.
    ///
    /// # Errors
    /// A CA file that cannot be used.
    pub(crate) fn roots(&self) -> Result<Roots, Failure> {
        let Some(file) = &self.ca_file else { return Ok(Roots::public()) };
        Roots::public()
            .with_pem_file(&file.value)
            .map_err(|error| Failure::advised(Kind::Usage, &error))
    }

    /// How printers prove who they are where no CA file says it.
    pub(crate) fn identity(&self) -> Identity {
        if self.insecure {
            return Identity::insecure();
        }
        Identity::new(KnownPrinters::open(&self.known_printers.value)).with_slicers()
    }

    /// Where and how printers are searched for; what is given here wins.
    ///
    /// # Errors
    /// A setting that is no address or no port.
    pub(crate) fn search(
        &self,
        interface: Option<Ipv4Addr>,
        port: Option<u16>,
    ) -> Result<SearchOptions, Failure> {
        let set = self.discovery_interface.clone().map(|set| set.parsed(|text| text.parse()));
        let interface = interface.or(set.transpose()?.map(|set| set.value));
        let options = SearchOptions::on(interface.unwrap_or(Ipv4Addr::UNSPECIFIED));
        let set = self.discovery_port.clone().map(|set| set.parsed(|text| text.parse()));
        Ok(match port.or(set.transpose()?.map(|set| set.value)) {
            Some(port) => options.with_port(port),
            None => options,
        })
    }

    /// Where the config file is, or would be.
    pub(crate) fn config_path(flags: &Flags) -> PathBuf {
        Surroundings::real().config_file(flags).value
    }

    fn settle(flags: &Flags, around: &Surroundings<'_>) -> Result<Self, Failure> {
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

        let config_file = around.config_file(flags);
        let wanted = flags.config.is_some();
        let (file, config_found) = file::read(&config_file.value, wanted)?;

        let token_file = pick(
            path(&flags.token_file).as_deref(),
            Names("--token-file", "BAMBU_TOKEN_FILE"),
            file.token_file.as_deref(),
        );
        // Named for this call it has to be there; elsewhere it may only come with a login.
        let token_file_wanted = flags.token_file.is_some();
        let token_file =
            token_file.map(|setting| setting.map(|text| home(&text, &around.home))).unwrap_or(
                Setting { value: around.home.join(".bambu_token"), source: Source::Default },
            );
        let token = pick(flags.token.as_deref(), Names("--token", "BAMBU_TOKEN"), None);
        // A token that was given makes the saved session irrelevant, even a broken one.
        let session = match &token {
            Some(_) => session::Session::default(),
            None => session::read(&token_file.value, token_file_wanted)?,
        };
        let token = match token {
            Some(Setting { value, source }) => Some(Setting { value: secret(&value)?, source }),
            None => session.token.map(|token| Setting { value: token, source: Source::Session }),
        };
        let token = token.map(|setting| setting.map(|token| Token::new(&token)));

        let region = pick(
            flags.region.as_deref(),
            Names("--region", "BAMBU_REGION"),
            file.region.as_deref(),
        )
        .or_else(|| session.region.map(|value| Setting { value, source: Source::Session }));
        let region = match region {
            None => Setting { value: Region::default(), source: Source::Default },
            Some(setting) => setting.parsed(|text| text.parse())?,
        };
        let endpoint = region.value.endpoint();
        let default = |value: String| Setting { value, source: Source::Default };
        let api_url = pick(
            flags.api_url.as_deref(),
            Names("--api-url", "BAMBU_API_URL"),
            file.api_url.as_deref(),
        )
        .unwrap_or_else(|| default(endpoint.api_url.clone()));
        let mqtt_url = pick(
            flags.mqtt_url.as_deref(),
            Names("--mqtt-url", "BAMBU_MQTT_URL"),
            file.mqtt_url.as_deref(),
        )
        .unwrap_or_else(|| default(format!("mqtts://{}", endpoint.mqtt)));
        let endpoint = api_url.clone().parsed(|text| endpoint.with_api_url(text))?.value;
        let endpoint = endpoint.with_mqtt(mqtt_url.clone().parsed(|text| text.parse())?.value);
        let ca_file = pick(
            path(&flags.ca_file).as_deref(),
            Names("--ca-file", "BAMBU_CA_FILE"),
            file.ca_file.as_deref(),
        )
        .map(|setting| setting.map(|text| home(&text, &around.home)));
        let known_printers = pick(
            path(&flags.known_printers).as_deref(),
            Names("--known-printers", "BAMBU_KNOWN_PRINTERS"),
            file.known_printers.as_deref(),
        )
        .map(|setting| setting.map(|text| home(&text, &around.home)))
        .unwrap_or_else(|| {
            let beside = around.config_file(&Flags::default()).value;
            let value = beside.with_file_name("known_printers");
            Setting { value, source: Source::Default }
        });
        let discovery_interface =
            pick(None, Names("", "BAMBU_DISCOVERY_INTERFACE"), file.discovery_interface.as_deref());
        let discovery_port =
            pick(None, Names("", "BAMBU_DISCOVERY_PORT"), file.discovery_port.as_deref());
        let uid = pick(flags.uid.as_deref(), Names("--uid", "BAMBU_UID"), file.uid.as_deref())
            .or_else(|| session.uid.map(|value| Setting { value, source: Source::Session }))
            .map(|setting| setting.map(|uid| login::bare_uid(&uid).to_owned()));
        let access_code = pick(None, Names("", "BAMBU_ACCESS_CODE"), None)
            .map(|setting| setting.map(|code| AccessCode::new(&code)));
        Ok(Self {
            config_file,
            config_found,
            region,
            api_url,
            mqtt_url,
            ca_file,
            known_printers,
            insecure: flags.insecure,
            discovery_interface,
            discovery_port,
            token_file,
            token,
            uid,
            access_code,
            printers: file.printer,
            endpoint,
        })
    }
}

/// The name of a flag and of the environment variable that says the same.
struct Names(&'static str, &'static str);

/// The name of a region in files and flags.
pub(crate) fn region_name(region: Region) -> &'static str {
    match region {
        Region::Global => "global",
        Region::China => "china",
    }
}

/// A secret as given; `-` reads one line from standard input.
pub(crate) fn secret(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.trim().to_owned());
    }
    if std::io::stdin().is_terminal() {
        eprintln!("note: type or paste the secret, then press Enter");
    }
    // No more than a secret can be: a pipe may never end.
    for line in std::io::stdin().lock().take(64 * 1024).lines() {
        let line = line.map_err(|error| {
            Failure::new(Kind::Failed, error).about("cannot read standard input")
        })?;
        if !line.trim().is_empty() {
            return Ok(line.trim().to_owned());
        }
    }
    Err(Failure::say(Kind::Usage, "`-` was given, but standard input is empty")
        .next("pipe the secret in, such as: bambu query --token - < token.txt"))
}

/// A path with a leading `~` replaced by the home directory.
fn home(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(text),
    }
}
