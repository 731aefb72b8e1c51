//! The LAN face of one printer: user `bblp`, the access code as password, two topics.

use std::sync::Arc;

use bambu_protocol::mqtt::{Connect, login, topic};
use bytes::Bytes;
use rustls::ServerConfig;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Broker, ConnectRefusal, Hooks, Limits, User};
use crate::{
    faults::{Circumstances, Fault},
    machine::Machine,
};

struct Lan {
    machine: Arc<dyn Machine>,
    report: String,
    request: String,
    circumstances: Circumstances,
}

impl Hooks for Lan {
    fn connect(&self, connect: &Connect) -> Result<User, ConnectRefusal> {
        let code = self.machine.access_code();
        let password = connect.password.as_deref().unwrap_or_default();
        let right = bool::from(password.ct_eq(code.reveal().as_bytes()));
        let right = right && !code.is_empty();
        let right = right && connect.username.as_deref() == Some(login::PRINTER_USER);
        if right && !self.circumstances.faults.strikes(Fault::WrongCode) {
            Ok(login::PRINTER_USER.into())
        } else {
            Err(ConnectRefusal::NotAuthorized)
        }
    }

    fn may_subscribe(&self, _user: &User, _filter: &str) -> bool {
        true
    }

    fn may_publish(&self, _user: &User, _topic: &str) -> bool {
        true
    }

    fn published(&self, _user: &User, topic: &str, payload: &Bytes) {
        if topic == self.request {
            self.machine.request(payload);
        }
    }

    fn full_report(&self, topic: &str) -> Option<Bytes> {
        if topic == self.report { self.machine.full_report() } else { None }
    }

    fn routes(&self, _topic: &str) -> bool {
        false
    }

    fn circumstances(&self) -> Option<&Circumstances> {
        Some(&self.circumstances)
    }
}

/// Serves `machine` to LAN clients until `shutdown`; ends when its last connection has ended.
///
/// Any filter may be subscribed, `#` too; nothing is sent on subscribing; what is published
/// elsewhere than to `device/<serial>/request` is ignored [L].
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    machine: Arc<dyn Machine>,
    shutdown: CancellationToken,
) {
    let (report, request) = (topic::report(machine.serial()), topic::request(machine.serial()));
    let reports = machine.reports();
    let circumstances = Circumstances::of(&*machine);
    let hooks = Lan { machine, report: report.clone(), request, circumstances };
    let broker = Broker::new(Arc::new(hooks), Limits { max_connections: 256, ..Limits::default() });
    let carry = broker.carry(&report, reports, || true, shutdown.clone());
    tokio::join!(broker.run(listener, tls, shutdown.clone()), carry);
}
