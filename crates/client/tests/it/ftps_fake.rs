//! A printer's storage that does what a test tells it to, right or wrong, over TLS.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bambulab::{
    LanTarget, Options, Timing,
    protocol::{AccessCode, Serial},
};
use rustls::{HandshakeKind, ServerConfig};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::fake::Ca;

pub(crate) const CODE: &str = "12345678";

/// The serial of a P1S that no other test has, since a process has one session with each printer.
pub(crate) fn p1s() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("01P00A7{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What is odd about this one.
#[derive(Clone, Default)]
pub(crate) struct Odd {
    /// Instead of a command's own answer, for every command that begins so.
    pub(crate) answers: Vec<(&'static str, String)>,
    /// The welcome.
    pub(crate) welcome: Option<String>,
    /// What is said after an upload, and after how long.
    pub(crate) after_upload: Option<(&'static str, Duration)>,
    /// Of an upload it keeps no more.
    pub(crate) keeps: Option<usize>,
    /// It says yes to `PROT P` and then does no TLS on data connections.
    pub(crate) never_wraps: bool,
    /// Sent as a listing.
    pub(crate) listing: Option<Vec<u8>>,
    /// It hangs up after so many commands, on the first session only.
    pub(crate) hangs_up_after: Option<usize>,
    /// It never answers a command that begins so.
    pub(crate) silent_at: Option<&'static str>,
    /// Of a file that is fetched it sends no more.
    pub(crate) sends: Option<usize>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) commands: Vec<String>,
    pub(crate) sessions: usize,
    /// Of data connections: resumed or not.
    pub(crate) resumed: Vec<bool>,
}

pub(crate) struct Fake {
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) target: LanTarget,
    pub(crate) options: Options,
    /// The authority behind it.
    pub(crate) ca: Ca,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn new(serial: &str, odd: Odd) -> Self {
        let ca = Ca::new();
        let tls = ca.printer(serial);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target =
            LanTarget::new(Serial::new(serial).unwrap(), "127.0.0.1", AccessCode::new(CODE));
        let ftps_port = listener.local_addr().unwrap().port();
        let second = Duration::from_secs(1);
        let timing = Timing { connect: second, ack: second, ..Timing::default() };
        let options = Options { roots: ca.roots(), timing, ..Options::default() };
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut tasks = JoinSet::new();
        let shared = seen.clone();
        tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = {
                    let mut seen = shared.lock().unwrap();
                    seen.sessions += 1;
                    seen.sessions
                };
                let (tls, seen, odd) = (tls.clone(), shared.clone(), odd.clone());
                sessions.spawn(async move {
                    let Ok(stream) = TlsAcceptor::from(tls.clone()).accept(stream).await else {
                        return;
                    };
                    let session = Session {
                        tls,
                        seen,
                        odd,
                        number,
                        data: None,
                        is_private: false,
                        folder: String::new(),
                        from: String::new(),
                    };
                    let _ = session.serve(stream).await;
                });
            }
        });
        Self { seen, target: LanTarget { ftps_port, ..target }, options, ca, _tasks: tasks }
    }

    pub(crate) fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.seen.lock().unwrap().files.get(path).cloned()
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        self.seen.lock().unwrap().files.insert(path.into(), bytes.into());
    }

    /// Commands that begin so.
    pub(crate) fn commands(&self, begin: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.commands.iter().filter(|line| line.starts_with(begin)).cloned().collect()
    }
}

struct Session {
    tls: Arc<ServerConfig>,
    seen: Arc<Mutex<Seen>>,
    odd: Odd,
    number: usize,
    data: Option<TcpListener>,
    is_private: bool,
    folder: String,
    from: String,
}

impl Session {
    async fn serve(mut self, stream: TlsStream<TcpStream>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let welcome = self.odd.welcome.clone().unwrap_or_else(|| "220 (vsFTPd 3.0.5)\r\n".into());
        stream.write_all(welcome.as_bytes()).await?;
        stream.flush().await?;
        let mut count = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            count += 1;
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            self.seen.lock().unwrap().commands.push(line.clone());
            if self.number == 1 && self.odd.hangs_up_after.is_some_and(|after| count > after) {
                return Ok(());
            }
            if self.odd.silent_at.is_some_and(|begin| line.starts_with(begin)) {
                continue;
            }
            let odd = self.odd.answers.iter().find(|(begin, _)| line.starts_with(begin));
            let answer = match odd {
                Some((_, answer)) => answer.clone(),
                None => self.answer(&line, &mut stream).await?,
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            stream.flush().await?;
        }
    }

    async fn answer(
        &mut self,
        line: &str,
        control: &mut (impl AsyncWrite + Unpin),
    ) -> std::io::Result<String> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let held = self.seen.lock().unwrap().files.get(argument).map(Vec::len);
        Ok(match verb {
            "USER" => "331 password".into(),
            "PASS" if argument == CODE => "230 in".into(),
            "PASS" => "530 no".into(),
            "PROT" => {
                self.is_private = argument == "P";
                "200 ok".into()
            }
            "PBSZ" | "TYPE" | "NOOP" => "200 ok".into(),
            "CWD" => {
                self.folder = argument.into();
                "250 ok".into()
            }
            "EPSV" => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let port = listener.local_addr()?.port();
                self.data = Some(listener);
                format!("229 Entering Extended Passive Mode (|||{port}|)")
            }
            "SIZE" => held.map_or("550 no such file".into(), |size| format!("213 {size}")),
            "DELE" => {
                self.seen.lock().unwrap().files.remove(argument);
                "250 gone".into()
            }
            "RNFR" if held.is_none() => "550 no such file".into(),
            "RNFR" => {
                self.from = argument.into();
                "350 go on".into()
            }
            "RNTO" => {
                let mut seen = self.seen.lock().unwrap();
                let file = seen.files.remove(&self.from).unwrap_or_default();
                seen.files.insert(argument.into(), file);
                "250 renamed".into()
            }
            "STOR" | "RETR" | "LIST" => {
                let Some(listener) = self.data.take() else { return Ok("425 no".into()) };
                let (data, _) = listener.accept().await?;
                control.write_all(b"150 go\r\n").await?;
                control.flush().await?;
                return self.transfer(verb, argument, data).await;
            }
            _ => "502 not here".into(),
        })
    }

    async fn transfer(&self, verb: &str, path: &str, data: TcpStream) -> std::io::Result<String> {
        if self.odd.never_wraps || !self.is_private {
            return self.exchange(verb, path, data).await;
        }
        let data = TlsAcceptor::from(self.tls.clone()).accept(data).await?;
        let resumed = data.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        self.seen.lock().unwrap().resumed.push(resumed);
        self.exchange(verb, path, data).await
    }

    async fn exchange(
        &self,
        verb: &str,
        path: &str,
        mut data: impl AsyncRead + AsyncWrite + Unpin,
    ) -> std::io::Result<String> {
        if verb == "STOR" {
            let mut bytes = Vec::new();
            let _ = data.read_to_end(&mut bytes).await;
            bytes.truncate(self.odd.keeps.unwrap_or(usize::MAX));
            self.seen.lock().unwrap().files.insert(path.into(), bytes);
            let (answer, delay) = self.odd.after_upload.unwrap_or(("226 stored", Duration::ZERO));
            tokio::time::sleep(delay).await;
            return Ok(answer.into());
        }
        let bytes = match verb {
            "LIST" => self.odd.listing.clone().unwrap_or_else(|| self.listing()),
            _ => self.seen.lock().unwrap().files.get(path).cloned().unwrap_or_default(),
        };
        let sent = bytes.get(..self.odd.sends.unwrap_or(usize::MAX)).unwrap_or(&bytes);
        let _ = data.write_all(sent).await;
        let _ = data.shutdown().await;
        Ok("226 sent".into())
    }

    fn listing(&self) -> Vec<u8> {
        let folder = format!("{}/", self.folder.trim_end_matches('/'));
        let seen = self.seen.lock().unwrap();
        let mut listing = String::new();
        for (path, bytes) in &seen.files {
            if let Some(name) = path.strip_prefix(&folder) {
                let size = bytes.len();
                listing += &format!("-rwxr-xr-x 1 103 107 {size} Nov 21 22:10 {name}\r\n");
            }
        }
        listing.into_bytes()
    }
}
