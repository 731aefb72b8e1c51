//! The REST half of the simulated cloud: plain HTTP, the shapes of the live service.
//!
//! The table of routes is [`router`]; every route's answer is in the file of its subject.

mod answer;
mod binding;
mod devices;
mod documented;
mod fields;
mod listener;
mod login;
mod messages;
mod print;
mod profile;
mod projects;
mod slicer;
mod spools;
mod tasks;
mod time;
mod upload;
mod weather;

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, delete, get, patch, post},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use super::{Cloud, Dialect};

/// Longest request body that is read; most are far below it.
const MAX_BODY: usize = 64 * 1024;
/// Longest body of a preset.
const MAX_PRESET: usize = 256 * 1024;
/// How long requests under way may take to end once the world stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Every route there is; all others answer 404, other methods 405.
///
/// Browser and API host share it: their paths do not overlap.
pub fn router(cloud: Arc<Cloud>) -> Router {
    let (iot, user) = match cloud.dialect() {
        Dialect::Observed => (observed_iot(), observed_user()),
        Dialect::Documented => (documented::iot(), documented::user()),
    };
    let iot = iot
        .route("/user/bind_list", get(binding::bind_list))
        .route("/user/ttcode", post(binding::camera))
        .route("/user/project/", any(method_absent))
        .route("/user/profile/{id}", get(projects::profile))
        .merge(presets(cloud.dialect()));
    let user = user
        .route("/user/login", post(login::login))
        .route("/user/sendemail/code", post(login::send_code))
        .route("/user/tfa/login", post(login::authenticator))
        .route("/user/ticket", get(login::ticket))
        .route("/user/ticket/{ticket}", post(login::by_ticket))
        .route("/user/refreshtoken", post(login::refresh))
        .route("/user/consent", post(messages::consent))
        .route("/my/logout", post(login::logout))
        .route("/my/messages", get(messages::messages))
        .route("/my/message/count", get(messages::count))
        .route("/my/message/latest", get(messages::latest))
        .route("/my/message/read", post(messages::read))
        .route("/my/message/device/taskstatus", get(messages::task_status))
        .route("/my/message/device/tasks/read", post(messages::read))
        .route("/my/message/{id}", get(messages::message))
        .route("/my/pincode/{pin}", post(binding::by_pin))
        .route("/my/ticket/{ticket}", get(binding::ticket).post(binding::by_ticket));
    let design = Router::new()
        .route("/my/preference", get(profile::preference))
        .route("/my/filament/v2", get(spools::spools).post(spools::create).put(spools::change))
        .route("/my/filament/v2/batch", delete(spools::delete))
        .route("/my/filament/v2/ams/sync", post(spools::sync))
        .route("/my/filament/v2/slot-mappings/sync", post(spools::map))
        .route("/filament/config", get(spools::catalogue));
    let routes = Router::new()
        .nest("/v1/iot-service/api", iot)
        .nest("/v1/user-service", user)
        .nest("/v1/design-user-service", design)
        .route("/api/csrf", get(login::csrf))
        .route("/api/sign-in/tfa", post(login::web_authenticator))
        .route("/api/sign-in/ticket", get(login::web_ticket))
        .route("/api/v1/user-service/user/sendsmscode", post(login::send_sms));
    let routes = match cloud.dialect() {
        Dialect::Observed => routes.fallback(|| async { answer::page_not_found() }),
        Dialect::Documented => routes.fallback(documented::no_route),
    };
    let routes = routes.layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::clone(&cloud));
    weather::over(routes, cloud).layer(CompressionLayer::new())
}

/// Routes of the iot service that the documented dialect has otherwise.
fn observed_iot() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/user/bind", get(devices::bind).delete(binding::unbind))
        .route("/user/print", get(devices::print))
        .route("/user/device/version", get(devices::version))
        .route("/user/device/info", patch(binding::rename))
        .route("/user/task/{id}", get(tasks::subtask))
        .route("/user/project", get(projects::projects).post(projects::create))
        .route("/user/project/{id}", get(projects::project).patch(projects::patch))
        .route("/user/notification", get(upload::poll).put(upload::announce))
        .route("/user/upload", get(upload::urls))
        .route("/slicer/resource", get(slicer::resource))
}

/// Routes of the user service that the documented dialect has otherwise.
fn observed_user() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/my/profile", get(profile::profile).put(profile::change))
        .route("/my/task", post(print::start))
        .route("/my/tasks", get(tasks::tasks))
        .route("/my/task/{id}", get(tasks::task))
}

/// Presets are longer than all other bodies: a printer's holds its start G-code.
fn presets(dialect: Dialect) -> Router<Arc<Cloud>> {
    let all = match dialect {
        Dialect::Observed => get(slicer::settings).post(slicer::create),
        Dialect::Documented => documented::settings(),
    };
    let one = get(slicer::setting).patch(slicer::change).delete(slicer::delete);
    Router::new()
        .route("/slicer/setting", all)
        .route("/slicer/setting/{id}", one)
        .layer(DefaultBodyLimit::max(MAX_PRESET))
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
    end(served, shutdown).await
}

/// The end of a server that has begun to stop by itself: requests under way are not waited for
/// without end.
pub(super) async fn end(
    served: impl IntoFuture<Output = io::Result<()>>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        result = served.into_future() => result,
        () = late => Ok(()),
    }
}

async fn method_absent() -> Response {
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}
