//! Logins against scripted HTTP: what is said, what is understood, and what is never shown.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bambulab::{
    Credentials, FixedCode, Login, LoginError, Region, Roots, SavedSession, SessionFile, Token,
    cloud::{Code, CodeWanted, Found, Life},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const MAIL: &str = "maker@example.com";
const PASSWORD: &str = "pass-w0rd";
const CODE: &str = "135790";
const TOKEN: &str = r#"{"accessToken":"AQAnewtoken","expiresIn":7776000,"loginType":""}"#;
const TFA: &str = r#"{"accessToken":"","loginType":"tfa","tfaKey":"AQTkey"}"#;
const VERIFY: &str = r#"{"accessToken":"","loginType":"verifyCode"}"#;
const ME: &str = r#"{"uid":77}"#;
const LOGIN: &str = "POST /v1/user-service/user/login";
const WHO: &str = "GET /v1/design-user-service/my/preference";

/// A cloud that expects these calls in this order.
struct Script {
    login: Login,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// What is expected, and what is answered: status, headers, body.
type Scene = (&'static str, u16, &'static str, &'static str);

impl Script {
    async fn new(scenes: &[Scene]) -> Self {
        Self::of(scenes, Region::Global).await
    }

    async fn of(scenes: &[Scene], region: Region) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = region.endpoint().with_api_url(&url).unwrap();
        let login = Login::new(&endpoint, region, &Roots::public()).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (scenes, told) = (scenes.to_vec(), asked.clone());
        let task = tokio::spawn(async move {
            for (wanted, status, headers, body) in scenes {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = request(&mut stream).await;
                assert!(request.starts_with(wanted), "{wanted} expected, came {request}");
                told.lock().unwrap().push(request);
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}");
                let reply = format!("{head}Content-Length: {length}\r\n\r\n{body}");
                stream.write_all(reply.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        Self { login, asked, task }
    }

    async fn password(&self, code: FixedCode) -> Result<SavedSession, LoginError> {
        self.login.password(MAIL, PASSWORD, code).await
    }

    /// What was asked, once every scene was played.
    async fn asked(self) -> Vec<String> {
        self.task.await.unwrap();
        let asked = self.asked.lock().unwrap();
        asked.clone()
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut wanted = usize::MAX;
    while bytes.len() < wanted {
        bytes.push(stream.read_u8().await.unwrap());
        if wanted == usize::MAX && bytes.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            wanted = bytes.len() + length.map_or(0, |length| length.parse().unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn code() -> FixedCode {
    FixedCode::new(Code::new(CODE))
}

/// The error of these scenes; none of them may show what was sent or given in secret.
async fn failure(scenes: &[Scene]) -> LoginError {
    let script = Script::new(scenes).await;
    let error = script.password(code()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    for secret in [PASSWORD, CODE, "AQTkey"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(script.asked().await.len(), scenes.len());
    error
}

#[tokio::test]
async fn a_password_brings_a_session_with_number_region_and_end() {
    let script = Script::new(&[(LOGIN, 200, "", TOKEN), (WHO, 200, "", ME)]).await;
    let session = script.password(FixedCode::none()).await.unwrap();
    assert_eq!(session.token.reveal(), "AQAnewtoken");
    assert_eq!((session.uid.as_deref(), session.region), (Some("77"), Some(Region::Global)));
    let left = session.remaining(SystemTime::now()).unwrap().as_secs();
    assert!((7_775_000..=7_776_000).contains(&left), "{left}");
    let asked = script.asked().await;
    let head = asked[0].to_ascii_lowercase();
    assert!(head.contains("user-agent: bambu/") && !head.contains("x-bbl"), "{head}");
    assert!(!head.contains("authorization:"), "{head}");
    assert!(
        asked[0]
            .ends_with(r#"{"account":"maker@example.com","apiError":"","password":"pass-w0rd"}"#)
    );
    assert!(asked[1].contains("Bearer AQAnewtoken") || asked[1].contains("bearer AQAnewtoken"));
}

#[tokio::test]
async fn a_session_stands_even_where_the_cloud_does_not_tell_the_number() {
    let old = "GET /v1/user-service/my/profile";
    let forbidden = r#"{"code":1,"error":"forbidden"}"#;
    let scenes = [(LOGIN, 200, "", TOKEN), (WHO, 401, "", forbidden), (old, 401, "", forbidden)];
    let session = Script::new(&scenes).await.password(code()).await.unwrap();
    assert_eq!(session.uid, None);
}

#[tokio::test]
async fn the_code_is_asked_of_a_function_after_it_was_sent() {
    let send = "POST /v1/user-service/user/sendemail/code";
    let script =
        Script::new(&[(send, 200, "", "{}"), (LOGIN, 200, "", TOKEN), (WHO, 200, "", ME)]).await;
    let mut wanted = None;
    let source = |asked: CodeWanted| {
        wanted = Some(asked);
        std::future::ready(Ok(Code::new("135 790")))
    };
    script.login.code_alone(MAIL, source).await.unwrap();
    assert_eq!(wanted, Some(CodeWanted::Email { to: MAIL.into() }));
    let asked = script.asked().await;
    assert!(asked[0].ends_with(r#"{"email":"maker@example.com","type":"codeLogin"}"#));
    assert!(asked[1].ends_with(r#"{"account":"maker@example.com","code":"135790"}"#));
}

#[tokio::test]
async fn a_telephone_in_china_gets_its_code_from_the_web_site() {
    let send = "POST /api/v1/user-service/user/sendsmscode";
    let scenes = [(send, 200, "", ""), (LOGIN, 200, "", TOKEN), (WHO, 200, "", ME)];
    let script = Script::of(&scenes, Region::China).await;
    let source = |_| std::future::ready(Ok(Code::new(CODE)));
    let session = script.login.code_alone("13800138000", source).await.unwrap();
    assert_eq!(session.region, Some(Region::China));
    let asked = script.asked().await;
    assert!(asked[0].ends_with(r#"{"phone":"13800138000","type":"codeLogin"}"#), "{}", asked[0]);
}

const API: &str = "POST /v1/user-service/user/tfa/login";
const CSRF: &str = "GET /api/csrf";
const WEB: &str = "POST /api/sign-in/tfa";
const COOKIE: &str = "Set-Cookie: bbl_csrf_token=c00kie; Path=/\r\n";

#[tokio::test]
async fn an_authenticator_goes_by_the_api_else_by_the_web_site_with_its_cookie() {
    let api = [(LOGIN, 200, "", TFA), (API, 200, "", TOKEN), (WHO, 200, "", ME)];
    Script::new(&api).await.password(code()).await.unwrap();
    let cookies = "Set-Cookie: bbl_csrf_token=AQAwrong; Path=/\r\n\
                   Set-Cookie: token=AQAfromcookie; Max-Age=7776000; HttpOnly\r\n";
    let web = [
        (LOGIN, 200, "", TFA),
        (API, 404, "", "404 page not found"),
        (CSRF, 200, COOKIE, "{}"),
        (WEB, 200, cookies, "{}"),
        (WHO, 200, "", ME),
    ];
    let script = Script::new(&web).await;
    let session = script.password(code()).await.unwrap();
    assert_eq!(session.token.reveal(), "AQAfromcookie");
    let asked = script.asked().await;
    assert!(asked[1].ends_with(r#"{"tfaCode":"135790","tfaKey":"AQTkey"}"#), "{}", asked[1]);
    assert!(asked[3].contains("x-bbl-csrf-token: c00kie\r\n"), "{}", asked[3]);
    assert!(asked[3].contains("cookie: bbl_csrf_token=c00kie\r\n"), "{}", asked[3]);
}

#[tokio::test]
async fn a_cloud_that_repeats_what_it_was_sent_gets_no_secret_into_an_error() {
    // As JSON it is written in another way than it was typed.
    let password = r#"pass"w0rd\x"#;
    let echo = r#"{"code":5,"error":"pass\"w0rd\\x and 135790","loginType":"pass\"w0rd 135790"}"#;
    for status in [200, 400, 403, 429] {
        let script = Script::new(&[(LOGIN, status, "", echo)]).await;
        let error = script.login.password(MAIL, password, code()).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("w0rd"), "{status}: {shown}");
        let script = Script::new(&[(LOGIN, status, "", echo)]).await;
        let error = script.login.code_alone(MAIL, code()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(CODE), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_number_of_an_account_is_none() {
    for uid in ["Bearer AQAtoken", "\\u001b[31m7", "", "0"] {
        let body: &'static str = format!(r#"{{"uid":"{uid}"}}"#).leak();
        let script = Script::new(&[(WHO, 200, "", body)]).await;
        let life = script.login.verify(&Token::new("AQAtoken")).await;
        assert!(matches!(life, Life::Alive { uid: None }), "{life:?}");
    }
}

#[tokio::test]
async fn each_refusal_is_told_as_what_it_is() {
    let error = failure(&[(LOGIN, 400, "", r#"{"code":5,"error":"no pass-w0rd"}"#)]).await;
    assert!(matches!(error, LoginError::WrongPassword { .. }), "{error:?}");
    let repeated = r#"{"code":5,"error":"no AQTkey with 135790 of pass-w0rd"}"#;
    let gone = (CSRF, 404, "", "");
    let error = failure(&[(LOGIN, 200, "", TFA), (API, 400, "", repeated), gone]).await;
    assert!(matches!(error, LoginError::Csrf { .. }), "{error:?}");
    for (body, kind) in [(r#"{"code":1}"#, "CodeExpired"), (r#"{"code":2}"#, "WrongCode")] {
        let error = failure(&[(LOGIN, 200, "", VERIFY), (LOGIN, 400, "", body)]).await;
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
        let error = failure(&[(LOGIN, 200, "", TFA), (API, 400, "", body)]).await;
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
    }
    let page = "<title>Just a moment...</title>";
    let error = failure(&[(LOGIN, 403, "", page)]).await;
    assert!(matches!(error, LoginError::Challenge { status: 403, api: None }), "{error:?}");
    let refused = r#"{"code":5,"error":"Login failed"}"#;
    let (login, api) = ((LOGIN, 200, "", TFA), (API, 400, "", refused));
    for reason in ["missing_cookie", "missing_header"] {
        let body = match reason {
            "missing_cookie" => r#"{"error":"CSRF error: missing_cookie"}"#,
            _ => r#"{"error":"CSRF error: missing_header","reason":"missing_header"}"#,
        };
        let error = failure(&[login, api, (CSRF, 200, COOKIE, "{}"), (WEB, 403, "", body)]).await;
        assert!(matches!(&error, LoginError::Csrf { reason: told, .. } if told == reason));
        assert!(error.to_string().contains("Login failed"), "{error}");
    }
    let error = failure(&[login, api, (CSRF, 403, "cf-mitigated: challenge\r\n", page)]).await;
    assert!(matches!(error, LoginError::Challenge { api: Some(_), .. }), "{error:?}");
    let error = failure(&[login, api, (CSRF, 200, COOKIE, "{}"), (WEB, 400, "", refused)]).await;
    assert!(matches!(error, LoginError::Authenticator { .. }), "{error:?}");
    let error = failure(&[(LOGIN, 429, "Retry-After: 7\r\n", "")]).await;
    assert!(matches!(&error, LoginError::Cloud(error) if error.is_limited()), "{error:?}");
    assert!(failure(&[(LOGIN, 502, "", "<html>")]).await.is_retryable());
}

#[tokio::test]
async fn a_token_is_dead_only_when_the_cloud_says_so() {
    let dead = r#"{"code":4,"error":"Please login.","message":""}"#;
    let verify = async |status, body| {
        let script = Script::new(&[(WHO, status, "", body)]).await;
        script.login.verify(&Token::new("AQAold")).await
    };
    assert!(matches!(verify(200, ME).await, Life::Alive { uid: Some(uid) } if uid == "77"));
    assert!(matches!(verify(401, dead).await, Life::Dead));
    for (status, body) in [(401, r#"{"code":1,"error":"forbidden"}"#), (401, ""), (403, "")] {
        assert!(matches!(verify(status, body).await, Life::Unknown(_)), "{status} {body}");
    }
    let script = Script::new(&[(WHO, 401, "", dead)]).await;
    let error = script.login.token(Token::new("AQAold")).await.unwrap_err();
    assert!(matches!(error, LoginError::DeadToken), "{error:?}");
}

#[tokio::test]
async fn refresh_shows_the_old_token_and_logout_sends_an_empty_one() {
    let refresh = "POST /v1/user-service/user/refreshtoken";
    let logout = "POST /v1/user-service/my/logout";
    let dead = r#"{"code":4,"error":"Please login."}"#;
    let scenes = [(refresh, 200, "", TOKEN), (refresh, 401, "", dead), (logout, 200, "", "")];
    let script = Script::new(&scenes).await;
    let mut old = SavedSession::new(Token::new("AQAold"));
    old.uid = Some("77".into());
    let fresh = script.login.refresh(&old).await.unwrap();
    assert_eq!((fresh.token.reveal(), fresh.uid.as_deref()), ("AQAnewtoken", Some("77")));
    assert!(script.login.refresh(&old).await.unwrap_err().is_auth());
    script.login.logout(&old.token).await.unwrap();
    let asked = script.asked().await;
    assert!(asked[0].ends_with(r#"{"refreshToken":"AQAold"}"#), "{}", asked[0]);
    assert!(asked[0].contains("Bearer AQAold"), "{}", asked[0]);
    assert!(asked[2].ends_with(r#"{"refreshtoken":""}"#), "{}", asked[2]);
}

fn credentials() -> Credentials {
    Credentials::Password { account: MAIL.into(), password: PASSWORD.into() }
}

#[tokio::test]
async fn a_saved_session_is_used_as_long_as_nobody_calls_it_dead() {
    let dir = tempfile::tempdir().unwrap();
    let file = SessionFile::at(dir.path().join("session"));
    fs::write(file.path(), r#"{"region":"global","token":"AQAold"}"#).unwrap();
    let dead = r#"{"code":4,"error":"Please login."}"#;
    let scenes = [
        (WHO, 200, "", ME),
        (WHO, 401, "", ""),
        (WHO, 401, "", dead),
        (LOGIN, 200, "", TOKEN),
        (WHO, 200, "", ME),
    ];
    let script = Script::new(&scenes).await;
    let mut found = Vec::new();
    for _ in 0..3 {
        let obtained = script.login.get_or_create(&file, &credentials(), code()).await.unwrap();
        assert!(obtained.unsaved.is_none());
        // An old file has learnt the number of its account.
        assert_eq!(file.read().unwrap().unwrap().uid.as_deref(), Some("77"));
        found.push(obtained.found);
    }
    assert!(matches!(found[..], [Found::Saved, Found::Unverified(_), Found::New]), "{found:?}");
    assert_eq!(file.read().unwrap().unwrap().token.reveal(), "AQAnewtoken");
    assert!(!format!("{:?}", credentials()).contains(PASSWORD));
    script.asked().await;
}

#[tokio::test]
async fn a_session_of_the_other_region_is_left_alone_and_one_about_to_end_is_renewed() {
    let dir = tempfile::tempdir().unwrap();
    let file = SessionFile::at(dir.path().join("session"));
    let refresh = "POST /v1/user-service/user/refreshtoken";
    let script = Script::new(&[(WHO, 200, "", ME), (refresh, 200, "", TOKEN)]).await;
    let mut session = SavedSession::new(Token::new("AQAold"));
    session.region = Some(Region::China);
    session.expires_at = Some(SystemTime::now() + Duration::from_secs(3600));
    file.write(&session).unwrap();
    assert!(script.login.resume(&file).await.unwrap().is_none());
    session.region = Some(Region::Global);
    file.write(&session).unwrap();
    let obtained = script.login.resume(&file).await.unwrap().unwrap();
    assert!(matches!(obtained.found, Found::Refreshed), "{:?}", obtained.found);
    assert_eq!(file.read().unwrap().unwrap().token, obtained.session.token);
    script.asked().await;
}

#[tokio::test]
async fn a_session_that_was_saved_meanwhile_is_not_replaced_by_the_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = SessionFile::at(dir.path().join("session"));
    fs::write(file.path(), "AQAold").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
    let login = Login::new(&endpoint, Region::Global, &Roots::public()).unwrap();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        file.write(&SavedSession::new(Token::new("AQAnew"))).unwrap();
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ME}", ME.len());
        stream.write_all(reply.as_bytes()).await.unwrap();
    };
    let (found, ()) = tokio::join!(login.resume(&file), answer);
    assert!(matches!(found.unwrap().unwrap().found, Found::Saved));
    assert_eq!(file.read().unwrap().unwrap().token, Token::new("AQAnew"));
}

#[tokio::test]
async fn two_that_ask_at_once_log_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = SessionFile::at(dir.path().join("session"));
    let scenes = [(LOGIN, 200, "", TOKEN), (WHO, 200, "", ME), (WHO, 200, "", ME)];
    let script = Script::new(&scenes).await;
    let (one, two) = (credentials(), credentials());
    let (one, two) = tokio::join!(
        script.login.get_or_create(&file, &one, code()),
        script.login.get_or_create(&file, &two, code()),
    );
    assert_eq!(one.unwrap().session.token, two.unwrap().session.token);
    assert_eq!(script.asked().await.len(), scenes.len());
}
