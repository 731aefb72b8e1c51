//! The client against scripted servers on this machine. Nothing here knows the emulator: it must
//! not be checked with its own mirror image.

mod cloud_session;
mod errors;
mod fake;
mod lan;
mod rest;
