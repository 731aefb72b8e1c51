//! The REST calls against servers that are broken or mean harm.

use std::time::Duration;

use bambulab::{Cloud, CloudError, Region, Roots, Token, cloud::Manners};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const SECRET: &str = "AQAsecretToken";

/// A cloud whose every connection is handed to `serve` once its request has been read.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Cloud
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
    let once = Manners { retries: 0, ..Manners::default() };
    let token = Some(Token::new(SECRET));
    let cloud = Cloud::with(&endpoint, token, &Roots::public(), once).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            tokio::spawn(serve(stream));
        }
    });
    cloud
}

/// What the cloud's answer, these bytes and then the end, is to the caller.
async fn answer(bytes: Vec<u8>) -> Result<usize, CloudError> {
    let cloud = server(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // A reset would take away what was not read yet.
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let answer = cloud.devices().await;
    let shown = format!("{answer:?} {}", answer.as_ref().err().map(chain).unwrap_or_default());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.len() < 2000, "{shown}");
    answer.map(|devices| devices.len())
}

fn chain(error: &CloudError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

fn http(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Spaces without end, packed: blocks of deflate that each hold 1 MiB in 1 kB, behind a header.
fn bomb() -> Vec<u8> {
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    [header.as_slice(), &include_bytes!("spaces.deflate").repeat(64)].concat()
}

#[tokio::test]
async fn what_is_no_http_is_told_as_such() {
    for bytes in [
        b"".to_vec(),
        b"garbage\r\n\r\n".to_vec(),
        vec![0xFF; 1000],
        b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 999999 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x00\xA5\x01\x00\x00\xA1".to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        http("200 OK\r\ncontent-length: -1", b"{}"),
        http("200 OK\r\ncontent-length: 2\r\ncontent-length: 3", b"{}"),
        http("200 OK\r\ncontent-length: 99999999999999999999", b"{}"),
    ] {
        let error = answer(bytes.clone()).await.unwrap_err();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(matches!(error, CloudError::Broken { .. }), "{text:?}: {error:?}");
        assert!(error.is_unreachable() && error.is_retryable());
    }
}

#[tokio::test]
async fn lengths_that_are_wrong_are_no_success() {
    for (head, body) in [
        ("200 OK\r\ncontent-length: 50", "{\"devices\":[]}"),
        ("200 OK\r\ntransfer-encoding: chunked", "5\r\n{}"),
        ("200 OK\r\ntransfer-encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"),
        ("200 OK\r\ntransfer-encoding: chunked", "fffffffffffffffff\r\n{}"),
    ] {
        let error = answer(http(head, body.as_bytes())).await.unwrap_err();
        assert!(matches!(error, CloudError::Broken { .. }), "{error:?}");
    }
    // More than was said is not the answer's.
    let more = http("200 OK\r\ncontent-length: 14", b"{\"devices\":[]}garbage");
    assert_eq!(answer(more).await.unwrap(), 0);
}

#[tokio::test]
async fn old_http_and_an_empty_answer() {
    let old = b"HTTP/1.0 200 OK\r\n\r\n{\"devices\":[]}".to_vec();
    assert_eq!(answer(old).await.unwrap(), 0, "the end is where the connection ends");
    let error = answer(http("200 OK\r\ncontent-length: 0", b"")).await.unwrap_err();
    assert!(matches!(error, CloudError::BadBody { .. }), "{error:?}");
    let error = answer(http("204 No Content", b"")).await.unwrap_err();
    assert!(matches!(error, CloudError::BadBody { .. }), "{error:?}");
}

#[tokio::test]
async fn a_bomb_is_measured_as_it_unpacks() {
    let body = bomb();
    let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", body.len());
    assert!(body.len() < 128 << 10);
    let error = answer(http(&head, &body)).await.unwrap_err();
    assert!(matches!(error, CloudError::TooLarge { .. }), "{error:?}");
    let error = answer(http("400 Bad\r\ncontent-encoding: gzip", &body)).await.unwrap_err();
    assert!(matches!(error, CloudError::Refused { status: 400, .. }), "{error:?}");
    let broken = http("200 OK\r\ncontent-encoding: gzip", &body[..600]);
    assert!(matches!(answer(broken).await.unwrap_err(), CloudError::Broken { .. }));
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let packed = include_bytes!("devices.gz");
    let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", packed.len());
    assert_eq!(answer(http(&head, packed)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_flood_of_headers_is_not_kept() {
    let many = "x: y\r\n".repeat(100_000);
    let error = answer(http(&format!("200 OK\r\n{many}"), b"{}")).await.unwrap_err();
    assert!(matches!(error, CloudError::Broken { .. }), "{error:?}");
    let long = "y".repeat(2 << 20);
    let error = answer(http(&format!("200 OK\r\nx: {long}"), b"{}")).await.unwrap_err();
    assert!(matches!(error, CloudError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_ends_where_it_is_too_large() {
    let endless = async |mut stream: TcpStream, head: &str| {
        let _ = stream.write_all(head.as_bytes()).await;
        while stream.write_all(&[b' '; 4096]).await.is_ok() {}
    };
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let cloud = server(move |stream| endless(stream, head)).await;
    let error = cloud.devices().await.unwrap_err();
    assert!(matches!(error, CloudError::TooLarge { .. }), "{error:?}");
    let head = "HTTP/1.1 403 Forbidden\r\n\r\n";
    let cloud = server(move |stream| endless(stream, head)).await;
    assert!(cloud.devices().await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn no_redirect_is_followed_wherever_it_leads() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = other.local_addr().unwrap();
    for status in ["301 M", "302 F", "303 S", "307 T", "308 P"] {
        for to in [format!("http://{target}/"), "/v1/iot-service/api/user/bind".to_owned()] {
            let head = format!("{status}\r\ncontent-length: 0\r\nlocation: {to}");
            let error = answer(http(&head, b"")).await.unwrap_err();
            assert!(matches!(error, CloudError::Refused { .. }), "{error:?}");
            assert!(error.to_string().ends_with("no redirect is followed"), "{error}");
        }
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), other.accept()).await;
    assert!(nobody.is_err(), "the token went elsewhere");
}

#[tokio::test]
async fn who_answers_drop_by_drop_is_not_waited_for_for_ever() {
    let drops = [
        ("HTTP/1.1 200 OK\r\n", "x-slow: y\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", " "),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\n \r\n"),
    ];
    for (head, drop) in drops {
        let cloud = server(move |mut stream| async move {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(drop.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
        .await;
        let asking = tokio::spawn(async move { cloud.devices().await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        // From here on nothing but the clock can help.
        tokio::time::pause();
        let error = asking.await.unwrap().unwrap_err();
        assert!(error.is_timeout(), "{drop:?}: {error:?}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_echo_of_the_request_shows_no_secret() {
    // A refusal that is told as a success is one, too.
    let told = format!(r#"{{"code":3,"message":"Bearer {SECRET}"}}"#);
    answer(http("200 OK", told.as_bytes())).await.unwrap_err();
    // What is cut off must not leave the beginning of one.
    let many = format!("Bearer {SECRET} ").repeat(100);
    answer(http("400 Bad", many.as_bytes())).await.unwrap_err();
    for status in ["400 Bad", "401 No", "403 No", "404 No", "418 No", "429 No", "500 No"] {
        let bodies = [
            format!("you sent Bearer {SECRET}"),
            format!(r#"{{"code":1,"error":"{SECRET}","message":"Bearer {SECRET}"}}"#),
            format!(r#"{{"message":"see https://s3.example/x?Signature={SECRET}&Expires=1"}}"#),
        ];
        for body in bodies {
            // `answer` looks for it.
            answer(http(&format!("{status}\r\nx-echo: {SECRET}"), body.as_bytes()))
                .await
                .unwrap_err();
        }
    }
    let url = br#"{"message":"not found: https://s3.example/x?Signature=abc","code":9}"#;
    let text = answer(http("400 Bad", url)).await.unwrap_err().to_string();
    assert!(text.contains("https://s3.example/x?...") && !text.contains("Signature"), "{text}");
}
