//! A cloud of two printers that answers, hangs or fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use super::{A, B};

const ANSWERS: u8 = 0;
const HANGS: u8 = 1;
const FAILS: u8 = 2;

pub(super) struct Upstream {
    pub(super) url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    mood: AtomicU8,
    tokens: Mutex<Vec<String>>,
    asked: Notify,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let serving = async move { axum::serve(listener, router).await.unwrap() };
        tokio::spawn(serving);
        Self { url, shared }
    }

    pub(super) fn hang(&self) {
        self.shared.mood.store(HANGS, Ordering::SeqCst);
    }

    pub(super) fn fail(&self) {
        self.shared.mood.store(FAILS, Ordering::SeqCst);
    }

    pub(super) fn heal(&self) {
        self.shared.mood.store(ANSWERS, Ordering::SeqCst);
    }

    /// Waits for a request.
    pub(super) async fn asked(&self) {
        self.shared.asked.notified().await;
    }

    /// With what every request so far came.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.shared.tokens.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let token = request.headers().get("authorization").map(|it| it.to_str().unwrap().to_owned());
    shared.tokens.lock().unwrap().push(token.unwrap_or_default());
    shared.asked.notify_one();
    match shared.mood.load(Ordering::SeqCst) {
        HANGS => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
        FAILS => {
            let body = json!({"error": "no host 192.168.1.5"});
            (StatusCode::NOT_FOUND, Json(body)).into_response()
        }
        _ => match request.uri().path() {
            "/v1/iot-service/api/user/bind" => Json(devices()).into_response(),
            "/v1/iot-service/api/user/print" => Json(jobs()).into_response(),
            "/v1/design-user-service/my/preference" => Json(json!({"uid": 7})).into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

fn devices() -> Value {
    let device = |serial: &str, name: &str, online: bool, status: &str| {
        json!({
            "dev_id": serial, "name": name, "online": online, "print_status": status,
            "dev_model_name": "C12", "dev_product_name": "P1S", "dev_access_code": "11112222",
            "nozzle_diameter": 0.4, "dev_structure": "CoreXY",
        })
    };
    let mut off = device(B, "Desk", false, "SUCCESS");
    off["dev_access_code"] = json!("");
    json!({"message": "success", "devices": [device(A, "Shelf", true, "RUNNING"), off]})
}

fn jobs() -> Value {
    json!({"message": "success", "devices": [
        {"dev_id": A, "dev_name": "Shelf", "dev_online": true, "task_status": "RUNNING",
         "task_name": "cube", "task_id": "7", "progress": 45},
        {"dev_id": B, "dev_name": "Desk", "dev_online": false, "task_status": null},
    ]})
}
