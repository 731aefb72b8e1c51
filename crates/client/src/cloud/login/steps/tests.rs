//! Every way through a login, each reply as the reference has it.

use bytes::Bytes;

use super::*;

const MAIL: &str = "maker@example.com";
const TOKEN: &str = r#"{"accessToken":"AQAnew","expiresIn":7776000,"loginType":""}"#;
const VERIFY: &str = r#"{"accessToken":"","loginType":"verifyCode","tfaKey":""}"#;
const TFA: &str = r#"{"accessToken":"","loginType":"tfa","tfaKey":"KEY"}"#;
const EXPIRED: &str = r#"{"code":1,"error":"Code expired"}"#;
const WRONG: &str = r#"{"code":2,"error":"Incorrect code"}"#;
const FAILED: &str = r#"{"code":5,"error":"Login failed"}"#;

fn reply(status: u16, body: &str) -> Event {
    cookie(status, body, &[])
}

fn cookie(status: u16, body: &str, cookies: &[&str]) -> Event {
    let cookies = cookies.iter().map(|it| (*it).to_owned()).collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    Event::Heard(Heard { status, is_challenge: false, cookies, body })
}

fn code(text: &str) -> Event {
    Event::Code(Ok(Code::new(text)))
}

fn trouble() -> Event {
    Event::Failed(CloudError::Server { route: "/x", status: 502 })
}

fn request() -> Event {
    Event::Supply(Supply::OnRequest)
}

/// What was done, and how it ended.
struct Walk {
    acts: Vec<String>,
    end: Option<Result<Grant, LoginError>>,
}

fn walk((mut steps, mut act): (Steps, Act), events: Vec<Event>) -> Walk {
    let mut acts = Vec::new();
    let mut events = events.into_iter();
    loop {
        acts.push(match act {
            Act::Login(body) if body.get("code").is_some() => format!("code {}", body["code"]),
            Act::Login(body) => format!("login {body}"),
            Act::SendEmail(body) | Act::SendSms(body) => format!("send {body}"),
            Act::Supply(_) => "supply".into(),
            Act::Ask(wanted) => format!("ask {wanted}"),
            Act::AuthenticatorOnApi(body) => format!("api {body}"),
            Act::Csrf => "csrf".into(),
            Act::AuthenticatorOnWeb(body, cookie) => format!("web {body} {cookie}"),
            Act::Done(end) => {
                assert!(events.next().is_none(), "too many events: {acts:?}");
                return Walk { acts, end: Some(end) };
            }
        });
        let Some(event) = events.next() else { return Walk { acts, end: None } };
        act = steps.next(event);
    }
}

fn password(events: Vec<Event>) -> Walk {
    walk(Steps::password(MAIL, "s3cret", Region::Global, false), events)
}

fn error(walk: Walk) -> LoginError {
    let Some(Err(error)) = walk.end else { panic!("no error after {:?}", walk.acts) };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("654321"), "{shown}");
    assert!(error.to_string().contains("; "), "no next step: {error}");
    error
}

fn token(walk: Walk) -> String {
    let grant = walk.end.unwrap().unwrap_or_else(|error| panic!("{error} after {:?}", walk.acts));
    grant.token.reveal().to_owned()
}

#[test]
fn a_password_is_enough_when_a_token_comes() {
    let done = password(vec![reply(200, TOKEN)]);
    assert_eq!(
        done.acts,
        [r#"login {"account":"maker@example.com","apiError":"","password":"s3cret"}"#]
    );
    assert_eq!(token(done), "AQAnew");
    // The documented envelope, and no `success` key anywhere.
    let documented = format!(r#"{{"code":0,"message":"ok","data":{TOKEN}}}"#);
    assert_eq!(token(password(vec![reply(200, &documented)])), "AQAnew");
}

#[test]
fn a_code_by_e_mail_is_sent_asked_for_and_handed_in() {
    let done = password(vec![
        reply(200, VERIFY),
        request(),
        reply(200, ""),
        code("12 34-56"),
        reply(200, TOKEN),
    ]);
    assert_eq!(
        done.acts[1..],
        [
            "supply",
            r#"send {"email":"maker@example.com","type":"codeLogin"}"#,
            "ask the code sent by e-mail to maker@example.com",
            r#"code "123456""#
        ]
    );
    assert_eq!(token(done), "AQAnew");
    let alone = || Steps::code_alone(MAIL, Region::Global, false);
    let events = vec![request(), reply(200, "{}"), code("123456"), reply(200, TOKEN)];
    assert_eq!(token(walk(alone(), events)), "AQAnew");
    // A code that is there already is not sent again: a new one would make it void.
    let events = vec![Event::Supply(Supply::AtHand), code("123456"), reply(200, TOKEN)];
    let done = walk(alone(), events);
    assert!(!done.acts.iter().any(|act| act.starts_with("send")), "{:?}", done.acts);
    // And none is sent that nobody can give.
    let error = error(walk(alone(), vec![Event::Supply(Supply::Never)]));
    assert!(matches!(error, LoginError::CodeWanted(CodeWanted::Email { .. })), "{error:?}");
}

#[test]
fn a_telephone_belongs_to_china_and_gets_its_code_as_a_text_message() {
    let start = Steps::code_alone("+86 138-0013-8000", Region::China, false);
    let done = walk(start, vec![request(), reply(200, ""), code("1"), reply(200, TOKEN)]);
    assert!(done.acts[1].contains(r#"send {"phone":"+86 138-0013-8000""#), "{:?}", done.acts);
    let error = error(walk(Steps::code_alone("13800138000", Region::Global, false), vec![]));
    assert!(matches!(error, LoginError::OtherRegion { of: Region::China, .. }), "{error:?}");
}

#[test]
fn each_refusal_of_password_and_code_is_told_as_what_it_is() {
    let at_code = |status, body: &str| {
        vec![reply(200, VERIFY), request(), reply(200, ""), code("654321"), reply(status, body)]
    };
    let refused = r#"{"code":5,"error":"no s3cret here"}"#;
    let error = |events| error(password(events));
    assert!(matches!(error(vec![reply(400, refused)]), LoginError::WrongPassword { .. }));
    let region = r#"{"code":3,"error":"account of another region"}"#;
    assert!(matches!(error(vec![reply(400, region)]), LoginError::OtherRegion { .. }));
    let missing = error(vec![reply(400, "field \"account\" is not set")]);
    assert!(matches!(missing, LoginError::Refused { status: 400, .. }), "{missing:?}");
    assert!(matches!(error(at_code(400, EXPIRED)), LoginError::CodeExpired(_)));
    assert!(matches!(error(at_code(400, WRONG)), LoginError::WrongCode(_)));
    assert!(matches!(error(at_code(400, FAILED)), LoginError::Refused { .. }));
    assert!(matches!(error(at_code(403, WRONG)), LoginError::Refused { status: 403, .. }));
    assert!(matches!(error(vec![trouble()]), LoginError::Cloud(_)));
    let challenge = Event::Heard(Heard::challenge(403));
    assert!(matches!(error(vec![challenge]), LoginError::Challenge { .. }));
    let novel = r#"{"accessToken":"","loginType":"passkey"}"#;
    assert!(matches!(error(vec![reply(200, novel)]), LoginError::NotGranted { .. }));
    let masked = r#"{"code":9,"error":"x","message":"y"}"#;
    assert!(matches!(error(vec![reply(200, masked)]), LoginError::Refused { .. }));
    assert!(matches!(error(vec![reply(200, "<html>")]), LoginError::NotGranted { .. }));
}

#[test]
fn a_person_is_asked_three_times_and_a_code_that_is_too_old_is_sent_anew() {
    let start = || Steps::code_alone(MAIL, Region::Global, true);
    let wrong = || [code("1"), reply(400, WRONG)];
    let sent = || vec![request(), reply(200, "")];
    let mut events = sent();
    events.extend(wrong().into_iter().chain(wrong()).chain(wrong()));
    let done = walk(start(), events);
    assert_eq!(done.acts.iter().filter(|act| act.starts_with("send")).count(), 1);
    assert!(matches!(error(done), LoginError::WrongCode(_)));
    let mut events = sent();
    events.extend([code("1"), reply(400, EXPIRED), reply(200, ""), code("2"), reply(200, TOKEN)]);
    assert_eq!(token(walk(start(), events)), "AQAnew");
}

#[test]
fn the_authenticator_is_tried_at_the_api_first() {
    for body in [TOKEN, r#"{"token":"AQAnew"}"#] {
        let done = password(vec![reply(200, TFA), code("654321"), reply(200, body)]);
        assert_eq!(done.acts[2], r#"api {"tfaCode":"654321","tfaKey":"KEY"}"#);
        assert_eq!(token(done), "AQAnew");
    }
    // Whatever else the login type says: a key is a key.
    let odd = TFA.replace("\"tfa\"", "\"mfa2\"");
    assert_eq!(token(password(vec![reply(200, &odd), code("1"), reply(200, TOKEN)])), "AQAnew");
    let error = error(password(vec![reply(200, TFA), Event::Code(Err(NoCode))]));
    assert!(matches!(error, LoginError::CodeWanted(CodeWanted::Authenticator)), "{error:?}");
}

#[test]
fn a_code_that_the_api_has_judged_is_not_tried_at_the_web_site() {
    let judged = |body| error(password(vec![reply(200, TFA), code("654321"), reply(400, body)]));
    assert!(matches!(judged(WRONG), LoginError::WrongCode(CodeWanted::Authenticator)));
    assert!(matches!(judged(EXPIRED), LoginError::CodeExpired(CodeWanted::Authenticator)));
    // Nobody there says nothing about the code either, and nobody would be there the second time.
    let gone = CloudError::TimedOut { host: "h".into() };
    let error = error(password(vec![reply(200, TFA), code("1"), Event::Failed(gone)]));
    assert!(matches!(error, LoginError::Cloud(_)), "{error:?}");
}

fn to_the_web(api: Event, csrf: Event) -> Vec<Event> {
    vec![reply(200, TFA), code("654321"), api, csrf]
}

fn csrf() -> Event {
    cookie(200, "{}", &["other=1", "bbl_csrf_token=C00KIE; Path=/; SameSite=Lax"])
}

#[test]
fn the_web_site_is_next_with_cookie_and_header_and_its_token_may_be_a_cookie() {
    let cookies =
        ["bbl_csrf_token=not this", "xtoken=nor this", "token=AQAnew; Max-Age=90; Path=/"];
    for api in [reply(404, "404 page not found"), reply(400, FAILED), reply(200, "{}"), trouble()] {
        let mut events = to_the_web(api, csrf());
        events.push(cookie(200, "{}", &cookies));
        let done = password(events);
        assert_eq!(done.acts[3], "csrf");
        assert_eq!(done.acts[4], r#"web {"tfaCode":"654321","tfaKey":"KEY"} C00KIE"#);
        let grant = done.end.unwrap().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(grant.token.reveal(), "AQAnew");
        assert_eq!(grant.lives, Some(std::time::Duration::from_secs(90)));
    }
    let mut events = to_the_web(reply(404, ""), csrf());
    events.push(cookie(200, r#"{"token":"AQAjson"}"#, &cookies));
    assert_eq!(token(password(events)), "AQAjson");
}

#[test]
fn each_refusal_of_the_web_site_is_told_as_what_it_is() {
    let ends = |csrf: Event, web: Vec<Event>| {
        let mut events = to_the_web(reply(404, "404 page not found"), csrf);
        events.extend(web);
        error(password(events))
    };
    let never = || Event::Supply(Supply::Never);
    for reason in ["missing_cookie", "missing_header"] {
        let body = format!(r#"{{"error":"CSRF error: {reason}","reason":"{reason}"}}"#);
        let error = ends(csrf(), vec![reply(403, &body), never()]);
        let LoginError::Csrf { reason: told, api: Some(api) } = &error else { panic!("{error:?}") };
        assert_eq!(told, reason);
        assert!(api.contains("404 page not found"), "{api}");
    }
    let error = ends(reply(200, "{}"), vec![never()]);
    assert!(matches!(error, LoginError::Csrf { .. }), "{error:?}");
    for (csrf, web) in [
        (Event::Heard(Heard::challenge(503)), vec![never()]),
        (csrf(), vec![Event::Heard(Heard::challenge(503)), never()]),
    ] {
        let error = ends(csrf, web);
        assert!(matches!(error, LoginError::Challenge { status: 503, .. }), "{error:?}");
    }
    assert!(matches!(ends(csrf(), vec![reply(400, WRONG)]), LoginError::WrongCode(_)));
    assert!(matches!(ends(csrf(), vec![reply(400, EXPIRED)]), LoginError::CodeExpired(_)));
    for web in [trouble(), reply(400, FAILED), reply(200, "{}")] {
        let error = ends(csrf(), vec![web, never()]);
        assert!(matches!(error, LoginError::Authenticator { .. }), "{error:?}");
    }
}

#[test]
fn the_last_way_is_a_code_by_e_mail_if_anybody_can_give_one() {
    let refused = || {
        let body = r#"{"error":"CSRF error: missing_cookie","reason":"missing_cookie"}"#;
        let mut events = to_the_web(reply(404, ""), csrf());
        events.extend([reply(403, body), request(), reply(200, ""), code("111111")]);
        events
    };
    let mut events = refused();
    events.push(reply(200, TOKEN));
    assert_eq!(token(password(events)), "AQAnew");
    // The authenticator again: it goes in circles, so the first refusal is the answer.
    let mut events = refused();
    events.push(reply(200, TFA));
    let error = error(password(events));
    assert!(matches!(error, LoginError::Csrf { .. }), "{error:?}");
}
