//! What Bambu Lab printers and their cloud say on the wire.
//!
//! This crate is pure: no sockets, no files, no clock, no async. `bambulab` (we call) and
//! `bambu-emulator` (we answer) both stand on it and never on each other.
//!
//! # Layout
//!
//! * [`serial`], [`access_code`], [`model`], [`firmware`]: who a printer is.
//! * [`mqtt`]: MQTT 3.1.1 packets and topics, both directions.
//! * [`report`]: what a printer sends: decoding, classification, merging.
//! * [`status`]: the one typed status of every model, and its JSON document.
//! * [`request`]: what a printer is asked. [`command`]: what a person wants, in the form that this
//!   printer obeys. [`gcode`]: reading lines of G-code.
//! * [`verify`]: whether a request took effect.
//! * [`event`]: what happened, from how the status changed.
//! * [`hms`], [`print_error`], [`stage`]: codes and their meaning.
//! * [`cloud`]: the cloud's REST bodies.
//! * [`file_kind`], [`threemf`]: files that are uploaded and printed. [`ftp`]: the printer's storage.
//! * [`camera`]: JPEG pictures. [`rtsp`], [`h264`]: live video. [`fmp4`]: the same for browsers.
//! * [`format`](mod@format): how single values read to a person.
//! * [`discovery`]: how printers are found: SSDP packets and the detect frame.
//!
//! Wire facts carry the tag of their source: `[L]` seen on hardware or the live service,
//! `[V]` vendor source, `[D]` documented once, `[G]` guess.

pub mod access_code;
pub mod camera;
pub mod cloud;
pub mod command;
pub mod discovery;
pub mod event;
pub mod file_kind;
pub mod firmware;
pub mod fmp4;
pub mod format;
pub mod ftp;
pub mod gcode;
pub mod h264;
pub mod hms;
pub mod model;
pub mod mqtt;
pub mod print_error;
pub mod report;
pub mod request;
pub mod rtsp;
pub mod serial;
pub mod stage;
pub mod status;
pub mod threemf;
pub mod verify;

pub use access_code::AccessCode;
pub use file_kind::FileKind;
pub use firmware::Firmware;
pub use model::Model;
pub use serial::Serial;
