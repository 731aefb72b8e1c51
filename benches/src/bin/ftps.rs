//! A session with a printer's storage that does as it is told: one request in JSON per line of
//! input, one answer per line of output. Called by `benches/ftps.py`, which measures it beside curl,
//! and by `interop/judge_ftps_client.py`, which judges it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bambu_benches::Error;
use bambu_protocol::{AccessCode, Serial};
use bambulab::{
    LanTarget, Options, Roots,
    ftps::{Entry, Existing, Ftps, FtpsError, Stored, Transfer},
};
use clap::Parser;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::fs::File;

/// Reads requests such as `{"do":"put","file":"a.3mf","path":"/a.3mf"}`.
#[derive(Parser)]
struct Arguments {
    /// Serial number of the printer.
    #[arg(long)]
    serial: Serial,
    /// Its address.
    #[arg(long)]
    host: String,
    /// Its FTPS port.
    #[arg(long)]
    port: u16,
    /// Its access code.
    #[arg(long)]
    access_code: String,
    /// The authority to trust; without one the certificate is remembered while this runs.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// Where the requests stand, if not in the input.
    #[arg(long)]
    input: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Asked {
    List { path: String },
    Size { path: String },
    Put { file: PathBuf, path: String, existing: Option<String>, cancel_at: Option<u64> },
    Get { path: String, file: PathBuf },
    Delete { path: String },
    Rename { path: String, to: String },
    MakeFolder { path: String },
    RemoveFolder { path: String },
    FreeSpace,
    Wait { seconds: u64 },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let asked = Arguments::parse();
    let roots = match &asked.ca_file {
        Some(file) => Roots::public().with_pem_file(file)?,
        None => Roots::public(),
    };
    let options = Options { roots, ..Options::default() };
    let target = LanTarget {
        ftps_port: asked.port,
        ..LanTarget::new(asked.serial, asked.host, AccessCode::new(&asked.access_code))
    };
    let mut session = match Ftps::connect(&target, &options).await {
        Ok(session) => session,
        Err(error) => {
            println!("{}", failure(&error));
            return Ok(());
        }
    };
    println!("{}", json!({"connected": true}));
    let input: Box<dyn BufRead> = match &asked.input {
        Some(file) => Box::new(BufReader::new(std::fs::File::open(file)?)),
        None => Box::new(std::io::stdin().lock()),
    };
    for line in input.lines() {
        let asked = serde_json::from_str(&line?)?;
        let answer = answer(&mut session, asked).await;
        println!("{}", answer.unwrap_or_else(|error| failure(&error)));
    }
    session.close().await;
    Ok(())
}

async fn answer(session: &mut Ftps, asked: Asked) -> Result<Value, FtpsError> {
    Ok(match asked {
        Asked::List { path } => {
            let entries = session.list(&path).await?;
            json!({"entries": entries.iter().map(entry).collect::<Vec<_>>()})
        }
        Asked::Size { path } => json!({"size": session.size(&path).await?}),
        Asked::Put { file, path, existing, cancel_at } => {
            let (how, last) = transfer(existing.as_deref(), cancel_at);
            let result = session.upload_file(&file, &path, &how).await?;
            stored(&result, &last)
        }
        Asked::Get { path, file } => {
            let (how, last) = transfer(None, None);
            let into = local(&file, File::create(&file).await)?;
            let result = session.download(&path, into, &how).await?;
            stored(&result, &last)
        }
        Asked::Delete { path } => done(session.delete(&path).await?),
        Asked::Rename { path, to } => done(session.rename(&path, &to).await?),
        Asked::MakeFolder { path } => done(session.make_folder(&path).await?),
        Asked::RemoveFolder { path } => done(session.remove_folder(&path).await?),
        Asked::FreeSpace => json!({"free": session.free_space().await?}),
        Asked::Wait { seconds } => {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            done(())
        }
    })
}

/// How a file goes, and the last progress that was told.
fn transfer(existing: Option<&str>, cancel_at: Option<u64>) -> (Transfer, Arc<AtomicU64>) {
    let existing = match existing {
        Some("keep_same_size") => Existing::KeepSameSize,
        Some("refuse") => Existing::Refuse,
        _ => Existing::Replace,
    };
    let (last, how) = (Arc::new(AtomicU64::new(0)), Transfer { existing, ..Transfer::default() });
    let (told, cancel) = (last.clone(), how.cancel.clone());
    let progress = Arc::new(move |done: u64, _of: u64| {
        told.store(done, Ordering::Relaxed);
        if cancel_at.is_some_and(|at| done >= at) {
            cancel.cancel();
        }
    });
    (Transfer { progress: Some(progress), ..how }, last)
}

fn stored(Stored { path, size, md5, renamed, kept }: &Stored, last: &AtomicU64) -> Value {
    let last = last.load(Ordering::Relaxed);
    json!({"path": path, "size": size, "md5": md5, "renamed": renamed, "kept": kept, "told": last})
}

fn entry(Entry { name, is_folder, size, modified }: &Entry) -> Value {
    json!({"name": name, "is_folder": is_folder, "size": size, "modified": modified})
}

fn done((): ()) -> Value {
    json!({"done": true})
}

fn local<T>(path: &Path, result: std::io::Result<T>) -> Result<T, FtpsError> {
    result.map_err(|source| FtpsError::Local { path: path.to_owned(), source })
}

fn failure(error: &FtpsError) -> Value {
    json!({"error": error.word(), "text": error.to_string()})
}
