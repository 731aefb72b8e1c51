//! Realtime sessions of `bambu proxy` over a simulated world, and what readers see when the cloud's
//! broker is gone for a while.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::{
    http::{self, get, request},
    serving::Serving,
    until,
    world::World,
};

const BASE: &str = "/v1/iot-service/api/user/device/realtime";
const TOKEN: Option<&str> = Some("reader");

/// A line to the broker that can be cut.
struct Line {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    sockets: Vec<TcpStream>,
}

impl Line {
    fn to(broker: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let seen = state.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&broker).unwrap();
                let mut state = seen.lock().unwrap();
                if state.is_cut {
                    continue;
                }
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || pump(from, to));
                }
                state.sockets.extend([near, far]);
            }
        });
        Self { port, state }
    }

    fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_cut = true;
        for socket in state.sockets.drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.state.lock().unwrap().is_cut = false;
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = (from.read(&mut [0]), to.flush());
}

/// A strict proxy with the token `reader`, its line to the broker, and the first printer.
fn proxy(world: &World) -> (Serving, Line, String) {
    let line = Line::to(format!("{}:{}", world.text("/mqtt/host"), world.text("/mqtt/port")));
    let tokens = json!({"reader": world.text("/account/token")});
    world.home.write("tokens.json", &tokens.to_string());
    let mut command = world.command(&["proxy", "strict", "--listen", "127.0.0.1:0"]);
    command.args(["--tokens", "tokens.json", "--rate-limit", "off"]);
    command.env("BAMBU_MQTT_URL", format!("mqtts://127.0.0.1:{}", line.port));
    let proxy = Serving::run(&mut command, world);
    (proxy, line, world.printer().0)
}

#[test]
fn a_session_shows_the_whole_report_and_no_secret() {
    let world = World::start(&["--state", "printing"]);
    let (proxy, _line, serial) = proxy(&world);
    let read = proxy.url("proxy_strict", &format!("{BASE}?device_id={serial}"));
    assert_eq!(get(&read, TOKEN).status, 404);
    let body = json!({"device_id": serial}).to_string();
    let start = proxy.url("proxy_strict", &format!("{BASE}/start"));
    for status in ["started", "extended"] {
        let answer = request("POST", &start, TOKEN, &body);
        assert_eq!((answer.status, &answer.json()["status"]), (200, &Value::from(status)));
    }
    until(|| get(&read, TOKEN).status == 200);
    let answer = get(&read, TOKEN);
    let print = &answer.json()["data"]["print"];
    assert_eq!(print["gcode_state"], "RUNNING");
    assert!(print["ams"].is_object() && print["nozzle_temper"].is_number());
    for secret in [world.printer().2, world.text("/account/token"), "rtsps://".to_owned()] {
        assert!(!answer.body.contains(&secret), "{}", answer.body);
    }
    let unknown = json!({"device_id": "01P00A999999999"}).to_string();
    assert_eq!(request("POST", &start, TOKEN, &unknown).status, 404);
    let sessions = get(&proxy.url("proxy_strict", "/admin/mqtt"), TOKEN).json();
    assert_eq!(sessions["active_sessions"], 1, "{sessions}");
}

#[test]
fn two_hundred_readers_go_on_while_the_broker_is_gone() {
    let world = World::start(&["--state", "printing"]);
    let (proxy, line, serial) = proxy(&world);
    let url = proxy.url("proxy_strict", &format!("{BASE}/stream?device_id={serial}"));
    let mut readers: Vec<_> = (0..200).map(|_| http::ask("GET", &url, TOKEN, "")).collect();
    for reader in &mut readers {
        let snapshot = reader.until("event: snapshot");
        assert!(snapshot.contains("retry: ") || snapshot.contains("id: "), "{snapshot}");
        reader.more("\"stale\":false");
    }
    let metrics = get(&proxy.url("proxy_strict", "/metrics"), None).body;
    for line in ["bambu_event_readers 200", "bambu_realtime_sessions 1"] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    line.cut();
    for reader in &mut readers {
        let told = reader.more("\"connection\":\"offline\"");
        assert!(told.contains("\"stale\":true"), "{told}");
    }
    line.mend();
    for reader in &mut readers {
        reader.more("\"connection\":\"online\"");
    }
    // They hear of the printer again.
    for reader in &mut readers {
        reader.more("\"updated_at\"");
    }
    #[cfg(unix)]
    {
        proxy.ask_to_end();
        readers.into_iter().for_each(http::Asked::end);
    }
}
