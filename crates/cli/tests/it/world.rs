//! A simulated world in a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::run::{Home, Run};

/// How long anything may take before a test gives up; far more than it should.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running `bambu simulate`; it is killed when the test ends.
pub(crate) struct World {
    child: Child,
    pub(crate) home: Home,
    pub(crate) ready: Value,
}

impl World {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let home = Home::new();
        let file = home.path().join("ready.json");
        let mut child = home
            .command(
                &[&["simulate", "--ready-file", "ready.json", "--state-dir", "state"], arguments]
                    .concat(),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let ready = loop {
            if let Ok(text) = std::fs::read(&file) {
                break serde_json::from_slice(&text).unwrap();
            }
            if began.elapsed() > PATIENCE || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                panic!("the world did not start");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        Self { child, home, ready }
    }

    /// A text of the ready file, by its place.
    pub(crate) fn text(&self, place: &str) -> String {
        match self.ready.pointer(place).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// A call with the account's settings in the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        let mqtt = format!("mqtts://{}:{}", self.text("/mqtt/host"), self.text("/mqtt/port"));
        command.env("BAMBU_API_URL", self.text("/api_url"));
        command.env("BAMBU_MQTT_URL", mqtt);
        command.env("BAMBU_CA_FILE", self.ca());
        command.env("BAMBU_TOKEN", self.text("/account/token"));
        command
    }

    pub(crate) fn ca(&self) -> PathBuf {
        Path::new(&self.text("/ca_file")).to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments))
    }

    /// Switches a fault or Developer Mode while the world runs, by its path.
    pub(crate) fn put(&self, path: &str) {
        use std::io::{Read as _, Write as _};
        let url = self.text("/control_url");
        let address = url.strip_prefix("http://").unwrap();
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        let close = "Connection: close\r\nContent-Length: 0\r\n\r\n";
        write!(socket, "PUT {path} HTTP/1.1\r\nHost: {address}\r\n{close}").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    }

    /// A config file with all printers of this world as they stand on the local network.
    pub(crate) fn on_lan(&self) -> String {
        let mut config = String::new();
        for printer in self.ready["printers"].as_array().unwrap() {
            config += "[[printer]]\nhost = \"127.0.0.1\"\n";
            for key in ["serial", "name", "mqtt_port", "ftps_port", "access_code"] {
                config += &format!("{key} = {}\n", printer[key]);
            }
            let camera = &printer
                [if printer["camera_port"].is_null() { "rtsps_port" } else { "camera_port" }];
            config += &format!("camera_port = {camera}\n");
        }
        config
    }

    /// The first printer: serial number, MQTT port, access code.
    pub(crate) fn printer(&self) -> (String, String, String) {
        let of = |key: &str| self.text(&format!("/printers/0/{key}"));
        (of("serial"), of("mqtt_port"), of("access_code"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call whose output is read while it runs; it is killed when the test ends.
pub(crate) struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that holds this text.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            if line.contains(text) {
                return line;
            }
        }
        panic!("no line with {text:?} came");
    }

    /// Ends it as a service manager does; its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
