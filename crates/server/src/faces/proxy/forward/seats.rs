//! What is the same in every call of one caller, made once: the header with the real token, the
//! account's budget, the mask.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::http::HeaderValue;
use bambulab::{
    CloudError, Endpoint,
    cloud::{Allowance, Budget},
};

use crate::{auth::Caller, config::TokenDigest, mask::Masker};

/// So many are kept, at least, before those whose caller is gone are dropped.
const FEW: usize = 256;

/// What is kept for one caller. No `Debug` of its parts: the header is a secret.
pub(super) struct Seat {
    pub(super) caller: Arc<Caller>,
    /// The account, as far as it is known: the real token's digest.
    pub(super) account: TokenDigest,
    pub(super) bearer: HeaderValue,
    pub(super) allowance: Allowance,
    pub(super) masker: Masker,
}

/// The seats of all callers.
pub(super) struct Seats {
    endpoint: Endpoint,
    budget: Budget,
    seats: RwLock<HashMap<TokenDigest, Arc<Seat>>>,
    /// How many make it worth looking for those to drop.
    many: AtomicUsize,
}

impl Seats {
    pub(super) fn new(endpoint: Endpoint, budget: Budget) -> Self {
        Self { endpoint, budget, seats: RwLock::default(), many: AtomicUsize::new(FEW) }
    }

    /// A caller's seat; a new one when it is another caller than before with the same token, as after
    /// a reload.
    pub(super) fn of(&self, caller: &Arc<Caller>) -> Result<Arc<Seat>, CloudError> {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = seats.get(&caller.digest).filter(|it| Arc::ptr_eq(&it.caller, caller)) {
            return Ok(seat.clone());
        }
        drop(seats);
        let seat = Arc::new(self.made(caller)?);
        let mut seats = self.seats.write().unwrap_or_else(PoisonError::into_inner);
        if seats.len() >= self.many.load(Ordering::Relaxed) {
            seats.retain(|_, seat| Arc::strong_count(&seat.caller) > 1);
            self.many.store(FEW.max(seats.len().saturating_mul(2)), Ordering::Relaxed);
        }
        seats.insert(caller.digest, seat.clone());
        Ok(seat)
    }

    fn made(&self, caller: &Arc<Caller>) -> Result<Seat, CloudError> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", caller.real.reveal()));
        // A token that is no header is none that the cloud could take.
        let mut bearer = bearer.map_err(|_| CloudError::LoginWanted)?;
        bearer.set_sensitive(true);
        Ok(Seat {
            account: TokenDigest::of(caller.real.reveal()),
            bearer,
            allowance: Allowance::of(&self.endpoint, &caller.real, self.budget)?,
            masker: caller.masker(),
            caller: caller.clone(),
        })
    }
}

impl std::fmt::Debug for Seats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seats").finish_non_exhaustive()
    }
}
