//! Where a printer looks for the file that a job names, and what it takes from it.

use std::{fs::File, io::Read};

use crate::{
    simulator::{
        job::Job,
        mainboard::{Download, Mainboard},
        sliced::{self, Sliced, Unreadable},
    },
    storage::{Place, Storage},
};

/// What stands before a path in the printer's storage, by what clients send. [L]
const SCHEMES: [&str; 6] = [
    "file:///mnt/sdcard",
    "file:///media/usb0",
    "file:///sdcard",
    "brtc://emmc",
    "ftp://",
    "file://",
];
/// The same for `gcode_file`.
const FOLDERS: [&str; 3] = ["/mnt/sdcard", "/media/usb0", "/sdcard"];
/// Where a file without an address is looked for, in turn. [G]
const USUAL: [&str; 3] = ["/", "/cache", "/model"];

/// Takes what the file of a `project_file` says into its job; false when it is missing or broken.
pub(super) fn project(board: &Mainboard, job: &mut Job, url: &str, file: &str, md5: &str) -> bool {
    let said = if url.starts_with("http://") || url.starts_with("https://") {
        match board.download(url, md5) {
            Download::Nothing => return false,
            Download::Unseen => return true,
            Download::File(object) => match File::open(object.path()) {
                Ok(file) => sliced::read(file, job.plate),
                Err(_) => return false,
            },
        }
    } else {
        let Some(storage) = &board.storage else { return board.has_file(&job.file) };
        let Some(place) = find(storage, url, file) else { return false };
        storage.read(&place).map_err(|_| Unreadable).and_then(|file| sliced::read(file, job.plate))
    };
    take(job, said)
}

/// The same for the path of a `gcode_file`.
pub(super) fn gcode(board: &Mainboard, job: &mut Job, path: &str) -> bool {
    let Some(storage) = &board.storage else { return board.has_file(&job.file) };
    let path = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path);
    let file = existing(storage, "/", path).and_then(|place| storage.read(&place).ok());
    let Some(file) = file else { return false };
    take(job, sliced::gcode(file.take(1 << 40)))
}

fn take(job: &mut Job, said: Result<Sliced, Unreadable>) -> bool {
    let Ok(said) = said else { return false };
    job.layers = said.layers.unwrap_or(job.layers);
    job.minutes = said.minutes.unwrap_or(job.minutes);
    job.grams = said.grams.unwrap_or(job.minutes * 0.35);
    job.objects = said.objects;
    true
}

/// The file that an address names; without one, the first of this name where files usually are.
fn find(storage: &Storage, url: &str, file: &str) -> Option<Place> {
    if url.is_empty() {
        return USUAL
            .iter()
            .find_map(|folder| existing(storage, folder, file.trim_start_matches('/')));
    }
    let path = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url);
    existing(storage, "/", path)
}

fn existing(storage: &Storage, folder: &str, path: &str) -> Option<Place> {
    let place = Place::root().join(folder).ok()?.join(path.trim_start_matches('/')).ok()?;
    storage.look(&place).is_ok_and(|entry| !entry.is_folder).then_some(place)
}
