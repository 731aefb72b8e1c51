//! A client for Bambu Lab printers and their cloud.

pub mod cloud;
pub mod endpoint;
pub mod link;
mod mqtt;
pub mod options;
pub mod tls;
pub mod token;

pub use bambu_protocol as protocol;
pub use cloud::{Cloud, CloudError};
pub use endpoint::{BrokerAddress, Endpoint, Region};
pub use link::{
    CloudLogin, CloudSession, Connection, LanTarget, Link, Reason, SendError, Snapshot, connect_lan,
};
pub use options::{Options, Timing};
pub use tls::Roots;
pub use token::Token;
