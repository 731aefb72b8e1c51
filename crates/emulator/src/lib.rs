//! We answer as Bambu Lab printers and their cloud do.
//!
//! # Layout
//!
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
//! * [`simulator`]: invented printers of every model, and printers made from captures.
//! * [`ssdp`]: the face that broadcasts that a printer is there.
//! * [`storage`]: what a printer has stored.
//! * [`world`]: all of it together, started and stopped as one, and the ready file.

pub mod certs;
pub mod cloud;
pub mod control;
pub mod detect;
pub mod faults;
pub mod files;
pub mod ftps;
pub mod machine;
pub mod mqtt;
pub mod picture;
pub mod simulator;
pub mod ssdp;
pub mod storage;
pub mod world;
