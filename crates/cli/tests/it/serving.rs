//! A server verb in a process of its own.

use std::{
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::world::{PATIENCE, World};

/// A server over a simulated world; it is killed when the test ends.
pub(crate) struct Serving {
    child: Child,
    log: PathBuf,
    urls: Value,
}

impl Serving {
    /// Starts a verb with the settings of the account's owner.
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Self {
        Self::run(&mut world.command(arguments), world)
    }

    /// Starts a call; it gets a ready file of its own.
    pub(crate) fn run(command: &mut Command, world: &World) -> Self {
        let folder = tempfile::Builder::new().tempdir_in(world.home.path()).unwrap().keep();
        let (ready, log) = (folder.join("ready.json"), folder.join("log"));
        command.arg("--ready-file").arg(&ready);
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let began = Instant::now();
        let urls = loop {
            if let Ok(text) = std::fs::read(&ready) {
                break serde_json::from_slice(&text).unwrap();
            }
            if began.elapsed() > PATIENCE || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                panic!("it did not start: {}", std::fs::read_to_string(&log).unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Self { child, log, urls }
    }

    /// The address of a face, with a path.
    pub(crate) fn url(&self, face: &str, path: &str) -> String {
        format!("{}{path}", self.urls[face].as_str().unwrap_or_else(|| panic!("no {face}")))
    }

    /// How many faces it has.
    pub(crate) fn faces(&self) -> usize {
        self.urls.as_object().unwrap().len()
    }

    /// What it told on standard error so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, as a service manager does.
    #[cfg(unix)]
    pub(crate) fn ask_to_end(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.ended();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
