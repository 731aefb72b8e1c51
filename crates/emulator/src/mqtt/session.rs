//! One client after CONNECT: a reading and a writing half in one task.

use std::{
    cell::RefCell, collections::HashSet, future::poll_fn, io, pin::Pin, sync::Arc, task::ready,
    time::Duration,
};

use bambu_protocol::mqtt::{
    self, DecodeError, Limits as PacketLimits, Packet, Publish, QoS, SubAck, Subscribe,
    Unsubscribe, Will,
};
use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::faults::{Fate, Fault};

use super::{
    client::Client,
    frame::Frame,
    shared::{Shared, count},
};

/// Most QoS 2 messages of a client that are not released yet.
const MAX_UNRELEASED: usize = 256;

/// Longest wait for a client to take the last bytes.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);

/// Why a session ends, for the log.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("it said goodbye")]
    Goodbye,
    #[error("the connection broke")]
    Broken,
    #[error("nothing was heard for one and a half keep-alives")]
    Silent,
    #[error("another connection took its place, or its user was thrown out")]
    Closed,
    #[error("the broker ends")]
    Shutdown,
    #[error("malformed: {0}")]
    Malformed(DecodeError),
    #[error("violation: {0}")]
    Violation(&'static str),
}

struct Session<'a> {
    shared: &'a Shared,
    client: &'a Arc<Client>,
    filters: HashSet<Box<str>>,
    unreleased: HashSet<u16>,
    zombie: Fate,
}

/// A client that has been let in and registered.
pub(super) struct Arrival<S> {
    pub(super) reader: ReadHalf<S>,
    pub(super) writer: WriteHalf<S>,
    /// What came after CONNECT already.
    pub(super) buf: BytesMut,
    pub(super) client: Arc<Client>,
    /// Longest silence in seconds; 0 for any.
    pub(super) keep_alive: u16,
    pub(super) will: Option<Will>,
}

/// Serves a client until it ends.
pub(super) async fn run<S>(shared: &Shared, arrival: Arrival<S>, shutdown: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Arrival { mut reader, mut writer, buf, client, keep_alive, will } = arrival;
    tracing::debug!(user = %client.user, client_id = ?client.id, "client connected");
    let (filters, unreleased, zombie) = (HashSet::new(), HashSet::new(), Fate::default());
    let mut session = Session { shared, client: &client, filters, unreleased, zombie };
    let ending = tokio::select! {
        () = shutdown.cancelled() => Ending::Shutdown,
        () = client.closed() => Ending::Closed,
        ending = session.read(&mut reader, buf, keep_alive) => ending,
        ending = write(shared, &client, &mut writer) => ending,
    };
    let filters = std::mem::take(&mut session.filters);
    shared.leave(&client, filters);
    tracing::debug!(user = %client.user, client_id = ?client.id, %ending, "client gone");
    if let Some(will) = will
        && !matches!(ending, Ending::Goodbye | Ending::Shutdown)
    {
        publish_will(shared, &client, &will);
    }
    let _ = timeout(FAREWELL, writer.shutdown()).await;
}

fn publish_will(shared: &Shared, client: &Client, will: &Will) {
    if shared.hooks.may_publish(&client.user, &will.topic) {
        shared.hooks.published(&client.user, &will.topic, &will.payload);
        if shared.hooks.routes(&will.topic) {
            shared.deliver(&will.topic, &will.payload, will.qos);
        }
    }
}

/// Reads what is there to the end of `buf`; 0 at the end of the stream.
///
/// All connections of a thread read into one block, so that an idle one holds no buffer.
pub(super) async fn read_some<R: AsyncRead + Unpin>(
    io: &mut R,
    buf: &mut BytesMut,
) -> io::Result<usize> {
    thread_local! {
        static BLOCK: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 << 10].into());
    }
    poll_fn(|context| {
        BLOCK.with_borrow_mut(|block| {
            let mut block = ReadBuf::new(block);
            ready!(Pin::new(&mut *io).poll_read(context, &mut block))?;
            buf.extend_from_slice(block.filled());
            Ok(block.filled().len()).into()
        })
    })
    .await
}

async fn write<W: AsyncWrite + Unpin>(shared: &Shared, client: &Client, io: &mut W) -> Ending {
    loop {
        let mut batch = client.next().await;
        let topic = batch.resync.take();
        let full =
            topic.and_then(|topic| Frame::new(&topic, &shared.hooks.full_report(&topic)?, false));
        let messages = batch.messages() + usize::from(full.is_some());
        let bytes = batch.into_bytes(full.as_ref());
        if io.write_all(&bytes).await.is_err() || io.flush().await.is_err() {
            return Ending::Broken;
        }
        count(&shared.tally.deliveries, messages);
    }
}

impl Session<'_> {
    async fn read<R>(&mut self, io: &mut R, mut buf: BytesMut, keep_alive: u16) -> Ending
    where
        R: AsyncRead + Unpin,
    {
        let limits = PacketLimits { max_packet: self.shared.limits.max_packet };
        let patience = Duration::from_millis(u64::from(keep_alive) * 1500);
        let mut heard = Instant::now();
        loop {
            loop {
                match mqtt::decode(&mut buf, &limits) {
                    Ok(Some(packet)) => {
                        heard = Instant::now();
                        if let Err(ending) = self.handle(packet) {
                            return ending;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return Ending::Malformed(error),
                }
            }
            if buf.is_empty() {
                buf = BytesMut::new();
            }
            let read = read_some(io, &mut buf);
            let read = if keep_alive == 0 {
                read.await
            } else {
                match timeout_at(heard + patience, read).await {
                    Ok(read) => read,
                    Err(_) => return Ending::Silent,
                }
            };
            if !matches!(read, Ok(1..)) {
                return Ending::Broken;
            }
        }
    }

    fn handle(&mut self, packet: Packet) -> Result<(), Ending> {
        match packet {
            Packet::Publish(publish) => self.publish(&publish),
            Packet::PubAck(id) => {
                self.client.acknowledge(id);
                Ok(())
            }
            Packet::PubRel(id) => {
                self.unreleased.remove(&id);
                self.answer(&Packet::PubComp(id))
            }
            Packet::Subscribe(subscribe) => self.subscribe(&subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(&unsubscribe),
            Packet::PingReq => self.answer(&Packet::PingResp),
            Packet::Disconnect => Err(Ending::Goodbye),
            Packet::Connect(_) => Err(Ending::Violation("second CONNECT")),
            Packet::PubRec(_) | Packet::PubComp(_) => {
                Err(Ending::Violation("answer to a QoS 2 message that was never sent"))
            }
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp => {
                Err(Ending::Violation("packet that only a broker sends"))
            }
        }
    }

    fn answer(&self, packet: &Packet) -> Result<(), Ending> {
        if self.client.answer(packet) {
            Ok(())
        } else {
            Err(Ending::Violation("answers are not read"))
        }
    }

    fn publish(&mut self, publish: &Publish) -> Result<(), Ending> {
        let (hooks, user) = (&self.shared.hooks, &self.client.user);
        if !hooks.may_publish(user, &publish.topic) {
            return Err(Ending::Violation("publish to a forbidden topic"));
        }
        let repeated = match publish.packet_id {
            Some(id) if publish.qos == QoS::ExactlyOnce => !self.unreleased.insert(id),
            _ => false,
        };
        if self.unreleased.len() > MAX_UNRELEASED {
            return Err(Ending::Violation("too many unreleased QoS 2 messages"));
        }
        if !repeated {
            count(&self.shared.tally.published, 1);
            let circumstances = hooks.circumstances();
            // Acknowledged all the same: the broker is well, what stands behind it is not.
            if !circumstances.is_some_and(|of| self.zombie.doomed(&of.faults, Fault::Zombie)) {
                hooks.published(user, &publish.topic, &publish.payload);
                if hooks.routes(&publish.topic) {
                    self.shared.deliver(&publish.topic, &publish.payload, publish.qos);
                }
            }
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => self.answer(&Packet::PubAck(id)),
            (QoS::ExactlyOnce, Some(id)) => self.answer(&Packet::PubRec(id)),
            _ => Ok(()),
        }
    }

    fn subscribe(&mut self, subscribe: &Subscribe) -> Result<(), Ending> {
        let mut granted = Vec::with_capacity(subscribe.filters.len());
        for (filter, qos) in &subscribe.filters {
            let room = self.filters.len() < self.shared.limits.max_subscriptions
                || self.filters.contains(filter.as_str());
            if room && self.shared.hooks.may_subscribe(&self.client.user, filter) {
                let qos = (*qos).min(QoS::AtLeastOnce);
                self.shared.subscribe(self.client, filter, qos);
                self.filters.insert(filter.as_str().into());
                granted.push(Some(qos));
            } else {
                granted.push(None);
            }
        }
        self.answer(&Packet::SubAck(SubAck { packet_id: subscribe.packet_id, granted }))
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe) -> Result<(), Ending> {
        for filter in &unsubscribe.filters {
            if self.filters.remove(filter.as_str()) {
                self.shared.unsubscribe(self.client, filter);
            }
        }
        self.answer(&Packet::UnsubAck(unsubscribe.packet_id))
    }
}
