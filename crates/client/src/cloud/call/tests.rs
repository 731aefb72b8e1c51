//! Calls against scripted HTTP; hostile servers are in `tests/it/hostile.rs`.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;
use crate::{Region, Roots, Token, cloud::Manners};

const SECRET: &str = "AQAsecretToken";

/// Answers each request with the next reply, gives back what was asked; then nobody is there.
async fn server(replies: &[&str], manners: Manners) -> (Cloud, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
    let endpoint = endpoint.with_web_url(&format!("{url}/web")).unwrap();
    let token = Some(Token::new(SECRET));
    let cloud = Cloud::with(&endpoint, token, &Roots::public(), manners).unwrap();
    let replies: Vec<String> = replies.iter().map(ToString::to_string).collect();
    let task = tokio::spawn(async move {
        let mut asked = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            while !whole(&request) {
                let mut piece = [0; 4096];
                let count = stream.read(&mut piece).await.unwrap();
                request += std::str::from_utf8(&piece[..count]).unwrap();
            }
            asked.push(request);
            let _ = stream.write_all(reply.as_bytes()).await;
        }
        asked
    });
    (cloud, task)
}

fn whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() == length.map_or(0, |length| length.parse().unwrap())
}

fn reply(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn get() -> Call {
    Call::get("/v1/some/{}").value(7)
}

#[test]
fn a_value_is_one_segment_whatever_is_in_it() {
    let path = |value: &str| Call::get("/a/{}/b").value(value).path();
    assert_eq!(path("01P00A").unwrap(), "/a/01P00A/b");
    assert_eq!(path("a/../b?c=d#e%2f ü").unwrap(), "/a/a%2F..%2Fb%3Fc%3Dd%23e%252f%20%C3%BC/b");
    for bad in ["", ".", ".."] {
        assert!(matches!(path(bad), Err(CloudError::Unsendable { .. })), "{bad:?}");
    }
    assert!(Call::get("/a/{}/{}").value(1).path().is_err(), "a value is missing");
    assert!(Call::get("/a").value(1).path().is_err(), "a value too many");
    assert!(Call::get("/a").header("cookie", "a\nb").path().is_err());
}

#[tokio::test]
async fn a_call_sends_what_it_was_given_and_nothing_else() {
    let ok = reply("200 OK", "{}");
    let (cloud, asked) = server(&[&ok, &ok, &ok, &ok], Manners::default()).await;
    cloud.done(get().query("limit", 20).query("a b", "c&d")).await.unwrap();
    cloud.done(Call::delete("/v1/some").json(&json!({"a": 1}))).await.unwrap();
    cloud.done(Call::post("/v1/some").public()).await.unwrap();
    let web = Call::post("/api/sign-in").public().on_web().header("x-bbl-csrf-token", "t0");
    cloud.done(web).await.unwrap();

    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /v1/some/7?limit=20&a+b=c%26d HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("user-agent: bambu/") && asked[0].contains("gzip"));
    assert!(asked[0].contains(&format!("authorization: Bearer {SECRET}\r\n")));
    assert!(!asked[0].contains("content-") && !asked[0].to_lowercase().contains("x-bbl"));
    assert!(asked[1].starts_with("DELETE ") && asked[1].ends_with("\r\n\r\n{\"a\":1}"));
    assert!(asked[1].contains("content-type: application/json\r\n"));
    assert!(!asked[2].contains("authorization") && !asked[2].contains("content-type"));
    assert!(asked[3].starts_with("POST /web/api/sign-in ") && asked[3].contains("-token: t0\r\n"));
    assert!(!asked[3].contains(SECRET));
}

#[tokio::test]
async fn observed_and_documented_shapes_are_read_alike() {
    let bodies = [
        r#"{"message":"success","code":null,"error":null,"a":1}"#,
        r#"{"code":0,"message":"ok","data":{"a":1}}"#,
        r#"{"a":1,"data":{"a":2}}"#,
        r#"{"code":0,"a":1,"data":null}"#,
    ];
    #[derive(serde::Deserialize)]
    struct Body {
        a: i64,
    }
    for body in bodies {
        let (cloud, _) = server(&[&reply("200 OK", body)], Manners::default()).await;
        let answer = cloud.call::<Body>(get()).await.unwrap();
        assert_eq!(answer.a, 1, "{body}");
        assert_eq!(answer.raw, serde_json::from_str::<Value>(body).unwrap(), "all of it is kept");
    }
    let secret = r#"{"a":"12345678"}"#;
    let (cloud, _) = server(&[&reply("200 OK", secret)], Manners::default()).await;
    let error = cloud.call::<Body>(get()).await.err().unwrap();
    assert!(!format!("{error} {error:?}").contains("12345678"), "{error:?}");
}

#[tokio::test]
async fn a_success_may_be_empty_but_no_page_and_no_refusal() {
    for body in ["", "{}", r#"{"message":"success","code":null}"#, "null", "\n"] {
        let (cloud, _) = server(&[&reply("200 OK", body)], Manners::default()).await;
        cloud.done(get()).await.unwrap();
    }
    let (cloud, _) = server(&[&reply("200 OK", "<html>sign in</html>")], Manners::default()).await;
    assert!(matches!(cloud.done(get()).await, Err(CloudError::BadBody { .. })));
    let full = reply("200 OK", r#"{"code":14,"message":"no"}"#);
    let (cloud, _) = server(&[&full], Manners::default()).await;
    assert_eq!(cloud.done(get()).await.err().unwrap().code(), Some(14));
}

#[tokio::test]
async fn only_calls_that_read_are_made_again() {
    let (trouble, ok) = (reply("502 Bad Gateway", "<html>"), reply("200 OK", "{}"));
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{";
    let soon =
        "HTTP/1.1 429 No\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for bad in [&trouble, cut, soon, "", "garbage\r\n\r\n"] {
        let (cloud, asked) = server(&[bad, &ok], Manners::default()).await;
        cloud.done(get()).await.unwrap();
        assert_eq!(asked.await.unwrap().len(), 2, "{bad:?}");
    }
    for call in [Call::post("/a"), Call::put("/a"), Call::patch("/a"), Call::delete("/a")] {
        for bad in [&trouble, cut, soon, ""] {
            let (cloud, asked) = server(&[bad], Manners::default()).await;
            assert!(cloud.done(call.clone()).await.is_err(), "{bad:?}");
            assert_eq!(asked.await.unwrap().len(), 1, "{bad:?}");
        }
    }
    let (cloud, asked) = server(&[&trouble, &trouble, &trouble, &ok], Manners::default()).await;
    let error = cloud.done(get()).await.err().unwrap();
    assert!(matches!(error, CloudError::Server { status: 502, .. }), "two more tries: {error:?}");
    asked.abort();
}

#[tokio::test]
async fn quiet_that_the_cloud_asks_for_is_kept_by_the_next_call_too() {
    let late =
        "HTTP/1.1 429 No\r\nretry-after: 120\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (cloud, asked) = server(&[late], Manners::default()).await;
    let told = cloud.done(get()).await.err().unwrap();
    assert!(
        matches!(told, CloudError::Limited { .. }) && told.to_string().ends_with("; wait 120 s")
    );
    let again = cloud.with_token(Token::new(SECRET)).done(get()).await.err().unwrap();
    assert!(matches!(again, CloudError::OverBudget { group: Group::General, .. }), "{again:?}");
    assert_eq!(asked.await.unwrap().len(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_refusal_can_be_read_but_not_the_token_in_it() {
    let body = format!(r#"{{"code":1,"error":"you sent {SECRET}"}}"#);
    let (cloud, _) = server(&[&reply("400 Bad Request", &body)], Manners::default()).await;
    let refused = cloud.reply(Call::post("/a")).await.unwrap();
    assert!(refused.status == 400 && refused.refusal().code() == Some(1));
    assert!(!format!("{0} {0:?} {refused:?}", refused.refusal()).contains(SECRET));
    let page = reply("403 Forbidden", "<title>Just a moment...</title>");
    let (cloud, _) = server(&[&page], Manners::default()).await;
    assert!(cloud.reply(Call::post("/a")).await.unwrap_err().is_challenge());
}

#[tokio::test]
async fn possession_is_shown_only_where_it_is_asked_for() {
    use rsa::pkcs8::{EncodePrivateKey, LineEnding};
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let key = key.to_pkcs8_pem(LineEnding::LF).unwrap();
    let possession = crate::cloud::Possession::new(&key, "CN=a:01").ok();
    let manners = Manners { possession, ..Manners::default() };
    let ok = reply("200 OK", "{}");
    let (cloud, asked) = server(&[&ok, &ok], manners).await;
    cloud.done(Call::post("/a")).await.unwrap();
    cloud.done(Call::post("/a").with_possession()).await.unwrap();
    let asked = asked.await.unwrap();
    assert!(!asked[0].contains("x-bbl"));
    assert!(asked[1].contains("x-bbl-app-certification-id: CN=a:01\r\n"), "{}", asked[1]);
    assert!(asked[1].contains("x-bbl-device-security-sign: "));
}
