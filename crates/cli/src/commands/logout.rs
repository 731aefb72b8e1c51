//! `bambu logout`: end the session in the cloud, then forget it here.

use std::io::Write as _;

use serde_json::json;

use crate::{
    account,
    exit::{Failure, Kind},
    output,
    settings::{Flags, Settings, Source},
};

/// End the saved session in the cloud and forget it here
///
/// It is forgotten here even where the cloud cannot be told, which is said and is a failure. With
/// --token that token is ended; a saved session of another token stays.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let settings = Settings::load_for_login(flags)?;
    let file = settings.session_file();
    let failed = |error| Failure::advised(Kind::Failed, &error);
    // Not a file of something else.
    let session = file.read().map_err(failed)?;
    // To remove the link would leave the token where it leads to.
    file.refuse_link().map_err(failed)?;
    let given = settings.token.as_ref().filter(|token| token.source != Source::Session);
    // A token of the environment is somebody's who set it, such as a service's: it goes on.
    let flag = given.filter(|token| token.source == Source::Flag("--token"));
    let saved = session.map(|session| session.token);
    let token = flag.map(|token| token.value.clone()).or_else(|| saved.clone());
    let is_saved_one = saved.is_none() || saved == token;
    let (told, why) = match &token {
        None => ("there is no session", None),
        Some(token) => match account::login(&settings)?.logout(token).await {
            Ok(()) => ("ended", None),
            Err(error) if error.is_auth() => ("had ended before", None),
            Err(error) => ("not told", Some(account::failure(error))),
        },
    };
    let forgotten = is_saved_one && file.remove().map_err(failed)?;
    if let Some(why) = &why {
        eprintln!("warning: the cloud could not be told: {why}");
        eprintln!("warning: whoever has the token can use it until it ends by itself");
    }
    let mut out = output::stdout();
    if args.json {
        let document = json!({"cloud": told, "forgotten": forgotten, "token_file": file.path()});
        writeln!(out, "{document}")?;
    } else {
        match told {
            "not told" => {}
            told => writeln!(out, "In the cloud: {told}")?,
        }
        let path = file.path().display();
        match forgotten {
            true => writeln!(out, "Forgotten: {path}")?,
            false if is_saved_one => writeln!(out, "Nothing was saved at {path}")?,
            false => writeln!(out, "Kept, it has another token: {path}")?,
        }
    }
    out.flush()?;
    if let Some(source @ Source::Environment(_)) = given.map(|token| &token.source) {
        eprintln!("warning: {source} is still set, and its token counts: unset it");
    }
    // A script has to know that the token may still live.
    why.map_or(Ok(()), |why| Err(Failure::told(why.kind())))
}
