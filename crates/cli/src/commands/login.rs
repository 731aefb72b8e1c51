//! `bambu login`: from a person to a saved session. How it is done is in the library's
//! `cloud/login.rs`, who is asked in `login/prompt.rs`.

mod prompt;

use std::{io::Write as _, time::SystemTime};

use bambulab::{
    Cloud, CloudError, Credentials, FixedCode, Login, SessionFile,
    cloud::{Found, Life, Obtained},
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    account,
    exit::{Failure, Kind},
    output::{self, human},
    settings::{self, Flags, Settings, Source},
};

use prompt::Codes;

const DAY: u64 = 24 * 60 * 60;

/// Log in to the cloud and save the session
///
/// With a password, with a code by e-mail alone (accounts made through Google or Apple have no
/// password), or with a token that you have: --token -. What is not given is asked for; where
/// standard input is no terminal, it is read from there line by line: account, password, code.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu login\n  \
    bambu login --email maker@example.com\n  \
    bambu login --username maker@example.com --password - < password.txt\n  \
    bambu login --token - < token.txt\n  \
    bambu login --verify\n\n\
    Environment: BAMBU_PASSWORD, BAMBU_CODE")]
pub(crate) struct Args {
    /// Log in with a code alone, sent to this e-mail address, or, in the region china, to this
    /// telephone
    #[arg(long, visible_alias = "phone", value_name = "ADDRESS")]
    #[arg(conflicts_with_all = ["username", "password"])]
    email: Option<String>,
    /// E-mail address of the account; in the region china it may be a telephone number
    #[arg(short, long, value_name = "ACCOUNT")]
    username: Option<String>,
    /// Its password; `-` reads it from standard input [env: BAMBU_PASSWORD]
    #[arg(short, long, value_name = "PASSWORD", allow_hyphen_values = true)]
    password: Option<String>,
    /// The code that was sent or that the authenticator shows [env: BAMBU_CODE]
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    code: Option<String>,
    /// The ticket of a sign-in in the browser; `-` reads it from standard input
    #[arg(long, value_name = "TICKET", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["email", "username", "password"])]
    ticket: Option<String>,
    /// Only tell whether the saved session still counts
    #[arg(long, alias = "verify-only")]
    verify: bool,
    /// Log in anew, although the saved session still counts
    #[arg(short, long, alias = "force-new")]
    force: bool,
    /// Afterwards, ask the cloud who I am and which printers I have
    #[arg(long)]
    test: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Called by the seeds' name
    #[arg(long, hide = true)]
    as_the_seeds: bool,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load_for_login(flags)?;
    let file = settings.session_file();
    let login = account::login(&settings)?;
    if args.as_the_seeds {
        say("Bambu Lab Authentication Tool")?;
        say(&format!("Region: {}", settings.region.value.name()))?;
        say(&format!("Token file: {}\n", file.path().display()))?;
    }
    if args.verify {
        verify(&args, &settings, &login, &file).await?;
    } else {
        let obtained = obtain(&args, &settings, &login, &file).await?;
        tell(&args, &settings, &file, &obtained)?;
        if args.test {
            test(&settings, &obtained).await?;
        }
    }
    if let Some(source @ Source::Environment(_)) = settings.token.map(|token| token.source) {
        eprintln!("warning: {source} is set and is used instead of the saved session");
    }
    Ok(())
}

/// The saved session, or a new one.
async fn obtain(
    args: &Args,
    settings: &Settings,
    login: &Login,
    file: &SessionFile,
) -> Result<Obtained, Failure> {
    let failed = account::login_failure;
    let given = settings.token.as_ref().filter(|token| token.source == Source::Flag("--token"));
    if let Some(token) = given {
        let credentials = Credentials::Token(token.value.clone());
        let created = login.create(file, &credentials, FixedCode::none()).await;
        return saved(created.map_err(failed)?);
    }
    let before = file.read().map_err(|error| Failure::advised(Kind::Failed, &error))?;
    let anew = args.force || args.ticket.is_some();
    if !anew && let Some(found) = login.resume(file).await.map_err(failed)? {
        if let Found::Unverified(error) = found.found {
            return Err(account::failure(error).about("the saved session cannot be verified"));
        }
        if is_of(args, settings, &found).await {
            return saved(found);
        }
    }
    let credentials = credentials(args)?;
    if args.as_the_seeds {
        say("Logging in...")?;
    }
    let code = match args.code.clone().or_else(|| prompt::variable("BAMBU_CODE")) {
        Some(code) => Some(settings::secret(&code)?),
        None => None,
    };
    // Whatever is saved was looked at above; another process may have saved one since.
    let codes = Codes::new(code.as_deref());
    let is_named = args.email.is_some() || args.username.is_some();
    let obtained = match (anew, is_named) {
        (true, _) => login.create(file, &credentials, codes).await,
        (_, true) => {
            let before = before.as_ref();
            let obtained = login.create_unless_new(file, before, &credentials, codes).await;
            match obtained {
                Ok(other)
                    if !matches!(other.found, Found::New)
                        && !is_of(args, settings, &other).await =>
                {
                    let codes = Codes::new(code.as_deref());
                    login.create(file, &credentials, codes).await
                }
                obtained => obtained,
            }
        }
        (false, false) => login.get_or_create(file, &credentials, codes).await,
    };
    saved(obtained.map_err(failed)?)
}

/// A session that is nowhere is none to the next call.
fn saved(obtained: Obtained) -> Result<Obtained, Failure> {
    match obtained.unsaved {
        Some(error) => {
            Err(Failure::advised(Kind::Failed, &error).about("logged in, but not saved"))
        }
        None => Ok(obtained),
    }
}

/// Whether a session is of the account that was named, if one was.
async fn is_of(args: &Args, settings: &Settings, obtained: &Obtained) -> bool {
    let Some(wanted) = args.email.as_ref().or(args.username.as_ref()) else { return true };
    let profile = match cloud(settings, obtained) {
        Ok(cloud) => cloud.user_profile().await.ok(),
        Err(_) => None,
    };
    let account = profile.and_then(|profile| profile.value.account);
    // A cloud that does not tell it leaves the saved session in force, as the seeds do.
    account.is_none_or(|account| account.eq_ignore_ascii_case(wanted.trim()))
}

fn credentials(args: &Args) -> Result<Credentials, Failure> {
    let missing = |what: &str, next: &str| {
        Failure::say(Kind::Usage, format!("no {what} was given")).next(next.to_owned())
    };
    if let Some(ticket) = &args.ticket {
        return Ok(Credentials::Ticket(settings::secret(ticket)?));
    }
    if let Some(account) = &args.email {
        return Ok(Credentials::Code { account: account.clone() });
    }
    let account = match &args.username {
        Some(account) => Some(account.clone()),
        None => prompt::line("Email")?,
    };
    let account = account.ok_or_else(|| {
        missing("account", "bambu login --email ADDRESS, or --username and --password -")
    })?;
    let password = match args.password.clone().or_else(|| prompt::variable("BAMBU_PASSWORD")) {
        Some(given) if given == "-" => settings::secret(&given).ok(),
        Some(given) => Some(given),
        None => prompt::password()?,
    };
    let password = password.ok_or_else(|| {
        missing("password", "set BAMBU_PASSWORD, or log in by a code: bambu login --email ADDRESS")
    })?;
    Ok(Credentials::Password { account, password })
}

async fn verify(
    args: &Args,
    settings: &Settings,
    login: &Login,
    file: &SessionFile,
) -> Result<(), Failure> {
    let given = settings.token.as_ref().filter(|token| token.source == Source::Flag("--token"));
    // The environment's token is another one than the saved.
    let token = match given {
        Some(token) => Some(token.value.clone()),
        None => {
            let saved = file.read().map_err(|error| Failure::advised(Kind::Failed, &error))?;
            saved.map(|session| session.token)
        }
    };
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        tell_seeds(args, "No saved token found")?;
        let why = format!("there is no saved session at {}", file.path().display());
        return Err(Failure::say(Kind::NotAuthenticated, why).next("bambu login"));
    };
    tell_seeds(args, "Verifying token...")?;
    match login.verify(&token).await {
        Life::Alive { uid } => {
            if args.json {
                let document = json!({"valid": true, "uid": uid,
                    "token": token.fingerprint().to_string()});
                return say(&document.to_string());
            }
            say("Token is valid!")
        }
        Life::Dead => {
            tell_seeds(args, "Token is invalid or expired")?;
            Err(account::failure(CloudError::LoginWanted))
        }
        Life::Unknown(error) => {
            Err(account::failure(error).about("nobody can say whether the token still counts"))
        }
    }
}

fn tell(
    args: &Args,
    settings: &Settings,
    file: &SessionFile,
    obtained: &Obtained,
) -> Result<(), Failure> {
    let session = &obtained.session;
    let end = session.expires_at.and_then(|end| Timestamp::try_from(end).ok());
    let print = session.token.fingerprint();
    let region = settings.region.value.name();
    let found = match obtained.found {
        Found::New => "new",
        Found::Refreshed => "refreshed",
        _ => "saved",
    };
    if args.json {
        let second = end.and_then(|end| Timestamp::from_second(end.as_second()).ok());
        let document = json!({
            "session": found, "region": region, "uid": session.uid,
            "token": print.to_string(), "token_file": file.path(),
            "expires_at": second.map(|end| end.to_string()),
        });
        return say(&document.to_string());
    }
    match obtained.found {
        Found::New => say("Login successful!")?,
        _ if args.as_the_seeds => say("Login successful!")?,
        _ => say("Already logged in; for a new login: bambu login --force")?,
    }
    say(&format!("Token saved to: {}", file.path().display()))?;
    say(&format!("Token: {print}"))?;
    let uid = session.uid.as_deref().unwrap_or(human::UNKNOWN);
    say(&format!("Account: {uid} ({region})"))?;
    let left = session.remaining(SystemTime::now()).map(|left| (left.as_secs() + DAY / 2) / DAY);
    if let (Some(end), Some(days)) = (end, left) {
        let date = end.to_zoned(jiff::tz::TimeZone::system()).date();
        say(&format!("Ends on: {date}, in {days} days"))?;
    }
    Ok(())
}

/// Who I am and which printers I have, as the seeds show it.
async fn test(settings: &Settings, obtained: &Obtained) -> Result<(), Failure> {
    say("\nTesting token...")?;
    let cloud = cloud(settings, obtained)?;
    let profile = cloud.user_profile().await.map_err(account::failure)?.value;
    say("Token verified!")?;
    say(&format!("User: {}", profile.name.as_deref().unwrap_or("N/A")))?;
    say(&format!("Email: {}", profile.account.as_deref().unwrap_or("N/A")))?;
    let devices = cloud.devices().await.map_err(account::failure)?.value;
    say(&format!("Devices: {} found", devices.len()))?;
    for device in &devices {
        let name = device.name.as_deref().unwrap_or("Unknown");
        say(&format!("  - {} ({})", human::printable(name), device.serial))?;
    }
    Ok(())
}

fn cloud(settings: &Settings, obtained: &Obtained) -> Result<Cloud, Failure> {
    account::cloud_for(settings, Some(obtained.session.token.clone()))
}

fn tell_seeds(args: &Args, line: &str) -> Result<(), Failure> {
    if args.as_the_seeds && !args.json { say(line) } else { Ok(()) }
}

/// One line, at once: the next thing may be a question.
fn say(line: &str) -> Result<(), Failure> {
    let mut out = output::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
