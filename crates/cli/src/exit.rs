//! How a command ends badly: one kind per exit code, a chain of causes, and what to do next.

use std::{error::Error, fmt, io, process::ExitCode};

use crate::output::human::printable;

/// Why a command failed; its number is the exit code. 0 is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Anything without a number of its own.
    Failed = 1,
    /// The call or the config file cannot be understood.
    Usage = 2,
    /// The printer or the cloud said no.
    Refused = 3,
    /// No token, or one that is not accepted; a wrong access code.
    NotAuthenticated = 4,
    /// No answer, or none that can be trusted.
    Unreachable = 5,
    /// Sent, and nobody knows whether it took effect.
    Unconfirmed = 6,
}

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    text: String,
    next: Option<String>,
    /// Nothing is left to tell, only the exit code.
    silent: bool,
    /// Whoever reads standard output has left: no failure at all.
    reader_left: bool,
}

impl Failure {
    /// A failure whose cause is an error, with all its sources.
    pub(crate) fn new(kind: Kind, error: impl Error) -> Self {
        Self::say(kind, chain(&error))
    }

    /// An error and its root cause; its text tells the next step after its last semicolon.
    pub(crate) fn advised(kind: Kind, error: &dyn Error) -> Self {
        let text = error.to_string();
        let (cause, next) = match text.rsplit_once("; ") {
            Some((cause, next)) => (cause.to_owned(), Some(next.to_owned())),
            None => (text, None),
        };
        // The last cause says what happened; those between tell only who passed it on.
        let mut text = cause;
        if let Some(mut root) = error.source() {
            while let Some(source) = root.source() {
                root = source;
            }
            let root = root.to_string();
            // What both advise is said once.
            let cause = next.as_ref().and_then(|next| root.strip_suffix(next.as_str()));
            let cause = cause.and_then(|cause| cause.strip_suffix("; ")).unwrap_or(&root);
            text = format!("{text}: {cause}");
        }
        Self { next, ..Self::say(kind, text) }
    }

    /// A failure in words of our own.
    pub(crate) fn say(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), next: None, silent: false, reader_left: false }
    }

    /// A failure that was told already; only its exit code is left.
    pub(crate) fn told(kind: Kind) -> Self {
        Self { silent: true, ..Self::say(kind, "") }
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the user can do about it, if that is known.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// What was being done, in front of the cause.
    pub(crate) fn about(mut self, about: impl AsRef<str>) -> Self {
        self.text = format!("{}: {}", about.as_ref(), self.text);
        self
    }

    /// What the user can do about it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// The error and all its sources; a wrapper that repeats its source says it once.
fn chain(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.last().is_some_and(|last| last.ends_with(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// For what happens on standard output; other files get an [`about`](Failure::about).
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let reader_left = error.kind() == io::ErrorKind::BrokenPipe;
        Self { reader_left, ..Self::new(Kind::Failed, error) }
    }
}

/// Tells the failure on standard error and gives the exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    if failure.reader_left {
        return ExitCode::SUCCESS;
    }
    if !failure.silent {
        // Names from the network may stand in it.
        eprintln!("error: {}", printable(&failure.text));
        if let Some(next) = &failure.next {
            eprintln!("next: {}", printable(next));
        }
    }
    ExitCode::from(failure.kind as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_whole_chain_once() {
        let cause = io::Error::other("connection refused");
        let failure = Failure::new(Kind::Unreachable, cause).about("cannot reach 192.0.2.1");
        assert_eq!(failure.to_string(), "cannot reach 192.0.2.1: connection refused");
    }

    #[test]
    fn advice_is_told_apart_from_the_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("the host is gone; check the network")]
        struct Gone(#[source] io::Error);
        let failure = Failure::advised(Kind::Unreachable, &Gone(io::Error::other("no route")));
        assert_eq!(failure.to_string(), "the host is gone: no route");
        assert_eq!(failure.next.as_deref(), Some("check the network"));
    }

    #[test]
    fn what_an_error_and_its_cause_both_advise_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("the archive is cut short; export it again")]
        struct Cut;
        #[derive(Debug, thiserror::Error)]
        #[error("cube.3mf cannot be read; export it again")]
        struct Unreadable(#[source] Cut);
        let failure = Failure::advised(Kind::Usage, &Unreadable(Cut));
        assert_eq!(failure.to_string(), "cube.3mf cannot be read: the archive is cut short");
        assert_eq!(failure.next.as_deref(), Some("export it again"));
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).reader_left);
    }
}
