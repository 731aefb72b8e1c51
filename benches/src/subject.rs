//! A program under measurement: a child process, its memory and its processor time.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::Error;

/// A running broker or server; killed when dropped.
#[derive(Debug)]
pub struct Subject {
    child: Child,
    /// Where it listens, on this machine.
    pub address: SocketAddr,
}

impl Subject {
    /// Starts `program arguments…`, which prints its port as its first line.
    ///
    /// # Errors
    /// When it cannot be started or prints something else.
    pub fn ours(program: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let port: u16 = line.trim().parse()?;
        Ok(Self { child, address: ([127, 0, 0, 1], port).into() })
    }

    /// Starts Debian's mosquitto in `dir` with a certificate chain and key there.
    ///
    /// # Errors
    /// When it is not installed or does not listen.
    pub fn mosquitto(dir: &Path, chain: &Path, key: &Path) -> Result<Self, Error> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = dir.join("mosquitto.conf");
        fs::write(
            &config,
            format!(
                "listener {port} 127.0.0.1\ncertfile {chain}\nkeyfile {key}\nallow_anonymous true\n\
                 persistence false\nlog_type none\nset_tcp_nodelay true\nmax_queued_messages 0\nuser root\n",
                port = address.port(),
                chain = chain.display(),
                key = key.display(),
            ),
        )?;
        let mut command = Command::new("/usr/sbin/mosquitto");
        let child = command.arg("-c").arg(&config).stderr(Stdio::null()).spawn()?;
        let subject = Self { child, address };
        for _ in 0..200 {
            if TcpStream::connect(address).is_ok() {
                return Ok(subject);
            }
            sleep(Duration::from_millis(20));
        }
        Err("mosquitto does not listen".into())
    }

    /// Starts one of our servers, which writes where it listens into `ready`.
    ///
    /// # Errors
    /// When it cannot be started or is not ready within 30 s.
    pub fn served(command: &mut Command, ready: &Path) -> Result<Self, Error> {
        let child = command.arg("--ready-file").arg(ready).stdout(Stdio::null()).spawn()?;
        let mut subject = Self { child, address: ([127, 0, 0, 1], 0).into() };
        for _ in 0..1500 {
            if let Ok(text) = fs::read_to_string(ready)
                && let Ok(urls) = serde_json::from_str::<BTreeMap<String, String>>(&text)
                && let Some(url) = urls.values().next()
            {
                let address = url.trim_start_matches("http://").trim_end_matches('/');
                subject.address = address.parse()?;
                return Ok(subject);
            }
            sleep(Duration::from_millis(20));
        }
        Err("the server is not ready".into())
    }

    /// Resident memory in KiB.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_kib(&self) -> Result<f64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(number.ok_or("no VmRSS")?.trim().parse()?)
    }

    /// Processor time used so far in seconds, all threads, user and system.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn processor_seconds(&self) -> Result<f64, Error> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("odd stat")?;
        let mut fields = fields.split_whitespace().skip(11);
        let user: f64 = fields.next().ok_or("odd stat")?.parse()?;
        let system: f64 = fields.next().ok_or("odd stat")?.parse()?;
        // USER_HZ is 100 on every Linux that we meet.
        Ok((user + system) / 100.0)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
