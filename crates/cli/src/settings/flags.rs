//! The flags that every verb takes: the highest word on where and as whom we connect.

use std::path::PathBuf;

use clap::{ArgAction, ValueHint};

use crate::logging::LogFormat;

/// Heading of the flags that only matter where something is connected.
pub(crate) const WHERE: &str = "Where to connect";

/// Flags that every verb takes. What is not given comes from the environment, then from the
/// config file; `settings.rs` settles it. Secrets are in it, so it has no `Debug`.
#[derive(Default, clap::Args)]
#[command(next_help_heading = WHERE)]
pub(crate) struct Flags {
    /// Config file [env: BAMBU_CONFIG_DIR names its folder; `bambu config path` tells]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Cloud region: global or china [env: BAMBU_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Address of the cloud's REST API [env: BAMBU_API_URL]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) api_url: Option<String>,
    /// Address of the cloud's MQTT broker, such as mqtts://127.0.0.1:8883 [env: BAMBU_MQTT_URL]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) mqtt_url: Option<String>,
    /// PEM file of further trusted certificate authorities [env: BAMBU_CA_FILE]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// File with the certificates of printers, pinned at first use [env: BAMBU_KNOWN_PRINTERS]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) known_printers: Option<PathBuf>,
    /// Take whoever answers for the printer: dangerous, anybody on the network can be it
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
    /// Cloud access token; `-` reads it from standard input [env: BAMBU_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", allow_hyphen_values = true)]
    pub(crate) token: Option<String>,
    /// Number of the cloud account; asked from the cloud when not given [env: BAMBU_UID]
    #[arg(long, global = true, value_name = "UID")]
    pub(crate) uid: Option<String>,
    /// Saved session with the token [env: BAMBU_TOKEN_FILE] [default: ~/.bambu_token]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Tell more on standard error: -v what happens, -vv every detail [env: BAMBU_LOG]
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = None::<&str>, display_order = 900)]
    pub(crate) verbose: u8,
    /// How log lines on standard error are written: text or json [env: BAMBU_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = None::<&str>, display_order = 901)]
    pub(crate) log_format: Option<LogFormat>,
}
