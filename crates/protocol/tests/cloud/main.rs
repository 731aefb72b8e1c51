//! The cloud's bodies against the JSON of the reference: as it was observed, and as the seeds document
//! it. What comes here is the payload: the client has taken `{code, data}` off.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod hostile;

use bambu_protocol::{Serial, cloud::*};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn serial() -> Serial {
    Serial::new("01P00A000000001").unwrap()
}

#[test]
fn the_profile_is_read_as_observed_and_as_documented() {
    let observed: Profile = read(json!({"uid": 77, "uidStr": "77", "account": "maker@example.com",
        "name": "Maker", "avatar": "https://x/a.png", "fanCount": 3, "followCount": "4",
        "productModels": ["P1S", 7, null], "personal": {"bio": "hi", "taskWeightSum": 12.5},
        "setting": {"isFirmwareBetaOpen": true}, "isNSFWShown": 0}));
    let documented: Profile = read(json!({"user_id": "77", "email": "maker@example.com",
        "username": "Maker", "avatar_url": "https://x/a.png", "created_at": "2025-01-01T00:00:00Z",
        "subscription": {"plan": "free", "expires_at": null}}));
    for profile in [&observed, &documented] {
        assert_eq!(profile.uid(), Some("77"));
        assert_eq!(profile.account.as_deref(), Some("maker@example.com"));
        assert_eq!(profile.name.as_deref(), Some("Maker"));
        assert_eq!(profile.avatar.as_deref(), Some("https://x/a.png"));
    }
    assert_eq!((observed.follow_count, observed.product_models.len()), (Some(4), 2));
    assert_eq!(observed.setting.unwrap().firmware_beta, Some(true));
    assert_eq!(documented.subscription.unwrap().plan.as_deref(), Some("free"));
    assert_eq!(read::<Preference>(json!({"uid": 77, "recommendStatus": 1})).recommends, Some(true));
    let change = ProfileChange { username: Some("New".into()), ..ProfileChange::default() };
    assert_eq!(json!(change), json!({"username": "New"}));
}

#[test]
fn what_printers_print_is_read_from_devices_and_from_jobs() {
    let observed: Jobs =
        read(json!({"devices": [{"dev_id": "01P00A000000001", "dev_name": "P1S 1",
        "dev_online": true, "task_id": 5, "task_name": "cube", "task_status": "RUNNING",
        "progress": 45, "thumbnail": "https://s/t.png?Signature=hush"}]}));
    let documented: Jobs = read(json!({"jobs": [{"job_id": "5", "device_id": "01P00A000000001",
        "device_name": "P1S 1", "file_name": "cube", "status": "RUNNING", "progress": "45"}]}));
    for jobs in [&observed, &documented] {
        let job = &jobs.devices[0];
        assert_eq!((job.task_id.as_deref(), job.task_name.as_deref()), (Some("5"), Some("cube")));
        assert_eq!((job.task_status.as_deref(), job.progress), (Some("RUNNING"), Some(45.0)));
        assert_eq!((&job.serial, job.name.as_deref()), (&serial(), Some("P1S 1")));
    }
    let shown = format!("{:?} {}", observed.devices, json!(observed.devices));
    assert!(!shown.contains("hush") && shown.contains("https://s/t.png"), "{shown}");
}

#[test]
fn firmware_is_read_for_a_list_and_for_the_one_printer_asked_for() {
    let observed: Versions = read(json!({"devices": [{"dev_id": "01P00A000000001",
        "version": "01.07.00.00", "firmware": [{"version": "01.08.02.00", "force_update": true}],
        "ams": [{"ams_id": 1, "firmware": [{"version": "00.00.06.40"}]}]}]}));
    let observed = observed.of(&serial()).unwrap();
    assert_eq!(observed.ams[0].ams_id.as_deref(), Some("1"));
    let documented: Versions = read(json!({"current_version": "01.07.00.00",
        "latest_version": "01.08.02.00", "force_update": true}));
    let documented = documented.of(&serial()).unwrap();
    for device in [&observed, &documented] {
        assert_eq!(device.version.as_deref(), Some("01.07.00.00"));
        assert_eq!(device.firmware[0].version.as_deref(), Some("01.08.02.00"));
        assert_eq!(device.firmware[0].force_update, Some(true));
    }
    let newest: Versions = read(json!({"current_version": "1", "available_version": "1"}));
    assert!(newest.of(&serial()).unwrap().firmware.is_empty());
    assert!(read::<Versions>(json!({"devices": []})).of(&serial()).is_none());
}

#[test]
fn the_history_is_read_with_numbers_and_with_words() {
    let observed: Tasks = read(json!({"total": 41, "hits": [{"id": 12, "designId": 0,
        "title": "cube", "cover": "https://s/c.png?Signature=hush", "status": 2, "failedType": 0,
        "startTime": "2026-11-21T08:00:00Z", "endTime": "2026-11-21T09:30:00Z", "weight": 12.5,
        "length": 4200, "costTime": 5000, "profileId": 9, "plateIndex": 1, "modelId": "US0",
        "deviceId": "01P00A000000001", "deviceName": "P1S 1", "deviceModel": "P1S",
        "mode": "cloud_file", "useAms": true, "amsDetailMapping": [{"ams": 0, "amsId": 0,
        "slotId": 0, "sourceColor": "FF0000FF", "filamentType": "PLA", "weight": 12.5}]}]}));
    let documented: Tasks = read(json!({"tasks": [{"task_id": "12", "title": "cube",
        "status": "completed", "device_id": "01P00A000000001",
        "created_at": "2026-11-21T08:00:00Z"}], "hits": {"total": {"value": 41, "relation": "eq"}}}));
    for tasks in [&observed, &documented] {
        assert_eq!(tasks.total(), Some(41));
        let task = &tasks.tasks[0];
        assert_eq!((task.id.as_deref(), task.title.as_deref()), (Some("12"), Some("cube")));
        assert_eq!(
            (task.state(), task.serial.as_ref()),
            (Some(TaskState::Finished), Some(&serial()))
        );
        assert_eq!(task.start_time.as_deref(), Some("2026-11-21T08:00:00Z"));
        assert!(task.model().is_some());
    }
    assert_eq!(observed.tasks[0].filaments[0].weight_grams, Some(12.5));
    let shown = format!("{:?} {}", observed.tasks, json!(observed.tasks));
    assert!(!shown.contains("hush"), "{shown}");
    let state = |status: Value| read::<Task>(json!({"status": status})).state();
    let states =
        [json!(1), json!("4"), json!(3), json!("cancelled"), json!(99), json!(null)].map(state);
    let (printing, failed) = (Some(TaskState::Printing), Some(TaskState::Failed));
    assert_eq!(states, [printing, printing, failed, failed, None, None]);
}

#[test]
fn slice_data_is_json_within_text() {
    let task: SliceTask = read(json!({"parent": null, "name": "cube",
        "content": "{\"info\":{\"plate_idx\":2}}", "context": {"plates": [{"index": 2,
        "thumbnail": {"url": "https://s/p.png?x=hush"}, "prediction": 3600, "weight": 12.5,
        "filaments": [{"id": "1", "type": "PLA", "color": "#FF0000", "used_m": "4.2",
        "used_g": "12.5"}]}]}}));
    assert_eq!(task.plate_index(), Some(2));
    let plate = &task.context.as_ref().unwrap().plates[0];
    assert_eq!((plate.index, plate.filaments[0].used_g), (Some(2), Some(12.5)));
    assert!(!format!("{task:?}").contains("hush"));
    assert_eq!(read::<SliceTask>(json!({"content": "no json"})).plate_index(), None);
}

#[test]
fn projects_are_read_from_the_list_in_detail_and_as_documented() {
    let list: Projects = read(json!({"message": "success", "code": null, "error": null,
        "projects": [{"project_id": "30", "user_id": "77", "model_id": "US00000000000001",
        "status": "ACTIVE", "name": "cube", "create_time": "2026-11-21 08:00:00"}]}));
    let documented: Projects = read(json!({"projects": [{"project_id": 30, "name": "cube",
        "created_at": "2026-11-21 08:00:00", "file_count": 1}], "total": 1, "page": 1}));
    let bare: Projects = read(json!([{"id": "30", "title": "cube",
        "created_at": "2026-11-21 08:00:00"}]));
    for projects in [&list, &documented, &bare] {
        let project = &projects.projects[0];
        assert_eq!(
            (project.project_id.as_deref(), project.name.as_deref()),
            (Some("30"), Some("cube"))
        );
        assert_eq!(project.create_time.as_deref(), Some("2026-11-21 08:00:00"));
    }
    let project: Project =
        read(json!({"project_id": "30", "download_url": "https://s/c.3mf?S=hush",
        "upload_url": null, "profiles": [{"profile_id": "9", "context": {"compatibility":
        {"dev_model_name": "C12", "nozzle_diameter": "0.4"}, "materials": [{"color": "#FF0000",
        "material": "PLA"}], "plates": [{"index": 1, "gcode": {"name": "plate_1.gcode",
        "dir": "Metadata", "url": "https://s/g?S=hush"}}]}}]}));
    let context = project.profiles[0].context.as_ref().unwrap();
    assert_eq!(context.compatibility.as_ref().unwrap().nozzle_diameter, Some(0.4));
    assert!(!format!("{project:?} {}", json!(project)).contains("hush"));
    let profile: PrintProfile = read(json!({"profile_id": 9, "filename": "cube.3mf",
        "url": "https://s/cube.3mf?Signature=hush", "md5": "AB"}));
    assert_eq!(profile.url.as_ref().unwrap().reveal(), "https://s/cube.3mf?Signature=hush");
    assert!(!format!("{profile:?}").contains("hush"));
}

#[test]
fn messages_are_told_by_what_they_hold() {
    let observed: Messages = read(json!({"hits": [{"id": 5, "type": 6, "design": null,
        "comment": null, "taskMessage": {"id": 12, "title": "cube", "status": 2,
        "deviceId": "01P00A000000001"}, "from": {"uid": 1, "name": "Bambu"},
        "createTime": "2026-11-21T08:00:00Z"}]}));
    let documented: Messages = read(json!({"notifications": [{"id": "5", "type": "print",
        "message": "cube", "timestamp": "2026-11-21T08:00:00Z", "read": false}]}));
    for messages in [&observed, &documented] {
        let message = &messages.messages[0];
        assert_eq!((message.id.as_deref(), message.subject()), (Some("5"), Some("cube")));
        assert_eq!(message.create_time.as_deref(), Some("2026-11-21T08:00:00Z"));
    }
    assert!(observed.messages[0].task.is_some() && documented.messages[0].read == Some(false));
    let step = |body| read::<Notification>(body).processing();
    assert_eq!(step(json!({"message": "running", "code": null})), Processing::Running);
    assert_eq!(step(json!({"message": "success"})), Processing::Done);
    assert!(matches!(step(json!({"message": "broken"})), Processing::Failed(_)));
}

#[test]
fn presets_are_read_whatever_their_settings_are() {
    for settings in [json!([]), json!({}), json!(null)] {
        let list: SlicerSettings = read(json!({"message": "success", "settings": settings,
            "print": {"public": [{"setting_id": "GP001", "version": "1.0.0.0", "name": "0.20mm"}],
            "private": []}, "filament": {"public": [], "private": [{"setting_id": "PFUS1",
            "filament_is_support": "0", "nozzle_hrc": null}]}, "printer": null}));
        assert_eq!(list.print.unwrap().public[0].setting_id.as_deref(), Some("GP001"));
        assert_eq!(list.filament.unwrap().private[0].filament_is_support, Some(false));
    }
    let preset: Preset = read(json!({"public": false, "type": "filament", "name": "Mine",
        "setting": {"filament_id": "P1", "layer_height": 0.2}}));
    assert_eq!(
        (preset.kind.as_deref(), preset.setting["filament_id"].as_str()),
        (Some("filament"), Some("P1"))
    );
    let draft = PresetDraft::new("Mine", PresetKind::Filament, &SlicerVersion::default())
        .based_on("GFSA00")
        .with("filament_id", "P1");
    assert_eq!(
        json!(draft),
        json!({"name": "Mine", "type": "filament", "version": "1.0.0.0",
        "public": false, "base_id": "GFSA00", "setting": {"filament_id": "P1"}})
    );
    assert!(SlicerVersion::new("01.09.00.00").is_ok());
    for bad in ["", "1.0.0", "1.0.0.0.0", "1.0.0.x", "1..0.0", "99999.0.0.0"] {
        assert!(SlicerVersion::new(bad).is_err(), "{bad}");
    }
    let resources: SlicerResources = read(json!({"software": {"type": "slicer", "version": ""},
        "guide": null, "resources": [{"type": "slicer/plugins/cloud", "version": "02.08.01.00",
        "url": "https://cdn/p.zip", "force_update": false}]}));
    assert_eq!(resources.resources[0].version.as_deref(), Some("02.08.01.00"));
}

#[test]
fn spools_and_what_is_said_about_them_have_the_wires_names() {
    let spools: Spools = read(json!({"hits": [{"id": 3, "createType": "ams", "RFID": "AB",
        "filamentVendor": "Bambu Lab", "filamentType": "PLA", "filamentName": "PLA Basic",
        "color": "#FF0000", "colorType": 2, "colors": null, "netWeight": 750,
        "totalNetWeight": "1000", "createdAt": 1_790_000_000, "isSupport": false, "status": 0}]}));
    let spool = &spools.spools[0];
    assert_eq!((spool.id, spool.spool_uuid.as_deref()), (Some(3), Some("AB")));
    assert_eq!(spool.total_net_weight_grams, Some(1000.0));
    let draft = SpoolDraft {
        filament_name: "PLA Basic".into(),
        net_weight: Some(1),
        spool_uuid: Some("AB".into()),
        ..SpoolDraft::default()
    };
    assert_eq!(json!(draft), json!({"filamentName": "PLA Basic", "netWeight": 1, "RFID": "AB"}));
    let mapping =
        SlotMapping { ams_serial: "A1".into(), slot_id: "0".into(), ..SlotMapping::default() };
    let mappings = SlotMappings { serial: serial(), mappings: vec![mapping] };
    assert_eq!(
        json!(mappings),
        json!({"devId": "01P00A000000001", "mappings": [{"amsId": 0,
        "amsSn": "A1", "amsType": 0, "rfid": null, "slotId": "0", "spoolId": null}]})
    );
    let keys = json!(AmsSyncTray::default());
    let mut keys: Vec<&String> = keys.as_object().unwrap().keys().collect();
    keys.sort_by_key(|key| key.to_lowercase());
    assert_eq!(
        keys,
        [
            "amsId",
            "amsSn",
            "amsType",
            "color",
            "colors",
            "colorType",
            "createNew",
            "filamentId",
            "filamentName",
            "filamentType",
            "filamentVendor",
            "isSupport",
            "netWeight",
            "note",
            "RFID",
            "slotId",
            "totalNetWeight",
            "trayIdName"
        ]
    );
    let synced: AmsSynced = read(json!({"createdRFIDs": null,
        "results": [{"amsSn": "A1", "slotId": 0, "spoolId": null}]}));
    assert_eq!(
        (synced.results[0].slot_id.as_deref(), synced.results[0].spool_id),
        (Some("0"), None)
    );
}

#[test]
fn a_camera_ticket_is_read_and_never_shown() {
    let ticket: CameraCredentials = read(json!({"message": "success", "code": null,
        "ttcode": "TT-hush", "passwd": "hush", "authkey": "hush", "region": "us", "type": "tutk",
        "stream_key": null, "app_id": ""}));
    assert_eq!(ticket.ttcode.as_ref().unwrap().reveal(), "TT-hush");
    assert_eq!((ticket.kind.as_deref(), ticket.app_id.as_deref()), (Some("tutk"), None));
    assert!(!format!("{ticket:?} {}", json!(ticket)).contains("hush"));
    let bound: Bound = read(json!({"deviceId": "01P00A000000001"}));
    assert_eq!(bound.serial, Some(serial()));
    assert_eq!(
        read::<TicketState>(json!({"source": "device", "isValid": true})).is_valid,
        Some(true)
    );
    let owners: Owners = read(json!({"bind_list": [{"dev_id": "01P00A000000001", "user_id": 0,
        "user_name": null}]}));
    assert_eq!(owners.owners[0].user_name, None);
}
