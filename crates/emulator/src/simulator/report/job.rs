//! The keys of a report about the job and what the printer does for it.

use super::Entries;
use crate::simulator::{
    habits::Habits,
    life::Life,
    phase::{Pause, Phase},
};

/// State, progress, names and stages.
pub(super) fn job(out: &mut Entries, life: &Life, habits: &Habits) {
    let state = life.gcode_state();
    let percent = (life.progress() * 100.0).floor() as u32;
    let (layer, minutes) = (life.layer(), life.remaining_minutes());
    let prepared = match life.phase {
        Phase::Idle => 0,
        Phase::Fetching(done) => done.clamp(0.0, 100.0) as u32,
        _ => 100,
    };
    let job = life.job.as_ref();
    let layers = job.map_or(0, |job| job.layers);
    out.put("gcode_state", state);
    out.put("mc_percent", percent);
    out.put("percent", percent);
    out.put("mc_remaining_time", minutes);
    out.put("remain_time", minutes);
    out.put("layer_num", layer);
    out.put("total_layer_num", layers);
    out.put("3D.layer_num", layer);
    out.put("3D.total_layer_num", layers);
    out.text("gcode_file_prepare_percent", prepared);
    out.put("prepare_per", prepared);
    out.put("mc_print_stage", if life.busy() { "2" } else { "1" });
    out.text("mc_print_line_number", (life.progress() * 9_000.0 * f64::from(layers)) as u64 / 10);
    let file = job.map_or_else(String::new, |job| habits.gcode_file(job));
    out.put("gcode_file", file.clone());
    out.put("file", file);
    out.put("subtask_name", job.map_or("", |job| &job.name));
    let zero = |id: Option<&String>| id.map_or("0", String::as_str).to_owned();
    out.put("task_id", zero(job.map(|job| &job.task_id)));
    out.put("subtask_id", zero(job.map(|job| &job.subtask_id)));
    out.put("project_id", zero(job.map(|job| &job.project_id)));
    out.put("profile_id", zero(job.map(|job| &job.profile_id)));
    out.put("job_id", zero(job.map(|job| &job.task_id)));
    let plate = job.map_or(0, |job| job.plate);
    out.put("plate_id", plate);
    out.put("plate_idx", plate);
    let origin = match job {
        Some(job) if life.busy() => job.origin.word(),
        _ => habits.resting_print_type,
    };
    out.put("print_type", origin);
    out.put("model_id", job.map_or("", |job| job.model_id.as_str()));
    let stages: &[i32] = match job {
        Some(_) if life.busy() || habits.keeps_stages => &life.stages,
        _ => &[],
    };
    out.put("stg", stages.to_vec());
    out.put("stg_cur", stage(life, habits));
    out.put(
        "state",
        match life.phase {
            Phase::Idle => 0,
            Phase::Finished => 6,
            Phase::Failed => 7,
            _ => 4,
        },
    );
    let working = life.busy();
    out.put("job_attr", if working { 17 } else { 3 });
    out.put("job.cur_stage.state", if working { 2 } else { 0 });
    out.put("job.job_state", job_state(life));
    out.put("mc_stage", if working { 2 } else { 1 });
    out.put("mc_action", if working { 0 } else { 255 });
    out.put("print_gcode_action", if working { 0 } else { 255 });
    out.put("print_error", life.print_error);
    out.text("mc_print_error_code", life.print_error & 0xFFFF);
    out.text("fail_reason", life.fail_reason);
    out.put(
        "hms",
        life.hms.iter().map(|(attr, code)| habits.hms(*attr, *code)).collect::<Vec<_>>(),
    );
    out.put("s_obj", life.skipped.clone());
    out.put("spd_lvl", life.speed_level);
    out.put("spd_mag", life.speed_percent());
}

fn stage(life: &Life, habits: &Habits) -> i32 {
    if let Some(change) = &life.change {
        return change.stage();
    }
    match (life.pause, life.phase) {
        (Some(Pause::Asked), _) => 16,
        (Some(Pause::RunOut), _) => 6,
        // A pause that no other stage names.
        (Some(Pause::Fault(_)), _) => 5,
        (None, Phase::WarmingUp(at, _) | Phase::Calibrating(at, _)) => {
            life.stages.get(at).copied().unwrap_or(0)
        }
        (None, Phase::Printing(_)) => 0,
        (None, Phase::Idle | Phase::Fetching(_)) => habits.idle_stage,
        (None, Phase::Finished | Phase::Failed) => habits.stage_after_job,
    }
}

fn job_state(life: &Life) -> u32 {
    match life.phase {
        Phase::Idle => 0,
        _ if life.pause.is_some() => 5,
        Phase::Fetching(_) => 2,
        Phase::WarmingUp(..) => 3,
        Phase::Printing(_) | Phase::Calibrating(..) => 4,
        Phase::Finished => 8,
        Phase::Failed => 9,
    }
}
