//! Commands about the job that runs: pause, go on, stop, speed, objects, errors and their dialogs.

use bambu_protocol::Model;

use super::{Asked, Verdict};
use crate::simulator::{mainboard::Mainboard, phase::Pause};

/// Objects of one plate that can be told apart.
const OBJECTS: usize = 64;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    let life = &mut board.life;
    Some(match command {
        "pause" => Verdict::when(life.pause(Pause::Asked)),
        // With an error that is not the printer's own, the form for errors is taken without effect.
        "resume" | "stop" if asked.get("err").is_some() => {
            if asked.error().is_some_and(|error| life.says(error)) {
                let done = if command == "resume" { life.resume() } else { life.stop() };
                return Some(Verdict::when(done));
            }
            Verdict::Done
        }
        "resume" => Verdict::when(life.resume()),
        "stop" => Verdict::when(life.stop()),
        "ignore" => {
            if let Some(error) = asked.error() {
                life.ignore(error);
            }
            Verdict::when(life.busy())
        }
        "idle_ignore" => {
            let fits = matches!(asked.whole("type"), Some(0 | 1));
            if life.pause.is_some() || !fits || asked.text("err").is_none() {
                return Some(Verdict::Refused(super::NONSENSE));
            }
            if let Some(error) = asked.error() {
                life.dismiss(error);
            }
            Verdict::Done
        }
        "clean_print_error" => {
            let named = asked.count("print_error").filter(|error| *error != 0);
            if named.is_none_or(|error| error == life.print_error) {
                life.print_error = 0;
            }
            Verdict::Done
        }
        "skip_objects" => Verdict::of(skip(board, asked)),
        "print_speed" => Verdict::of(speed(board, asked)),
        "buzzer_ctrl" => {
            let rings =
                matches!(board.spec.model, Model::H2D | Model::H2DPro | Model::H2S | Model::H2C);
            Verdict::when(rings && matches!(asked.whole("mode"), Some(0..=2)))
        }
        "close_air_filt" => Verdict::when(board.spec.model.capabilities().air_duct),
        _ => return None,
    })
}

fn speed(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    board.life.speed_level = match asked.text("param")? {
        "1" => 1,
        "2" => 2,
        "3" => 3,
        "4" => 4,
        _ => return None,
    };
    Some(())
}

fn skip(board: &mut Mainboard, asked: &Asked<'_>) -> Option<()> {
    let life = &mut board.life;
    let settings = &life.settings;
    let able = !settings.has("fun") || settings.bit("fun", 49);
    let wanted: Option<Vec<u64>> =
        asked.list("obj_list")?.iter().map(serde_json::Value::as_u64).collect();
    let wanted = wanted.filter(|wanted| able && !wanted.is_empty() && life.busy())?;
    // What the file does not have cannot be left out. [G]
    let known = life.job.as_ref().map_or(&[][..], |job| &job.objects);
    if !known.is_empty() && !wanted.iter().all(|id| known.contains(id)) {
        return None;
    }
    let mut skipped = life.skipped.clone();
    skipped.extend(wanted);
    skipped.sort_unstable();
    skipped.dedup();
    if skipped.len() > OBJECTS {
        return None;
    }
    life.skipped = skipped;
    Some(())
}
