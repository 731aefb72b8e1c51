//! The examples, run as programs against a scripted printer on the LAN, or a scripted cloud.

use std::{
    env,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{io::AsyncWriteExt as _, process::Command, task::JoinHandle, time::timeout};

use crate::{
    cloud_print,
    fake::{Broker, Ca, PATIENCE, Peer, SERIAL},
    http_fake::{Act, Asked, Server},
};

/// A full report of a P1S inside a job, with one AMS.
const REPORT: &str = r#"{"print":{"command":"push_status","msg":0,"gcode_state":"RUNNING",
    "subtask_name":"cube","mc_percent":45,"nozzle_temper":219.5,"bed_temper":59.5,
    "bed_target_temper":0,"ams":{"ams_exist_bits":"1","tray_exist_bits":"1","ams":[{"id":"0",
    "tray":[{"id":"0","tray_type":"PETG","tray_color":"FF0000FF","remain":85}]}]}}}"#;

/// The program, not started by a shell: cargo builds examples beside the tests.
fn program(name: &str, arguments: &[&str]) -> Command {
    let tests = env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// With a printer on the LAN.
fn start(name: &str, arguments: &[&str], broker: &Broker) -> JoinHandle<Output> {
    let mut command = program(name, arguments);
    command.env("BAMBU_SERIAL", SERIAL).env("BAMBU_HOST", "127.0.0.1");
    command.env("BAMBU_MQTT_PORT", broker.port().to_string());
    command.env("BAMBU_ACCESS_CODE", "12345678");
    tokio::spawn(async move { timeout(PATIENCE, command.output()).await.unwrap().unwrap() })
}

async fn welcome(broker: &Broker) -> Peer {
    let mut peer = broker.accept().await;
    peer.expect("get_version").await;
    peer.expect("pushall").await;
    peer.report(SERIAL, REPORT).await;
    peer
}

async fn broker() -> Broker {
    Broker::new(Ca::new().printer(SERIAL)).await
}

fn text(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn monitor_prints_progress_and_temperatures() {
    let broker = broker().await;
    let program = start("monitor", &["1"], &broker);
    let mut peer = welcome(&broker).await;
    while !program.is_finished() {
        peer.report(SERIAL, REPORT).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let printed = text(&program.await.unwrap());
    assert_eq!(printed, "Progress: 45%\nNozzle: 219.5°C\nBed: 59.5°C\n");
}

#[tokio::test]
async fn filament_prints_what_is_left_in_each_tray() {
    let broker = broker().await;
    let program = start("filament", &[], &broker);
    let _peer = welcome(&broker).await;
    let printed = text(&program.await.unwrap());
    assert_eq!(printed, "Unit 0 tray 0: PETG\n  Remaining: 85%\n  Color: FF0000FF\n");
}

#[tokio::test]
async fn notify_tells_the_end_of_a_job_once() {
    let broker = broker().await;
    let program = start("notify", &[], &broker);
    let mut peer = welcome(&broker).await;
    let end = REPORT.replace("RUNNING", "FINISH").replace(":45,", ":100,");
    // It begins to watch a moment after the first report: jobs end until it has seen one.
    while !program.is_finished() {
        for report in [REPORT, &end, &end] {
            peer.report(SERIAL, report).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(text(&program.await.unwrap()), "Print complete!\n");
}

#[tokio::test]
async fn control_says_whether_a_command_took_effect() {
    let broker = broker().await;
    let program = start("control", &["set_bed_temp", "60"], &broker);
    let mut peer = welcome(&broker).await;
    peer.obey("gcode_line", "success").await;
    peer.report(SERIAL, &REPORT.replace("target_temper\":0", "target_temper\":60")).await;
    assert!(text(&program.await.unwrap()).starts_with("confirmed: "));

    let program = start("control", &["set_bed_temp", "600"], &broker);
    let _peer = welcome(&broker).await;
    let refused = program.await.unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not sent: bed temperature"));
}

#[tokio::test]
async fn devices_prints_each_printer_and_its_job() {
    let mut address = String::new();
    let _server = Server::new(|url| {
        address = url;
        |asked: &Asked| match asked.path() {
            "/v1/iot-service/api/user/bind" => reply(
                r#"{"devices":[{"dev_id":"S1","name":"P1S 1","print_status":"RUNNING"},
                    {"dev_id":"S2"}]}"#,
            ),
            "/v1/iot-service/api/user/print" => reply(
                r#"{"devices":[{"dev_id":"S1","task_name":"cube","progress":45},
                    {"dev_id":"S2","task_name":null}]}"#,
            ),
            _ => Act::Reply(404, "404 page not found".into()),
        }
    })
    .await;
    let mut command = program("devices", &[]);
    command.env("BAMBU_API_URL", &address).env("BAMBU_TOKEN", "AQAsecretToken");
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert_eq!(text(&output), "P1S 1: RUNNING\nS2: unknown\ncube: 45%\n");
}

#[tokio::test]
async fn login_asks_for_the_code_that_was_sent_and_goes_on_with_the_saved_session() {
    let mut address = String::new();
    let server = Server::new(|url| {
        address = url;
        |asked: &Asked| match asked.path() {
            "/v1/user-service/user/sendemail/code" => reply(""),
            "/v1/user-service/user/login" => {
                reply(r#"{"accessToken":"AQAnewtoken","expiresIn":7776000,"loginType":""}"#)
            }
            "/v1/design-user-service/my/preference" => reply(r#"{"uid":77}"#),
            "/v1/iot-service/api/user/bind" => {
                reply(r#"{"devices":[{"dev_id":"S1","name":"P1S 1","print_status":"IDLE"}]}"#)
            }
            _ => Act::Reply(404, "404 page not found".into()),
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    for input in ["135790\n", ""] {
        let mut command = program("login", &[]);
        command.env("BAMBU_API_URL", &address).env("BAMBU_EMAIL", "maker@example.com");
        command.env("BAMBU_TOKEN_FILE", dir.path().join("session"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The second one may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
        assert_eq!(text(&output), "P1S 1: IDLE\n");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("AQAnewtoken"));
    }
    let logins = server.lines().iter().filter(|line| line.ends_with("user/login")).count();
    assert_eq!(logins, 1);
}

fn reply(body: &str) -> Act {
    Act::Reply(200, body.into())
}

/// Runs an example against a cloud that goes along with everything.
async fn with_willing_cloud(name: &str, arguments: &[&str]) -> String {
    let mut address = String::new();
    let _server = Server::new(|url| {
        address.clone_from(&url);
        move |asked: &Asked| cloud_print::willing(&url, asked)
    })
    .await;
    let mut command = program(name, arguments);
    command.env("BAMBU_API_URL", &address).env("BAMBU_TOKEN", "AQAsecretToken");
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    text(&output).replace(&address, "https://store")
}

#[tokio::test]
async fn upload_prints_what_is_stored_where_and_no_signature() {
    let (_folder, path) = cloud_print::sliced();
    let printed = with_willing_cloud("upload", &[path.to_str().unwrap()]).await;
    let size = std::fs::metadata(&path).unwrap().len();
    let wanted = format!(
        "Upload successful: cube.gcode.3mf ({size} bytes)\nUploaded: https://store/s3/mine.3mf\n"
    );
    assert_eq!(printed, wanted);
}

#[tokio::test]
async fn cloud_print_uploads_once_and_prints() {
    let (_folder, path) = cloud_print::sliced();
    let arguments = ["01P00A000000001", path.to_str().unwrap()];
    let printed = with_willing_cloud("cloud_print", &arguments).await;
    assert!(printed.starts_with("Uploading file...\nUpload successful: cube.gcode.3mf\n"));
    assert!(printed.ends_with("  creating the task\nPrint started! Job ID: 4242\n"), "{printed}");
    assert!(!printed.contains("uploading the sliced file"), "{printed}");
}
