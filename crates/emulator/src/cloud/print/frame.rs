//! The `project_file` that the cloud itself sends to a printer once a task is accepted.

use serde_json::{Map, Value, json};

use crate::cloud::library::{PrintReady, Task};

/// Bed temperature that stands where a client names the plate, °C [G].
const BED: u32 = 60;

/// The payload for the printer: the fields of the local network and those of the cloud beside them,
/// without `file` and `bed_type` [L].
pub(super) fn project_file(task: &Task, file: Option<&PrintReady>, now_s: i64) -> Vec<u8> {
    let (what, body) = (&task.what, &task.what.body);
    let plate = what.plate;
    let mut print = json!({
        "command": "project_file", "sequence_id": "0",
        "param": format!("Metadata/plate_{plate}.gcode"), "plate_idx": plate,
        "task_id": task.id.to_string(), "subtask_id": task.subtask_id().to_string(),
        "subtask_name": what.title, "project_id": what.project_id.to_string(),
        "profile_id": what.profile_id.to_string(), "model_id": what.model_id,
        "design_id": number(body, "designId").to_string(), "dev_id": what.serial.as_str(),
        "job_id": task.id, "job_type": 1, "timestamp": now_s, "skip_objects": [],
        "bed_temp": BED, "url": file.map_or("", |file| file.url.as_str()),
        "md5": file.map(|file| file.md5.to_ascii_uppercase()).unwrap_or_default(),
        "timelapse": flag(body, "timelapse"), "bed_leveling": flag(body, "bedLeveling"),
        "auto_bed_leveling": number(body, "autoBedLeveling"),
        "flow_cali": flag(body, "flowCali"), "vibration_cali": flag(body, "vibrationCali"),
        "layer_inspect": flag(body, "layerInspect"), "use_ams": flag(body, "useAms"),
        "extrude_cali_flag": number(body, "extrudeCaliFlag"),
        "extrude_cali_manual_mode": number(body, "extrudeCaliManualMode"),
        "nozzle_offset_cali": number(body, "nozzleOffsetCali"),
        "cfg": body.get("cfg").and_then(Value::as_str).unwrap_or("0"),
        "ams_mapping": body.get("amsMapping").cloned().unwrap_or_else(|| json!([])),
    });
    if let (Some(print), Some(pairs)) =
        (print.as_object_mut(), body.get("amsMapping2").and_then(Value::as_array))
    {
        let pairs: Vec<Value> = pairs
            .iter()
            .map(|pair| json!({"ams_id": pair.get("amsId"), "slot_id": pair.get("slotId")}))
            .collect();
        print.insert("ams_mapping2".to_owned(), pairs.into());
    }
    json!({ "print": print }).to_string().into_bytes()
}

fn flag(body: &Map<String, Value>, field: &str) -> bool {
    body.get(field).and_then(Value::as_bool).unwrap_or(false)
}

fn number(body: &Map<String, Value>, field: &str) -> i64 {
    body.get(field).and_then(Value::as_i64).unwrap_or(0)
}
