//! A printer in the cloud: who owns it, what its owner calls it, and how it comes to another owner.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bambu_protocol::Serial;
use rand::{SeedableRng, rngs::StdRng};
use tokio::sync::watch;

use super::{Cloud, Listed, account::Account, letters::word};
use crate::simulator::Summary;

/// What PINs and tickets are made of; nothing that is easily misread.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Length of a PIN and of a ticket [L].
const LENGTH: usize = 6;
/// How long a ticket counts [G].
const TICKET_LIFE: Duration = Duration::from_secs(5 * 60);
/// Tickets that count at once; the oldest goes.
const MAX_TICKETS: usize = 64;

/// A printer and the account it is bound to, if any.
pub struct Bound {
    owner: watch::Sender<Option<Arc<Account>>>,
    name: Mutex<Option<String>>,
    pin: String,
    printer: Arc<dyn Listed>,
    online: AtomicBool,
}

/// Tickets with which printers ask to be bound.
#[derive(Default)]
pub(super) struct Tickets(Mutex<VecDeque<(String, Serial, Instant)>>);

impl Bound {
    pub(super) fn new(owner: Arc<Account>, printer: Arc<dyn Listed>) -> Self {
        let code = printer.access_code();
        let bytes = printer.serial().as_str().bytes().chain(code.reveal().bytes());
        let seed = bytes.fold(0xCBF2_9CE4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self {
            owner: watch::Sender::new(Some(owner)),
            name: Mutex::default(),
            pin: word(&mut StdRng::seed_from_u64(seed), LETTERS, LENGTH),
            printer,
            online: AtomicBool::new(true),
        }
    }

    /// The account that owns it now.
    pub fn owner(&self) -> Option<Arc<Account>> {
        self.owner.borrow().clone()
    }

    /// Whether this account owns it.
    pub fn is_of(&self, account: &Account) -> bool {
        self.owner.borrow().as_ref().is_some_and(|owner| owner.uid == account.uid)
    }

    /// Its owners from now on.
    pub fn owners(&self) -> watch::Receiver<Option<Arc<Account>>> {
        self.owner.subscribe()
    }

    /// The six characters on its screen that bind it while nobody owns it. A secret.
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// The printer.
    pub fn printer(&self) -> &Arc<dyn Listed> {
        &self.printer
    }

    /// What the cloud tells about it now, with the name that its owner has given it.
    pub fn summary(&self) -> Summary {
        let mut summary = self.printer.summary();
        if let Some(name) = &*self.name() {
            summary.name.clone_from(name);
        }
        summary
    }

    /// Gives it another name.
    pub fn rename(&self, name: &str) {
        *self.name() = Some(name.to_owned());
    }

    /// Whether the cloud reaches it.
    pub fn online(&self) -> bool {
        self.online.load(Ordering::Relaxed)
    }

    /// Cuts it off from the cloud or lets it back; tells whether that was news.
    pub fn set_online(&self, online: bool) -> bool {
        self.online.swap(online, Ordering::Relaxed) != online
    }

    /// Gives it to an account if nobody owns it; false if somebody does.
    fn bind(&self, account: &Arc<Account>) -> bool {
        self.owner.send_if_modified(|owner| {
            let free = owner.is_none();
            if free {
                *owner = Some(Arc::clone(account));
            }
            free
        })
    }

    fn name(&self) -> MutexGuard<'_, Option<String>> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cloud {
    /// The account's own printer with this serial number.
    pub fn own(&self, account: &Account, serial: &str) -> Option<&Bound> {
        let serial = Serial::new(serial.trim()).ok()?;
        self.printer(&serial).filter(|bound| bound.is_of(account))
    }

    /// Takes the account's printer from it; false when it has none with this serial number.
    pub fn unbind(&self, account: &Account, serial: &str) -> bool {
        let Some(bound) = self.own(account, serial) else { return false };
        *bound.name() = None;
        bound.owner.send_if_modified(|owner| {
            let mine = owner.as_ref().is_some_and(|owner| owner.uid == account.uid);
            if mine {
                *owner = None;
            }
            mine
        })
    }

    /// Binds the free printer that shows this PIN; `None` when none does.
    pub fn bind_by_pin(&self, account: &Arc<Account>, pin: &str) -> Option<&Bound> {
        let mut all = self.printers();
        let pin = pin.trim();
        let bound = all.find(|bound| bound.pin.eq_ignore_ascii_case(pin) && bound.online())?;
        bound.bind(account).then_some(bound)
    }

    /// A ticket with which this printer asks to be bound, as it hands them out over the local
    /// network; `None` while somebody owns it or the cloud does not reach it.
    pub fn mint_ticket(&self, serial: &Serial) -> Option<String> {
        let bound = self.printer(serial).filter(|bound| bound.online())?;
        if bound.owner().is_some() {
            return None;
        }
        let ticket = word(&mut rand::rng(), LETTERS, LENGTH);
        let mut tickets = self.tickets.all();
        if tickets.len() >= MAX_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back((ticket.clone(), serial.clone(), Instant::now()));
        Some(ticket)
    }

    /// Whether a printer asks with this ticket now.
    pub fn knows_ticket(&self, ticket: &str) -> bool {
        self.tickets.find(ticket).is_some()
    }

    /// Binds the printer that asks with this ticket, which is used up then; `None` when none does.
    pub fn bind_by_ticket(&self, account: &Arc<Account>, ticket: &str) -> Option<&Bound> {
        let serial = self.tickets.find(ticket)?;
        self.tickets.all().retain(|(known, ..)| known != ticket);
        self.printer(&serial).filter(|bound| bound.bind(account))
    }
}

impl Tickets {
    fn all(&self) -> MutexGuard<'_, VecDeque<(String, Serial, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, ticket: &str) -> Option<Serial> {
        let mut tickets = self.all();
        tickets.retain(|(.., minted)| minted.elapsed() <= TICKET_LIFE);
        tickets.iter().find(|(known, ..)| known == ticket).map(|(_, serial, _)| serial.clone())
    }
}
