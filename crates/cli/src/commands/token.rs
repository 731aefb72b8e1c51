//! `bambu token`: the proxy's tokens, in the seeds' file. What is in it is never printed.

use std::{collections::BTreeSet, io::Write as _, path::PathBuf};

use bambulab::{ProxyTokens, Token, proxy_tokens::ProxyToken};
use clap::ValueHint;
use serde_json::{Value, json};

use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, Table},
    settings::{self, Flags, Settings},
};

/// Tokens for clients of the proxy: each stands for a token of the cloud
///
/// They are kept in proxy_tokens.json, which other tools read and write, too.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu token add --generate            # for your own account\n  \
    bambu token add - < custom.txt\n  \
    bambu token list\n  \
    bambu token renew                     # after bambu login\n  \
    bambu token remove sha256:0123456789ab\n  \
    bambu token validate - < custom.txt")]
pub(crate) struct Args {
    /// File of the tokens [default: as the config file says, else proxy_tokens.json in this folder
    /// if it is there, else beside the config file]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    tokens: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Add one for your account, or for the account of --token
    Add {
        /// `-` reads the custom token from standard input, after that of --token -
        #[arg(value_name = "-", required_unless_present = "generate", allow_hyphen_values = true)]
        custom: Option<String>,
        /// Make up a custom token that nobody can guess, and print it, this once
        #[arg(long, conflicts_with = "custom")]
        generate: bool,
    },
    /// List them, by fingerprint
    List,
    /// After a new login: let those that stand for the old one stand for it
    Renew {
        /// What they stand for now, by the list; needed where there is more than one
        #[arg(value_name = "FINGERPRINT")]
        old: Option<String>,
    },
    /// Remove one
    Remove {
        /// Its fingerprint from the list, or `-`: the token itself from standard input
        #[arg(value_name = "FINGERPRINT|-", allow_hyphen_values = true)]
        custom: String,
    },
    /// Tell whether there is such a token: exit code 0 or 1
    Validate {
        /// `-` reads the custom token from standard input
        #[arg(value_name = "-", allow_hyphen_values = true)]
        custom: String,
    },
}

pub(crate) fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let path = args.tokens.map_or_else(|| Settings::proxy_tokens(flags), Ok)?;
    let mut tokens =
        ProxyTokens::open(path).map_err(|error| Failure::advised(Kind::Failed, &error))?;
    match args.what {
        What::Add { custom, .. } => add(&mut tokens, custom.as_deref(), flags, args.json),
        What::List => list(&tokens, args.json),
        What::Renew { old } => renew(&mut tokens, old.as_deref(), flags, args.json),
        What::Remove { custom } => remove(&mut tokens, &custom, args.json),
        What::Validate { custom } => validate(&tokens, &custom, args.json),
    }
}

/// Without a custom token one is made up, and shown this once.
fn add(
    tokens: &mut ProxyTokens,
    custom: Option<&str>,
    flags: &Flags,
    json: bool,
) -> Result<(), Failure> {
    let real = account::token(&Settings::load(flags)?)?;
    let (custom, is_new) = match custom {
        Some(custom) => (piped(custom)?, false),
        None => (ProxyTokens::generate(), true),
    };
    tokens.add(&custom, &real).map_err(|error| Failure::advised(Kind::Failed, &error))?;
    let (print, real) = (custom.fingerprint(), real.fingerprint());
    let mut out = output::stdout();
    if json {
        let shown = is_new.then(|| custom.reveal());
        let document = json!({"custom": print.to_string(), "real": real.to_string(),
            "token": shown, "file": tokens.path()});
        writeln!(out, "{document}")?;
    } else {
        if is_new {
            writeln!(out, "{}", custom.reveal())?;
        }
        eprintln!("added {print}, which stands for {real}, to {}", tokens.path().display());
    }
    Ok(out.flush()?)
}

fn list(tokens: &ProxyTokens, json: bool) -> Result<(), Failure> {
    let list = tokens.list();
    let mut out = output::stdout();
    if json {
        let entry = |entry: &ProxyToken| json!({"custom": entry.custom.to_string(), "real": entry.real.to_string()});
        writeln!(out, "{}", list.iter().map(entry).collect::<Value>())?;
    } else if list.is_empty() {
        writeln!(out, "no proxy token in {}", tokens.path().display())?;
    } else {
        let mut table = Table::new(&["CUSTOM TOKEN", "STANDS FOR"]);
        for entry in &list {
            table.row([entry.custom.to_string().into(), entry.real.to_string().into()]);
        }
        table.write(&mut out, output::colour())?;
    }
    Ok(out.flush()?)
}

fn renew(
    tokens: &mut ProxyTokens,
    old: Option<&str>,
    flags: &Flags,
    json: bool,
) -> Result<(), Failure> {
    let new = account::token(&Settings::load(flags)?)?;
    let digits = |text: &str| text.trim_start_matches("sha256:").to_ascii_lowercase();
    let stale: BTreeSet<String> = tokens.list().iter().map(|entry| entry.real.digits()).collect();
    let mut stale: Vec<String> = stale
        .into_iter()
        .filter(|real| match old {
            Some(old) => digits(old).len() >= 4 && real.starts_with(&digits(old)),
            None => *real != new.fingerprint().digits(),
        })
        .collect();
    if stale.len() > 1 {
        return Err(Failure::say(Kind::Usage, "they stand for more than one other token")
            .next("name the one that the login replaces, from: bambu token list"));
    }
    let old = match (stale.pop(), old) {
        (None, Some(_)) => return Err(unknown()),
        (old, _) => old,
    };
    let listed = tokens.list();
    let old = listed.iter().find(|entry| Some(entry.real.digits()) == old).map(|entry| entry.real);
    let renewed = old.map_or(Ok(0), |old| tokens.renew(&old, &new));
    let count = renewed.map_err(|error| Failure::advised(Kind::Failed, &error))?;
    let real = new.fingerprint();
    let mut out = output::stdout();
    match json {
        true => writeln!(out, "{}", json!({"renewed": count, "real": real.to_string()}))?,
        false => writeln!(out, "{count} renewed: they stand for {real}")?,
    }
    Ok(out.flush()?)
}

fn remove(tokens: &mut ProxyTokens, custom: &str, json: bool) -> Result<(), Failure> {
    let custom = match custom {
        "-" => Some(piped("-")?),
        print => tokens.by_fingerprint(print),
    };
    let removed = match &custom {
        Some(custom) => {
            tokens.remove(custom).map_err(|error| Failure::advised(Kind::Failed, &error))?
        }
        None => false,
    };
    let custom = custom.filter(|_| removed).ok_or_else(unknown)?;
    let print = custom.fingerprint();
    let mut out = output::stdout();
    match json {
        true => writeln!(out, "{}", json!({"removed": print.to_string()}))?,
        false => writeln!(out, "removed {print}")?,
    }
    Ok(out.flush()?)
}

fn validate(tokens: &ProxyTokens, custom: &str, json: bool) -> Result<(), Failure> {
    let real = tokens.validate(&piped(custom)?).ok_or_else(unknown)?.fingerprint();
    let mut out = output::stdout();
    match json {
        true => writeln!(out, "{}", json!({"valid": true, "real": real.to_string()}))?,
        false => writeln!(out, "valid: stands for {real}")?,
    }
    Ok(out.flush()?)
}

/// A secret from standard input; one among the arguments would be seen by every user of the machine.
fn piped(given: &str) -> Result<Token, Failure> {
    if given != "-" {
        return Err(Failure::say(Kind::Usage, "a token is not taken from the command line")
            .next("pipe it in and write `-` in its place"));
    }
    settings::secret("-").map(|text| Token::new(&text))
}

fn unknown() -> Failure {
    Failure::say(Kind::Failed, "there is no such proxy token")
        .next("see them by fingerprint: bambu token list")
}
