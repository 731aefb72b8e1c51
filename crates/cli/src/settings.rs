//! The one place that settles where and as whom we connect: region defaults, then the config
//! file, then the environment, then flags. `bambu config show` prints the result.
//!
//! Who wins is settled in `settings/settle.rs`, for the servers in `settings/servers.rs`; the config
//! file is read in `settings/file.rs`, the saved session by the library.

mod file;
mod flags;
mod servers;
mod settle;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{BufRead as _, IsTerminal as _, Read as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use bambu_protocol::AccessCode;
use bambu_server::Config;
use bambulab::{
    Endpoint, Identity, KnownPrinters, Options, Region, Roots, SavedSession, SessionFile, Token,
    cloud::{Budget, Manners},
    discovery::SearchOptions,
};

use crate::exit::{Failure, Kind};

pub(crate) use file::PrinterEntry;
pub(crate) use flags::{Flags, WHERE};

use settle::{Saved, Surroundings};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Built in.
    Default,
    /// The saved session.
    Session,
    /// The config file.
    File,
    /// A file in the working folder.
    WorkingFolder,
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
            Self::WorkingFolder => f.write_str("working folder"),
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
    /// Which installation of the cloud.
    pub(crate) environment: Setting<String>,
    pub(crate) api_url: Setting<String>,
    pub(crate) web_url: Setting<String>,
    pub(crate) mqtt_url: Setting<String>,
    /// How often the cloud is asked, as it was written.
    pub(crate) rate_limits: Setting<String>,
    /// The same, understood.
    pub(crate) budget: Budget,
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
    /// What is in it; not read where a token is given.
    pub(crate) session: Option<SavedSession>,
    pub(crate) token: Option<Setting<Token>>,
    pub(crate) uid: Option<Setting<String>>,
    pub(crate) access_code: Option<Setting<AccessCode>>,
    pub(crate) printers: Vec<PrinterEntry>,
    /// What the servers are to do; the path of the tokens is in `proxy_tokens`.
    pub(crate) servers: Config,
    /// The file of the proxy's tokens.
    pub(crate) proxy_tokens: Setting<PathBuf>,
    /// Where the servers keep what they make.
    pub(crate) state_dir: Setting<PathBuf>,
    /// What region, environment and the addresses come to.
    pub(crate) endpoint: Endpoint,
}

impl Settings {
    /// Settles everything for this call.
    ///
    /// # Errors
    /// A config file, session file or value that cannot be understood.
    pub(crate) fn load(flags: &Flags) -> Result<Self, Failure> {
        Self::settle(flags, &Surroundings::real(), Saved::Needed).inspect(Self::warn)
    }

    /// Settles everything for a call that replaces or forgets the saved session.
    ///
    /// # Errors
    /// A config file or value that cannot be understood.
    pub(crate) fn load_for_login(flags: &Flags) -> Result<Self, Failure> {
        Self::settle(flags, &Surroundings::real(), Saved::Replaced).inspect(Self::warn)
    }

    /// Where the proxy's tokens are: of all settings this one alone is settled.
    ///
    /// # Errors
    /// A config file that cannot be understood.
    pub(crate) fn proxy_tokens(flags: &Flags) -> Result<PathBuf, Failure> {
        let around = Surroundings::real();
        let path = around.config_file(flags).value;
        let (file, _) = file::read(&path, flags.config.is_some())?;
        let place = |of_file: &Path| around.beside(&path, of_file);
        let config = servers::resolved(file.server, file.proxy, file.compat, file.camera, place);
        Ok(servers::proxy_tokens(&config.proxy, &around, &path).value)
    }

    /// What is dangerous about these settings.
    fn warn(&self) {
        if self.insecure {
            eprintln!(
                "warning: --insecure: printers are not checked; whoever answers at a printer's \
                 address gets its access code and your commands"
            );
        }
        let file = self.session_file();
        if self.session.is_some() && file.is_open_to_others() {
            let path = file.path().display();
            eprintln!("warning: others can read your token: chmod 600 {path}");
        }
    }

    /// The file of the saved session.
    pub(crate) fn session_file(&self) -> SessionFile {
        SessionFile::at(&self.token_file.value)
    }

    /// How the cloud is asked.
    pub(crate) fn manners(&self) -> Manners {
        Manners { budget: self.budget, ..Manners::default() }
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
