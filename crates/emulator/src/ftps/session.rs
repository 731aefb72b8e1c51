//! One control connection: who is there, where he stands, and the answer to each command. What moves
//! bytes is in `transfer.rs`.

use std::time::Duration;

use bambu_protocol::mqtt::login;
use bytes::BytesMut;
use subtle::ConstantTimeEq as _;
use tokio::{
    io::AsyncWriteExt as _,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    Files,
    command::Command,
    data::{Passive, Peer},
    habits::Habits,
    line::{self, Line},
    listing,
};
use crate::{
    faults::{Circumstances, Fault, wire::Wire},
    storage::{InvalidName, Place, StorageError},
};

/// A connection on which nothing is said for so long is dropped without a word [L].
const IDLE: Duration = Duration::from_secs(5 * 60);
/// Longest time that an answer may take to leave.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// Wrong logins before the connection is closed, and how long each takes to be told [V].
const MOST_WRONG: u32 = 3;
const WRONG_PAUSE: Duration = Duration::from_millis(200);

/// The control connection.
pub(super) type Control = TlsStream<Wire>;

/// Code and text of an answer.
pub(super) struct Reply(pub(super) u16, pub(super) String);

/// What follows a command.
pub(super) enum Next {
    /// This answer, and the next command.
    Answer(Reply),
    /// This answer, and the end.
    Goodbye(Reply),
    /// The end, as a break.
    Reset,
}

/// An answer with a text that is always the same.
pub(super) fn say(code: u16, text: &str) -> Next {
    Next::Answer(Reply(code, text.to_owned()))
}

/// One conversation.
pub(super) struct Session {
    pub(super) files: Files,
    pub(super) habits: &'static Habits,
    pub(super) acceptor: TlsAcceptor,
    pub(super) peer: Peer,
    pub(super) circumstances: Circumstances,
    pub(super) folder: Place,
    /// `PROT P` holds.
    pub(super) is_private: bool,
    pub(super) passive: Option<Passive>,
    user: Option<String>,
    is_in: bool,
    wrong: u32,
    /// What `RNFR` has named.
    from: Option<Place>,
}

impl Session {
    pub(super) fn new(
        files: Files,
        habits: &'static Habits,
        acceptor: TlsAcceptor,
        peer: Peer,
    ) -> Self {
        let circumstances = Circumstances::of(&*files.machine);
        Self {
            files,
            habits,
            acceptor,
            peer,
            circumstances,
            folder: Place::root(),
            is_private: false,
            passive: None,
            user: None,
            is_in: false,
            wrong: 0,
            from: None,
        }
    }

    /// Talks until one side has enough.
    pub(super) async fn run(mut self, mut control: Control) {
        let mut buffer = BytesMut::new();
        let mut reply = Reply(220, self.habits.banner.to_owned());
        loop {
            if send(&mut control, &reply).await.is_none() {
                return;
            }
            let line = match line::next(&mut control, &mut buffer, IDLE).await {
                Line::Whole(line) => line,
                Line::TooLong => {
                    let _ = send(&mut control, &Reply(500, "Input line too long.".into())).await;
                    break;
                }
                Line::End => break,
            };
            match self.answer(Command::read(&line), &mut control).await {
                Next::Answer(next) => reply = next,
                Next::Goodbye(last) => {
                    let _ = send(&mut control, &last).await;
                    break;
                }
                Next::Reset => return control.get_ref().0.reset_at_end(),
            }
        }
        let _ = timeout(ANSWER_PATIENCE, control.shutdown()).await;
    }

    async fn answer(&mut self, command: Command, control: &mut Control) -> Next {
        if !self.is_in && !command.is_for_strangers() {
            return say(530, "Please login with USER and PASS.");
        }
        let from = self.from.take();
        match command {
            Command::User(_) if self.is_in => say(530, "Can't change to another user."),
            Command::User(name) => {
                self.user = Some(name);
                say(331, "Please specify the password.")
            }
            Command::Pass(code) => self.log_in(&code).await,
            Command::Quit => Next::Goodbye(Reply(221, "Goodbye.".into())),
            Command::Pbsz => say(200, "PBSZ set to 0."),
            Command::Prot(level) => self.protect(&level),
            Command::Type(kind) => match kind.to_ascii_uppercase().as_str() {
                "I" | "L8" | "L 8" => say(200, "Switching to Binary mode."),
                "A" | "A N" => say(200, "Switching to ASCII mode."),
                _ => say(500, "Unrecognised TYPE command."),
            },
            Command::Stru(kind) if kind.eq_ignore_ascii_case("F") => {
                say(200, "Structure set to F.")
            }
            Command::Stru(_) => say(504, "Bad STRU command."),
            Command::Mode(kind) if kind.eq_ignore_ascii_case("S") => say(200, "Mode set to S."),
            Command::Mode(_) => say(504, "Bad MODE command."),
            Command::Syst => say(215, "UNIX Type: L8"),
            Command::Noop => say(200, "NOOP ok."),
            Command::Allo => say(202, "ALLO command ignored."),
            Command::Abor => say(225, "No transfer to ABOR."),
            Command::Features => say(502, "no-features"),
            Command::Missing => say(502, "Command not implemented."),
            Command::Unknown => say(500, "Unknown command."),
            Command::BadName => say(550, "Bad file name."),
            Command::Active => say(550, "Permission denied."),
            Command::Pasv => self.passive(false).await,
            Command::Epsv(what) => match what.trim() {
                "" | "1" => self.passive(true).await,
                what if what.eq_ignore_ascii_case("ALL") => say(200, "EPSV ALL ok."),
                _ => say(522, "Network protocol not supported, use (1)."),
            },
            Command::List(what) => self.list(listing::path(&what), true, control).await,
            Command::Nlst(what) => self.list(listing::path(&what), false, control).await,
            Command::Stor(path) => self.store(&path, control).await,
            Command::Retr(path) => self.retrieve(&path, control).await,
            Command::Rnfr(path) => match self.look(&path) {
                Ok(place) => {
                    self.from = Some(place);
                    say(350, "Ready for RNTO.")
                }
                Err(_) => say(550, "RNFR command failed."),
            },
            Command::Rnto(path) => self.rename(from, &path),
            file => self.of_files(&file),
        }
    }

    async fn log_in(&mut self, code: &[u8]) -> Next {
        if self.is_in {
            return say(230, "Already logged in.");
        }
        let Some(user) = self.user.take() else { return say(503, "Login with USER first.") };
        let wanted = self.files.machine.access_code();
        let right = bool::from(code.ct_eq(wanted.reveal().as_bytes()))
            && !wanted.is_empty()
            && user == login::PRINTER_USER;
        if right && !self.circumstances.faults.strikes(Fault::WrongCode) {
            self.is_in = true;
            return say(230, "Login successful.");
        }
        self.wrong = self.wrong.saturating_add(1);
        sleep(WRONG_PAUSE).await;
        let reply = Reply(530, "Login incorrect.".into());
        if self.wrong >= MOST_WRONG { Next::Goodbye(reply) } else { Next::Answer(reply) }
    }

    fn protect(&mut self, level: &str) -> Next {
        match level.to_ascii_uppercase().as_str() {
            "P" => {
                self.is_private = true;
                say(200, "PROT now Private.")
            }
            "C" => {
                self.is_private = false;
                say(200, "PROT now Clear.")
            }
            "S" | "E" => say(536, "PROT not supported."),
            _ => say(504, "PROT not recognized."),
        }
    }

    async fn passive(&mut self, extended: bool) -> Next {
        // The old port is free before a new one is taken.
        self.passive = None;
        let opened = match Passive::open(&self.peer).await {
            Ok(passive) => passive.port().map(|port| (passive, port)),
            Err(error) => Err(error),
        };
        let Ok((passive, port)) = opened else {
            return say(425, "No port for a data connection.");
        };
        let text = match (extended, self.peer.here.ip()) {
            (true, _) => format!("Entering Extended Passive Mode (|||{port}|)"),
            (false, std::net::IpAddr::V4(ip)) => {
                let [a, b, c, d] = if self.habits.hides_address { [0; 4] } else { ip.octets() };
                let [high, low] = port.to_be_bytes();
                format!("Entering Passive Mode ({a},{b},{c},{d},{high},{low}).")
            }
            (false, _) => return say(522, "Use EPSV."),
        };
        self.passive = Some(passive);
        Next::Answer(Reply(if extended { 229 } else { 227 }, text))
    }

    /// Commands about files that move no bytes.
    fn of_files(&mut self, command: &Command) -> Next {
        let storage = self.files.storage.clone();
        match command {
            Command::Pwd => {
                let folder = self.folder.to_string().replace('"', "\"\"");
                Next::Answer(Reply(257, format!("\"{folder}\" is the current directory")))
            }
            Command::Cdup => self.enter(".."),
            Command::Cwd(path) => self.enter(path),
            Command::Size(path) => match self.look(path).map(|place| storage.look(&place)) {
                Ok(Ok(entry)) if !entry.is_folder => {
                    Next::Answer(Reply(213, entry.size.to_string()))
                }
                _ => say(550, "Could not get file size."),
            },
            Command::Mdtm(path) => match self.look(path).map(|place| storage.look(&place)) {
                Ok(Ok(entry)) if !entry.is_folder => {
                    Next::Answer(Reply(213, listing::stamp(entry.modified)))
                }
                _ => say(550, "Could not get file modification time."),
            },
            Command::Dele(path) => match self.look(path).map(|place| storage.remove(&place)) {
                Ok(Ok(())) => say(250, "Delete operation successful."),
                _ => say(550, "Delete operation failed."),
            },
            Command::Mkd(path) => {
                match self.named(path).map(|place| (storage.make_folder(&place), place)) {
                    Ok((Ok(()), place)) => {
                        let name = place.to_string().replace('"', "\"\"");
                        Next::Answer(Reply(257, format!("\"{name}\" created")))
                    }
                    _ => say(550, "Create directory operation failed."),
                }
            }
            Command::Rmd(path) => {
                match self.look(path).map(|place| storage.remove_folder(&place)) {
                    Ok(Ok(())) => say(250, "Remove directory operation successful."),
                    _ => say(550, "Remove directory operation failed."),
                }
            }
            Command::Avbl if self.habits.tells_room => match storage.free() {
                Ok(free) => Next::Answer(Reply(213, free.to_string())),
                Err(_) => say(550, "No storage."),
            },
            Command::Avbl => say(500, "Unknown command."),
            Command::Stat => say(211, "End of status"),
            // All others are answered where they are read.
            _ => say(500, "Unknown command."),
        }
    }

    fn enter(&mut self, path: &str) -> Next {
        let place = self.look(path);
        match place.map(|place| self.files.storage.list(&place).map(|_| place)) {
            Ok(Ok(place)) => {
                self.folder = place;
                say(250, "Directory successfully changed.")
            }
            // The root is there without a card, too [L].
            _ if self.folder.join(path).is_ok_and(|place| place.is_root()) => {
                self.folder = Place::root();
                say(250, "Directory successfully changed.")
            }
            _ => say(550, "Failed to change directory."),
        }
    }

    fn rename(&self, from: Option<Place>, to: &str) -> Next {
        let Some(from) = from else { return say(503, "RNFR required first.") };
        let renamed = self.named(to).map(|to| self.files.storage.rename(&from, &to));
        match renamed {
            Ok(Ok(())) => say(250, "Rename successful."),
            Err(InvalidName) => say(553, "Could not create file."),
            Ok(Err(_)) => say(550, "Rename failed."),
        }
    }

    /// Where a path leads.
    pub(super) fn named(&self, path: &str) -> Result<Place, InvalidName> {
        if path.is_empty() { Err(InvalidName) } else { self.folder.join(path) }
    }

    /// Where a path leads to something that there is.
    pub(super) fn look(&self, path: &str) -> Result<Place, StorageError> {
        let place = self.named(path).map_err(|InvalidName| StorageError::NotFound)?;
        self.files.storage.look(&place)?;
        Ok(place)
    }
}

/// Sends an answer; `None` when it does not get through.
pub(super) async fn send(control: &mut Control, Reply(code, text): &Reply) -> Option<()> {
    let line = format!("{code} {text}\r\n");
    let sent = async {
        control.write_all(line.as_bytes()).await?;
        control.flush().await
    };
    timeout(ANSWER_PATIENCE, sent).await.ok()?.ok()
}
