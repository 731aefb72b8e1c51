//! The exact frames of the reference against our types, in the same order.

use serde_json::{Value, json};

use crate::request::*;

fn fault() -> Fault {
    Fault { error: 50_364_433, job_id: "1".into() }
}

fn nozzle() -> String {
    "HS00-0.4".into()
}

fn mm() -> String {
    "0.4".into()
}

fn pla() -> FilamentSetting {
    FilamentSetting {
        ams_id: 0,
        slot_id: 1,
        tray_id: 1,
        tray_info_idx: "GFA00".into(),
        setting_id: "GFSA00".into(),
        tray_color: "FFFFFFFF".into(),
        nozzle_temp_min: 190,
        nozzle_temp_max: 230,
        tray_type: "PLA".into(),
        cols: vec![],
        ctype: None,
    }
}

fn asked_and_told() -> Vec<Request> {
    vec![
        Request::PushAll,
        Request::StartPush,
        Request::StopPush,
        Request::GetVersion,
        Security::InstallCertificate { app_cert: "<PEM chain>".into(), crl: "<PEM CRL>".into() }
            .into(),
        Security::ListCertificates.into(),
        System::AccessCode.into(),
        System::CloseDialog { error: 0x0300_8011 }.into(),
        System::light(LightNode::Chamber, LightMode::On).into(),
        System::DoorCheck(DoorCheck::Pause).into(),
        System::KeepCloudFiles(true).into(),
    ]
}

fn jobs() -> Vec<Request> {
    vec![
        Job::Pause.into(),
        Job::Resume.into(),
        Job::ResumeFrom(fault()).into(),
        Job::Stop.into(),
        Job::StopFor(fault()).into(),
        Job::Speed(SpeedLevel::Standard).into(),
        Job::SkipObjects(vec![1, 3]).into(),
        Job::CleanPrintError { subtask_id: "1".into(), print_error: 0 }.into(),
        Job::IdleIgnore { error: 50_364_433, for_good: false }.into(),
        Job::Ignore(fault()).into(),
        Job::CloseAirFilt.into(),
        Job::BuzzerCtrl(0).into(),
        Gcode::Line("M400\n".into()).into(),
        Gcode::EncryptedLine { param_enc: "<base64>".into(), user_id: "<uid>".into() }.into(),
        Job::GcodeFile("/usr/etc/print/auto_cali_for_user.gcode".into()).into(),
        Calibration::Machine(Steps {
            lidar: true,
            bed_level: true,
            vibration: true,
            motor_noise: true,
            ..Steps::default()
        })
        .into(),
    ]
}

fn heat_and_motion() -> Vec<Request> {
    vec![
        Climate::SetBedTemp(60).into(),
        Climate::SetNozzleTemp { extruder_index: 0, target_temp: 220 }.into(),
        Climate::SetCtt(45).into(),
        Motion::SelectExtruder(1).into(),
        Motion::SetExtrusionLength { extruder_index: 0, length: 10 }.into(),
        Climate::SetAgainstContinuedHeatingMode(true).into(),
        Climate::SetFan { fan_index: Fan::Part, speed: 50 }.into(),
        Climate::SetAirduct { mode_id: AirDuctMode::Heating, submode: 0 }.into(),
        Motion::BackToCenter.into(),
        Motion::XyzCtrl { axis: Axis::X, dir: 1, mode: 1 }.into(),
    ]
}

fn filament() -> Vec<Request> {
    let change = ChangeFilament {
        curr_temp: 220,
        tar_temp: 220,
        ams_id: 0,
        target: 1,
        slot_id: 1,
        extruder_id: Some(0),
    };
    let unload =
        ChangeFilament { tar_temp: 210, target: 255, slot_id: 255, extruder_id: None, ..change };
    let petg = FilamentSetting {
        ams_id: 255,
        slot_id: 0,
        tray_id: 254,
        tray_info_idx: "GFG00".into(),
        setting_id: "GFSG00".into(),
        tray_color: "000000FF".into(),
        nozzle_temp_min: 230,
        nozzle_temp_max: 270,
        tray_type: "PETG".into(),
        cols: vec!["000000FF".into()],
        ctype: Some(0),
    };
    let drying = Drying {
        ams_id: 0,
        mode: 1,
        filament: "PLA".into(),
        temp: 45,
        duration: 4,
        humidity: 0,
        rotate_tray: true,
        cooling_temp: 35,
        close_power_conflict: false,
    };
    vec![
        Ams::ChangeFilament(change).into(),
        Ams::ChangeFilament(unload).into(),
        Ams::FilamentSetting(Box::new(pla())).into(),
        Ams::FilamentSetting(Box::new(petg)).into(),
        Ams::UserSetting {
            ams_id: -1,
            startup_read_option: true,
            tray_read_option: true,
            calibrate_remain_flag: true,
        }
        .into(),
        Ams::GetRfid { ams_id: 0, slot_id: 1 }.into(),
        Ams::Control(AmsAction::Resume).into(),
        Ams::Reset.into(),
        Ams::Drying(drying).into(),
        Ams::Drying(Drying::stop(0)).into(),
        Ams::AutoStopDrying.into(),
    ]
}

fn pressure() -> Vec<Request> {
    let (filament_id, setting_id) = (String::from("GFA00"), String::from("GFSA00"));
    let test = PressureFilament {
        tray_id: 5,
        extruder_id: 0,
        bed_temp: 60,
        filament_id: filament_id.clone(),
        setting_id: setting_id.clone(),
        nozzle_temp: 220,
        ams_id: 1,
        slot_id: 1,
        nozzle_id: nozzle(),
        nozzle_diameter: mm(),
        max_volumetric_speed: "15".into(),
    };
    let profile = PressureProfile {
        tray_id: 5,
        extruder_id: 0,
        nozzle_id: nozzle(),
        nozzle_diameter: mm(),
        ams_id: 1,
        slot_id: 1,
        filament_id: filament_id.clone(),
        setting_id: setting_id.clone(),
        name: "my profile".into(),
        k_value: "0.040".into(),
        n_coef: "0.0".into(),
        cali_idx: Some(2),
        rack: None,
    };
    let flow = FlowFilament {
        tray_id: 0,
        bed_temp: 60,
        filament_id: filament_id.clone(),
        setting_id,
        nozzle_temp: 220,
        def_flow_ratio: "0.98".into(),
        max_volumetric_speed: "12.0".into(),
        extruder_id: 0,
        ams_id: 0,
        slot_id: 0,
    };
    vec![
        Calibration::PressureTray(TrayPressureRun {
            tray_id: 5,
            nozzle_temp: 220,
            bed_temp: 60,
            max_volumetric_speed: 15.0,
        })
        .into(),
        Calibration::Pressure { nozzle_diameter: mm(), mode: 0, filaments: vec![test] }.into(),
        Calibration::GetPressure(PressureKey {
            filament_id: filament_id.clone(),
            nozzle_diameter: mm(),
            extruder_id: Some(0),
            nozzle_id: Some(nozzle()),
            rack: None,
        })
        .into(),
        Calibration::PressureResult { nozzle_diameter: mm() }.into(),
        Calibration::SetPressureTray(TrayPressure {
            tray_id: 5,
            k_value: 0.04,
            n_coef: 1.4,
            bed_temp: Some(60),
            nozzle_temp: Some(220),
            max_volumetric_speed: Some(15.0),
        })
        .into(),
        Calibration::SetPressure { nozzle_diameter: mm(), filaments: vec![profile] }.into(),
        Calibration::SelectPressure(PressureSelection {
            tray_id: 5,
            ams_id: 1,
            slot_id: 1,
            cali_idx: 2,
            filament_id: filament_id.clone(),
            nozzle_diameter: mm(),
            rack: None,
        })
        .into(),
        Calibration::DeletePressure(PressureDeletion {
            extruder_id: 0,
            nozzle_id: nozzle(),
            filament_id,
            cali_idx: 2,
            nozzle_diameter: mm(),
            rack: None,
        })
        .into(),
        Calibration::Flow { tray_id: 0, nozzle_diameter: mm(), filaments: vec![flow] }.into(),
        Calibration::FlowResult { nozzle_diameter: mm() }.into(),
    ]
}

fn options_and_rack() -> Vec<Request> {
    let group = FilamentGroup { id: 0, ext: 1, dia: 0.4, vol: "Standard".into() };
    vec![
        PrintOption::auto_recovery(true).into(),
        PrintOption::AutoSwitchFilament { auto_switch_filament: true }.into(),
        PrintOption::AirPrintDetect { air_print_detect: true }.into(),
        PrintOption::NozzleBlobDetect { nozzle_blob_detect: true }.into(),
        PrintOption::NozzleBlobDetectV2 { nozzle_blob_detect_v2: Auto::Auto }.into(),
        PrintOption::Sound { sound_enable: true }.into(),
        PrintOption::FilamentTangleDetect { filament_tangle_detect: true }.into(),
        PrintOption::AirPurification { air_purification: Purification::Inside }.into(),
        Rack::RefreshNozzle.into(),
        Rack::NozzleHolderCtrl(RackPosition::Home).into(),
        Rack::NozzleInfoConfirm(255).into(),
        Rack::HolderNozzleRefresh(255).into(),
        Rack::GetAutoNozzleMapping { group_info: vec![group], version: 1 }.into(),
    ]
}

fn camera_and_firmware() -> Vec<Request> {
    let on = Switch::On;
    let module = XcamModule::PrintingMonitor;
    vec![
        Camera::Record { control: on }.into(),
        Camera::Timelapse { control: on }.into(),
        Camera::Resolution { resolution: Resolution::P1080 }.into(),
        Camera::CapturePictures { control: on }.into(),
        Camera::MediaInfo { storage: MediaStorage::Internal, total_layer: 50 }.into(),
        Camera::DeleteOldestTimelapse { storage: MediaStorage::External, total_layer: 500 }.into(),
        Xcam::control(module, true, Some(Sensitivity::Medium)).into(),
        Upgrade::Confirm.into(),
        Upgrade::ConsistencyConfirm.into(),
        Upgrade::Start { url: "<url>".into(), module: "ota".into(), version: "01.00.00.00".into() }
            .into(),
        Upgrade::ForAms { id: 1 }.into(),
        Upgrade::Rack { module: "wtm_all".into() }.into(),
    ]
}

fn project() -> Request {
    let mut project = ProjectFile::stored("<name>.gcode.3mf", 1, 7)
        .level_bed(Auto::Off)
        .map_trays(&[Some(TrayId { unit: 0, slot: 3 }), None]);
    project.url = "brtc://emmc/<name>.gcode.3mf".into();
    project.md5 = "from_sd_card".into();
    project.bed_type = "textured_plate".into();
    (project.layer_inspect, project.timelapse, project.bed_leveling) = (true, true, true);
    for id in [&mut project.project_id, &mut project.task_id, &mut project.subtask_id] {
        *id = "0".into();
    }
    Job::ProjectFile(Box::new(project)).into()
}

fn elsewhere() -> Vec<Request> {
    vec![
        System::light(LightNode::Chamber, LightMode::Flashing).into(),
        System::light(LightNode::Heatbed, LightMode::Off).into(),
        System::SetAccessories { nozzle_diameter: 0.4, nozzle_type: NozzleType::StainlessSteel }
            .into(),
        System::GetAccessories.into(),
        System::Reboot.into(),
        Upgrade::History.into(),
        Upgrade::Downgrade { firmware_optional: json!({"firmware": {"version": "01.00.00.00"}}) }
            .into(),
        Job::UnloadFilament.into(),
        Ams::Bind { bind_list: vec![AmsBinding { ams_f_bind: 0, ams_s_bind: 1, extruder: 0 }] }
            .into(),
    ]
}

pub(super) fn all() -> Vec<Request> {
    [
        asked_and_told(),
        jobs(),
        heat_and_motion(),
        filament(),
        pressure(),
        options_and_rack(),
        camera_and_firmware(),
        vec![project()],
        elsewhere(),
    ]
    .concat()
}

#[test]
fn every_frame_of_the_reference_is_written_field_by_field_and_type_by_type() {
    let ours = all();
    assert_eq!(ours.len(), examples().count());
    for (request, frame) in ours.iter().zip(examples()) {
        let ours: Value = serde_json::from_str(&request.json(SequenceId::from_random(1))).unwrap();
        let theirs: Value = serde_json::from_str(frame).unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(ours[request.section()]["command"], request.command());
    }
}

#[test]
fn every_command_of_the_table_has_a_frame() {
    let ours = all();
    for entry in catalogue() {
        let has = ours.iter().any(|request| request.entry() == Some(entry));
        assert!(has, "{}.{} ({})", entry.section, entry.command, entry.what);
        assert!(!entry.what.is_empty() && "LVDG".contains(entry.source));
    }
}

#[test]
fn every_frame_of_the_reference_can_be_sent_as_text() {
    for frame in examples() {
        let raw = Request::from(Raw::parse(frame).unwrap());
        let ours: Value = serde_json::from_str(&raw.json(SequenceId::from_random(9))).unwrap();
        assert_eq!(ours, serde_json::from_str::<Value>(frame).unwrap());
        assert!(raw.entry().is_some(), "{frame}");
    }
}
