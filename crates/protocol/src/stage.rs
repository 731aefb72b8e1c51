//! Stages: what a printer does right now (`stg_cur`), by name.

/// Name of a stage id; `None` for ids that nobody has named. -1 and 255 are `idle`; 0 is
/// `printing`, though many machines hold it while idle, so read it together with the state. [V]
pub fn name(id: i64) -> Option<&'static str> {
    match id {
        -1 | 255 => Some("idle"),
        id => NAMES.get(usize::try_from(id).ok()?).copied(),
    }
}

/// Names of the stages 0 to 77.
const NAMES: [&str; 78] = [
    "printing",
    "auto_bed_leveling",
    "heatbed_preheating",
    "vibration_compensation",
    "changing_filament",
    "m400_pause",
    "paused_filament_runout",
    "heating_nozzle",
    "calibrating_dynamic_flow",
    "scanning_bed_surface",
    "inspecting_first_layer",
    "identifying_build_plate",
    "calibrating_micro_lidar",
    "homing_toolhead",
    "cleaning_nozzle_tip",
    "checking_extruder_temperature",
    "paused_by_user",
    "paused_front_cover_off",
    "calibrating_micro_lidar_2",
    "calibrating_flow_ratio",
    "paused_nozzle_temperature_fault",
    "paused_heatbed_temperature_fault",
    "filament_unloading",
    "paused_step_loss",
    "filament_loading",
    "motor_noise_cancellation",
    "paused_ams_offline",
    "paused_heatbreak_fan_slow",
    "paused_chamber_temperature_fault",
    "cooling_chamber",
    "paused_gcode_inserted_by_user",
    "motor_noise_showoff",
    "paused_nozzle_clumping",
    "paused_cutter_fault",
    "paused_first_layer_fault",
    "paused_nozzle_clog",
    "measuring_motion_precision",
    "enhancing_motion_precision",
    "measuring_motion_accuracy",
    "nozzle_offset_calibration",
    "high_temperature_bed_leveling",
    "checking_quick_release_lever",
    "checking_door_and_cover",
    "laser_calibration",
    "checking_platform",
    "checking_birdseye_camera_position",
    "calibrating_birdseye_camera",
    "bed_leveling_phase_1",
    "bed_leveling_phase_2",
    "heating_chamber",
    "adjusting_heatbed_temperature",
    "printing_calibration_lines",
    "checking_material",
    "calibrating_liveview_camera",
    "waiting_for_heatbed_temperature",
    "checking_material_position",
    "calibrating_cutter_offset",
    "measuring_surface",
    "thermal_preconditioning",
    "homing_blade_holder",
    "calibrating_camera_offset",
    "calibrating_blade_holder_position",
    "hotend_pick_and_place_test",
    "waiting_chamber_equalize",
    "preparing_hotend",
    "calibrating_clumping_detection_position",
    "purifying_chamber_air",
    "measuring_rotary_attachment",
    "moving_toolhead_above_purge_chute",
    "cooling_nozzle",
    "moving_toolhead_to_bed_centre",
    "active_arc_fitting",
    "hotend_type_detection",
    "build_plate_alignment_detection",
    "foreign_object_detection_bed_surface",
    "foreign_object_detection_under_bed",
    "pre_extrusion",
    "preparing_ams",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_names_and_idle_has_several_ids() {
        assert_eq!(name(-1), Some("idle"));
        assert_eq!(name(255), Some("idle"));
        assert_eq!(name(14), Some("cleaning_nozzle_tip"));
        assert_eq!(name(77), Some("preparing_ams"));
        assert_eq!((name(78), name(i64::MIN)), (None, None));
    }
}
