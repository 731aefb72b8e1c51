//! Uploads against a scripted store: the headers, the second attempts, and what is given up.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bambulab::cloud::{OnProgress, Progress, UploadError, UploadOptions};
use tempfile::TempDir;

use crate::http_fake::{Act, Asked, Server};

const SIGNED: &str = "AWSAccessKeyId=K%2B&Expires=1999999999&Signature=a%2Fb%3D";

/// A folder with one file in it.
pub(crate) fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// G-code of so many bytes.
fn gcode(size: usize) -> Vec<u8> {
    let mut text = b"; made up\nG28\n".repeat(size / 14 + 1);
    text.truncate(size);
    text
}

fn places(url: &str) -> Act {
    let body = format!(
        r#"{{"message":"success","code":null,"error":null,"host":"user","urls":[
            {{"type":"filename","file":"a.gcode","url":"{url}/s3/file/a.gcode?{SIGNED}"}},
            {{"type":"size","file":"7","url":"{url}/s3/size/7?{SIGNED}"}}]}}"#
    );
    Act::Reply(200, body)
}

fn xml(status: u16, code: &str, message: &str) -> Act {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Act::Reply(status, format!("<?xml version=\"1.0\"?>\n{error}"))
}

/// A store that does with the file, per attempt, what it is told, and takes everything else.
async fn store(of_file: impl Fn(usize, &Asked) -> Act + Send + Sync + 'static) -> Server {
    let attempts = AtomicUsize::new(0);
    Server::new(|url| {
        move |asked| match asked.path() {
            "/v1/iot-service/api/user/upload" => places(&url),
            "/s3/file/a.gcode" => of_file(attempts.fetch_add(1, Ordering::Relaxed), asked),
            _ => Act::Reply(200, String::new()),
        }
    })
    .await
}

fn quick() -> UploadOptions {
    UploadOptions { stall: Duration::from_millis(400), ..UploadOptions::default() }
}

#[tokio::test]
async fn a_file_goes_out_without_any_header_that_a_signature_could_miss() {
    let bytes = gcode(1_000_000);
    let (_folder, path) = file("a.gcode", &bytes);
    let server = store(|_, _| Act::Reply(204, String::new())).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let progress = OnProgress::new(move |progress| told.lock().unwrap().push(progress));
    let options = UploadOptions { progress, ..UploadOptions::default() };
    let uploaded = server.cloud.upload_file(&path, options).await.unwrap();

    assert_eq!((uploaded.file_name.as_str(), uploaded.size_bytes), ("a.gcode", 1_000_000));
    assert_eq!(uploaded.status_code, 204);
    assert_eq!(uploaded.md5.as_deref(), Some("15F80D8F0F7CFAA0594362612230F3C2"));
    assert!(uploaded.file_url.to_string().ends_with("/s3/file/a.gcode"));
    let asked = server.asked();
    assert_eq!(server.lines()[1..], ["PUT /s3/file/a.gcode", "PUT /s3/size/7"]);
    assert!(asked[0].target.ends_with("?filename=a.gcode&size=1000000"), "{}", asked[0].target);
    assert_eq!(asked[1].target, format!("/s3/file/a.gcode?{SIGNED}"));
    assert!(asked[1].body == bytes && asked[2].body == b"1000000");
    for put in &asked[1..] {
        let mut names: Vec<_> = put.headers.keys().map(String::as_str).collect();
        names.sort_unstable();
        // What the library cannot leave out is `accept`; nobody signs it.
        assert_eq!(names, ["accept", "content-length", "host"]);
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.last(), Some(&Progress::Sent { bytes: 1_000_000, of: 1_000_000 }));
    assert!(seen.len() > 2, "{seen:?}");
}

#[tokio::test]
async fn the_md5_of_a_large_file_is_left_out() {
    let (_folder, path) = file("a.gcode", &gcode(1_000_000));
    let server = store(|_, _| Act::Reply(200, String::new())).await;
    for (md5_up_to, told) in [(999_999, false), (1_000_000, true)] {
        let options = UploadOptions { md5_up_to, ..UploadOptions::default() };
        let uploaded = server.cloud.upload_file(&path, options).await.unwrap();
        assert_eq!((uploaded.size_bytes, uploaded.md5.is_some()), (1_000_000, told));
    }
}

#[tokio::test]
async fn the_documented_type_is_sent_once_after_the_store_asks_for_it() {
    let server = store(|_, asked| match asked.headers.get("content-type") {
        None => xml(403, "SignatureDoesNotMatch", "it does not match"),
        Some(kind) => {
            Act::Reply(if kind == "application/octet-stream" { 200 } else { 400 }, "".into())
        }
    })
    .await;
    let bytes = gcode(600_000);
    let (_folder, path) = file("a.gcode", &bytes);
    server.cloud.upload_file(&path, quick()).await.unwrap();
    // All of it again, from the start.
    assert!(server.asked()[2].body == bytes);

    let server = store(|_, _| xml(403, "SignatureDoesNotMatch", "never")).await;
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(
        matches!(&error, UploadError::Refused { status: 403, code } if code.as_deref() == Some("SignatureDoesNotMatch")),
        "{error:?}"
    );
    assert_eq!(server.asked().len(), 3);
    assert!(!format!("{error} {error:?}").contains("a%2Fb"));
}

#[tokio::test]
async fn a_refusal_before_the_last_byte_is_heard() {
    let server =
        store(|_, _| Act::Early(403, "<Error><Code>InvalidAccessKeyId</Code></Error>".into()))
            .await;
    let (_folder, path) = file("a.gcode", &gcode(8 << 20));
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Refused { status: 403, .. }), "{error:?}");
}

#[tokio::test]
async fn what_was_cut_is_sent_again_from_the_start_and_not_for_ever() {
    let bytes = gcode(3 << 20);
    let (_folder, path) = file("a.gcode", &bytes);
    let server = store(|attempt, _| match attempt {
        0 => Act::Cut(100_000),
        1 => Act::Reply(503, "<Error><Code>SlowDown</Code></Error>".into()),
        _ => Act::Reply(200, String::new()),
    })
    .await;
    server.cloud.upload_file(&path, quick()).await.unwrap();
    assert!(server.asked()[3].body == bytes);

    let server = store(|_, _| Act::Cut(100_000)).await;
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Broken { .. }) && error.is_retryable(), "{error:?}");
    // The size tells the cloud that a file is complete: it is not stored then.
    assert_eq!(server.lines()[1..], ["PUT /s3/file/a.gcode"; 3]);
}

#[tokio::test]
async fn a_line_that_stands_still_is_given_up_and_a_slow_one_is_not() {
    let (_folder, path) = file("a.gcode", &gcode(32 << 20));
    let server = store(|_, _| Act::Stall(1 << 20)).await;
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Stalled { .. }), "{error:?}");
    // Twice as long as nothing may move.
    let server = store(|_, _| Act::Slow).await;
    server.cloud.upload_file(&path, quick()).await.unwrap();
}

#[tokio::test]
async fn an_expired_address_is_asked_for_once_more() {
    let expired = || xml(403, "AccessDenied", "Request has expired");
    let (_folder, path) = file("a.gcode", &gcode(1000));
    let server = store(move |attempt, _| match attempt {
        0 => expired(),
        _ => Act::Reply(200, String::new()),
    })
    .await;
    server.cloud.upload_file(&path, quick()).await.unwrap();
    let upload = "/v1/iot-service/api/user/upload";
    assert_eq!(server.asked().iter().filter(|it| it.path() == upload).count(), 2);
    let server = store(move |_, _| expired()).await;
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Expired), "{error:?}");
}

#[tokio::test]
async fn a_cancelled_upload_stores_no_size() {
    let (_folder, path) = file("a.gcode", &gcode(32 << 20));
    let server = store(|_, _| Act::Stall(1 << 20)).await;
    let options = UploadOptions::default();
    let cancel = options.cancel.clone();
    let progress = OnProgress::new(move |_| cancel.cancel());
    let options = UploadOptions { progress, ..options };
    let error = server.cloud.upload_file(&path, options).await.unwrap_err();
    assert!(matches!(error, UploadError::Cancelled), "{error:?}");
    assert!(!server.lines().contains(&"PUT /s3/size/7".to_owned()));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_not_used() {
    let (_folder, path) = file("a.gcode", &gcode(1 << 20));
    let growing = path.clone();
    let server = store(move |_, _| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&growing).unwrap();
        file.write_all(b"G29\n").unwrap();
        Act::Reply(200, String::new())
    })
    .await;
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Changed { .. }), "{error:?}");
    assert_eq!(server.lines()[1..], ["PUT /s3/file/a.gcode"]);
}

#[tokio::test]
async fn an_account_without_storage_is_told_apart_and_other_shapes_are_read() {
    let (_folder, path) = file("a.gcode", b"G28\n");
    for nothing in [r#"{"message":"success","urls":[]}"#, r#"{"message":"success","code":0}"#] {
        let server = Server::new(|_| |_: &Asked| Act::Reply(200, nothing.into())).await;
        let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
        assert!(matches!(error, UploadError::NoCloudStorage), "{error:?}");
        assert!(error.to_string().contains("local network"), "{error}");
    }
    let server = Server::new(|url| {
        move |asked: &Asked| match asked.method.as_str() {
            "GET" => {
                Act::Reply(200, format!(r#"{{"code":0,"data":{{"upload_url":"{url}/s3/x?y=1"}}}}"#))
            }
            _ => Act::Reply(201, String::new()),
        }
    })
    .await;
    let uploaded = server.cloud.upload_file(&path, quick()).await.unwrap();
    assert_eq!((uploaded.status_code, server.asked().len()), (201, 2));
}

#[tokio::test]
async fn a_file_that_cannot_be_is_refused_before_anything_is_asked() {
    let server = store(|_, _| Act::Reply(200, String::new())).await;
    for (name, bytes) in [
        ("a.3mf", &b"not a zip"[..]),
        ("a.3mf", b"PK\x03\x04 but cut short"),
        ("a.stl", b"<!doctype html><html>"),
        ("a.gcode", b""),
        ("a.txt", b"text"),
    ] {
        let (_folder, path) = file(name, bytes);
        let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
        let known = matches!(error, UploadError::Kind(_) | UploadError::ThreeMf { .. });
        assert!(known && error.to_string().contains(name), "{error:?}");
    }
    let (folder, path) = file("large.gcode", b"G28\n");
    std::fs::File::options().write(true).open(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::TooLarge { .. }), "{error:?}");
    for gone in [folder.path().join("gone.stl"), folder.path().to_owned()] {
        assert!(server.cloud.upload_file(&gone, quick()).await.is_err());
    }
    assert!(server.asked().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_no_file_and_is_not_waited_for() {
    let server = Server::new(|_| |_: &Asked| Act::Reply(200, String::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("a.gcode");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = server.cloud.upload_file(&pipe, quick()).await.unwrap_err();
    assert!(matches!(error, UploadError::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn only_safe_addresses_are_sent_to() {
    let (_folder, path) = file("a.gcode", b"G28\n");
    for place in ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "nonsense", "https://u:p@127.0.0.1/x"]
    {
        let body = format!(r#"{{"urls":[{{"type":"filename","url":"{place}"}}]}}"#);
        let server = Server::new(|_| move |_: &Asked| Act::Reply(200, body.clone())).await;
        let error = server.cloud.upload_file(&path, quick()).await.unwrap_err();
        assert!(matches!(error, UploadError::UnsafePlace), "{place}: {error:?}");
    }
}
