//! One request of each row of the catalogue, with values that a person could send.

use bambu_protocol::request::{
    AirDuctMode, Ams, AmsAction, AmsBinding, Auto, Axis, Calibration, Camera, ChangeFilament,
    Climate, DoorCheck, Drying, Fan, Fault, FilamentGroup, FilamentSetting, FlowFilament, Gcode,
    Job, LightMode, LightNode, MediaStorage, Motion, NozzleType, PressureDeletion,
    PressureFilament, PressureKey, PressureProfile, PressureSelection, PrintOption, ProjectFile,
    Purification, Rack, RackPosition, Request, Resolution, Security, Sensitivity, SpeedLevel,
    Steps, Switch, System, TrayId, TrayPressure, TrayPressureRun, Upgrade, Xcam, XcamModule,
};
use serde_json::json;

pub(super) fn all() -> Vec<Request> {
    let mut all =
        vec![Request::PushAll, Request::StartPush, Request::StopPush, Request::GetVersion];
    all.extend(upgrade().map(Request::from));
    all.extend(system().map(Request::from));
    all.extend(camera().map(Request::from));
    all.push(Xcam::control(XcamModule::PrintingMonitor, true, Some(Sensitivity::Medium)).into());
    all.extend(jobs().map(Request::from));
    all.push(Gcode::Line("G28\n".into()).into());
    all.push(Gcode::EncryptedLine { param_enc: "…".into(), user_id: "1234567890".into() }.into());
    all.extend(climate().map(Request::from));
    all.extend(motion().map(Request::from));
    all.extend(options().map(Request::from));
    all.extend(rack().map(Request::from));
    all.extend(ams().map(Request::from));
    all.extend(calibration().map(Request::from));
    let certificate = "-----BEGIN CERTIFICATE-----…".to_owned();
    all.push(Security::InstallCertificate { app_cert: certificate, crl: "…".into() }.into());
    all.push(Security::ListCertificates.into());
    all
}

fn upgrade() -> impl Iterator<Item = Upgrade> {
    let firmware = json!({"firmware": {"version": "01.08.02.00", "url": "https://…",
        "force_update": false, "description": "…"}});
    [
        Upgrade::Confirm,
        Upgrade::ConsistencyConfirm,
        Upgrade::Start {
            url: "https://…".into(),
            module: "ota".into(),
            version: "01.08.02.00".into(),
        },
        Upgrade::History,
        Upgrade::Downgrade { firmware_optional: firmware },
        Upgrade::Rack { module: "wtm_all".into() },
        Upgrade::ForAms { id: 2 },
    ]
    .into_iter()
}

fn system() -> impl Iterator<Item = System> {
    [
        System::light(LightNode::Chamber, LightMode::On),
        System::AccessCode,
        System::SetAccessories { nozzle_diameter: 0.4, nozzle_type: NozzleType::HardenedSteel },
        System::GetAccessories,
        System::CloseDialog { error: 0x0500_C010 },
        System::DoorCheck(DoorCheck::Warn),
        System::KeepCloudFiles(true),
        System::Reboot,
    ]
    .into_iter()
}

fn camera() -> impl Iterator<Item = Camera> {
    let (storage, total_layer) = (MediaStorage::External, 250);
    [
        Camera::Record { control: Switch::On },
        Camera::Timelapse { control: Switch::Off },
        Camera::Resolution { resolution: Resolution::P1080 },
        Camera::CapturePictures { control: Switch::On },
        Camera::MediaInfo { storage, total_layer },
        Camera::DeleteOldestTimelapse { storage, total_layer },
    ]
    .into_iter()
}

fn jobs() -> impl Iterator<Item = Job> {
    let fault = Fault { error: 0x0300_8004, job_id: "0".into() };
    let project = ProjectFile::stored("cube.gcode.3mf", 1, 20_260)
        .map_trays(&[Some(TrayId { unit: 0, slot: 2 }), None]);
    [
        Job::Pause,
        Job::Resume,
        Job::ResumeFrom(fault.clone()),
        Job::Stop,
        Job::StopFor(fault.clone()),
        Job::Ignore(fault),
        Job::IdleIgnore { error: 0x0500_C010, for_good: false },
        Job::CleanPrintError { subtask_id: "0".into(), print_error: 0x0500_C010 },
        Job::Speed(SpeedLevel::Sport),
        Job::SkipObjects(vec![174, 213]),
        Job::ProjectFile(Box::new(project)),
        Job::GcodeFile("/cube.gcode".into()),
        Job::BuzzerCtrl(0),
        Job::CloseAirFilt,
        Job::UnloadFilament,
    ]
    .into_iter()
}

fn climate() -> impl Iterator<Item = Climate> {
    [
        Climate::SetNozzleTemp { extruder_index: 0, target_temp: 220 },
        Climate::SetBedTemp(60),
        Climate::SetCtt(45),
        Climate::SetFan { fan_index: Fan::Aux, speed: 50 },
        Climate::SetAirduct { mode_id: AirDuctMode::Heating, submode: -1 },
        Climate::SetAgainstContinuedHeatingMode(true),
    ]
    .into_iter()
}

fn motion() -> impl Iterator<Item = Motion> {
    [
        Motion::BackToCenter,
        Motion::XyzCtrl { axis: Axis::X, dir: 1, mode: 1 },
        Motion::SetExtrusionLength { extruder_index: 0, length: 10 },
        Motion::SelectExtruder(1),
    ]
    .into_iter()
}

fn options() -> impl Iterator<Item = PrintOption> {
    [
        PrintOption::auto_recovery(true),
        PrintOption::AutoSwitchFilament { auto_switch_filament: true },
        PrintOption::AirPrintDetect { air_print_detect: true },
        PrintOption::FilamentTangleDetect { filament_tangle_detect: true },
        PrintOption::NozzleBlobDetect { nozzle_blob_detect: true },
        PrintOption::NozzleBlobDetectV2 { nozzle_blob_detect_v2: Auto::Auto },
        PrintOption::Sound { sound_enable: false },
        PrintOption::AirPurification { air_purification: Purification::Inside },
    ]
    .into_iter()
}

fn rack() -> impl Iterator<Item = Rack> {
    let group = FilamentGroup { id: 0, ext: 1, dia: 0.4, vol: "Standard".into() };
    [
        Rack::RefreshNozzle,
        Rack::NozzleHolderCtrl(RackPosition::TopA),
        Rack::NozzleInfoConfirm(16),
        Rack::HolderNozzleRefresh(255),
        Rack::GetAutoNozzleMapping { group_info: vec![group], version: 1 },
    ]
    .into_iter()
}

fn ams() -> impl Iterator<Item = Ams> {
    let load = ChangeFilament {
        curr_temp: -1,
        tar_temp: 220,
        ams_id: 0,
        target: 2,
        slot_id: 2,
        extruder_id: None,
    };
    let setting = FilamentSetting {
        ams_id: 0,
        slot_id: 2,
        tray_id: 2,
        tray_info_idx: "GFG99".into(),
        tray_color: "FF6A13FF".into(),
        nozzle_temp_min: 220,
        nozzle_temp_max: 270,
        tray_type: "PETG".into(),
        ..FilamentSetting::default()
    };
    let drying = Drying {
        ams_id: 128,
        mode: 1,
        filament: "PETG".into(),
        temp: 65,
        duration: 8,
        cooling_temp: 40,
        ..Drying::default()
    };
    [
        Ams::ChangeFilament(load),
        Ams::FilamentSetting(Box::new(setting)),
        Ams::UserSetting {
            ams_id: -1,
            startup_read_option: true,
            tray_read_option: true,
            calibrate_remain_flag: true,
        },
        Ams::GetRfid { ams_id: 0, slot_id: 2 },
        Ams::Control(AmsAction::Resume),
        Ams::Reset,
        Ams::Bind { bind_list: vec![AmsBinding { ams_f_bind: 0, ams_s_bind: 1, extruder: 0 }] },
        Ams::Drying(drying),
        Ams::AutoStopDrying,
    ]
    .into_iter()
}

fn calibration() -> impl Iterator<Item = Calibration> {
    let diameter = || "0.4".to_owned();
    let nozzle = || "HS00-0.4".to_owned();
    let filament = || "GFA00".to_owned();
    let preset = || "GFSA00".to_owned();
    let profile = PressureProfile {
        tray_id: 2,
        extruder_id: 0,
        nozzle_id: nozzle(),
        nozzle_diameter: diameter(),
        ams_id: 0,
        slot_id: 2,
        filament_id: filament(),
        setting_id: preset(),
        name: "my PLA".into(),
        k_value: "0.020".into(),
        n_coef: "0.0".into(),
        cali_idx: None,
        rack: None,
    };
    let test = PressureFilament {
        tray_id: 2,
        extruder_id: 0,
        bed_temp: 60,
        filament_id: filament(),
        setting_id: preset(),
        nozzle_temp: 220,
        ams_id: 0,
        slot_id: 2,
        nozzle_id: nozzle(),
        nozzle_diameter: diameter(),
        max_volumetric_speed: "15".into(),
    };
    let flow = FlowFilament {
        tray_id: 2,
        bed_temp: 60,
        filament_id: filament(),
        setting_id: preset(),
        nozzle_temp: 220,
        def_flow_ratio: "0.98".into(),
        max_volumetric_speed: "12".into(),
        extruder_id: 0,
        ams_id: 0,
        slot_id: 2,
    };
    let steps = Steps { bed_level: true, vibration: true, ..Steps::default() };
    [
        Calibration::Machine(steps),
        Calibration::PressureTray(TrayPressureRun {
            tray_id: 2,
            nozzle_temp: 220,
            bed_temp: 60,
            max_volumetric_speed: 15.0,
        }),
        Calibration::Pressure { nozzle_diameter: diameter(), mode: 0, filaments: vec![test] },
        Calibration::SetPressureTray(TrayPressure {
            tray_id: 2,
            k_value: 0.02,
            n_coef: 1.4,
            bed_temp: None,
            nozzle_temp: None,
            max_volumetric_speed: None,
        }),
        Calibration::SetPressure { nozzle_diameter: diameter(), filaments: vec![profile] },
        Calibration::GetPressure(PressureKey {
            filament_id: String::new(),
            nozzle_diameter: diameter(),
            extruder_id: None,
            nozzle_id: None,
            rack: None,
        }),
        Calibration::PressureResult { nozzle_diameter: diameter() },
        Calibration::SelectPressure(PressureSelection {
            tray_id: 2,
            ams_id: 0,
            slot_id: 2,
            cali_idx: -1,
            filament_id: filament(),
            nozzle_diameter: diameter(),
            rack: None,
        }),
        Calibration::DeletePressure(PressureDeletion {
            extruder_id: 0,
            nozzle_id: nozzle(),
            filament_id: filament(),
            cali_idx: 3,
            nozzle_diameter: diameter(),
            rack: None,
        }),
        Calibration::Flow { tray_id: 2, nozzle_diameter: diameter(), filaments: vec![flow] },
        Calibration::FlowResult { nozzle_diameter: diameter() },
    ]
    .into_iter()
}
