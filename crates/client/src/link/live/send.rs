//! What a connection sends to its printers, and under which id the answer is awaited.

use bambu_protocol::{
    Serial,
    mqtt::{Packet, Publish, QoS, topic},
    request::{Request, SequenceId},
};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

use super::Live;
use crate::{
    link::{
        Reason, SendError,
        hub::Command,
        pending::{done, is_mute, is_same},
    },
    mqtt::SocketError,
};

/// How long a command that a printer does not answer may still be refused.
const MUTE: Duration = Duration::from_secs(3);

impl Live<'_> {
    pub(super) fn command(&mut self, command: Command) -> Result<(), SocketError> {
        let Command { serial, request, answer } = command;
        let now = Instant::now();
        let timing = self.session.timing().clone();
        let id = self.session.next_id();
        let Some(printer) = self.session.printers.get_mut(&serial) else {
            let _ = answer.send(Err(SendError::Offline(Reason::Closed)));
            return Ok(());
        };
        // What nobody waits for any more is not sent: it would come as a surprise.
        if answer.is_closed() {
            return Ok(());
        }
        if let Err(error) = printer.feed.snapshot.borrow().connection.check() {
            let _ = answer.send(Err(error));
            return Ok(());
        }
        let is_pushall = is_same(&request, &Request::PushAll);
        let is_repeated = is_pushall && printer.pushall_from(now, &timing) > now;
        if (request.section() == "pushing" && is_mute(&request))
            || (is_repeated && printer.vigil.is_fresh())
        {
            if !is_repeated {
                self.publish_as(&serial, &request, id)?;
            }
            let _ = answer.send(Ok(done(&request, id)));
            return Ok(());
        }
        if !printer.pending.has_room() {
            let _ = answer.send(Err(SendError::Busy));
            return Ok(());
        }
        let deadline = now + if is_mute(&request) { timing.ack.min(MUTE) } else { timing.ack };
        if is_pushall && !is_repeated {
            printer.vigil.asked_full(now);
        }
        printer.pending.insert(request.clone(), id, deadline, answer);
        self.check_at = self.check_at.min(deadline);
        if is_repeated {
            return Ok(());
        }
        self.publish_as(&serial, &request, id)
    }

    pub(super) fn first_requests(
        &mut self,
        serial: &Serial,
        now: Instant,
    ) -> Result<(), SocketError> {
        let Some(printer) = self.session.printers.get_mut(serial) else {
            return Ok(());
        };
        printer.vigil.greeted(now);
        self.check_soon(now);
        self.publish(serial, &Request::GetVersion)?;
        self.publish(serial, &Request::PushAll)
    }

    pub(super) fn publish(
        &mut self,
        serial: &Serial,
        request: &Request,
    ) -> Result<(), SocketError> {
        let id = self.session.next_id();
        self.publish_as(serial, request, id)
    }

    fn publish_as(
        &mut self,
        serial: &Serial,
        request: &Request,
        id: SequenceId,
    ) -> Result<(), SocketError> {
        if let Some(printer) = self.session.printers.get_mut(serial) {
            printer.sent(request, Instant::now());
        }
        let qos = request.qos();
        let packet_id = (qos != QoS::AtMostOnce).then(|| self.next_packet_id());
        self.socket.queue(&Packet::Publish(Publish {
            topic: topic::request(serial),
            payload: Bytes::from(request.json(id)),
            qos,
            retain: false,
            dup: false,
            packet_id,
        }))
    }

    pub(super) fn next_packet_id(&mut self) -> u16 {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        self.packet_id
    }
}
