//! The faults of connections, as one connection or one port meets them.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::{Fault, Faults};
use crate::machine::{Machine, Power};

/// How often [`Fault::DropConnections`] is asked.
const DROP_PERIOD: Duration = Duration::from_secs(1);

/// Whether a fault has struck something that lives on: asked once for every new rate.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    rate: f64,
    struck: bool,
}

impl Fate {
    /// Whether it is struck now, at the rate of now.
    pub(crate) fn struck(&mut self, faults: &Faults, fault: Fault) -> bool {
        let rate = faults.rate(fault);
        if rate != self.rate {
            self.rate = rate;
            self.struck = faults.strikes(fault);
        }
        self.struck
    }

    /// The same for what a rate of 0 does not heal.
    pub(crate) fn doomed(&mut self, faults: &Faults, fault: Fault) -> bool {
        self.struck || self.struck(faults, fault)
    }
}

/// What goes wrong with the connections of one printer.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// On purpose.
    pub faults: Faults,
    /// Because it is switched off.
    pub power: Power,
    /// The fault that closes this port alone, whatever its rate.
    pub(crate) shut: Option<Fault>,
}

type Change = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

impl Circumstances {
    /// Those of a machine.
    pub fn of(machine: &dyn Machine) -> Self {
        Self { faults: machine.faults(), power: machine.power(), shut: None }
    }

    /// The same at a port that a fault closes.
    pub(crate) fn shut_by(self, fault: Fault) -> Self {
        Self { shut: Some(fault), ..self }
    }

    /// Whether the printer is off, or shows nothing at this port.
    fn dark(&self) -> bool {
        !self.power.is_on() || self.shut.is_some_and(|fault| self.faults.is_on(fault))
    }

    /// Whether the printer's ports are closed.
    pub(crate) fn closed(&self) -> bool {
        self.dark() || self.faults.rate(Fault::RefuseConnections) >= 1.0
    }

    /// Ends with the next change after this call.
    pub(crate) fn change(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        let (mut faults, mut power) = (self.faults.changes(), self.power.changes());
        let kept = self.clone();
        async move {
            // Both senders live as long as their clones in `kept`.
            tokio::select! {
                _ = faults.changed() => {}
                _ = power.changed() => {}
            }
            drop(kept);
        }
    }
}

/// How a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Fine,
    Stalled,
    Reset,
}

/// The circumstances of one connection.
pub(crate) struct Trouble {
    circumstances: Circumstances,
    change: Change,
    stall: Fate,
    drop: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Trouble {
    pub(crate) fn new(circumstances: Circumstances) -> Self {
        let change = Box::pin(circumstances.change());
        Self { circumstances, change, stall: Fate::default(), drop: None, over: false }
    }

    /// How the connection is doing; the task is woken when that may have changed.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Flow {
        while self.change.as_mut().poll(context).is_ready() {
            self.change = Box::pin(self.circumstances.change());
        }
        let faults = &self.circumstances.faults;
        self.over |= self.circumstances.dark();
        if !faults.is_on(Fault::DropConnections) {
            self.drop = None;
        } else {
            let drop = self.drop.get_or_insert_with(|| Box::pin(sleep(DROP_PERIOD)));
            while !self.over && drop.as_mut().poll(context) == Poll::Ready(()) {
                self.over = faults.strikes(Fault::DropConnections);
                *drop = Box::pin(sleep(DROP_PERIOD));
            }
        }
        match self.over {
            true => Flow::Reset,
            false if self.stall.struck(faults, Fault::Stall) => Flow::Stalled,
            false => Flow::Fine,
        }
    }

    /// The end of the connection on our side, as the other side is to see it.
    pub(crate) fn part(&mut self, tcp: TcpStream) {
        let faults = &self.circumstances.faults;
        if self.over {
            let _ = tcp.set_zero_linger();
        } else if self.stall.struck(faults, Fault::Stall) {
            faults.keep(tcp);
        }
    }
}
