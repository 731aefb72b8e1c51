//! Every way in, and every refusal on it.

use bambu_emulator::cloud::Dialect;
use serde_json::{Value, json};

use crate::http::Served;

const LOGIN: &str = "/v1/user-service/user/login";
const TFA: &str = "/v1/user-service/user/tfa/login";
const WEB_TFA: &str = "/api/sign-in/tfa";
const PREFERENCE: &str = "/v1/design-user-service/my/preference";

async fn lives(served: &Served, token: &str) -> bool {
    let bearer = format!("Authorization: Bearer {token}");
    served.ask("GET", PREFERENCE, &[&bearer], "").await.status == 200
}

/// The key that a password login of the account with an authenticator answers.
async fn tfa_key(served: &Served) -> String {
    let account = &served.cloud.accounts().authenticator;
    let body = json!({"account": account.email, "password": account.password, "apiError": ""});
    let answer = served.post(LOGIN, body).await.json();
    assert_eq!(answer["loginType"], "tfa");
    assert_eq!(answer["accessToken"], "");
    answer["tfaKey"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_plain_password_brings_a_token() {
    let served = Served::start().await;
    let account = &served.cloud.accounts().plain;
    let body = json!({"account": account.email, "password": account.password});
    let answer = served.post(LOGIN, body).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["loginType"], "");
    assert_eq!(answer["expiresIn"], 7_776_000);
    assert_eq!(answer["refreshToken"], answer["accessToken"]);
    assert!(answer.get("success").is_none());
    let token = answer["accessToken"].as_str().unwrap();
    assert!(token.len() > 100 && !token.contains('.'));
    assert!(lives(&served, token).await);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let served = Served::start().await;
    let known = served.cloud.accounts().plain.email.clone();
    let mut bodies = Vec::new();
    for email in [known.as_str(), "nobody@example.com"] {
        let answer = served.post(LOGIN, json!({"account": email, "password": "guess"})).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.json()["error"].as_str().unwrap().is_empty());
        bodies.push(answer.body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn the_ready_account_signs_in_by_an_e_mailed_code() {
    let served = Served::start().await;
    let account = &served.cloud.accounts().ready;
    let password = json!({"account": account.email, "password": account.password, "apiError": ""});
    assert_eq!(served.post(LOGIN, password).await.json()["loginType"], "verifyCode");

    let send = json!({"email": account.email, "type": "codeLogin"});
    assert_eq!(served.post("/v1/user-service/user/sendemail/code", send).await.status, 200);
    let other = json!({"email": account.email, "type": "other"});
    let refused = served.post("/v1/user-service/user/sendemail/code", other).await;
    assert_eq!(
        (refused.status, &refused.json()["detail"]),
        (422, &json!("Invalid input parameters"))
    );
    let number = served.post(LOGIN, json!({"account": account.email, "code": 123_456})).await;
    assert_eq!(number.status, 400);
    assert_eq!(number.body, "type mismatch for field \"code\"");
    let code = |code: &str| json!({"account": account.email, "code": code});
    let wrong = served.post(LOGIN, code("000000")).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &json!(2)));
    let right = served.post(LOGIN, code(&account.email_code)).await.json();
    assert!(lives(&served, right["accessToken"].as_str().unwrap()).await);
    let again = served.post(LOGIN, code(&account.email_code)).await;
    assert_eq!((again.status, &again.json()["code"]), (400, &json!(1)));
}

#[tokio::test]
async fn an_authenticator_signs_in_on_the_api_host() {
    let served = Served::start().await;
    let code = served.cloud.accounts().authenticator.totp_code.clone();
    let key = tfa_key(&served).await;
    let garbage = served.post(TFA, json!({"tfaKey": "x", "tfaCode": code})).await;
    assert_eq!(garbage.status, 400);
    assert_eq!(garbage.json(), json!({"code": 5, "error": "Login failed", "message": ""}));
    let wrong = served.post(TFA, json!({"tfaKey": key, "tfaCode": "000000"})).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &json!(2)));
    let right = served.post(TFA, json!({"tfaKey": key, "tfaCode": code})).await.json();
    assert!(lives(&served, right["accessToken"].as_str().unwrap()).await);
    let again = served.post(TFA, json!({"tfaKey": key, "tfaCode": code})).await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn the_web_origin_looks_at_cookie_and_header_before_the_code() {
    let served = Served::start().await;
    let code = served.cloud.accounts().authenticator.totp_code.clone();
    let key = tfa_key(&served).await;
    let body = json!({"tfaKey": key, "tfaCode": code}).to_string();
    let csrf = served.ask("GET", "/api/csrf", &[], "").await.cookie("bbl_csrf_token").unwrap();
    let cookie = format!("Cookie: lang=en; bbl_csrf_token={csrf}");
    let header = format!("x-bbl-csrf-token: {csrf}");
    let cases: [(&[&str], &str); 3] = [
        (&[&header], "missing_cookie"),
        (&[&cookie], "missing_header"),
        (&[&cookie, "x-bbl-csrf-token: other"], "token_mismatch"),
    ];
    for (headers, reason) in cases {
        let answer = served.ask("POST", WEB_TFA, headers, &body).await;
        assert_eq!(answer.status, 403);
        let wanted = json!({"error": format!("CSRF error: {reason}"), "reason": reason});
        assert_eq!(answer.json(), wanted);
    }
    let answer = served.ask("POST", WEB_TFA, &[&cookie, &header], &body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    assert!(lives(&served, &answer.cookie("token").unwrap()).await);
}

#[tokio::test]
async fn the_only_401_that_ends_a_session_is_code_4() {
    let served = Served::start().await;
    let wanted = json!({"code": 4, "error": "Please login.", "message": ""});
    for header in ["Accept: */*", "Authorization: Bearer dead", "Authorization: Basic eA=="] {
        for path in [PREFERENCE, "/v1/iot-service/api/user/bind", "/v1/user-service/my/tasks"] {
            let answer = served.ask("GET", path, &[header], "").await;
            assert_eq!((answer.status, answer.json()), (401, wanted.clone()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_is_refreshed_by_its_holder_and_dies_at_logout() {
    const REFRESH: &str = "/v1/user-service/user/refreshtoken";
    let served = Served::start().await;
    let old = served.token();
    let body = json!({"refreshToken": old}).to_string();
    assert_eq!(served.ask("POST", REFRESH, &[], &body).await.status, 401);
    let bearer = format!("Authorization: Bearer {old}");
    let answer = served.ask("POST", REFRESH, &[&bearer], &body).await.json();
    assert_eq!(answer["expiresIn"], 31_536_000);
    let fresh = answer["accessToken"].as_str().unwrap();
    assert!(lives(&served, fresh).await);

    let body = json!({"refreshtoken": ""}).to_string();
    let answer = served.ask("POST", "/v1/user-service/my/logout", &[&bearer], &body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert!(!lives(&served, &old).await);
    assert!(lives(&served, fresh).await);
}

#[tokio::test]
async fn a_body_that_is_not_what_it_should_be_is_told_in_plain_text() {
    let served = Served::start().await;
    let cases: [(Value, &str); 4] = [
        (json!({}), "field \"account\" is not set"),
        (json!({"account": "a"}), "field \"password\" is not set"),
        (json!({"account": 1, "password": "x"}), "type mismatch for field \"account\""),
        (json!([]), "invalid request body"),
    ];
    for (body, wanted) in cases {
        let answer = served.post(LOGIN, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, wanted));
    }
    let huge = json!({"account": "x".repeat(100_000)});
    assert_eq!(served.post(LOGIN, huge).await.status, 413);
}

#[tokio::test]
async fn a_telephone_in_china_gets_its_code_from_the_web_origin() {
    const SMS: &str = "/api/v1/user-service/user/sendsmscode";
    let served = Served::start().await;
    let account = &served.cloud.accounts().china;
    let phone = account.phone.unwrap();
    let password = json!({"account": phone, "password": account.password});
    assert_eq!(served.post(LOGIN, password).await.json()["loginType"], "verifyCode");
    let code = json!({"account": format!("+86 {phone}"), "code": account.email_code});
    for _ in 0..2 {
        let send = json!({"phone": phone, "type": "codeLogin"});
        assert_eq!(served.post(SMS, send).await.status, 200);
        let answer = served.post(LOGIN, code.clone()).await.json();
        assert!(lives(&served, answer["accessToken"].as_str().unwrap()).await);
    }
    let again = served.post(LOGIN, code).await;
    assert_eq!((again.status, &again.json()["code"]), (400, &json!(1)));
    // Numbers that nobody has are not told apart, and an e-mail address is no number.
    for phone in ["13900000000", "maker@example.com"] {
        let send = json!({"phone": phone, "type": "codeLogin"});
        assert_eq!(served.post(SMS, send).await.status, 200);
    }
    assert_eq!(served.post(SMS, json!({"type": "codeLogin"})).await.status, 400);
    assert_eq!(served.post("/v1/user-service/user/sendsmscode", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_browsers_ticket_signs_a_program_in_once_and_for_a_year() {
    let served = Served::start().await;
    let account = served.cloud.accounts().ready.clone();
    let ticket = served.cloud.first_ticket(&account);
    assert_eq!(ticket.len(), 6);
    let path = format!("/v1/user-service/user/ticket/{ticket}");
    assert_eq!(served.post(&path, json!({"ticket": "other"})).await.status, 422);
    let answer = served.post(&path, json!({"ticket": ticket})).await.json();
    assert_eq!(
        (&answer["accessMethod"], &answer["expiresIn"]),
        (&json!("ticket"), &json!(31_536_000))
    );
    assert!(lives(&served, answer["accessToken"].as_str().unwrap()).await);
    assert_eq!(served.post(&path, json!({"ticket": ticket})).await.status, 400);
}

#[tokio::test]
async fn a_programs_ticket_signs_a_browser_in_once_it_is_approved() {
    let served = Served::start().await;
    let bearer = format!("Authorization: Bearer {}", served.token());
    let mint = || served.get("/v1/user-service/user/ticket");
    let open = |ticket: String| {
        let path = format!("/api/sign-in/ticket?to=http://127.0.0.1/home&ticket={ticket}");
        let served = &served;
        async move { served.ask("GET", &path, &[], "").await }
    };
    let minted = mint().await.json();
    assert_eq!(minted["ticket"], minted["pincode"]);
    let hasty = open(minted["ticket"].as_str().unwrap().to_owned()).await;
    assert_eq!((hasty.status, hasty.cookie("token").as_deref()), (302, Some("")));
    let ticket = mint().await.json()["ticket"].as_str().unwrap().to_owned();
    let path = format!("/v1/user-service/my/ticket/{ticket}");
    let body = json!({"ticket": ticket}).to_string();
    let approved = served.ask("POST", &path, &[&bearer], &body).await;
    assert_eq!((approved.status, approved.body.as_str()), (200, ""));
    let opened = open(ticket).await;
    assert!(opened.head.contains("location: http://127.0.0.1/home"), "{}", opened.head);
    assert!(lives(&served, &opened.cookie("token").unwrap()).await);
}

#[tokio::test]
async fn the_documented_dialect_says_success_and_wants_no_handshake() {
    let served = Served::speaking(Dialect::Documented).await;
    let account = &served.cloud.accounts().plain;
    let body = json!({"account": account.email, "password": account.password});
    let answer = served.post(LOGIN, body).await.json();
    assert_eq!(answer["success"], true);
    assert!(answer["accessToken"].as_str().unwrap().len() > 100);
    let key = tfa_key(&served).await;
    let code = served.cloud.accounts().authenticator.totp_code.clone();
    let answer = served.post(WEB_TFA, json!({"tfaKey": key, "tfaCode": code})).await;
    assert_eq!(answer.json()["accessToken"], json!(answer.cookie("token").unwrap()));
}
