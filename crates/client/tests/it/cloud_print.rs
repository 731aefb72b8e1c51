//! Prints over the cloud against a scripted one: the order of the steps, what each says, and what
//! is told when one of them fails.

use std::{
    io::{Cursor, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bambulab::{
    Cloud,
    cloud::{
        CloudFile, JobFile, OnProgress, PrintError, PrintErrorKind as Kind, PrintOptions, Progress,
        Started, Step, UploadError, UploadOptions,
    },
    protocol::{Serial, cloud::SignedUrl},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    http_fake::{Act, Asked, Server},
    upload::file,
};

const MD5: &str = "0123456789ABCDEF0123456789ABCDEF";

/// A 3MF whose first two plates are sliced.
fn project() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["[Content_Types].xml", "Metadata/plate_1.png", "3D/3dmodel.model"] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }
    for name in ["Metadata/plate_1.gcode", "Metadata/plate_2.gcode"] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&b"G28\n".repeat(50_000)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn sliced() -> (TempDir, PathBuf) {
    file("cube.gcode.3mf", &project())
}

fn serial() -> Serial {
    Serial::new("01P00A000000001").unwrap()
}

fn ok(body: &Value) -> Act {
    Act::Reply(200, body.to_string())
}

/// What a cloud says that goes along with everything.
pub(crate) fn willing(url: &str, asked: &Asked) -> Act {
    let signed = |path: &str| format!("{url}/s3/{path}?Expires=1999999999&Signature=s%2Fecret");
    match (asked.method.as_str(), asked.path()) {
        ("GET", "/v1/iot-service/api/user/bind") => ok(&json!({"devices": [
            {"dev_id": serial().as_str(), "name": "P1S", "online": true, "print_status": "SUCCESS"}]})),
        ("POST", "/v1/iot-service/api/user/project") => ok(&json!({"message": "success",
            "project_id": "17", "model_id": "US0123456789abcd", "profile_id": "99",
            "upload_url": signed("config"), "upload_ticket": "t/1"})),
        ("GET", "/v1/iot-service/api/user/notification") => ok(&json!({"message": "success"})),
        ("GET", "/v1/iot-service/api/user/upload") if asked.target.contains("filename=") => {
            ok(&json!({"urls": [{"type": "filename", "url": signed("mine.3mf")}]}))
        }
        ("GET", "/v1/iot-service/api/user/upload") => {
            ok(&json!({"urls": [{"type": "models", "url": signed("model")}]}))
        }
        ("GET", "/v1/iot-service/api/user/project") => ok(&json!({"projects": [
            {"project_id": "5", "model_id": "USold", "name": "vase", "create_time": "2026-01-01 00:00:00"},
            {"project_id": "6", "model_id": "USnew", "name": "vase", "create_time": "2026-02-01 00:00:00"}]})),
        ("GET", "/v1/user-service/my/tasks") => ok(&json!({"total": 1, "hits": [
            {"id": 3, "title": "bolt", "modelId": "USbolt", "profileId": 31}]})),
        ("GET", "/v1/iot-service/api/user/project/6") => ok(&json!({"project_id": "6",
            "model_id": "USnew", "name": "vase", "profiles": [{"profile_id": "61", "context":
                {"plates": [{"index": 1, "gcode": {"name": "plate_1.gcode"}}]}}]})),
        ("GET", "/v1/iot-service/api/user/profile/61" | "/v1/iot-service/api/user/profile/31") => {
            ok(
                &json!({"filename": "stored.3mf", "url": signed("stored"), "md5": MD5.to_lowercase()}),
            )
        }
        ("POST", "/v1/user-service/my/task") => ok(&json!({"id": 4242})),
        _ => ok(&json!({"message": "success", "code": null, "error": null})),
    }
}

/// A willing cloud but for what this one decides.
async fn cloud(but: impl Fn(&Asked) -> Option<Act> + Send + Sync + 'static) -> Server {
    Server::new(|url| move |asked: &Asked| but(asked).unwrap_or_else(|| willing(&url, asked))).await
}

async fn print(cloud: &Cloud, options: PrintOptions) -> Result<Started, PrintError> {
    let (_folder, path) = sliced();
    cloud.start_cloud_print(&serial(), CloudFile::Local(path), options).await
}

async fn failure(
    but: impl Fn(&Asked) -> Option<Act> + Send + Sync + 'static,
) -> (PrintError, Server) {
    let server = cloud(but).await;
    let options = PrintOptions { processing: Duration::from_millis(200), ..Default::default() };
    let error = print(&server.cloud, options).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("ecret"), "{shown}");
    (error, server)
}

#[tokio::test]
async fn a_local_file_takes_all_steps_in_order_and_one_task() {
    let server = cloud(|_| None).await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    let progress = OnProgress::new(move |progress| {
        if let Progress::Step(step) = progress {
            told.lock().unwrap().push(step);
        }
    });
    let trays = vec![Some("A2".parse().unwrap()), None];
    let options = PrintOptions { progress, plate: 2, trays, timelapse: true, ..Default::default() };
    let started = print(&server.cloud, options).await.unwrap();

    assert_eq!(steps.lock().unwrap().as_slice(), Step::ALL);
    assert_eq!((started.job_id.as_str(), started.status.as_str()), ("4242", "created"));
    assert_eq!((started.file_name.as_str(), started.title.as_str()), ("cube.gcode.3mf", "cube"));
    assert_eq!((started.project_id.as_str(), started.plate), ("17", 2));
    assert!(started.created_at.ends_with('Z'), "{}", started.created_at);
    let lines = server.lines();
    let wanted = [
        "GET /v1/iot-service/api/user/bind",
        "POST /v1/iot-service/api/user/project",
        "PUT /s3/config",
        "PUT /v1/iot-service/api/user/notification",
        "GET /v1/iot-service/api/user/notification",
        "GET /v1/iot-service/api/user/upload",
        "PUT /s3/model",
        "PATCH /v1/iot-service/api/user/project/17",
        "POST /v1/user-service/my/task",
    ];
    assert_eq!(lines, wanted);
    let asked = server.asked();
    let body = |at: usize| serde_json::from_slice::<Value>(&asked[at].body).unwrap();
    assert_eq!(body(1), json!({"name": "cube"}));
    // Settings and pictures only.
    let config = bambulab::protocol::threemf::sliced_plates(Cursor::new(&asked[2].body)).unwrap();
    assert!(config.is_empty() && asked[2].body.len() < 1000);
    let announced = json!({"upload": {"origin_file_name": "cube.3mf", "ticket": "t/1"}});
    assert_eq!(body(3), announced);
    assert!(asked[4].target.ends_with("?action=upload&ticket=t%2F1"), "{}", asked[4].target);
    assert!(asked[5].target.ends_with("?models=US0123456789abcd_99_2.3mf"), "{}", asked[5].target);
    assert!(asked[6].body == project() && !asked[6].headers.contains_key("authorization"));
    let registered = &body(7)["profile_print_3mf"][0];
    assert_eq!(body(7)["profile_id"], "99");
    assert_eq!(registered["plate_idx"], 2);
    assert!(
        registered["url"].as_str().unwrap().ends_with("?Expires=1999999999&Signature=s%2Fecret")
    );
    let md5 = registered["md5"].as_str().unwrap();
    assert!(md5.len() == 32 && !md5.contains(|c: char| c.is_ascii_lowercase()), "{md5}");
    let task = body(8);
    let said = ["deviceId", "modelId", "profileId", "plateIndex", "title", "mode", "sequence_id"];
    let said: Vec<_> = said.iter().map(|key| &task[*key]).collect();
    let wanted =
        json!(["01P00A000000001", "US0123456789abcd", 99, 2, "cube", "cloud_file", "20001"]);
    assert_eq!(json!(said), wanted);
    assert_eq!((&task["amsMapping"], &task["useAms"]), (&json!([1, -1]), &json!(true)));
    assert_eq!((&task["timelapse"], &task["bedLeveling"]), (&json!(true), &json!(true)));
    assert!(!asked[8].headers.keys().any(|name| name.starts_with("x-bbl")));
}

#[tokio::test]
async fn the_vendors_gate_is_reported_as_what_it_is_and_never_tried_twice() {
    let (error, server) = failure(|asked| {
        let text = "client does not have access rights to the content";
        (asked.path() == "/v1/user-service/my/task").then(|| Act::Reply(403, text.into()))
    })
    .await;
    assert!(error.is_reserved_for_vendor(), "{error:?}");
    assert_eq!((error.step, error.project_id.as_deref()), (Some(Step::CreateTask), Some("17")));
    for words in ["Developer Mode", "project 17", "access rights"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    let tasks =
        |server: &Server| server.lines().iter().filter(|it| it.ends_with("my/task")).count();
    assert_eq!(tasks(&server), 1);

    let (error, server) = failure(|asked| {
        let task = asked.path() == "/v1/user-service/my/task";
        task.then(|| Act::Reply(400, "field \"cover\" is not set".into()))
    })
    .await;
    assert!(error.to_string().contains("field \"cover\" is not set"), "{error}");
    assert_eq!(tasks(&server), 1);
}

#[tokio::test]
async fn a_task_whose_answer_is_lost_is_not_sent_again() {
    let answers: [fn() -> Act; 4] = [
        || Act::Cut(10),
        || Act::Reply(502, "<html>".into()),
        || Act::Reply(200, "{}".into()),
        || Act::Reply(200, "garbage".into()),
    ];
    for answer in answers {
        let (error, server) =
            failure(move |asked| (asked.path() == "/v1/user-service/my/task").then(answer)).await;
        assert!(error.is_unconfirmed(), "{error:?}");
        assert_eq!(server.lines().iter().filter(|it| it.ends_with("my/task")).count(), 1);
    }
}

#[tokio::test]
async fn a_failed_step_is_named_with_the_project_that_is_left() {
    let notification =
        |asked: &Asked| asked.method == "GET" && asked.path().ends_with("notification");
    let (error, server) =
        failure(move |asked| notification(asked).then(|| ok(&json!({"message": "bad file"}))))
            .await;
    assert!(matches!(&error.kind, Kind::Unprocessed { text } if text == "bad file"), "{error:?}");
    assert_eq!((error.step, error.project_id.as_deref()), (Some(Step::Processing), Some("17")));
    assert!(!server.lines().contains(&"PUT /s3/model".to_owned()));
    let (error, _) =
        failure(move |asked| notification(asked).then(|| ok(&json!({"message": "running"})))).await;
    assert!(matches!(error.kind, Kind::StillProcessing { .. }), "{error:?}");
    let (error, server) =
        failure(|asked| (asked.path() == "/s3/config").then(|| Act::Reply(403, "".into()))).await;
    assert!(matches!(error.kind, Kind::Upload(UploadError::Refused { status: 403, .. })));
    assert_eq!(error.step, Some(Step::UploadConfig));
    assert_eq!(server.lines().last().unwrap(), "PUT /s3/config");
    let (error, _) = failure(|asked| {
        let places = asked.path() == "/v1/iot-service/api/user/upload";
        places.then(|| ok(&json!({"message": "success", "urls": []})))
    })
    .await;
    assert!(matches!(error.kind, Kind::Upload(UploadError::NoCloudStorage)), "{error:?}");
}

#[tokio::test]
async fn a_printer_that_is_not_ready_gets_nothing_unless_forced() {
    let printer = |online: bool, status: &'static str| {
        move |asked: &Asked| {
            let device = json!({"dev_id": serial().as_str(), "name": "P1S", "online": online,
                "print_status": status});
            let bind = asked.path().ends_with("/user/bind");
            bind.then(|| ok(&json!({"devices": [device]})))
        }
    };
    let (error, server) = failure(printer(false, "IDLE")).await;
    assert!(matches!(error.kind, Kind::Offline { .. }) && server.lines().len() == 1, "{error:?}");
    let (error, server) = failure(printer(true, "RUNNING")).await;
    assert!(matches!(error.kind, Kind::Busy { .. }) && server.lines().len() == 1, "{error:?}");
    assert_eq!(error.project_id, None);
    let (error, _) =
        failure(|asked| asked.path().ends_with("/user/bind").then(|| ok(&json!({"devices": []}))))
            .await;
    assert!(matches!(error.kind, Kind::NotYours { .. }), "{error:?}");
    let server = cloud(printer(true, "RUNNING")).await;
    let options = PrintOptions { force: true, ..Default::default() };
    assert!(print(&server.cloud, options).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_printed_is_refused_before_anything_is_asked() {
    let server = cloud(|_| None).await;
    let start = async |name: &str, bytes: &[u8], options: PrintOptions| {
        let (_folder, path) = file(name, bytes);
        let file = CloudFile::Local(path);
        server.cloud.start_cloud_print(&serial(), file, options).await.unwrap_err().kind
    };
    let plate = PrintOptions { plate: 3, ..Default::default() };
    let kind = start("a.3mf", &project(), plate).await;
    assert!(matches!(&kind, Kind::NotSliced { sliced, .. } if *sliced == [1, 2]), "{kind:?}");
    let kind = start("a.gcode", b"G28\n", PrintOptions::default()).await;
    assert!(matches!(kind, Kind::NotPrintable { .. }), "{kind:?}");
    let settings = vec!["layer_height".to_owned()];
    let kind = start("a.3mf", &project(), PrintOptions { settings, ..Default::default() }).await;
    assert!(matches!(&kind, Kind::Setting { name } if name == "layer_height"), "{kind:?}");
    let bed = PrintOptions { bed_type: "marble".into(), ..Default::default() };
    assert!(matches!(start("a.3mf", &project(), bed).await, Kind::BedType { .. }));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_file_of_the_cloud_is_printed_by_name_and_by_id() {
    let server = cloud(|_| None).await;
    let start =
        async |file| server.cloud.start_cloud_print(&serial(), file, PrintOptions::default()).await;
    for file in [CloudFile::Named("vase.3mf".into()), CloudFile::Project("USnew".into())] {
        let started = start(file).await.unwrap();
        assert_eq!((started.project_id.as_str(), started.profile_id), ("6", 61));
        let asked = server.asked();
        let patch = asked.iter().rev().find(|asked| asked.method == "PATCH").unwrap();
        assert!(patch.path().ends_with("/user/project/6") && patch.text().contains(MD5));
    }
    // What only the history has gets a project of its own.
    assert_eq!(start(CloudFile::Named("bolt".into())).await.unwrap().project_id, "17");
    let error = start(CloudFile::Named("nothing".into())).await.unwrap_err();
    assert!(matches!(error.kind, Kind::NoSuchFile { .. }), "{error:?}");
    let second = PrintOptions { plate: 2, ..Default::default() };
    let file = CloudFile::Named("vase".into());
    let error = server.cloud.start_cloud_print(&serial(), file, second).await.unwrap_err();
    assert!(matches!(error.kind, Kind::NotSliced { .. }), "{error:?}");
}

#[tokio::test]
async fn what_was_just_uploaded_is_printed_without_a_second_upload() {
    let server = cloud(|_| None).await;
    let (_folder, path) = sliced();
    let options = UploadOptions { name: Some("mine.3mf".into()), ..Default::default() };
    let uploaded = server.cloud.upload_file(&path, options).await.unwrap();
    let job = JobFile::from(&uploaded);
    let started = server.cloud.start_print_job(&serial(), job, PrintOptions::default()).await;
    assert_eq!(started.unwrap().file_name, "mine.3mf");
    let file = CloudFile::Named("mine.3mf".into());
    server.cloud.start_cloud_print(&serial(), file, PrintOptions::default()).await.unwrap();
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("PUT /s3")).count(), 1);
    let patches = server.asked().into_iter().filter(|asked| asked.method == "PATCH");
    assert!(
        patches.into_iter().all(|asked| asked.text().contains(uploaded.md5.as_deref().unwrap()))
    );

    let url = Some(SignedUrl::new("https://example.com/a.3mf?Signature=x"));
    let job = JobFile { file_url: url, ..JobFile::default() };
    let error = server.cloud.start_print_job(&serial(), job, PrintOptions::default()).await;
    assert!(matches!(error.unwrap_err().kind, Kind::Incomplete));
}

#[tokio::test]
async fn a_cancelled_print_never_reaches_its_task() {
    let stops = [Step::CreateProject, Step::UploadModel, Step::Register];
    for stop in stops {
        let server = cloud(|_| None).await;
        let options = PrintOptions::default();
        let cancel = options.cancel.clone();
        let progress = OnProgress::new(move |progress| {
            if progress == Progress::Step(stop) {
                cancel.cancel();
            }
        });
        let error = print(&server.cloud, PrintOptions { progress, ..options }).await.unwrap_err();
        assert!(matches!(error.kind, Kind::Cancelled), "{error:?}");
        assert!(error.step >= Some(stop), "{error:?}");
        // A project that is being made when it is cancelled is named, too.
        assert_eq!(error.project_id.as_deref(), Some("17"));
        assert!(!server.lines().iter().any(|line| line.ends_with("my/task")));
    }
}
