use bambulab::{LanTarget, Options, connect_lan, protocol::AccessCode};
use futures_util::{StreamExt as _, future::join_all, stream::BoxStream};
use serde_json::Value;
use tokio::{task::JoinSet, time::timeout};

use super::*;
use crate::{
    accounts::Accounts,
    testbed::{PATIENCE, World, token, until},
};

/// A relay that runs until it is dropped.
struct Running {
    relay: Relay,
    shutdown: CancellationToken,
    _task: JoinSet<()>,
}

fn running(most: usize) -> Running {
    let (relay, shutdown) = (Relay::new(most, Metrics::new()), CancellationToken::new());
    let mut task = JoinSet::new();
    let (runs, ends) = (relay.clone(), shutdown.clone());
    task.spawn(async move { runs.run(ends).await });
    Running { relay, shutdown, _task: task }
}

/// One who reads and merges, as a browser would.
struct Client {
    frames: BoxStream<'static, Bytes>,
    events: Vec<(String, Value)>,
    status: Value,
    snapshots: usize,
}

impl Client {
    fn new(frames: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        let frames = frames.boxed();
        Self { frames, events: Vec::new(), status: Value::Null, snapshots: 0 }
    }

    /// The next event, of one printer.
    async fn event(&mut self) -> Option<(String, Value)> {
        while self.events.is_empty() {
            let bytes = timeout(PATIENCE, self.frames.next()).await.expect("no frame came")?;
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.ends_with("\n\n"));
            for frame in text.split("\n\n").filter(|it| it.contains("data: ")) {
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
                let data = serde_json::from_str(field("data: ").unwrap()).unwrap();
                assert!(field("id: ").unwrap().parse::<u64>().is_ok());
                self.events.push((field("event: ").unwrap().to_owned(), data));
            }
        }
        let (event, data) = self.events.remove(0);
        match event.as_str() {
            "snapshot" => {
                self.status = data["status"].clone();
                self.snapshots += 1;
            }
            _ => merge(&mut self.status, &data["patch"]),
        }
        assert_eq!(data["stale"], data["connection"] != "online");
        Some((event, data))
    }

    /// Reads until an event is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Value, &Value) -> bool) -> Value {
        loop {
            let (_, data) = self.event().await.expect("the stream ended");
            if wanted(&data, &self.status) {
                return data;
            }
        }
    }

    async fn percent(&mut self, percent: u32) -> Value {
        self.until(|_, status| status["job"]["progress_percent"] == percent).await
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

async fn link(accounts: &Accounts, serial: &str) -> Link {
    let link = accounts.of(&token()).link(&serial.parse().unwrap()).await.unwrap();
    link.ready().await.unwrap();
    link
}

#[tokio::test]
async fn a_reader_sees_the_whole_and_then_what_changes() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    let link = link(&accounts, "A").await;
    let mut client = Client::new(running.relay.stream(vec![link.clone()]).unwrap());
    let (event, data) = client.event().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["serial"], &data["connection"]),
        ("snapshot", &"A".into(), &"online".into())
    );
    assert_eq!(data["status"]["job"]["progress_percent"], 1);
    assert!(data["age_seconds"].as_f64().unwrap() < PATIENCE.as_secs_f64());
    world.report("A", 2);
    let data = client.percent(2).await;
    assert!(data.get("status").is_none() && data["patch"].get("serial").is_none(), "{data}");
    assert_eq!(running.relay.readers(), 1);
    drop(client);
    assert_eq!(running.relay.readers(), 0);
}

#[tokio::test]
async fn what_is_masked_for_one_is_clear_to_the_other() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    let link = link(&accounts, "A").await;
    for (view, shown) in [(View::Masked, false), (View::Clear, true)] {
        let frames = running.relay.view(vec![link.clone()], view).unwrap();
        let first = frames.boxed().skip(1).next().await.unwrap();
        let text = String::from_utf8(first.to_vec()).unwrap();
        assert!(text.contains("event: snapshot"), "{text}");
        assert_eq!(text.contains("10.0.0.7"), shown, "{text}");
    }
}

#[tokio::test]
async fn readers_who_join_together_are_handed_the_same_bytes() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    let (a, b) = (link(&accounts, "A").await, link(&accounts, "B").await);
    let one = running.relay.stream(vec![a.clone(), b.clone()]).unwrap();
    let two = running.relay.stream(vec![b, a]).unwrap();
    let (mut one, mut two) = (one.boxed(), two.boxed());
    for _ in 0..3 {
        let (one, two) = (one.next().await.unwrap(), two.next().await.unwrap());
        assert_eq!(one.as_ptr(), two.as_ptr(), "{one:?}");
    }
    world.report("A", 7);
    let (one, two) = (one.next().await.unwrap(), two.next().await.unwrap());
    assert_eq!(one.as_ptr(), two.as_ptr());
}

#[tokio::test]
async fn two_hundred_readers_go_on_while_the_broker_is_gone() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(200));
    let link = link(&accounts, "A").await;
    let mut clients: Vec<_> =
        (0..200).map(|_| Client::new(running.relay.stream(vec![link.clone()]).unwrap())).collect();
    assert!(running.relay.stream(vec![link.clone()]).is_err());
    world.hang_up();
    let seen = join_all(
        clients.iter_mut().map(|client| client.until(|data, _| data["connection"] == "offline")),
    );
    for data in seen.await {
        assert_eq!((&data["stale"], &data["patch"]["online"]), (&true.into(), &false.into()));
        assert!(data["reason"].is_string() && data["age_seconds"].is_number(), "{data}");
    }
    world.heal();
    let live =
        |data: &Value, status: &Value| data["connection"] == "online" && status["online"] == true;
    join_all(clients.iter_mut().map(|client| client.until(live))).await;
    world.report("A", 50);
    join_all(clients.iter_mut().map(|client| client.percent(50))).await;
    assert!(clients.iter().all(|client| client.snapshots == 1));
    assert_eq!(running.relay.readers(), 200);
}

#[tokio::test]
async fn a_slow_reader_gets_a_new_snapshot_and_no_old_news() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    let link = link(&accounts, "A").await;
    let mut slow = Client::new(running.relay.stream(vec![link.clone()]).unwrap());
    let mut quick = Client::new(running.relay.stream(vec![link]).unwrap());
    for percent in 2..90 {
        world.report("A", percent);
        quick.percent(percent).await;
    }
    assert_eq!(quick.snapshots, 1);
    slow.percent(89).await;
    assert_eq!(slow.snapshots, 2);
    // Further than a reader may be behind, and yet no more than two snapshots and what is new.
    world.report("A", 90);
    slow.percent(90).await;
    assert_eq!(slow.snapshots, 2);
}

#[tokio::test]
async fn streams_end_with_the_server_and_none_begins_after_it() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    let link = link(&accounts, "A").await;
    let mut client = Client::new(running.relay.stream(vec![link.clone()]).unwrap());
    running.shutdown.cancel();
    while client.event().await.is_some() {}
    assert!(running.relay.stream(vec![link]).is_err());
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_comments() {
    let running = running(10);
    let target = LanTarget::new("A".parse().unwrap(), "127.0.0.1", AccessCode::new("12345678"));
    let link = connect_lan(LanTarget { port: 1, ..target }, Options::default());
    let mut frames = running.relay.stream(vec![link]).unwrap().boxed();
    let mut comments = 0;
    while comments < 3 {
        let frame = timeout(Duration::from_secs(600), frames.next()).await.unwrap().unwrap();
        comments += usize::from(frame.starts_with(b": "));
    }
}

#[tokio::test]
async fn who_left_is_forgotten_and_who_comes_back_is_served() {
    let world = World::new().await;
    let (accounts, running) = (world.accounts(), running(10));
    for percent in 2..6 {
        let link = link(&accounts, "A").await;
        let mut client = Client::new(running.relay.stream(vec![link]).unwrap());
        client.event().await.unwrap();
        world.report("A", percent);
        client.percent(percent).await;
        drop(client);
        running.relay.state().tend(Instant::now());
    }
    until(|| {
        let mut state = running.relay.state();
        state.tend(Instant::now());
        state.is_empty()
    })
    .await;
}
