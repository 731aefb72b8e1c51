//! The cameras of the local network, without anything else: what `bambu camera serve` runs.
//!
//! The routes are those of `routes/camera.rs`; where there is one printer, they have short names, too.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use bambu_protocol::Model;
use bambulab::LanTarget;

use crate::{
    auth::Password,
    config::Camera as Settings,
    error::ApiError,
    frames::Cameras,
    limits::Group,
    routes::{
        Roster, Shown,
        camera::{self, Guard, Parts, is_page},
    },
    trace::Who,
};

/// A state is not shown here, so its age does not matter.
const NEVER: std::time::Duration = std::time::Duration::ZERO;

/// Why there is no camera to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CamerasError {
    /// No printer of the local network is known.
    #[error(
        "there is no printer whose camera could be shown; write its serial, host and access_code \
         under [[printer]] of bambu.toml"
    )]
    Nothing,
    /// A name fits none of them.
    #[error(
        "{0:?} is no printer with an address here; name one of [[printer]] in bambu.toml that has \
         host and access_code"
    )]
    Unknown(String),
}

/// The face.
#[derive(Debug)]
pub(crate) struct Wall {
    roster: Arc<Roster>,
    cameras: Arc<Cameras>,
    names: Arc<[String]>,
    password: Option<Password>,
}

impl Wall {
    /// The cameras that are configured, of these printers.
    ///
    /// # Errors
    /// [`CamerasError`].
    pub(crate) fn new(
        settings: &Settings,
        printers: &[LanTarget],
        cameras: &Arc<Cameras>,
        names: &Arc<[String]>,
    ) -> Result<Self, CamerasError> {
        let roster = Arc::new(Roster::new(NEVER));
        let called = |target: &LanTarget, wanted: &str| {
            let is_name = |name: &String| name.eq_ignore_ascii_case(wanted);
            target.serial.as_str() == wanted || target.name.as_ref().is_some_and(is_name)
        };
        for wanted in &settings.printers {
            if !printers.iter().any(|target| called(target, wanted)) {
                return Err(CamerasError::Unknown(wanted.clone()));
            }
        }
        let is_wanted = |target: &&LanTarget| {
            let named = settings.printers.iter().any(|wanted| called(target, wanted));
            settings.printers.is_empty() || named
        };
        for LanTarget { serial, name, model, .. } in printers.iter().filter(is_wanted).cloned() {
            let model = model.or_else(|| Model::from_serial(&serial));
            roster.put(Shown { serial, name, model, link: None });
        }
        if roster.all().is_empty() {
            return Err(CamerasError::Nothing);
        }
        let password = settings.token.as_ref().map(Password::new);
        Ok(Self { roster, cameras: cameras.clone(), names: names.clone(), password })
    }

    /// Whether a token is asked for.
    pub(crate) fn has_token(&self) -> bool {
        self.password.is_some()
    }

    /// All its routes.
    pub(crate) fn router(&self) -> Router {
        let parts = Parts { roster: self.roster.clone(), cameras: self.cameras.clone() };
        let guard = Guard { has_token: self.has_token(), names: self.names.clone() };
        let printers = self.roster.all();
        let top = match printers.keys().next().filter(|_| printers.len() == 1) {
            Some(only) => camera::short(parts.clone(), guard.clone(), only.as_str()),
            None => camera::wall(parts.clone(), guard.clone()),
        };
        camera::router(parts, guard)
            .merge(top)
            .fallback(nothing_here)
            .method_not_allowed_fallback(ApiError::only_reads)
            .layer(middleware::from_fn_with_state(self.password, check))
    }
}

/// Asks for the token, if there is one. Pages show nothing by themselves: they ask for it.
async fn check(State(password): State<Option<Password>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let wanted = password.filter(|_| path != "/" && !is_page(path));
    let refused = wanted.as_ref().and_then(|it| it.check(request.headers()).err());
    let mut response = match refused {
        None => next.run(request).await,
        Some(error) => error.into_response(),
    };
    let token = if wanted.is_some() && refused.is_none() { "camera" } else { "none" };
    response.extensions_mut().insert(Who { token: token.into(), group: Group::Device.name() });
    response
}

async fn nothing_here() -> ApiError {
    ApiError::not_found("Not found", "there is no such route; GET /docs lists those that are here")
}
