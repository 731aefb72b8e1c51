//! How often somebody may ask: a fixed window of a minute per token or address and group of routes.
//!
//! Windows run by the monotonic clock and are bounded in number. Who asks is in `auth.rs`; how often
//! the cloud is asked for all together is the client library's budget.

mod answer;
mod windows;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

pub(crate) use answer::{Exceeded, Quota};

use crate::{
    auth::Caller,
    config::{RateLimit, TokenDigest},
};
use windows::Windows;

/// How long a window lasts.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// Which routes count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    /// Everything under `/v1/` that is not [`Group::User`].
    Device,
    /// Routes of the user's own data.
    User,
    /// The pages about the proxy itself.
    Admin,
    /// `/health` and `/`.
    Health,
}

impl Group {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 4] = [Self::Device, Self::User, Self::Admin, Self::Health];

    /// The group of a path.
    pub(crate) fn of(path: &str) -> Self {
        let within = |start: &str| {
            path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if within("/v1") {
            let user = path.contains("user-service");
            return if user { Self::User } else { Self::Device };
        }
        if within("/admin") { Self::Admin } else { Self::Health }
    }

    /// Its word in headers and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Health => "health",
        }
    }
}

impl RateLimit {
    /// The limit of a group in requests per minute; `None` is no limit.
    pub(crate) fn of(&self, group: Group) -> Option<u32> {
        match group {
            Group::Device => self.device,
            Group::User => self.user,
            Group::Admin => self.admin,
            Group::Health => self.health,
        }
    }

    /// A limit as the proxy's pages tell it.
    pub(crate) fn text(&self, group: Group) -> String {
        self.of(group).map_or_else(|| "off".to_owned(), |limit| format!("{limit} per minute"))
    }
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A token that is known; of others the address counts, or anybody could fill the memory.
    Token(TokenDigest),
    /// A peer's address; of IPv6 the first 64 bits, since that is what one customer gets at least.
    Address(IpAddr),
}

impl Key {
    /// Counts by the token where it is known, else by the address.
    pub(crate) fn of(caller: Option<&Caller>, peer: IpAddr) -> Self {
        caller.map_or_else(|| Self::peer(peer), Self::token)
    }

    /// Counts by the token.
    pub(crate) fn token(caller: &Caller) -> Self {
        Self::Token(caller.digest)
    }

    /// Counts by the address of the connection.
    pub(crate) fn peer(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64)).into(),
            four @ IpAddr::V4(_) => four,
        })
    }
}

/// All windows of a process.
#[derive(Debug)]
pub(crate) struct Limits {
    rates: RateLimit,
    windows: Windows,
}

impl Limits {
    /// Limits by these rates, with nothing counted yet.
    pub(crate) fn new(rates: RateLimit) -> Self {
        Self { rates, windows: Windows::default() }
    }

    /// The rates.
    pub(crate) fn rates(&self) -> &RateLimit {
        &self.rates
    }

    /// Counts one request. `own` is the token's own limit, in place of those for [`Group::Device`] and
    /// [`Group::User`].
    ///
    /// # Errors
    /// [`Exceeded`]: there were too many in this window; it was not counted.
    pub(crate) fn take(
        &self,
        who: &Key,
        group: Group,
        own: Option<u32>,
    ) -> Result<Quota, Exceeded> {
        self.take_at(who, group, own, Instant::now())
    }

    fn take_at(
        &self,
        who: &Key,
        group: Group,
        own: Option<u32>,
        now: Instant,
    ) -> Result<Quota, Exceeded> {
        let own = own.filter(|_| matches!(group, Group::Device | Group::User));
        let Some(limit) = own.or(self.rates.of(group)) else {
            return Ok(Quota::unlimited(group));
        };
        let (remaining, reset) = self.windows.take(*who, group, limit, now);
        let told = |remaining| Quota::new(group, limit, remaining, reset);
        match remaining {
            Some(remaining) => Ok(told(remaining)),
            None => Err(Exceeded::new(told(0))),
        }
    }
}

#[cfg(test)]
mod tests;
