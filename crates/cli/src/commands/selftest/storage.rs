//! The storage of the printers on the local network: it is listed, and nothing is changed.

use std::time::Duration;

use bambulab::ftps::{Ftps, FtpsError};

use super::{
    record::{NotPassed, Records, skip},
    subject::{Subject, count},
};
use crate::{commands::files, exit::Failure, targets};

/// How long one printer may take; a listing is quick.
const WITHIN: Duration = Duration::from_secs(30);

pub(super) async fn run(subject: &Subject<'_>, records: &mut Records) -> Result<(), Failure> {
    records.check("local_ftp", Duration::MAX, look(subject)).await
}

async fn look(subject: &Subject<'_>) -> Result<String, NotPassed> {
    let targets = targets::on_lan(subject.settings)?;
    if targets.is_empty() {
        return skip("no printer of the config file has an address and an access code");
    }
    let options = subject.settings.options()?;
    let printers = count(targets.len(), "printer");
    let mut entries = 0;
    for target in targets {
        let listed = async {
            let mut session = Ftps::connect(&target, &options).await?;
            let entries = session.list("/").await;
            session.close().await;
            entries
        };
        let name = target.name.clone().unwrap_or_else(|| target.serial.to_string());
        match tokio::time::timeout(WITHIN, listed).await {
            Ok(Ok(listed)) => entries += listed.len(),
            Ok(Err(FtpsError::NoStorage)) => {
                return skip(format!("{name} has no card or stick"));
            }
            Ok(Err(error)) => return Err(files::failure(&error).about(name).into()),
            Err(_) => {
                let text = format!("{name} did not list its storage in {} s", WITHIN.as_secs());
                return Err(Failure::say(crate::exit::Kind::Unreachable, text)
                    .next("see `bambu files ls`")
                    .into());
            }
        }
    }
    Ok(format!("{printers}, {} at their roots", count(entries, "name")))
}
