//! A client for Bambu Lab printers and their cloud.
//!
//! A [`Printer`] is one printer: its status, what happens to it, and commands of which is told
//! whether they took effect. Below it, a [`Link`] is the one connection to it: over the local
//! network with [`connect_lan`], over the cloud with a [`CloudSession`], which carries all printers
//! of an account, or over whichever answers with [`connect_both`]. It connects again by itself.
//! [`Cloud`] is the account: which printers there are, and what the cloud says about them.
//!
//! ```no_run
//! use bambulab::{LanTarget, Options, Printer};
//! use bambulab::protocol::{AccessCode, Serial, command::Command, event::Event};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let serial = Serial::new("01P00A000000001")?;
//! let target = LanTarget::new(serial, "192.168.1.50", AccessCode::new("12345678"));
//! let printer = Printer::connect(target, Options::default());
//! let status = printer.ready().await?;
//! println!("{}: {:?} %", printer.serial(), status.job.progress_percent);
//!
//! let outcome = printer.send(Command::Bed(60)).await?;
//! println!("{outcome}");
//!
//! let mut events = printer.events();
//! while let Some(event) = events.next().await {
//!     println!("{}", event.name());
//!     if let Event::PrintFailed { .. } = event {
//!         printer.set_bed_temp(0).await?;
//!     }
//! }
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
//! * [`printer`], [`link`]: printers; [`cloud`]: the account; [`discovery`]: who is on this network.
//! * On the local network: [`ftps`], [`fleet_upload`]: files; [`print`](mod@print): a file that prints;
//!   [`camera`]: pictures.
//! * [`endpoint`], [`token`], [`tls`], [`options`]: where, who, whom to trust, how long to wait.
//! * [`protocol`]: what is said on the wire, the pure crate below this one.
//!
//! Secrets (access codes, tokens) are types that neither print nor serialize themselves. Every
//! error tells its cause and the next step.

pub mod camera;
pub mod cloud;
mod dial;
pub mod discovery;
pub mod endpoint;
pub mod fleet_upload;
pub mod ftps;
pub mod link;
mod mqtt;
pub mod options;
pub mod print;
pub mod printer;
pub mod private_file;
pub mod proxy_tokens;
pub mod session;
pub mod tls;
pub mod token;

pub use bambu_protocol as protocol;
pub use cloud::{Cloud, CloudError, Credentials, FixedCode, Login, LoginError};
pub use endpoint::{BrokerAddress, Endpoint, Environment, Region};
pub use link::{
    CloudLogin, CloudSession, Connection, Heard, LanTarget, Link, Reason, SendError, Snapshot,
    Unreachable, Way, WeakLink, connect_both, connect_lan,
};
pub use options::{Options, Timing};
pub use printer::{CommandError, Events, Printer, PublishError, SendOptions};
pub use private_file::FileError;
pub use proxy_tokens::ProxyTokens;
pub use session::{SavedSession, SessionFile};
pub use tls::{Identity, KnownPrinters, Roots};
pub use token::{Token, TokenFingerprint};
