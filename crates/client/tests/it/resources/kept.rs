//! What an account keeps beside prints: presets, spools, its profile; and what comes from cameras and
//! AMS units.

use bambulab::{
    Cloud, CloudSession,
    cloud::LocalCamera,
    protocol::{Serial, cloud::*},
};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::{IOT, devices, recorded, sent, serial, success};
use crate::fake::{Broker, Ca, login, options};

#[tokio::test]
async fn presets_are_kept_and_one_that_cannot_be_changed_is_made_anew() {
    let stored = |id: &str| {
        json!({"message": "success", "code": null, "error": null, "setting_id": id,
            "update_time": "2026-11-21 08:00:00"})
    };
    let server = recorded(vec![
        (
            "GET iot:/slicer/setting?version=1.0.0.0",
            200,
            json!({"print": {"public": [{"setting_id": "GP1"}], "private": []}, "settings": {}}),
        ),
        (
            "GET iot:/slicer/setting?version=1.0.0.0&public=false",
            200,
            json!({"print": {"public": [], "private": []}, "settings": []}),
        ),
        ("GET iot:/slicer/setting/PFUS1", 200, json!({"name": "Mine", "setting": {"a": "b"}})),
        (
            "GET iot:/slicer/setting/gone",
            400,
            json!({"message": "missing", "code": 2, "error": ""}),
        ),
        ("POST iot:/slicer/setting", 200, stored("PFUS2")),
        ("PATCH iot:/slicer/setting/PFUS1", 200, stored("PFUS1")),
        ("PATCH iot:/slicer/setting/gone", 422, json!({"detail": "Invalid input parameters"})),
        ("PATCH iot:/slicer/setting/full", 400, json!("field \"version\" is not set")),
        ("DELETE iot:/slicer/setting/PFUS1", 200, success()),
        ("DELETE iot:/slicer/setting/gone", 200, success()),
        (
            "GET iot:/slicer/resource?slicer%2Fplugins%2Fcloud=02.08.01.00",
            200,
            json!({"software": null, "guide": null, "resources": [{"version": "02.08.02.00"}]}),
        ),
        ("GET iot:/slicer/resource", 200, json!({"software": null, "resources": []})),
    ])
    .await;
    let cloud = &server.cloud;
    let version = SlicerVersion::default();
    let all = cloud.slicer_settings(&version).await.unwrap();
    assert_eq!(all.print.as_ref().unwrap().public[0].setting_id.as_deref(), Some("GP1"));
    assert!(cloud.own_slicer_settings(&version).await.unwrap().print.is_some());
    let one = cloud.slicer_setting("PFUS1").await.unwrap();
    assert_eq!((one.setting_id.as_deref(), &one.setting["a"]), (Some("PFUS1"), &json!("b")));
    assert_eq!(cloud.slicer_setting("gone").await.unwrap_err().code(), Some(2));

    let draft = PresetDraft::new("Mine", PresetKind::Filament, &version).with("filament_id", "P1");
    let made = cloud.create_slicer_setting(&draft).await.unwrap();
    assert_eq!(made.setting_id.as_deref(), Some("PFUS2"));
    let changed = cloud.update_slicer_setting("PFUS1", &draft).await.unwrap();
    assert_eq!(changed.setting_id.as_deref(), Some("PFUS1"));
    let anew = cloud.update_slicer_setting("gone", &draft).await.unwrap();
    assert_eq!(anew.setting_id.as_deref(), Some("PFUS2"));
    assert!(cloud.update_slicer_setting("full", &draft).await.is_err());
    cloud.delete_slicer_setting("PFUS1").await.unwrap();
    let writes: Vec<String> =
        server.lines().into_iter().filter(|line| !line.starts_with("GET")).collect();
    let setting = |method: &str, id: &str| format!("{method} {IOT}/slicer/setting{id}");
    assert_eq!(
        writes,
        [
            setting("POST", ""),
            setting("PATCH", "/PFUS1"),
            setting("PATCH", "/gone"),
            setting("POST", ""),
            setting("DELETE", "/gone"),
            setting("PATCH", "/full"),
            setting("DELETE", "/PFUS1"),
        ]
    );

    let plugin = SlicerVersion::new("02.08.01.00").unwrap();
    let found = cloud.slicer_resources(Some(("slicer/plugins/cloud", &plugin))).await.unwrap();
    assert_eq!(found.resources[0].version.as_deref(), Some("02.08.02.00"));
    assert!(cloud.slicer_resources(None).await.unwrap().resources.is_empty());
    let public = server.asked().pop().unwrap();
    assert!(!public.headers.contains_key("authorization"), "no token where none is needed");
}

#[tokio::test]
async fn spools_are_listed_kept_and_put_into_trays() {
    let server = recorded(vec![
        (
            "GET design:/my/filament/v2?offset=0&limit=50",
            200,
            json!({"hits": [{"id": 1}, {"id": 2}]}),
        ),
        ("GET design:/my/filament/v2?offset=2&limit=50", 200, json!({"hits": []})),
        (
            "GET design:/my/filament/v2?offset=0&limit=5&category=PLA&status=1&ids=1%2C2&RFIDs=AB",
            200,
            json!({"hits": [{"id": 2, "filamentName": "PLA Basic"}]}),
        ),
        ("POST design:/my/filament/v2", 200, json!({})),
        ("PUT design:/my/filament/v2", 200, json!({"filamentV2": {"id": 1, "netWeight": 700}})),
        ("DELETE design:/my/filament/v2/batch", 200, json!({})),
        (
            "POST design:/my/filament/v2/ams/sync",
            200,
            json!({"createdRFIDs": null,
            "results": [{"amsSn": "A1", "slotId": "0", "spoolId": 1}]}),
        ),
        (
            "POST design:/my/filament/v2/slot-mappings/sync",
            200,
            json!({"results": [{"amsSn": "A1", "slotId": "0", "code": 0}]}),
        ),
        (
            "GET design:/filament/config",
            200,
            json!({"categories": ["PLA"], "filamentSettings": [
            {"filamentVendor": "Bambu Lab", "filamentId": "GFA00", "isSupport": false}]}),
        ),
    ])
    .await;
    let cloud = &server.cloud;
    let all: Vec<Spool> = cloud.spools_pages(SpoolFilter::default()).try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    let filter = SpoolFilter {
        category: Some("PLA".into()),
        incomplete: Some(true),
        ids: vec![1, 2],
        spool_uuids: vec!["AB".into()],
    };
    assert_eq!(cloud.spools(&filter, 0, 5).await.unwrap()[0].id, Some(2));
    let draft = SpoolDraft { filament_name: "PLA Basic".into(), ..SpoolDraft::default() };
    cloud.create_spool(&draft).await.unwrap();
    let change = SpoolDraft { net_weight: Some(700), ..draft };
    let changed = cloud.update_spool(1, &change).await.unwrap();
    assert_eq!(changed.as_ref().unwrap().net_weight_grams, Some(700.0));
    cloud.delete_spools(&[1], &["AB"]).await.unwrap();
    cloud.delete_spools(&[], &[]).await.unwrap();
    let tray =
        AmsSyncTray { ams_serial: "A1".into(), slot_id: "0".into(), ..AmsSyncTray::default() };
    let ams = AmsSync { serial: serial(), items: vec![tray] };
    assert_eq!(cloud.sync_ams(&ams).await.unwrap().results[0].spool_id, Some(1));
    let slots = SlotMappings { serial: serial(), mappings: vec![SlotMapping::default()] };
    assert_eq!(cloud.map_slots(&slots).await.unwrap().results[0].code, Some(0));
    assert_eq!(cloud.filament_catalogue().await.unwrap().filaments.len(), 1);
    let sent = sent(&server);
    assert_eq!(sent.len(), 5, "nothing is sent where nothing is to be deleted");
    assert_eq!(sent[0], json!({"filamentName": "PLA Basic"}));
    assert_eq!(sent[1], json!({"id": 1, "filamentName": "PLA Basic", "netWeight": 700}));
    assert_eq!(sent[2], json!({"ids": ["1"], "RFIDs": ["AB"]}));
    assert_eq!((&sent[3]["devId"], &sent[4]["devId"]), (&json!(serial()), &json!(serial())));
}

#[tokio::test]
async fn a_camera_is_on_the_local_network_and_its_ticket_is_a_secret() {
    let server = recorded(vec![
        devices(),
        (
            "POST iot:/user/ttcode",
            200,
            json!({"message": "success", "code": null, "error": null,
            "ttcode": "TT-hush", "passwd": "hush&1", "authkey": "hush", "region": "us",
            "type": "tutk"}),
        ),
    ])
    .await;
    let cloud = &server.cloud;
    let ticket = cloud.ttcode(&serial()).await.unwrap();
    assert_eq!(ticket.ttcode.as_ref().unwrap().reveal(), "TT-hush");
    let video = cloud.cloud_video_url(&serial()).await.unwrap();
    assert!(video.stream_url.is_none() && video.note.is_some());
    assert_eq!(
        video.player_url.as_ref().unwrap().reveal(),
        "bambu:///tutk?uid=TT-hush&authkey=hush&passwd=hush%261&region=us&device=01P00A000000001\
         &net_ver=&dev_ver="
    );
    assert_eq!(sent(&server), vec![json!({"dev_id": "01P00A000000001"}); 2]);

    let jpeg = cloud.camera_urls(&serial(), "192.0.2.7").await.unwrap();
    let wanted = LocalCamera::Jpeg { host: "192.0.2.7".into(), port: 6000 };
    assert_eq!(jpeg.local, Some(wanted));
    let rtsps =
        cloud.camera_urls(&Serial::new("00M00A000000002").unwrap(), "fe80::1").await.unwrap();
    let Some(LocalCamera::Rtsps { url, login_url }) = &rtsps.local else { panic!("{rtsps:?}") };
    assert_eq!(url, "rtsps://[fe80::1]:322/streaming/live/1");
    assert!(
        login_url.as_ref().unwrap().reveal().starts_with("rtsps://bblp:hushhush@[fe80::1]:322")
    );
    let shown = format!("{ticket:?} {video:?} {rtsps:?} {} {}", json!(*video), json!(*rtsps));
    assert!(!shown.contains("hush"), "{shown}");
    assert!(
        server.lines().iter().all(|line| !line.contains("/video") && !line.contains("/snapshot"))
    );
}

#[tokio::test]
async fn the_profile_is_changed_and_documented_envelopes_are_taken_off() {
    let server = recorded(vec![
        (
            "GET user:/my/profile",
            200,
            json!({"code": 0, "message": "Success", "data":
            {"user_id": "77", "email": "maker@example.com", "username": "Maker"}}),
        ),
        ("PUT user:/my/profile", 200, json!({"code": 0, "message": "ok"})),
        (
            "GET iot:/user/project",
            200,
            json!({"code": 0, "data":
            {"projects": [{"project_id": "30", "name": "cube"}], "total": 1, "page": 1}}),
        ),
        (
            "GET iot:/user/device/version?dev_id=01P00A000000001",
            200,
            json!({"code": 0,
            "data": {"current_version": "1", "latest_version": "2"}}),
        ),
        (
            "GET iot:/user/print?force=false",
            200,
            json!({"code": 0, "data": {"jobs": [
            {"job_id": "5", "device_id": "01P00A000000001", "status": "running"}]}}),
        ),
    ])
    .await;
    let cloud: &Cloud = &server.cloud;
    assert_eq!(cloud.user_profile().await.unwrap().account.as_deref(), Some("maker@example.com"));
    let change = ProfileChange { username: Some("New".into()), ..ProfileChange::default() };
    cloud.update_user_profile(&change).await.unwrap();
    assert_eq!(sent(&server), [json!({"username": "New"})]);
    assert_eq!(cloud.projects().await.unwrap()[0].project_id.as_deref(), Some("30"));
    let versions = cloud.device_version(&serial()).await.unwrap();
    assert_eq!(versions.firmware[0].version.as_deref(), Some("2"));
    assert_eq!(cloud.print_status(false).await.unwrap()[0].task_id.as_deref(), Some("5"));
    assert!(cloud.user_info().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_an_ams_holds_is_asked_from_the_printer_once() {
    let report = r#"{"print":{"command":"push_status","msg":0,"ams":{"ams_exist_bits":"1",
        "tray_exist_bits":"3","ams":[{"id":"0","humidity":"4","tray":[{"id":"0","tray_type":"PETG",
        "tray_color":"FF0000FF","remain":85,"tray_weight":"1000","nozzle_temp_min":"220",
        "nozzle_temp_max":"270"},{"id":"1"}]}]}}}"#;
    let ca = Ca::new();
    let broker = Broker::new(ca.cloud()).await;
    let session = CloudSession::connect(login(&broker), options(&ca));
    let server = recorded(vec![(
        "GET iot:/user/device/version?dev_id=01P00A000000001",
        200,
        json!({"devices": [{"dev_id": "01P00A000000001",
            "ams": [{"firmware": [{"version": "00.00.06.49"}]}]}]}),
    )])
    .await;
    let printer = async {
        let mut peer = broker.accept().await;
        peer.expect("get_version").await;
        peer.expect("pushall").await;
        peer.report("01P00A000000001", report).await;
        peer
    };
    let serial = serial();
    let (held, _peer) = tokio::join!(server.cloud.ams_filaments(&session, &serial), printer);
    let held = json!(held.unwrap());
    assert_eq!((&held["has_ams"], &held["total_trays"]), (&json!(true), &json!(2)));
    let unit = &held["ams_units"][0];
    assert_eq!((&unit["unit_id"], &unit["offered_version"]), (&json!(0), &json!("00.00.06.49")));
    let tray = &unit["trays"][0];
    for (key, value) in [
        ("tray_id", json!(0)),
        ("filament_type", json!("PETG")),
        ("filament_color", json!("FF0000FF")),
        ("filament_weight", json!(1000)),
        ("temperature", json!(220)),
        ("remaining", json!(85)),
    ] {
        assert_eq!(tray[key], value, "{key}");
    }
}
