//! Job, stage and speed.

use super::{
    list::tight,
    number::{narrow, percent, text, whole},
};
use crate::{
    report::{leaf::Leaf, list::List, wire::PushStatus},
    stage,
    status::{Job, JobKind, PrinterState, Speed, Stage},
};

pub(super) fn job(print: &PushStatus) -> Job {
    let layers = print.layers.known();
    Job {
        name: text(&print.subtask_name),
        file: text(&print.gcode_file).or_else(|| text(&print.file)),
        plate: plate(print),
        plates: whole(&print.plate_cnt),
        progress_percent: percent(&print.mc_percent).or_else(|| percent(&print.percent)),
        prepare_percent: percent(&print.gcode_file_prepare_percent)
            .or_else(|| percent(&print.prepare_per)),
        remaining_minutes: whole(&print.mc_remaining_time).or_else(|| whole(&print.remain_time)),
        layer: whole(&print.layer_num).or_else(|| whole(&layers?.layer_num)),
        total_layers: whole(&print.total_layer_num).or_else(|| whole(&layers?.total_layer_num)),
        kind: kind(print),
        task_id: text(&print.task_id),
        subtask_id: text(&print.subtask_id),
        project_id: text(&print.project_id),
        profile_id: text(&print.profile_id),
        design_id: text(&print.design_id),
        skipped_objects: numbers(&print.s_obj),
        stages: numbers(&print.stg),
        fail_reason: text(&print.fail_reason),
        gcode_line: whole(&print.mc_print_line_number),
    }
}

fn numbers<const CAP: usize>(list: &Leaf<List<f64, CAP>>) -> Vec<i64> {
    tight(list.known().into_iter().flat_map(|list| list.iter()).filter_map(|n| narrow(*n)))
}

/// `plate_idx`, else `plate_id`, where 0 is none; without both the number in `…/plate_2.gcode`.
fn plate(print: &PushStatus) -> Option<u32> {
    let in_file = || {
        let (_, tail) = print.gcode_file.known()?.rsplit_once("plate_")?;
        tail.strip_suffix(".gcode")?.parse().ok()
    };
    let told = [&print.plate_idx, &print.plate_id];
    if told.into_iter().any(|leaf| leaf.known().is_some()) {
        return told.into_iter().filter_map(whole).find(|plate| *plate > 0);
    }
    in_file().filter(|plate| *plate > 0)
}

fn kind(print: &PushStatus) -> Option<JobKind> {
    match print.print_type.known()?.as_str() {
        "cloud" => Some(JobKind::Cloud),
        "local" => Some(JobKind::Local),
        "system" => Some(JobKind::System),
        "idle" => Some(JobKind::Idle),
        _ => None,
    }
}

/// 0, 255 and -1 all mean "no special activity" [V]: idle without a job, printing with one.
pub(super) fn stage(print: &PushStatus, state: PrinterState) -> Stage {
    let id: Option<i64> = whole(&print.stg_cur);
    let name = id.and_then(|id| match id {
        -1 | 0 | 255 if !state.is_active() => Some("idle"),
        -1 | 0 | 255 => Some("printing"),
        id => stage::name(id),
    });
    Stage { id, name, seconds_left: whole(&print.stg_cd) }
}

pub(super) fn speed(print: &PushStatus) -> Speed {
    let level = whole(&print.spd_lvl).filter(|level| (1..=4).contains(level));
    let name = level.and_then(|level: u8| {
        ["silent", "standard", "sport", "ludicrous"].get(usize::from(level) - 1).copied()
    });
    Speed { level, name, percent: whole(&print.spd_mag) }
}
