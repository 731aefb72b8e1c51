//! The REST calls against scripted HTTP.

use std::time::Duration;

use bambulab::{
    Cloud, CloudError, Region, Roots, Token,
    cloud::Manners,
    protocol::{Model, Serial},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const SECRET: &str = "AQAsecretToken";

/// Answers each request with the next reply; gives back what was asked.
async fn server(replies: Vec<Vec<u8>>) -> (Cloud, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
    let once = Manners { retries: 0, ..Manners::default() };
    let token = Some(Token::new(SECRET));
    let cloud = Cloud::with(&endpoint, token, &Roots::public(), once).unwrap();
    let task = tokio::spawn(async move {
        let mut asked = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(head(&mut stream).await);
            let _ = stream.write_all(&reply).await;
            let _ = stream.shutdown().await;
        }
        asked
    });
    (cloud, task)
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

async fn failure(status: &str, headers: &str, body: &str) -> CloudError {
    let (cloud, _) = server(vec![reply(status, headers, body)]).await;
    let error = cloud.devices().await.unwrap_err();
    let shown = format!("{error} {error:?} {cloud:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    error
}

#[tokio::test]
async fn devices_are_read_and_their_raw_answer_is_kept() {
    let body = r#"{"message":"success","code":null,"error":null,"devices":[
        {"dev_id":"01P00A000000001","name":"P1S 1","online":true,"print_status":"IDLE",
         "dev_model_name":"C12","dev_access_code":"87654321","novel":1}]}"#;
    let (cloud, asked) = server(vec![reply("200 OK", "", body)]).await;
    let answer = cloud.devices().await.unwrap();
    assert_eq!(answer[0].model(), Some(Model::P1S));
    assert_eq!(answer.raw["devices"][0]["novel"], 1);
    assert!(!format!("{answer:?}").contains("87654321"));
    let asked = asked.await.unwrap().remove(0).to_ascii_lowercase();
    assert!(asked.starts_with("get /v1/iot-service/api/user/bind http/1.1"), "{asked}");
    assert!(asked.contains("user-agent: bambu/"), "{asked}");
    assert!(asked.contains(&format!("authorization: bearer {}", SECRET.to_ascii_lowercase())));
}

#[tokio::test]
async fn the_other_calls_ask_for_what_the_cloud_knows() {
    let serial = Serial::new("01P00A000000001").unwrap();
    let (cloud, asked) = server(vec![
        reply("200 OK", "", r#"{"message":"success","code":0,"error":null}"#),
        reply("200 OK", "", r#"{"devices":[{"dev_id":"01P00A000000001","firmware":[]}]}"#),
        reply("200 OK", "", r#"{"uid":77,"name":"Maker"}"#),
        reply("200 OK", "", r#"{"uid":77,"uidStr":"77","account":"maker@example.com"}"#),
        reply("200 OK", "", r#"{"uid":0}"#),
        reply("200 OK", "", r#"{"uidStr":"78"}"#),
    ])
    .await;
    assert!(cloud.print_status(true).await.unwrap().is_empty());
    assert!(cloud.device_version(&serial).await.unwrap().firmware.is_empty());
    assert_eq!(cloud.user_info().await.unwrap().uid.as_deref(), Some("77"));
    assert_eq!(cloud.user_profile().await.unwrap().account.as_deref(), Some("maker@example.com"));
    assert_eq!(cloud.uid().await.unwrap(), "78");
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /v1/iot-service/api/user/print?force=true "));
    let path = "GET /v1/iot-service/api/user/device/version?dev_id=01P00A000000001 ";
    assert!(asked[1].starts_with(path));
}

#[tokio::test]
async fn only_a_dead_token_asks_for_a_new_login() {
    let dead = r#"{"code":4,"error":"Please login.","message":""}"#;
    assert!(failure("401 Unauthorized", "", dead).await.is_auth());
    for body in ["", r#"{"code":1,"error":"forbidden"}"#, "<html>no</html>"] {
        let error = failure("401 Unauthorized", "", body).await;
        assert!(matches!(error, CloudError::Unauthorized { .. }), "{error:?}");
    }
    let endpoint = Region::Global.endpoint();
    let cloud = Cloud::new(&endpoint, None, &Roots::public()).unwrap();
    assert!(matches!(cloud.devices().await, Err(CloudError::NoToken)));
}

#[tokio::test]
async fn each_kind_of_failure_is_told_apart() {
    let page = "<title>Just a moment...</title>";
    let error = failure("403 Forbidden", "content-type: text/html\r\n", page).await;
    assert!(matches!(error, CloudError::Challenge { status: 403 }), "{error:?}");
    let error = failure("403 Forbidden", "cf-mitigated: challenge\r\n", "").await;
    assert!(matches!(error, CloudError::Challenge { .. }), "{error:?}");
    let error = failure("200 OK", "content-type: text/html\r\n", page).await;
    assert!(matches!(error, CloudError::Challenge { .. }), "{error:?}");
    let error = failure("429 Too Many Requests", "", r#"{"error":"slow; down"}"#).await;
    assert!(error.to_string().ends_with("; wait some minutes and ask less often"), "{error}");
    failure("400 Bad Request", "", &format!("you sent Bearer {SECRET}")).await;
    let error = failure("400 Bad Request", "", "field \"version\" is not set").await;
    assert!(error.to_string().contains("field \"version\" is not set"), "{error}");
    let error = failure("502 Bad Gateway", "", "<html>").await;
    assert!(matches!(error, CloudError::Server { status: 502, .. }) && error.is_retryable());
    let error = failure("302 Found", "location: http://127.0.0.1:1/\r\n", "").await;
    assert!(matches!(error, CloudError::Refused { status: 302, .. }), "{error:?}");
    for body in ["garbage", "", "[1,2]", "{\"devices\":"] {
        let error = failure("200 OK", "", body).await;
        assert!(matches!(error, CloudError::BadBody { .. }), "{body}: {error:?}");
    }
    let error = failure("200 OK", "content-encoding: gzip\r\n", "not gzip at all").await;
    assert!(matches!(error, CloudError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_that_comes_as_a_success_is_no_empty_account() {
    let missing = r#"{"message":"fail","code":2,"error":"x","devices":null}"#;
    assert!(failure("200 OK", "", missing).await.is_not_found());
    let refused = r#"{"message":"full","code":14,"error":"x"}"#;
    let error = failure("200 OK", "", refused).await;
    assert_eq!(error.code(), Some(14));
    assert!(matches!(error, CloudError::Refused { status: 200, .. }), "{error:?}");
    let dead = r#"{"code":4,"error":"Please login.","message":""}"#;
    assert!(failure("200 OK", "", dead).await.is_auth());
    for body in ["[]", "7", "null"] {
        let error = failure("200 OK", "", body).await;
        assert!(matches!(error, CloudError::BadBody { .. }), "{body}: {error:?}");
    }
    for body in [r#"{"message":"success","code":0}"#, r#"{"message":"success","code":1}"#, "{}"] {
        let (cloud, _) = server(vec![reply("200 OK", "", body)]).await;
        assert!(cloud.devices().await.unwrap().is_empty(), "{body}");
    }
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(9 << 20, b' ');
    let (cloud, _) = server(vec![endless]).await;
    let error = cloud.devices().await.unwrap_err();
    assert!(matches!(error, CloudError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_a_cut_answer_is_no_success() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoint = Region::Global.endpoint().with_api_url(&format!("http://{free}")).unwrap();
    let cloud = Cloud::new(&endpoint, Some(Token::new(SECRET)), &Roots::public()).unwrap();
    let error = cloud.devices().await.unwrap_err();
    assert!(error.is_unreachable() && !error.is_timeout(), "{error:?}");
    let (cloud, _) = server(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{".to_vec()]).await;
    assert!(cloud.devices().await.is_err());
}

#[tokio::test]
async fn a_server_that_never_finishes_its_headers_ends_in_a_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
    let cloud = Cloud::new(&endpoint, Some(Token::new(SECRET)), &Roots::public()).unwrap();
    let slow = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
    });
    let asking = tokio::spawn(async move { cloud.devices().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // From here on nothing but the clock can help.
    tokio::time::pause();
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    slow.abort();
}

#[tokio::test]
async fn a_probe_needs_no_token_and_tells_how_far_the_clocks_are_apart() {
    let date = "date: Sat, 21 Nov 2015 15:00:00 GMT\r\n";
    let (cloud, asked) = server(vec![reply("404 Not Found", date, "404 page not found")]).await;
    let ahead = cloud.probe().await.unwrap().clock_ahead.unwrap();
    assert!(ahead > 300_000_000, "{ahead}");
    assert!(!asked.await.unwrap()[0].contains(SECRET));
    let (cloud, _) = server(vec![reply("400 Bad Request", "", "")]).await;
    assert_eq!(cloud.probe().await.unwrap().clock_ahead, None);
    for status in ["302 Found", "502 Bad Gateway"] {
        let (cloud, _) = server(vec![reply(status, "", "")]).await;
        cloud.probe().await.unwrap_err();
    }
}
