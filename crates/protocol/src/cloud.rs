//! The cloud's REST bodies, as the client reads them: tolerant of numbers that come as text,
//! missing keys and nulls.
//!
//! The calls are in the client's `cloud`; the emulator's `cloud` writes its own bodies.

mod account;
mod device;
mod lenient;
mod print_job;
mod refusal;
mod upload;

pub use account::{Preference, Profile};
pub use device::{AmsOffers, Device, DeviceJob, DeviceVersions, Devices, Jobs, Offer, Versions};
pub use print_job::{
    AmsSlot, BED_TYPES, CreatedProject, CreatedTask, NewTask, PlateFile, PrintReady, Processing,
    ProfileFile, UploadDone, UploadTicket,
};
pub use refusal::Refusal;
pub use upload::{SignedUrl, UploadUrl, UploadUrls};

#[cfg(test)]
mod tests;
