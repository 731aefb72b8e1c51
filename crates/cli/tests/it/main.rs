//! The `bambu` binary from outside: what it prints, where, and how it ends. One test binary.

mod decode;
mod live;
mod names;
mod run;
mod settings;
mod simulate;
mod world;
