//! A connection that stands: reports in, silence watched over. What it sends is `live/send.rs`.

mod send;

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use bambu_protocol::{
    Serial,
    mqtt::{Packet, Publish, QoS, SubAck, Subscribe, Unsubscribe, topic},
    request::Request,
};
use tokio::time::{Instant, sleep_until};

use super::{
    Connection, Reason,
    session::{Session, other_way},
    tracked::After,
    vigil::Duty,
};
use crate::mqtt::{Socket, SocketError};

/// Topics per SUBSCRIBE.
const BATCH: usize = 32;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long there may be nothing to watch over.
const IDLE: Duration = Duration::from_secs(600);

/// One standing connection.
pub(super) struct Live<'s> {
    session: &'s mut Session,
    socket: Socket,
    packet_id: u16,
    /// SUBSCRIBEs that wait for their answer.
    subscribing: HashMap<u16, (Instant, Vec<Serial>)>,
    /// Printers that wait for their first requests, and from when on these may be sent.
    greet: BTreeSet<(Instant, Serial)>,
    greet_at: Instant,
    check_at: Instant,
    ping_at: Instant,
    pinged: bool,
}

impl<'s> Live<'s> {
    pub(super) fn new(session: &'s mut Session, socket: Socket) -> Self {
        let now = Instant::now();
        let ping_at = now + ping_every(session);
        Self {
            session,
            socket,
            packet_id: 0,
            subscribing: HashMap::new(),
            greet: BTreeSet::new(),
            greet_at: now,
            check_at: now,
            ping_at,
            pinged: false,
        }
    }

    /// Serves until the connection ends; says goodbye where somebody is there to hear it.
    pub(super) async fn serve(mut self) -> Reason {
        match self.work().await {
            Ok(reason) => {
                self.socket.close(GOODBYE).await;
                reason
            }
            Err(error) => Reason::Lost(error.to_string()),
        }
    }

    async fn work(&mut self) -> Result<Reason, SocketError> {
        self.session.adopt();
        let now = Instant::now();
        for printer in self.session.printers.values_mut() {
            printer.begin(now);
            printer.set_connection(Connection::Connecting);
        }
        let serials: Vec<_> = self.session.printers.keys().cloned().collect();
        self.subscribe(&serials, now)?;
        let hub = self.session.hub.clone();
        let within = self.session.timing().connect;
        let sleep = sleep_until(now);
        tokio::pin!(sleep);
        loop {
            // A timer fires only when the runtime has nothing else to do, which under a flood of
            // reports is seldom: what is due is seen to here, one duty and one packet by turns.
            let now = Instant::now();
            if self.wake_at() <= now
                && let Some(reason) = self.tick(now)?
            {
                return Ok(reason);
            }
            // A peer that takes nothing must not hold up the end.
            tokio::select! {
                biased;
                () = hub.closing.cancelled() => return Ok(Reason::Closed),
                sent = self.socket.flush(within) => sent?,
            }
            sleep.as_mut().reset(self.wake_at());
            tokio::select! {
                biased;
                () = hub.closing.cancelled() => return Ok(Reason::Closed),
                Some(command) = self.session.commands.recv() => self.command(*command)?,
                () = hub.changed.notified() => self.change()?,
                () = other_way(&mut self.session.both) => {}
                packet = self.socket.read() => self.packet(packet?)?,
                () = &mut sleep => {}
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let greet = self.greet.first().map(|(from, _)| self.greet_at.max(*from));
        greet.into_iter().fold(self.check_at.min(self.ping_at), Instant::min)
    }

    /// Everything whose time has come; a reason when the connection is to be given up.
    fn tick(&mut self, now: Instant) -> Result<Option<Reason>, SocketError> {
        if now >= self.ping_at {
            if self.pinged {
                return Ok(Some(Reason::Lost("no answer to a ping".into())));
            }
            self.socket.queue(&Packet::PingReq)?;
            self.pinged = true;
            self.ping_at = now + self.session.timing().ack;
        }
        if now >= self.greet_at
            && self.greet.first().is_some_and(|(from, _)| *from <= now)
            && let Some((_, serial)) = self.greet.pop_first()
        {
            self.greet_at = now + self.session.timing().pace;
            self.first_requests(&serial, now)?;
        }
        if now >= self.check_at { self.check(now) } else { Ok(None) }
    }

    /// Brings the next check to the nearest moment at which something can become due.
    fn check_soon(&mut self, now: Instant) {
        let timing = self.session.timing();
        let waits = [timing.start_push_after, timing.stale_after, timing.lan_silence / 2];
        let soonest = waits.into_iter().fold(timing.ack, Duration::min);
        self.check_at = self.check_at.min(now + soonest);
    }

    /// Looks after each printer and finds out when to do so again.
    fn check(&mut self, now: Instant) -> Result<Option<Reason>, SocketError> {
        let timing = self.session.timing().clone();
        if self.subscribing.values().any(|(deadline, _)| *deadline <= now) {
            return Ok(Some(Reason::Lost("no answer to a subscription".into())));
        }
        let mut duties = Vec::new();
        for (serial, printer) in &mut self.session.printers {
            for _ in 0..printer.pending.expire(now) {
                if printer.vigil.unanswered(now) {
                    duties.push((serial.clone(), Duty::Probe));
                }
            }
            let nature = printer.nature(now);
            while let Some(duty) = printer.vigil.due(now, &timing, nature) {
                duties.push((serial.clone(), duty));
                if duty == Duty::GiveUp {
                    break;
                }
            }
            printer.doubt(now, &timing);
        }
        for (serial, duty) in duties {
            match duty {
                Duty::AskFull => self.publish(&serial, &Request::PushAll)?,
                Duty::StartPush => self.publish(&serial, &Request::StartPush)?,
                Duty::AskVersion | Duty::Probe => self.publish(&serial, &Request::GetVersion)?,
                Duty::GiveUp => {
                    if let Some(reason) = self.give_up(&serial, now) {
                        return Ok(Some(reason));
                    }
                    continue;
                }
            };
        }
        let printers = self.session.printers.values();
        let due = printers.flat_map(|printer| {
            [printer.vigil.next(&timing, printer.nature(now)), printer.pending.next_deadline()]
        });
        let answers = self.subscribing.values().map(|(deadline, _)| Some(*deadline));
        self.check_at = due.chain(answers).flatten().min().unwrap_or(now + IDLE);
        Ok(None)
    }

    /// A printer does not answer. Its own connection is made anew; one that it shares with others
    /// only when none of them speaks either, which points at the connection.
    fn give_up(&mut self, serial: &Serial, now: Instant) -> Option<Reason> {
        let timing = self.session.timing().clone();
        let others_speak = self.session.printers.iter().any(|(other, printer)| {
            other != serial && printer.vigil.has_spoken() && !printer.vigil.is_silent(now, &timing)
        });
        let is_lan = self.session.is_lan();
        let printer = self.session.printers.get_mut(serial)?;
        let had_spoken = printer.vigil.has_spoken();
        let reason = match (is_lan, had_spoken) {
            (true, false) => Some(Reason::PrinterOffline),
            (false, false) => None,
            (true, true) => Some(Reason::Lost("the printer stopped answering".into())),
            (false, true) => (!others_speak)
                .then(|| Reason::Lost("no printer answers on this connection".into())),
        };
        if reason.is_none() {
            printer.give_up(now);
        }
        reason
    }

    fn packet(&mut self, packet: Packet) -> Result<(), SocketError> {
        if self.pinged {
            // Whatever comes shows that the broker is there; its answer may stand behind reports.
            self.pinged = false;
            self.ping_at = Instant::now() + ping_every(self.session);
        }
        match packet {
            Packet::Publish(publish) => self.report(&publish)?,
            Packet::SubAck(ack) => self.subscribed(ack),
            // The printer's own answer counts, not the broker's.
            _ => {}
        }
        Ok(())
    }

    fn report(&mut self, publish: &Publish) -> Result<(), SocketError> {
        if let (QoS::AtLeastOnce, Some(id)) = (publish.qos, publish.packet_id) {
            self.socket.queue(&Packet::PubAck(id))?;
        }
        let Some((serial, topic::Kind::Report)) = topic::split(&publish.topic) else {
            return Ok(());
        };
        let Some(printer) = self.session.printers.get_mut(serial) else {
            return Ok(());
        };
        let now = Instant::now();
        let is_first = !printer.vigil.has_spoken();
        if printer.report(&publish.payload, now) == After::Greet {
            let serial = printer.feed.serial.clone();
            self.welcome(serial, now);
        }
        if is_first {
            self.check_soon(now);
        }
        Ok(())
    }

    /// Printers were added or are not watched any more.
    fn change(&mut self) -> Result<(), SocketError> {
        let changes = self.session.adopt();
        for batch in changes.removed.chunks(BATCH) {
            let filters = batch.iter().map(topic::report).collect();
            let packet_id = self.next_packet_id();
            self.socket.queue(&Packet::Unsubscribe(Unsubscribe { packet_id, filters }))?;
        }
        self.greet.retain(|(_, serial)| self.session.printers.contains_key(serial));
        self.subscribe(&changes.added, Instant::now())
    }

    fn subscribe(&mut self, serials: &[Serial], now: Instant) -> Result<(), SocketError> {
        let deadline = now + self.session.timing().ack;
        for batch in serials.chunks(BATCH) {
            let filters = batch.iter().map(|s| (topic::report(s), QoS::AtMostOnce)).collect();
            let packet_id = self.next_packet_id();
            self.socket.queue(&Packet::Subscribe(Subscribe { packet_id, filters }))?;
            self.subscribing.insert(packet_id, (deadline, batch.to_vec()));
            self.check_at = self.check_at.min(deadline);
        }
        Ok(())
    }

    fn subscribed(&mut self, ack: SubAck) {
        let now = Instant::now();
        let Some((_, serials)) = self.subscribing.remove(&ack.packet_id) else {
            return;
        };
        let granted = ack.granted.into_iter().chain(std::iter::repeat(None));
        for (serial, granted) in serials.into_iter().zip(granted) {
            if granted.is_some() {
                self.welcome(serial, now);
            } else if let Some(printer) = self.session.printers.get(&serial) {
                printer.set_connection(Connection::Offline(Reason::NotAllowed));
            }
        }
    }

    /// Puts a printer behind those that wait for their first requests.
    fn welcome(&mut self, serial: Serial, now: Instant) {
        if let Some(printer) = self.session.printers.get(&serial)
            && !self.greet.iter().any(|(_, waiting)| *waiting == serial)
        {
            let from = printer.pushall_from(now, self.session.timing());
            self.greet.insert((from, serial));
        }
    }
}

/// Well within the time that the broker was told.
fn ping_every(session: &Session) -> Duration {
    session.timing().keep_alive.mul_f64(2.0 / 3.0)
}
