//! We answer as Bambu Lab printers and their cloud do.
//!
//! # Layout
//!
//! * [`camera`]: the face that shows JPEG pictures.
//! * [`certs`]: the certificates of the simulated world.
//! * [`cloud`]: accounts, sign-in, the REST answers and the broker's rules.
//! * [`control`]: the endpoint that switches faults.
//! * [`detect`]: the face that tells who asks which printer this is.
//! * [`faults`]: what goes wrong on purpose, switched while it runs.
//! * [`files`]: writing files that hold secrets.
//! * [`ftps`]: the face of a printer's storage.
//! * [`machine`]: the trait behind every emulated printer.
//! * [`mqtt`]: the broker, and the LAN face of a printer over it.
//! * [`picture`]: what a printer's camera shows.
//! * [`rtsp`]: the face that shows the same as video.
//! * [`simulator`]: invented printers of every model, and printers made from captures.
//! * [`ssdp`]: the face that broadcasts that a printer is there.
//! * [`storage`]: what a printer has stored.
//! * [`world`]: all of it together, started and stopped as one, and the ready file.

pub mod camera;
pub mod certs;
pub mod cloud;
pub mod control;
pub mod detect;
mod door;
pub mod faults;
pub mod files;
pub mod ftps;
mod h264;
pub mod machine;
pub mod mqtt;
pub mod picture;
pub mod rtsp;
pub mod simulator;
pub mod ssdp;
pub mod storage;
pub mod world;
