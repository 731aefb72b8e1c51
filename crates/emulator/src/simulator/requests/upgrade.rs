//! Commands of the `upgrade` section. Every accepted one takes minutes, shown in `upgrade_state`.

use serde_json::{Map, Value, json};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{life::Upgrade, mainboard::Mainboard, version};

/// What becomes of one command.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    if command == "get_history" {
        return history(board);
    }
    let source = if command == "upgrade_history" { 2 } else { 1 };
    let from = asked.whole("src_id");
    let confirms = command == "upgrade_confirm" && from == Some(2);
    let upgrade =
        if from == Some(source) || confirms { upgrade(board, command, asked) } else { None };
    let Some(upgrade) = upgrade else { return Verdict::Refused(NONSENSE) };
    let own = version::firmware(board.spec.model);
    let older = upgrade.module == "ota" && upgrade.version != own;
    let begun = board.life.begin_upgrade(upgrade);
    if begun && older {
        // Once it is in, the one that it came with is the newer one.
        board.life.newer = Some(own.to_owned());
    }
    Verdict::when(begun)
}

fn upgrade(board: &Mainboard, command: &str, asked: &Asked<'_>) -> Option<Upgrade> {
    let settings = &board.life.settings;
    let new = |module: &str, version: &str| {
        let (module, version) = (module.to_owned(), version.to_owned());
        Some(Upgrade { module, version, family: None, spent: 0.0 })
    };
    match command {
        "upgrade_confirm" => new("ota", board.life.offered.as_deref()?),
        "consistency_confirm" => {
            let wanted = settings.get("upgrade_state.consistency_request")?;
            if *wanted == Value::Bool(true) { new("consistency", "") } else { None }
        }
        "start" => {
            asked.text("url").filter(|url| !url.is_empty())?;
            let module = asked.text("module").filter(|module| !module.is_empty())?;
            new(module, version_of(asked.text("version")?)?)
        }
        "upgrade_history" => {
            let firmware = asked.get("firmware_optional")?.get("firmware")?;
            let version = version_of(firmware.get("version")?.as_str()?)?;
            past(board).iter().any(|known| known == version).then_some(())?;
            new("ota", version)
        }
        "wtm_upgrade" => {
            let module = asked.text("module")?;
            let place = module.strip_prefix("wtm/").and_then(|id| id.parse().ok());
            let known = matches!(module, "wtm" | "wtm_all") || matches!(place, Some(16..=21));
            if known && settings.bit("fun", 60) { new(module, "") } else { None }
        }
        "mc_for_ams_firmware_upgrade" => {
            let choices = settings.get("upgrade_state.mc_for_ams_firmware.firmware")?.as_array()?;
            let id = u64::from(asked.count("id")?);
            choices.iter().find(|choice| choice.get("id").and_then(Value::as_u64) == Some(id))?;
            Some(Upgrade { family: Some(id), ..new("mc", "")? })
        }
        _ => None,
    }
}

fn version_of(text: &str) -> Option<&str> {
    text.parse::<bambu_protocol::Firmware>().ok().map(|_| text)
}

/// Versions that the printer can go back to, and its own.
fn past(board: &Mainboard) -> [String; 2] {
    let own = version::firmware(board.spec.model);
    // One minor number earlier, by name only: nothing else about it differs.
    let older = own.rsplit_once('.').map_or(own, |(rest, _)| rest);
    [own.to_owned(), format!("{older}.90")]
}

fn history(board: &Mainboard) -> Verdict {
    let entry = |version: &String| {
        json!({"firmware": {"version": version, "force_update": false, "description": "",
                            "url": format!("https://firmware.example/{version}.zip")},
               "ams": []})
    };
    let list: Vec<Value> = past(board).iter().map(entry).collect();
    Verdict::Told(Map::from_iter([("firmware_optional".to_owned(), list.into())]))
}
