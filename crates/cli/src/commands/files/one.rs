//! What is done with the storage of one printer.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bambu_protocol::ftp::name_of;
use bambulab::ftps::{Entry, Ftps, Stored, Transfer};
use serde_json::{Value, json};

use super::{At, choose, failure, no_address};
use crate::{
    exit::{Failure, Kind},
    output::{self, Cell, Paint, Table, bars::Bars, human},
    settings::Settings,
    shutdown,
    targets::Which,
};

/// What is wanted.
pub(super) enum Task {
    List(String),
    Get { path: String, file: Option<PathBuf>, force: bool },
    Remove(Vec<String>),
    Rename(String, String),
    MakeFolder(String),
    RemoveFolder(String),
    Room,
}

pub(super) async fn run(at: At, settings: &Settings, task: Task) -> Result<(), Failure> {
    let At { printer, by_hand, json } = at;
    let which = Which { printers: vec![printer], group: None, by_hand };
    let stop = shutdown::token();
    let work = async {
        let targets = choose(&which, settings).await?;
        let [target] = targets.as_slice() else {
            return Err(Failure::say(Kind::Usage, "there are several printers").next("name one"));
        };
        let on_lan = target.on_lan()?.ok_or_else(|| no_address(target))?;
        let options = settings.options()?;
        let connected = Ftps::connect(&on_lan, &options).await;
        let mut session = connected.map_err(|error| failure(&error).about(target.shown()))?;
        let done = perform(&mut session, task, target.shown(), json).await;
        session.close().await;
        done.map_err(|failure| failure.about(target.shown()))
    };
    tokio::select! {
        result = work => result,
        () = stop.cancelled() => Err(Failure::say(Kind::Failed, "interrupted")),
    }
}

async fn perform(session: &mut Ftps, task: Task, name: &str, json: bool) -> Result<(), Failure> {
    let failed = |error| failure(&error);
    match task {
        Task::List(folder) => {
            let entries = session.list(&folder).await.map_err(failed)?;
            list(&folder, entries, json)
        }
        Task::Get { path, file, force } => {
            // Into a folder of this machine under its own name.
            let file = match file {
                Some(folder) if folder.is_dir() => folder.join(name_of(&path)),
                Some(file) => file,
                None => name_of(&path).into(),
            };
            let stored = fetch(session, &path, &file, force, name, json).await?;
            let file = file.display().to_string();
            let text = format!("ok: {} as {file}, {}", stored.path, human::bytes(stored.size));
            let (size, md5) = (stored.size, stored.md5);
            tell(&text, &json!({"path": path, "file": file, "size": size, "md5": md5}), json)
        }
        Task::Remove(paths) => {
            for path in paths {
                session.delete(&path).await.map_err(failed)?;
                tell(&format!("ok: {path} removed"), &json!({"removed": path}), json)?;
            }
            Ok(())
        }
        Task::Rename(from, to) => {
            session.rename(&from, &to).await.map_err(failed)?;
            tell(&format!("ok: {from} is {to}"), &json!({"from": from, "to": to}), json)
        }
        Task::MakeFolder(folder) => {
            session.make_folder(&folder).await.map_err(failed)?;
            tell(&format!("ok: {folder} made"), &json!({"made": folder}), json)
        }
        Task::RemoveFolder(folder) => {
            session.remove_folder(&folder).await.map_err(failed)?;
            tell(&format!("ok: {folder} removed"), &json!({"removed": folder}), json)
        }
        Task::Room => {
            let free = session.free_space().await.map_err(failed)?;
            let text = match free {
                Some(free) => format!("{} free", human::bytes(free)),
                None => "the printer does not tell how much is free".to_owned(),
            };
            tell(&text, &json!({"free_bytes": free}), json)
        }
    }
}

/// One line for a person, or one document.
fn tell(text: &str, document: &Value, json: bool) -> Result<(), Failure> {
    let mut out = output::stdout();
    match json {
        true => writeln!(out, "{document}")?,
        false => writeln!(out, "{}", human::printable(text))?,
    }
    Ok(out.flush()?)
}

fn list(folder: &str, mut entries: Vec<Entry>, json: bool) -> Result<(), Failure> {
    entries.sort_by_cached_key(|entry| (!entry.is_folder, human::sort_key(&entry.name)));
    let mut out = output::stdout();
    if json {
        let folder = folder.trim_end_matches('/');
        let row = |entry: &Entry| {
            json!({
                "name": entry.name,
                "path": format!("{folder}/{}", entry.name),
                "is_folder": entry.is_folder,
                "size": (!entry.is_folder).then_some(entry.size),
                "modified": entry.modified,
            })
        };
        output::json(&mut out, &entries.iter().map(row).collect::<Vec<_>>())?;
        return Ok(out.flush()?);
    }
    let mut table = Table::new(&["SIZE", "CHANGED", "NAME"]);
    for entry in &entries {
        let changed = entry.modified.as_deref().unwrap_or(human::UNKNOWN);
        let (size, name) = match entry.is_folder {
            true => (String::new(), Cell::painted(format!("{}/", entry.name), Paint::Cyan)),
            false => (human::bytes(entry.size), entry.name.as_str().into()),
        };
        table.row([size.as_str().into(), Cell::painted(changed, Paint::Dim), name]);
    }
    match entries.is_empty() {
        // One without a stick or card shows an empty root, too.
        true if folder.trim_matches('/').is_empty() => {
            writeln!(out, "nothing is there; see on the printer's screen that it has storage")?;
        }
        true => writeln!(out, "nothing is there")?,
        false => table.write(&mut out, output::colour())?,
    }
    Ok(out.flush()?)
}

/// Into a file beside the last name, which it gets once it is whole.
async fn fetch(
    session: &mut Ftps,
    path: &str,
    file: &Path,
    force: bool,
    name: &str,
    json: bool,
) -> Result<Stored, Failure> {
    if file.file_name().is_none() {
        return Err(Failure::say(Kind::Usage, format!("{path:?} names no file"))
            .next("give the path of a file, such as /cache/cube.gcode.3mf"));
    }
    if file.exists() && !force {
        return Err(Failure::say(Kind::Usage, format!("{} is here already", file.display()))
            .next("name another file, or replace it with --force"));
    }
    let local = |error: io::Error| {
        Failure::new(Kind::Usage, error)
            .about(format!("cannot write {}", file.display()))
            .next("check the folder, its permissions and the room")
    };
    let mut partial = file.as_os_str().to_owned();
    // Nobody else's file has this name, or it is left alone.
    partial.push(format!(".{}.part", std::process::id()));
    let partial = PathBuf::from(partial);
    let mut into = tokio::fs::File::create_new(&partial).await.map_err(local)?;
    let partial = Partial(partial);
    let bars = Bars::new(!json, std::iter::once(name));
    let bar = bars.add(name);
    let teller = bar.clone();
    let how = Transfer {
        progress: Some(Arc::new(move |bytes, of| teller.sent(bytes, of))),
        ..Transfer::default()
    };
    let stored = session.download(path, &mut into, &how).await;
    bar.end();
    let stored = stored.map_err(|error| failure(&error))?;
    into.sync_all().await.map_err(local)?;
    tokio::fs::rename(&partial.0, file).await.map_err(local)?;
    Ok(stored)
}

/// Goes away unless it has become the file.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _renamed = std::fs::remove_file(&self.0);
    }
}
