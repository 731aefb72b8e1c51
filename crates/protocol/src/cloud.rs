//! The cloud's REST bodies, as the client reads them: tolerant of numbers that come as text,
//! missing keys and nulls.
//!
//! The calls are in the client's `cloud`; the emulator's `cloud` writes its own bodies.

mod account;
mod device;
mod lenient;
mod refusal;

pub use account::{Preference, Profile};
pub use device::{AmsOffers, Device, DeviceJob, DeviceVersions, Devices, Jobs, Offer, Versions};
pub use refusal::Refusal;

#[cfg(test)]
mod tests;
