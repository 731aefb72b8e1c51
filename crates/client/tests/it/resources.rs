//! Every call of the REST interface against the JSON of the reference: what is asked, how, and what is
//! read of it. A request that the table does not list is answered as the cloud would: 404.

mod kept;

use bambulab::{
    CloudError,
    cloud::{MessageQuery, TaskQuery},
    protocol::{Serial, cloud::*},
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use crate::http_fake::{Act, Server};

/// Method and target, status, body.
type Row = (&'static str, u16, Value);

const IOT: &str = "/v1/iot-service/api";

async fn recorded(table: Vec<Row>) -> Server {
    Server::new(|_| {
        move |asked| {
            let line = format!("{} {}", asked.method, asked.target.replace(IOT, "iot:"));
            let line = line.replace("/v1/user-service", "user:");
            let line = line.replace("/v1/design-user-service", "design:");
            match table.iter().find(|row| row.0 == line) {
                Some((_, status, Value::Null)) => Act::Reply(*status, String::new()),
                Some((_, status, Value::String(text))) => Act::Reply(*status, text.clone()),
                Some((_, status, body)) => Act::Reply(*status, body.to_string()),
                None => Act::Reply(404, "404 page not found".into()),
            }
        }
    })
    .await
}

fn serial() -> Serial {
    Serial::new("01P00A000000001").unwrap()
}

fn success() -> Value {
    json!({"message": "success", "code": null, "error": null})
}

/// The bodies that were sent, in order, those of reading calls left out.
fn sent(server: &Server) -> Vec<Value> {
    let asked = server.asked();
    let bodies = asked.iter().filter(|asked| asked.method != "GET");
    bodies.map(|asked| serde_json::from_slice(&asked.body).unwrap_or(Value::Null)).collect()
}

fn devices() -> Row {
    (
        "GET iot:/user/bind",
        200,
        json!({"message": "success", "code": null, "error": null,
        "devices": [{"dev_id": "01P00A000000001", "name": "P1S 1", "online": true,
        "print_status": "RUNNING", "dev_model_name": "C12", "dev_product_name": "P1S",
        "dev_access_code": "87654321\n", "nozzle_diameter": 0.4, "dev_structure": "CoreXY"},
        {"dev_id": "00M00A000000002", "name": "X1C", "dev_access_code": "hushhush"}]}),
    )
}

#[tokio::test]
async fn a_printers_details_are_composed_of_what_exists() {
    let server = recorded(vec![
        devices(),
        (
            "GET iot:/user/device/version?dev_id=01P00A000000001",
            200,
            json!({"devices": [{
            "dev_id": "01P00A000000001", "version": "01.08.02.00", "firmware": [], "ams": []}]}),
        ),
        (
            "GET iot:/user/print?force=true",
            200,
            json!({"devices": [{"dev_id": "01P00A000000001",
            "task_id": 12, "task_name": "cube"}]}),
        ),
    ])
    .await;
    let info = server.cloud.device_info(&serial()).await.unwrap();
    assert_eq!(info.device.name.as_deref(), Some("P1S 1"));
    assert_eq!(info.firmware.as_ref().unwrap().version.as_deref(), Some("01.08.02.00"));
    assert_eq!(info.job.as_ref().unwrap().task_name.as_deref(), Some("cube"));
    assert_eq!(info.raw["print"]["devices"][0]["task_id"], 12);
    assert!(!format!("{info:?} {}", json!(*info)).contains("87654321"));
    assert!(server.lines().iter().all(|line| !line.ends_with("/device/info")));

    let other = Serial::new("22E00A000000009").unwrap();
    let error = server.cloud.device_info(&other).await.unwrap_err();
    assert!(matches!(error, CloudError::NoSuchPrinter { .. }) && error.is_not_found(), "{error}");
}

#[tokio::test]
async fn printers_are_bound_renamed_and_let_go() {
    let server = recorded(vec![
        ("POST user:/my/pincode/AB12CD", 200, json!({"deviceId": "01P00A000000001"})),
        ("PATCH iot:/user/device/info", 200, success()),
        ("DELETE iot:/user/bind?dev_id=01P00A000000001", 200, success()),
        ("GET user:/my/ticket/T%2F1", 200, json!({"source": "device", "isValid": true})),
        ("POST user:/my/ticket/T%2F1", 200, Value::Null),
        ("GET user:/my/ticket/old", 200, json!({"source": "device", "isValid": false})),
        (
            "GET iot:/user/bind_list?dev_ids=01P00A000000001%2CX2",
            200,
            json!({"bind_list": [
            {"dev_id": "01P00A000000001", "user_id": "77", "user_name": null}]}),
        ),
    ])
    .await;
    let cloud = &server.cloud;
    cloud.bind_device(&serial(), " Left one ", "AB12CD\n").await.unwrap();
    cloud.unbind_device(&serial(), true).await.unwrap();
    assert_eq!(cloud.bind_with_ticket("T/1").await.unwrap().is_valid, Some(true));
    assert_eq!(cloud.bind_with_ticket("old").await.unwrap().is_valid, Some(false));
    assert_eq!(
        sent(&server),
        [
            json!({"pincode": "AB12CD"}),
            json!({"dev_id": "01P00A000000001", "dev_name": "Left one"}),
            json!({"dev_id": "01P00A000000001", "force": true}),
            json!({"ticket": "T/1"}),
        ],
        "a ticket that is not valid is not used"
    );
    let owners = cloud.bind_list(&[serial(), Serial::new("X2").unwrap()]).await.unwrap();
    assert_eq!(owners[0].user_id.as_deref(), Some("77"));
    let other = Serial::new("X2").unwrap();
    let error = cloud.bind_device(&other, "", "AB12CD").await.unwrap_err();
    assert!(matches!(error, CloudError::OtherPrinter { .. }), "{error}");
}

#[tokio::test]
async fn the_history_is_read_page_by_page_in_both_ways() {
    let page = |ids: &[u32]| {
        let hits: Vec<Value> = ids.iter().map(|id| json!({"id": id, "status": 2})).collect();
        json!({"total": 3, "hits": hits})
    };
    let server = recorded(vec![
        ("GET user:/my/tasks?limit=2&offset=0&status=0", 200, page(&[9, 8])),
        ("GET user:/my/tasks?limit=2&offset=2&status=0", 200, page(&[7])),
        ("GET user:/my/tasks?limit=2&offset=3&status=0", 200, page(&[])),
        ("GET user:/my/tasks?limit=20&after=9&deviceId=01P00A000000001", 200, page(&[8])),
        ("GET user:/my/tasks?limit=20&after=8&deviceId=01P00A000000001", 200, page(&[])),
        ("GET user:/my/task/9", 200, json!({"id": 9, "title": "cube", "instRateItem": {}})),
        (
            "GET iot:/user/task/9",
            403,
            json!({"message": "permission denied", "code": 8, "error": "Resource forbidden"}),
        ),
        ("GET iot:/user/task/10", 200, json!({"content": "{\"info\":{\"plate_idx\":1}}"})),
    ])
    .await;
    let cloud = &server.cloud;
    let query = TaskQuery { limit: Some(2), ..TaskQuery::default() };
    assert_eq!(cloud.tasks(&query).await.unwrap().total(), Some(3));
    let all: Vec<Task> = cloud.tasks_pages(query).try_collect().await.unwrap();
    let ids = |tasks: &[Task]| tasks.iter().map(|it| it.id.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(&all), ["9", "8", "7"]);
    let query =
        TaskQuery { device: Some(serial()), after: Some("9".into()), ..TaskQuery::default() };
    let all: Vec<Task> = cloud.tasks_pages(query).try_collect().await.unwrap();
    assert_eq!(ids(&all), ["8"]);
    assert_eq!(cloud.task("9").await.unwrap().title.as_deref(), Some("cube"));
    assert!(cloud.slice_task("9").await.unwrap_err().is_forbidden());
    assert_eq!(cloud.slice_task("10").await.unwrap().plate_index(), Some(1));
    assert!(cloud.task("404").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn projects_come_in_pages_only_where_the_cloud_says_so() {
    let page = |id: &str, more: bool| {
        json!({"code": 0, "message": "Success", "data": {"projects": [{"project_id": id}],
               "pagination": {"page": 1, "limit": 1, "total": 2, "has_more": more}}})
    };
    let paged = recorded(vec![
        ("GET iot:/user/project", 200, page("30", true)),
        ("GET iot:/user/project?offset=1", 200, page("31", false)),
    ])
    .await;
    let all: Vec<Project> = paged.cloud.projects_pages().try_collect().await.unwrap();
    let ids: Vec<_> = all.iter().map(|project| project.project_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["30", "31"]);
    let whole = json!({"message": "success", "code": null, "error": null,
        "projects": [{"project_id": "30"}]});
    let whole = recorded(vec![("GET iot:/user/project", 200, whole)]).await;
    let all: Vec<Project> = whole.cloud.projects_pages().try_collect().await.unwrap();
    assert_eq!((all.len(), whole.lines().len()), (1, 1), "asked once");
}

#[tokio::test]
async fn files_are_the_union_of_projects_and_prints_and_user_files_is_not_asked() {
    let server = recorded(vec![
        ("GET iot:/user/project", 200, json!({"projects": [{"project_id": "30", "name": "cube",
            "model_id": "US01", "create_time": "2026-11-21 08:00:00"}]})),
        ("GET user:/my/tasks?limit=100&offset=0&status=0", 200, json!({"total": 3, "hits": [
            {"id": 9, "title": "cube", "modelId": "US01", "profileId": 1},
            {"id": 8, "title": "vase", "modelId": "US02", "profileId": 2},
            {"id": 7, "title": "vase", "modelId": "US02", "profileId": 2}]})),
        ("POST iot:/user/project", 200, json!({"project_id": "31", "model_id": "US03",
            "profile_id": "3", "upload_url": "https://s/c.3mf?Signature=hush", "upload_ticket": "T"})),
        ("GET iot:/user/project/31?profile_id=3", 200, json!({"project_id": "31", "profiles": []})),
        ("GET iot:/user/profile/3?model_id=US03", 200, json!({"profile_id": "3",
            "url": "https://s/c.3mf?Signature=hush", "md5": "AB"})),
    ])
    .await;
    let cloud = &server.cloud;
    let files = cloud.cloud_files().await.unwrap();
    let names: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.source)).collect();
    assert_eq!(names, [("cube", EntrySource::Project), ("vase", EntrySource::Task)]);
    assert_eq!(files[0].file_id.as_deref(), Some("30"));
    assert_eq!(files[1].task_id.as_deref(), Some("8"));
    let keys = json!(files[0]);
    for key in ["name", "file_id", "file_url"] {
        assert!(keys.get(key).is_some(), "{key}");
    }
    assert!(server.lines().iter().all(|line| !line.ends_with("/user/files")));

    let made = cloud.create_project("cube").await.unwrap();
    assert_eq!(sent(&server), [json!({"name": "cube"})]);
    assert_eq!(
        (made.project_id.as_deref(), made.upload_ticket.as_deref()),
        (Some("31"), Some("T"))
    );
    cloud.project_with_profile("31", "3").await.unwrap();
    let profile = cloud.profile("3", "US03").await.unwrap();
    assert!(profile.url.as_ref().unwrap().reveal().ends_with("hush"));
    assert!(!format!("{made:?} {profile:?}").contains("hush"));
}

#[tokio::test]
async fn messages_come_page_by_page_and_a_ticket_is_polled() {
    let message = |id: u32, read: bool| json!({"id": id, "type": 6, "read": read});
    let server = recorded(vec![
        (
            "GET user:/my/messages?limit=20",
            200,
            json!({"hits": [message(5, true), message(4, false)]}),
        ),
        ("GET user:/my/messages?limit=20&after=4", 200, json!({"hits": []})),
        ("GET user:/my/messages?limit=1&type=6&after=5", 200, json!({"hits": [message(4, false)]})),
        ("POST user:/my/message/read", 200, json!({})),
        (
            "GET iot:/user/notification?action=upload&ticket=T+%2B",
            200,
            json!({"message": "running", "code": null, "error": null}),
        ),
    ])
    .await;
    let cloud = &server.cloud;
    let all: Vec<Message> =
        cloud.messages_pages(MessageQuery::default()).try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    let query = MessageQuery { kind: Some("6".into()), after: Some("5".into()), limit: Some(1) };
    assert_eq!(cloud.messages(&query).await.unwrap().len(), 1);
    assert_eq!(cloud.notifications(false).await.unwrap().len(), 2);
    assert_eq!(cloud.notifications(true).await.unwrap()[0].id.as_deref(), Some("4"));
    cloud.mark_notification_read("5").await.unwrap();
    assert_eq!(sent(&server), [json!({"ids": [5]})]);
    let state = cloud.notification(NotificationAction::Upload, "T +").await.unwrap();
    assert_eq!(state.processing(), Processing::Running);
}
