//! Commands of the `system` section: lights, dialogs, accessories, restart.

use bambu_protocol::Model;
use serde_json::{Map, Value, json};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::{mainboard::Mainboard, phase::Light};

/// What becomes of one command.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Verdict {
    match command {
        "ledctrl" => led(board, asked),
        "get_access_code" => {
            let code = board.spec.access_code.reveal();
            Verdict::Told(Map::from_iter([("access_code".to_owned(), code.into())]))
        }
        "uiop" => dialog(board, asked),
        "set_door_stat" => {
            let config = asked.count("config").filter(|config| *config <= 2);
            let settings = &mut board.life.settings;
            let config = config.filter(|_| settings.bit("fun", 12));
            Verdict::of(config.map(|config| settings.set_bits("cfg", 20, 2, config.into())))
        }
        "print_cache_set" => {
            // P1 firmware keeps its own mind up to 01.10 [L].
            let able = !matches!(board.spec.model, Model::P1P | Model::P1S);
            let settings = &mut board.life.settings;
            let config = asked.flag("config").filter(|_| able);
            if let Some(config) = config {
                settings.set_bit("home_flag", 11, config);
                settings.set_bit("cfg", 19, config);
            }
            Verdict::when(config.is_some())
        }
        "set_accessories" => Verdict::of(accessories(board, asked)),
        "get_accessories" => {
            let settings = &board.life.settings;
            let told = |key: &str| settings.get(key).cloned().unwrap_or_default();
            if asked.text("accessory_type").is_none() || !single_nozzle(board) {
                return Verdict::Refused(NONSENSE);
            }
            let diameter = told("nozzle_diameter");
            let diameter = diameter.as_str().and_then(|text| text.parse::<f64>().ok());
            let fields = json!({"nozzle_diameter": diameter, "nozzle_type": told("nozzle_type")});
            Verdict::Told(fields.as_object().cloned().unwrap_or_default())
        }
        // Nothing is acknowledged: the connection breaks first [L].
        "reboot" => {
            board.life.restart();
            Verdict::Silent
        }
        _ => Verdict::Refused(NONSENSE),
    }
}

fn led(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let mode = asked.text("led_mode").and_then(Light::from_word);
    let (Some(node), Some(mode)) = (asked.text("led_node"), mode) else {
        return Verdict::Refused(NONSENSE);
    };
    let lights = board.spec.model.capabilities().lights;
    match node {
        "chamber_light" => board.life.light = mode,
        "chamber_light2" if lights.contains(&node) => board.life.light2 = mode,
        // Reported as flashing all the time, whatever it was told [L].
        "work_light" if lights.contains(&node) => {}
        // Taken without effect: an A1 mini has none, the bed light of an H2 is never reported [L].
        "work_light" if board.spec.model == Model::A1Mini => {}
        "heatbed_light" if lights.contains(&node) => {}
        _ => return Verdict::Refused(NONSENSE),
    }
    Verdict::Done
}

/// Closes the dialog of an error that is named by its eight hex digits.
fn dialog(board: &mut Mainboard, asked: &Asked<'_>) -> Verdict {
    let right = asked.text("name") == Some("print_error") && asked.text("action") == Some("close");
    let Some(text) = asked.text("err").filter(|_| right) else { return Verdict::Refused(NONSENSE) };
    let error = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8);
    if error.is_some_and(|error| board.life.print_error == error) {
        board.life.print_error = 0;
    }
    Verdict::Done
}

/// One nozzle, and older than the H2 machines: the nozzle is told by hand.
fn single_nozzle(board: &Mainboard) -> bool {
    matches!(
        board.spec.model,
        Model::X1C | Model::X1 | Model::X1E | Model::P1P | Model::P1S | Model::A1 | Model::A1Mini
    )
}

fn accessories(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    let diameter = asked.number("nozzle_diameter")?;
    let known = [0.2, 0.4, 0.6, 0.8].into_iter().find(|known| (known - diameter).abs() < 1e-6)?;
    let kind = asked.text("nozzle_type")?;
    let right = matches!(kind, "stainless_steel" | "hardened_steel")
        && asked.text("accessory_type") == Some("nozzle");
    if !right || !single_nozzle(board) {
        return None;
    }
    let settings = &mut board.life.settings;
    settings.put("nozzle_diameter", Value::from(known.to_string()));
    settings.put("nozzle_type", kind);
    Some(())
}
