//! A client for Bambu Lab printers and their cloud.
//!
//! A [`Link`] is the one connection to a printer: over the local network with [`connect_lan`], or
//! over the cloud with a [`CloudSession`], which carries all printers of an account. It connects
//! again by itself and tells through its [`Snapshot`] what is known and how the connection is.
//! [`Cloud`] is the account: which printers there are, and what the cloud says about them.
//!
//! ```no_run
//! use bambulab::{LanTarget, Options, Roots, connect_lan};
//! use bambulab::protocol::{AccessCode, Serial, request::Job};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options { roots: Roots::public().with_pem_file("ca.pem")?, ..Options::default() };
//! let serial = Serial::new("01P00A000000001")?;
//! let printer = LanTarget::new(serial, "192.168.1.50", AccessCode::new("12345678"));
//!
//! let link = connect_lan(printer, options);
//! let snapshot = link.ready().await?;
//! println!("{}: {:?}", link.serial(), snapshot.status.job.progress_percent);
//!
//! let mut updates = link.updates();
//! while updates.changed().await.is_ok() {
//!     let snapshot = updates.borrow_and_update().clone();
//!     println!("{} {:?}", snapshot.connection.word(), snapshot.status.state);
//!     if snapshot.status.error.is_some() {
//!         link.send(Job::Pause.into()).await?;
//!         break;
//!     }
//! }
//! link.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! All printers of an account, over one connection:
//!
//! ```no_run
//! use bambulab::{Cloud, CloudLogin, CloudSession, Options, Region, Token};
//!
//! # async fn example(token: Token) -> Result<(), Box<dyn std::error::Error>> {
//! let (endpoint, options) = (Region::Global.endpoint(), Options::default());
//! let cloud = Cloud::new(&endpoint, Some(token.clone()), &options.roots)?;
//! let login = CloudLogin { uid: cloud.uid().await?, token, broker: endpoint.mqtt };
//! let session = CloudSession::connect(login, options);
//! let mut links = Vec::new();
//! for device in cloud.devices().await?.value {
//!     let model = device.model();
//!     links.push(session.printer(device.serial, device.name, model));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! * [`discovery`]: which printers are on this network.
//! * [`link`]: printers; [`cloud`]: the account.
//! * [`endpoint`], [`token`], [`tls`], [`options`]: where, who, whom to trust, how long to wait.
//! * [`protocol`]: what is said on the wire, the pure crate below this one.
//!
//! Secrets (access codes, tokens) are types that neither print nor serialize themselves. Every
//! error tells its cause and the next step.

pub mod cloud;
pub mod discovery;
pub mod endpoint;
pub mod link;
mod mqtt;
pub mod options;
pub mod printer;
pub mod tls;
pub mod token;

pub use bambu_protocol as protocol;
pub use cloud::{Cloud, CloudError};
pub use endpoint::{BrokerAddress, Endpoint, Region};
pub use link::{
    CloudLogin, CloudSession, Connection, LanTarget, Link, Reason, SendError, Snapshot, Way,
    connect_both, connect_lan,
};
pub use options::{Options, Timing};
pub use printer::{CommandError, Events, Printer, PublishError, SendOptions};
pub use tls::{Identity, KnownPrinters, Roots};
pub use token::Token;
