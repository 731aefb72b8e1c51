//! The REST half of the simulated cloud: plain HTTP, the shapes of the live service.
//!
//! The table of routes is [`router`]; every route's answer is in the file of its subject.

mod answer;
mod devices;
mod history;
mod listener;
mod login;
mod profile;

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Cloud, weather};

/// Longest request body that is read; the login bodies are far below it.
const MAX_BODY: usize = 64 * 1024;
/// How long requests under way may take to end once the world stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Every route there is; all others answer 404, other methods 405.
///
/// Browser and API host share it: their paths do not overlap.
pub fn router(cloud: Arc<Cloud>) -> Router {
    let iot = Router::new()
        .route("/user/bind", get(devices::bind))
        .route("/user/print", get(devices::print))
        .route("/user/device/version", get(devices::version))
        .route("/user/device/info", any(method_absent))
        .route("/user/notification", get(history::notification))
        .route("/user/project", get(history::projects))
        .route("/user/project/", any(method_absent))
        .route("/slicer/resource", get(history::slicer_resource));
    let user = Router::new()
        .route("/user/login", post(login::login))
        .route("/user/sendemail/code", post(login::send_code))
        .route("/user/tfa/login", post(login::authenticator))
        .route("/user/refreshtoken", post(login::refresh))
        .route("/my/logout", post(login::logout))
        .route("/my/profile", get(profile::profile))
        .route("/my/messages", get(history::messages))
        .route("/my/tasks", get(history::tasks));
    let routes = Router::new()
        .nest("/v1/iot-service/api", iot)
        .nest("/v1/user-service", user)
        .route("/v1/design-user-service/my/preference", get(profile::preference))
        .route("/api/csrf", get(login::csrf))
        .route("/api/sign-in/tfa", post(login::web_authenticator))
        .fallback(|| async { page_not_found() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(&cloud));
    weather::over(routes, cloud)
}

/// Serves the REST half until `shutdown`; requests under way may end.
///
/// # Errors
/// What the system says when the listener fails for good.
pub async fn run(
    listener: TcpListener,
    cloud: Arc<Cloud>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    serve(listener, router(cloud), shutdown).await
}

/// Serves these routes until `shutdown`, with bounds on connections and patience.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let stop = shutdown.clone();
    let served = axum::serve(listener::Bounded::new(listener), router)
        .with_graceful_shutdown(async move { stop.cancelled().await });
    let late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        result = served => result,
        () = late => Ok(()),
    }
}

/// As the service's router answers a path it does not have [L].
fn page_not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found").into_response()
}

async fn method_absent() -> Response {
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}
