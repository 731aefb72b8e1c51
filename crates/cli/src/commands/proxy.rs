//! `bambu proxy`: the cloud's interface for other programs, with tokens of its own.

use std::{net::SocketAddr, path::PathBuf};

use bambu_server::config::{Cache, Listen, RateLimit};
use clap::{ValueEnum, ValueHint};

use crate::{
    exit::Failure,
    servers::{self, Serving},
    settings::{Flags, Settings},
};

/// Offer the cloud's interface to other programs, with tokens of your own and secrets masked
///
/// Who asks shows a token that `bambu token add` made; the cloud sees yours. `strict` only reads;
/// `full` forwards every method. Both mask access codes, tokens and addresses, keep to limits, and
/// run until Ctrl-C or SIGTERM. What a single token may do is said in bambu.toml.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu token add --generate\n  \
    bambu proxy strict\n  \
    curl -H \"Authorization: Bearer TOKEN\" http://127.0.0.1:5001/v1/iot-service/api/user/bind\n  \
    bambu proxy strict --listen 0.0.0.0:5001 --rate-limit 60 --cache 5")]
pub(crate) struct Args {
    /// Whether it only reads
    #[arg(value_enum)]
    mode: Mode,
    /// Where to listen [default: 127.0.0.1:5001 for strict, 127.0.0.1:5003 for full]
    #[arg(long, value_name = "ADDR:PORT", value_parser = servers::listen)]
    listen: Option<SocketAddr>,
    /// File of the tokens [default: as the config file says, else proxy_tokens.json in this folder
    /// if it is there, else beside the config file, where `bambu token` writes]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    tokens: Option<PathBuf>,
    /// Requests per minute and token, in each group; or off [default: device 30, user 15, admin 10,
    /// health 60]
    #[arg(long, value_name = "N|off")]
    rate_limit: Option<RateLimit>,
    /// How long an answer of the cloud is given again; or off [default: off]
    #[arg(long, value_name = "SECONDS|off")]
    cache: Option<Cache>,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// GET and HEAD alone, and the start of a realtime session
    Strict,
    /// Every method
    Full,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load(flags)?;
    let mut config = settings.servers.clone();
    config.compat = None;
    let proxy = &mut config.proxy;
    let of_file = match args.mode {
        Mode::Strict => proxy.strict.take(),
        Mode::Full => proxy.full.take(),
    };
    let listen = args.listen.or(of_file.and_then(|face| face.listen));
    let face = Some(Listen { listen });
    (proxy.strict, proxy.full) = match args.mode {
        Mode::Strict => (face, None),
        Mode::Full => (None, face),
    };
    proxy.tokens_file = Some(args.tokens.unwrap_or_else(|| settings.proxy_tokens.value.clone()));
    proxy.rate_limit = args.rate_limit.unwrap_or(proxy.rate_limit);
    proxy.cache = args.cache.unwrap_or(proxy.cache);
    servers::run(config, &settings, args.serving).await
}
