//! Log lines on standard error: warnings, unless `-v` or `BAMBU_LOG` asks for more.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Starts logging. `BAMBU_LOG` takes filters such as `debug` or `bambulab=trace` and wins.
pub(crate) fn start(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "info,bambu=debug,bambulab=debug,bambu_emulator=debug,bambu_server=debug",
    };
    let filter = std::env::var("BAMBU_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::builder().parse_lossy(filter.as_deref().unwrap_or(default));
    let _already_started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && crate::output::colour_wanted())
        .try_init();
}
