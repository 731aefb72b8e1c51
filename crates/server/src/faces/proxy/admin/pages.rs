//! What the pages about the proxy say. No token is in them, and a token that is not marked admin finds
//! nothing there but what is its own.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{About, Session};
use crate::{
    auth::{Caller, Listed},
    config::RateLimit,
    faces::proxy::Mode,
    limits::Group,
};

/// How often sessions that are over are forgotten, in seconds; until then they answer 410.
const CLEANUP: u64 = 30;

/// Whether the proxy is up, and how it is set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `healthy`: a proxy that is not does not answer.
    #[schema(example = "healthy")]
    pub status: &'static str,
    /// `strict` or `full`.
    #[schema(example = "strict")]
    pub mode: &'static str,
    /// The cloud's address.
    #[schema(example = "https://api.bambulab.com")]
    pub backend: String,
    /// How many tokens stand for something.
    #[schema(example = 2)]
    pub tokens_configured: usize,
    /// Realtime sessions that are open now.
    #[schema(example = 0)]
    pub mqtt_active_sessions: usize,
    /// How long such a session lasts.
    #[schema(example = "120 seconds")]
    pub mqtt_session_duration: String,
    /// Requests per token.
    pub rate_limits: HealthLimits,
}

/// Limits in words: `30 per minute`, or `off`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HealthLimits {
    /// For `/v1/`, but for what follows.
    #[schema(example = "30 per minute")]
    pub device_queries: String,
    /// For `/v1/user-service/` and `/v1/design-user-service/`.
    #[schema(example = "15 per minute")]
    pub user_endpoints: String,
    /// For `/admin/`.
    #[schema(example = "10 per minute")]
    pub admin_endpoints: String,
}

/// What this is and where to go on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Info {
    /// What this is.
    #[schema(example = "Bambu Lab cloud proxy")]
    pub name: &'static str,
    /// The version of this program.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// `strict` or `full`.
    #[schema(example = "strict")]
    pub mode: &'static str,
    /// What the mode means.
    pub description: &'static str,
    /// Where to go on.
    pub endpoints: InfoEndpoints,
    /// Requests per token.
    pub rate_limits: InfoLimits,
    /// In full mode, what to beware of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
}

/// Paths of this proxy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InfoEndpoints {
    /// Whether it is up.
    pub health: &'static str,
    /// Its tokens.
    pub admin_tokens: &'static str,
    /// Its realtime sessions.
    pub admin_mqtt: &'static str,
    /// What is forwarded begins so.
    pub api_base: &'static str,
    /// What is counted, for Prometheus.
    pub metrics: &'static str,
    /// The description of all this for programs.
    pub openapi: &'static str,
    /// A page to try it.
    pub docs: &'static str,
}

/// Limits in words: `30 per minute`, or `off`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InfoLimits {
    /// Those of `/health`.
    #[serde(flatten)]
    pub limits: HealthLimits,
    /// For `/health` and `/`.
    #[schema(example = "60 per minute")]
    pub health_check: String,
}

/// The tokens that the caller may know of: its own, or all when it is marked admin.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// By name.
    pub tokens: Vec<TokenEntry>,
    /// How many are listed.
    #[schema(example = 1)]
    pub count: usize,
}

/// A token without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TokenEntry {
    /// The token's fingerprint, never the token.
    #[schema(example = "sha256:be7cae4a412d")]
    pub custom_token: String,
    /// Always `true`: a token that stands for nothing is not listed.
    #[schema(example = true)]
    pub has_real_token: bool,
    /// What it is called in logs and metrics.
    #[schema(example = "alice")]
    pub name: String,
    /// Where the cloud's token comes from: `file` or `login`.
    #[schema(example = "file")]
    pub source: &'static str,
    /// Whether it may only read.
    pub read_only: bool,
    /// The printers that it may see; `null` is all.
    pub serials: Option<Vec<String>>,
    /// Requests per minute in place of the usual ones; `null` is the usual ones.
    pub limit: Option<u32>,
    /// When it ends (RFC 3339, UTC); `null` is never.
    pub expires: Option<String>,
    /// Whether that has come.
    pub expired: bool,
    /// Whether it is marked for these pages.
    pub admin: bool,
    /// What the owner wanted to remember.
    pub note: Option<String>,
}

/// The realtime sessions that the caller may know of: its own, or all when it is marked admin.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Realtime {
    /// How many there are.
    #[schema(example = 1)]
    pub active_sessions: usize,
    /// How long one lasts, in seconds.
    #[schema(example = 120)]
    pub session_duration: u64,
    /// How often those that are over are forgotten, in seconds.
    #[schema(example = 30)]
    pub cleanup_interval: u64,
    /// By the printer's serial number. Where several tokens have one for the same printer, the one that
    /// lasts longest is told, and `tokens` counts them.
    pub sessions: BTreeMap<String, RealtimeSession>,
}

/// A realtime session.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RealtimeSession {
    /// Whether the printer's link is connected.
    pub connected: bool,
    /// Reports since the session began.
    #[schema(example = 17)]
    pub message_count: u64,
    /// When the last of them came, in seconds since 1970; `null` before the first.
    #[schema(example = 1_790_000_000.5)]
    pub last_update: Option<f64>,
    /// Whether there is a whole status yet.
    pub has_data: bool,
    /// How long it still lasts, in seconds; below 0 when it is over and not forgotten yet.
    #[schema(example = 101.5)]
    pub expires_in: f64,
    /// How long ago it began, in seconds.
    #[schema(example = 18.5)]
    pub session_age: f64,
    /// How many tokens have a session for this printer.
    #[schema(example = 1)]
    pub tokens: usize,
}

impl Health {
    pub(super) fn of(about: &About) -> Self {
        Self {
            status: "healthy",
            mode: about.parts.mode.name(),
            backend: about.parts.forwarder.upstream().base(),
            tokens_configured: about.parts.tokens.count(),
            mqtt_active_sessions: open(&(about.sessions)()),
            mqtt_session_duration: format!("{} seconds", about.realtime_seconds),
            rate_limits: HealthLimits::of(about.parts.limits.rates()),
        }
    }
}

impl HealthLimits {
    fn of(rates: &RateLimit) -> Self {
        Self {
            device_queries: rates.text(Group::Device),
            user_endpoints: rates.text(Group::User),
            admin_endpoints: rates.text(Group::Admin),
        }
    }
}

impl Info {
    pub(super) fn of(about: &About) -> Self {
        let (mode, rates) = (about.parts.mode, about.parts.limits.rates());
        Self {
            name: "Bambu Lab cloud proxy",
            version: env!("CARGO_PKG_VERSION"),
            mode: mode.name(),
            description: match mode {
                Mode::Strict => {
                    "Reads only: GET and HEAD reach the cloud, a realtime session may be opened, and anything else is answered with 405"
                }
                Mode::Full => {
                    "Forwards every method: what is sent here changes the account and moves printers"
                }
            },
            endpoints: InfoEndpoints {
                health: "/health",
                admin_tokens: "/admin/tokens",
                admin_mqtt: "/admin/mqtt",
                api_base: "/v1/",
                metrics: "/metrics",
                openapi: "/openapi.json",
                docs: "/docs",
            },
            rate_limits: InfoLimits {
                limits: HealthLimits::of(rates),
                health_check: rates.text(Group::Health),
            },
            warning: (mode == Mode::Full).then_some(
                "Whoever has a token of this proxy can start, stop and delete; give the strict one to those who only look",
            ),
        }
    }
}

impl TokenList {
    pub(super) fn of(about: &About, caller: &Caller) -> Self {
        let all = about.parts.tokens.list();
        let shown = |token: &Listed| caller.admin || token.digest == caller.digest;
        let tokens: Vec<TokenEntry> = all.into_iter().filter(shown).map(TokenEntry::of).collect();
        Self { count: tokens.len(), tokens }
    }
}

impl TokenEntry {
    fn of(token: Listed) -> Self {
        Self {
            custom_token: token.fingerprint,
            has_real_token: true,
            name: token.name.as_ref().to_owned(),
            source: if token.login { "login" } else { "file" },
            read_only: token.read_only,
            serials: token
                .serials
                .map(|serials| serials.iter().map(|serial| serial.as_str().to_owned()).collect()),
            limit: token.limit,
            expires: token.expires.map(|end| end.to_string()),
            expired: token.expired,
            admin: token.admin,
            note: token.note,
        }
    }
}

impl Realtime {
    pub(super) fn of(about: &About, caller: &Caller) -> Self {
        let mut sessions = (about.sessions)();
        sessions.retain(|session| caller.admin || session.token == caller.digest);
        let active_sessions = open(&sessions);
        let mut told = BTreeMap::<String, RealtimeSession>::new();
        for session in sessions {
            let known = told.entry(session.serial).or_insert_with(|| session.told.clone());
            let tokens = known.tokens + 1;
            if session.told.expires_in > known.expires_in {
                *known = session.told;
            }
            known.tokens = tokens;
        }
        Self {
            active_sessions,
            session_duration: about.realtime_seconds,
            cleanup_interval: CLEANUP,
            sessions: told,
        }
    }
}

/// How many are not over.
fn open(sessions: &[Session]) -> usize {
    sessions.iter().filter(|session| session.told.expires_in > 0.0).count()
}
