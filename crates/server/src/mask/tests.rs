//! What is masked, what is not, and what holds whatever arrives.

mod disguises;
mod kept;
mod limits;
mod properties;

use super::*;

const OWN: &str = "farm-user-7f3a9c";

fn masker() -> Masker {
    Masker::new(Some(OWN))
}

fn json(body: &str) -> String {
    String::from_utf8(masker().json(body.as_bytes())).unwrap()
}

fn text(plain: &str) -> String {
    masker().text(plain).into_owned()
}

#[test]
fn the_bind_answer_loses_its_access_codes_and_nothing_else() {
    let body = r#"{"message":"success","code":null,"error":null,"devices":[
 {"dev_id":"01P00A000000001","name":"P1S 1","online":true,"print_status":"SUCCESS","dev_model_name":"C12",
  "dev_product_name":"P1S","dev_access_code":"12345678\n","nozzle_diameter":0.4,"dev_structure":"CoreXY","print_job":0}]}"#;
    assert_eq!(json(body), body.replace(r"12345678\n", "********"));
}

#[test]
fn the_masks_are_those_that_the_seeds_clients_know() {
    assert_eq!(
        json(
            r#"{"access_code": "12345678", "accessToken": "AQAB", "url": "https://a.b/c?d=e", "x": "at 192.168.1.5:8883", "own": "farm-user-7f3a9c!"}"#
        ),
        r#"{"access_code": "********", "accessToken": "***", "url": "[URL_REDACTED]", "x": "at [IP_REDACTED]:8883", "own": "***REDACTED***!"}"#
    );
}

#[test]
fn an_object_or_list_under_a_secret_key_is_masked_as_one() {
    assert_eq!(
        json(r#"{"tokens":["a",{"b":"c]}"},"\"]"],"ticket":{"x":[1,2]},"n":1}"#),
        r#"{"tokens":"***","ticket":"********","n":1}"#
    );
}

#[test]
fn numbers_do_not_pass_where_text_would_not() {
    assert_eq!(
        json(
            r#"{"token":12345,"dev_access_code":12345678,"pin":-1.5e3,"token_ok":true,"tokens":null,"access_code":null}"#
        ),
        r#"{"token":"***","dev_access_code":"********","pin":"********","token_ok":true,"tokens":null,"access_code":"********"}"#
    );
}

#[test]
fn numbers_that_encode_an_address_are_masked_and_those_of_no_address_are_not() {
    assert_eq!(
        json(
            r#"{"net":{"conf":17,"info":[{"ip":1359612426,"mask":16777215},{"ip":0,"mask":0},{"ip":16777343}]}}"#
        ),
        r#"{"net":{"conf":17,"info":[{"ip":"[IP_REDACTED]","mask":16777215},{"ip":0,"mask":0},{"ip":16777343}]}}"#
    );
    assert_eq!(
        json(
            r#"{"dns":["8.8.8.8",134744072,"localhost",{"x":5}],"local_ip":"printer.lan","n":[134744072]}"#
        ),
        r#"{"dns":["[IP_REDACTED]","[IP_REDACTED]","localhost",{"x":5}],"local_ip":"[IP_REDACTED]","n":[134744072]}"#
    );
}

#[test]
fn the_camera_tickets_answer_gives_nobody_a_camera() {
    let shown = json(
        r#"{"message":"success","ttcode":"TT1","passwd":"PW2","authkey":"AK3","region":"us","type":"tutk","streams":null,
        "stream_key":"SK4","stream_salt":"SS5","channel_name":"CN6","app_id":"app","rtm":{"token":"RT7"}}"#,
    );
    for secret in ["TT1", "PW2", "AK3", "SK4", "SS5", "CN6", "RT7"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains(r#""region":"us""#));
}

#[test]
fn every_key_counts_whether_it_comes_once_or_twice() {
    assert_eq!(
        json(r#"{"access_code":"1","name":"x","access_code":"2"}"#),
        r#"{"access_code":"********","name":"x","access_code":"********"}"#
    );
}

#[test]
fn addresses_urls_and_the_own_token_do_not_pass_as_keys_either() {
    assert_eq!(
        json(r#"{"192.168.1.5":{"https://a.b/c":1,"farm-user-7f3a9c":2}}"#),
        r#"{"[IP_REDACTED]":{"[URL_REDACTED]":1,"***REDACTED***":2}}"#
    );
}

#[test]
fn a_real_token_that_the_upstream_repeats_is_masked() {
    let masker = Masker::with(Some("custom"), &["AQAB-real"]);
    assert_eq!(
        masker.text("no such user: AQAB-real (custom)"),
        "no such user: *** (***REDACTED***)"
    );
    assert_eq!(masker.json(br#"["AQAB-\u0072eal"]"#), br#"["***"]"#);
    let number = Masker::new(Some("987654"));
    assert_eq!(number.json(b"[987654,9876543]"), br#"["***REDACTED***",9876543]"#);
}

#[test]
fn headers_that_lead_elsewhere_or_sign_somebody_in_are_masked() {
    use axum::http::{HeaderMap, HeaderValue};
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("location", "https://s3.example.com/x?Signature=abc"),
        ("set-cookie", "token=AQAB; Domain=example.com; Path=/"),
        ("x-bbl-csrf-token", "abc"),
        ("date", "Sat, 21 Nov 2026 12:30:45 GMT"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-served-by", "10.1.2.3"),
        ("etag", "\"12:34:56\""),
        ("www-authenticate", "Bearer realm=\"x\""),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    masker().headers(&mut headers);
    let shown = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(shown("location"), "[URL_REDACTED]");
    assert_eq!(shown("set-cookie"), "token=***; Domain=example.com; Path=/");
    assert_eq!(shown("x-bbl-csrf-token"), "***");
    assert_eq!(shown("date"), "Sat, 21 Nov 2026 12:30:45 GMT");
    assert_eq!(shown("content-type"), "application/json; charset=utf-8");
    assert_eq!(shown("x-served-by"), "[IP_REDACTED]");
    assert_eq!(shown("etag"), "\"12:34:56\"");
}
