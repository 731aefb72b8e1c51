//! Faults of the cloud, and the count of what it was asked.

use bambu_emulator::faults::Fault;
use serde_json::json;

use crate::http::Served;

const BIND: &str = "/v1/iot-service/api/user/bind";
const CODE: &str = "/v1/user-service/user/sendemail/code";

#[tokio::test]
async fn the_edge_and_the_gateway_answer_instead_of_the_service() {
    let served = Served::start().await;
    let faults = served.cloud.faults();
    faults.set(Fault::Challenge, 1.0);
    let answer = served.get(BIND).await;
    assert_eq!(answer.status, 403);
    assert!(answer.head.contains("cf-mitigated: challenge") && answer.head.contains("text/html"));
    assert!(answer.body.contains("Just a moment..."));
    assert!(answer.body.contains("challenges.cloudflare.com"));
    faults.clear_all();
    faults.set(Fault::RateLimited, 1.0);
    let answer = served.get(BIND).await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert_eq!(answer.json()["retry_after"], "1 seconds");
    faults.clear_all();
    faults.set(Fault::ServerError, 1.0);
    let answer = served.get(BIND).await;
    assert!(answer.status == 502 && answer.body.contains("502 Bad Gateway"));
    faults.clear_all();
    assert_eq!(served.get(BIND).await.status, 200);
}

#[tokio::test]
async fn only_who_shows_a_token_is_told_that_it_is_dead() {
    let served = Served::start().await;
    let faults = served.cloud.faults();
    let code = json!({"email": "nobody@example.com", "type": "codeLogin"});
    for (fault, code_wanted) in [(Fault::Stray401, 1), (Fault::DeadToken, 4)] {
        faults.set(fault, 1.0);
        let answer = served.get(BIND).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!(code_wanted)));
        assert_eq!(served.post(CODE, code.clone()).await.status, 200);
        faults.clear_all();
    }
}

#[tokio::test]
async fn a_rate_strikes_some_of_the_requests() {
    let served = Served::start().await;
    served.cloud.faults().set(Fault::ServerError, 0.5);
    let mut struck = 0;
    for _ in 0..40 {
        struck += u32::from(served.get(BIND).await.status == 502);
    }
    assert!((5..35).contains(&struck), "{struck}");
}

#[tokio::test]
async fn requests_are_counted_by_their_routes() {
    let served = Served::start().await;
    served.get(BIND).await;
    served.get(&format!("{BIND}?x=1")).await;
    served.ask("GET", BIND, &[], "").await;
    served.ask("DELETE", "/nothing", &[], "").await;
    let counts = served.cloud.counts().all();
    let bind = &counts["GET /v1/iot-service/api/user/bind"];
    assert_eq!((bind[&200], bind[&401]), (2, 1));
    assert_eq!(counts["DELETE (unknown)"][&404], 1);
}
