//! Where account, password and code come from: flag, environment, a person, or a pipe.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use bambulab::cloud::{Code, CodeSource, CodeWanted, NoCode, Supply};

use crate::exit::{Failure, Kind};

/// No line of a pipe is read further than this.
const LONGEST: u64 = 64 * 1024;

/// Whether a person can be asked.
fn is_person() -> bool {
    io::stdin().is_terminal()
}

/// A value of an environment variable that is not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The answer to a question, or the next line of a pipe; `None` when there is no more.
pub(super) fn line(question: &str) -> Result<Option<String>, Failure> {
    if is_person() {
        eprint!("{question}: ");
        io::stderr().flush()?;
    }
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| Failure::new(Kind::Failed, error).about("cannot read standard input"))?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

/// The password: typed unseen, or the next line of a pipe.
pub(super) fn password() -> Result<Option<String>, Failure> {
    if !is_person() {
        return line("Password");
    }
    let typed = rpassword::prompt_password("Password: ").map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::say(Kind::Failed, "login cancelled"),
        _ => Failure::new(Kind::Failed, error).about("cannot ask for the password"),
    })?;
    Ok(Some(typed).filter(|typed| !typed.is_empty()))
}

/// The code that was given, once; then whoever is at standard input.
pub(super) struct Codes {
    given: Option<Code>,
    asked: u8,
}

impl Codes {
    /// `given` is from a flag or the environment.
    pub(super) fn new(given: Option<&str>) -> Self {
        Self { given: given.map(Code::new), asked: 0 }
    }
}

impl CodeSource for Codes {
    async fn code(&mut self, wanted: CodeWanted) -> Result<Code, NoCode> {
        if let Some(code) = self.given.take() {
            return Ok(code);
        }
        if is_person() {
            match self.asked {
                0 => eprintln!("{}", announced(&wanted)),
                // An old one has been replaced by a new message, a wrong one has not.
                _ => match &wanted {
                    CodeWanted::Email { to } | CodeWanted::Sms { to } => {
                        eprintln!("That code does not count. Take the newest that {to} has got.");
                    }
                    CodeWanted::Authenticator => eprintln!("That code does not count."),
                },
            }
        }
        self.asked = self.asked.saturating_add(1);
        let question = match wanted {
            CodeWanted::Authenticator => "Enter the code of your authenticator",
            _ => "Enter the verification code",
        };
        let asked = tokio::task::spawn_blocking(move || line(question)).await;
        match asked {
            Ok(Ok(Some(code))) => Ok(Code::new(&code)),
            _ => Err(NoCode),
        }
    }

    fn supply(&self, _: &CodeWanted) -> Supply {
        match self.given {
            Some(_) => Supply::AtHand,
            None => Supply::OnRequest,
        }
    }

    fn asks_again(&self) -> bool {
        is_person() && self.given.is_none()
    }
}

fn announced(wanted: &CodeWanted) -> String {
    match wanted {
        CodeWanted::Email { to } => format!("A verification code has been sent by e-mail to {to}."),
        CodeWanted::Sms { to } => {
            format!("A verification code has been sent as a message to {to}.")
        }
        CodeWanted::Authenticator => "Multi-factor authentication is required.".to_owned(),
    }
}
