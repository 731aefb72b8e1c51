//! What each model gets for the same wish.

use bambu_protocol::{
    Model,
    command::Command,
    request::{AirDuctMode, Axis, Fan, LightMode, SequenceId},
    status::Status,
};
use serde_json::Value;

use super::{cell, idle_printers, names};

fn wishes() -> Vec<(&'static str, Command)> {
    let fan = |fan| Command::Fan { fan, percent: 50 };
    vec![
        ("nozzle to 220 °C", Command::Nozzle { extruder: None, celsius: 220 }),
        ("bed to 60 °C", Command::Bed(60)),
        ("chamber to 45 °C", Command::Chamber(45)),
        ("part fan to 50 %", fan(Fan::Part)),
        ("auxiliary fan to 50 %", fan(Fan::Aux)),
        ("chamber fan to 50 %", fan(Fan::Chamber)),
        ("left auxiliary fan to 50 %", fan(Fan::AuxLeft)),
        ("air duct to heating", Command::AirDuct(AirDuctMode::Heating)),
        ("light on", Command::Light { node: None, mode: LightMode::On }),
        ("home", Command::Home),
        ("X by 10 mm", Command::Jog { axis: Axis::X, millimetres: 10.0 }),
    ]
}

/// What a wish becomes; a wish that the model cannot have becomes a dash.
fn form(command: &Command, status: &Status) -> String {
    let Ok(requests) = command.requests(status, false) else { return "–".to_owned() };
    let body = |json: String| -> String {
        let document: Value = serde_json::from_str(&json).unwrap();
        let (_, body) = document.as_object().unwrap().iter().next().unwrap();
        let fields = body.as_object().unwrap().iter();
        let shown: Vec<_> = fields
            .filter(|(key, _)| !matches!(key.as_str(), "sequence_id" | "command"))
            .filter(|(key, _)| !key.ends_with("_time") && !key.starts_with("loop_"))
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        format!("`{}` {{{}}}", body["command"].as_str().unwrap(), shown.join(", "))
    };
    let id = SequenceId::from_random(0);
    let all: Vec<_> = requests.iter().map(|request| body(request.json(id))).collect();
    all.join(" and ")
}

pub(super) fn table() -> String {
    let printers = idle_printers();
    let mut table = "| Wish | Models | Sent |\n|---|---|---|\n".to_owned();
    for (wish, command) in wishes() {
        let mut groups: Vec<(String, Vec<Model>)> = Vec::new();
        for (model, status) in &printers {
            let form = form(&command, status);
            match groups.iter_mut().find(|(known, _)| *known == form) {
                Some((_, models)) => models.push(*model),
                None => groups.push((form, vec![*model])),
            }
        }
        for (form, models) in groups {
            table += &format!("| {wish} | {} | {} |\n", names(&models), cell(&form));
        }
    }
    table
}
