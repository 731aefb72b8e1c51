//! The cloud's REST bodies, as the client reads and writes them: one file per resource, tolerant of
//! numbers that come as text, missing keys and nulls, and of the shapes that the seeds document.
//!
//! The calls are in the client's `cloud`; the emulator's `cloud` writes its own bodies.

mod account;
mod bind;
mod camera;
mod device;
mod filament;
mod lenient;
mod message;
mod print_job;
mod project;
mod refusal;
mod secret;
mod slicer;
mod task;
mod upload;

pub use account::{Personal, Preference, Profile, ProfileChange, ProfileSetting, Subscription};
pub use bind::{Bound, Owner, Owners, Rename, TicketState, Unbind};
pub use camera::{CameraCredentials, CameraTicket};
pub use device::{AmsOffers, Device, DeviceJob, DeviceVersions, Devices, Jobs, Offer, Versions};
pub use filament::{
    AmsSync, AmsSyncTray, AmsSynced, AmsSyncedTray, CatalogueFilament, ChangedSpool,
    FilamentCatalogue, SlotMapped, SlotMapping, SlotMappings, SlotsMapped, Spool, SpoolDraft,
    SpoolFilter, Spools,
};
pub use message::{
    Message, MessageComment, MessageDesign, Messages, Notification, NotificationAction, Sender,
    TaskMessage,
};
pub use print_job::{
    AmsSlot, BED_TYPES, CreatedProject, CreatedTask, NewTask, PlateFile, PrintReady, Processing,
    UploadDone, UploadTicket,
};
pub use project::{
    CloudEntry, CloudObject, Compatibility, EntrySource, NewProject, PlateSlice, PrintProfile,
    ProfileContext, ProfileMaterial, Project, ProjectFile, Projects, SliceFilament,
};
pub use refusal::Refusal;
pub use secret::Secret;
pub use slicer::{
    InvalidSlicerVersion, Preset, PresetDraft, PresetKind, Presets, SlicerResource,
    SlicerResources, SlicerSettings, SlicerVersion, StoredPreset,
};
pub use task::{SliceContext, SliceTask, Task, TaskFilament, TaskState, Tasks};
pub use upload::{SignedUrl, UploadUrl, UploadUrls};

#[cfg(test)]
mod tests;
