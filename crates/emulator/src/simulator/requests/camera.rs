//! Commands of the `camera` section: recording, timelapse, resolution, what is stored.

use serde_json::json;

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::mainboard::Mainboard;

/// What becomes of one command.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    let life = &mut board.life;
    let settings = &mut life.settings;
    let word = |on: bool| if on { "enable" } else { "disable" };
    match command {
        "ipcam_record_set" => Verdict::of(asked.control().map(|on| {
            settings.put("ipcam.ipcam_record", word(on));
            settings.set_bit("home_flag", 5, on);
            settings.set_bit("cfg", 3, on);
            settings.set_bit("stat", 7, on);
        })),
        "ipcam_timelapse" => Verdict::of(asked.control().map(|on| {
            settings.put("ipcam.timelapse", word(on));
            settings.set_bit("cfg", 5, on);
        })),
        "ipcam_cap_pic_set" => {
            let on = asked.control();
            Verdict::when(on.is_some_and(|on| settings.put("ipcam.cap_pic_enable", word(on))))
        }
        "ipcam_resolution_set" => {
            let resolution = asked.text("resolution");
            let known = resolution.filter(|text| matches!(*text, "720p" | "1080p"));
            Verdict::of(known.map(|text| {
                settings.put("ipcam.resolution", text);
                settings.set_bit("cfg", 4, text == "1080p");
            }))
        }
        "ipcam_get_media_info" => {
            let right = asked.text("sub_command") == Some("is_timelapse_storage_enough");
            if !right || storage(board, asked).is_none() {
                return Verdict::Refused(NONSENSE);
            }
            let layers = asked.count("total_layer").unwrap_or(0);
            let (files, enough) = (board.life.timelapses, layers < 20_000);
            // `result` is a number here [L].
            let fields = json!({"result": 0, "is_enough": enough, "file_count": files,
                                "peer_host": "ipcam"});
            Verdict::Bare(fields.as_object().cloned().unwrap_or_default())
        }
        "ipcam_delete_oldest_timelapse" => {
            if storage(board, asked).is_none() {
                return Verdict::Refused(NONSENSE);
            }
            board.life.timelapses = board.life.timelapses.saturating_sub(1);
            Verdict::Silent
        }
        _ => Verdict::Refused(NONSENSE),
    }
}

/// A storage that the printer has, where it answers such questions at all.
fn storage(board: &Mainboard, asked: &Asked<'_>) -> Option<()> {
    let settings = &board.life.settings;
    asked.count("total_layer")?;
    match asked.text("storage")? {
        "internal" => settings.bit("fun", 28).then_some(()),
        "sdcard" => settings.has("fun").then_some(()),
        _ => None,
    }
}
