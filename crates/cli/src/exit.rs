//! How a command ends badly: one kind per exit code, a chain of causes, and what to do next.

use std::{error::Error, fmt, io, process::ExitCode};

/// Why a command failed; its number is the exit code. 0 is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    about: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
    next: Option<String>,
    silent: bool,
}

impl Failure {
    /// A failure whose cause is an error.
    pub(crate) fn new(kind: Kind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, about: None, source: Some(source.into()), next: None, silent: false }
    }

    /// A failure in words of our own.
    pub(crate) fn say(kind: Kind, about: impl Into<String>) -> Self {
        Self { kind, about: Some(about.into()), source: None, next: None, silent: false }
    }

    /// A failure that was told already; only its exit code is left.
    pub(crate) fn told(kind: Kind) -> Self {
        Self { kind, about: None, source: None, next: None, silent: true }
    }

    /// What was being done, in front of the cause.
    pub(crate) fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// What the user can do about it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Whether it is only that whoever reads standard output has left.
    fn reader_left(&self) -> bool {
        let io = self.source.as_ref().and_then(|source| source.downcast_ref::<io::Error>());
        self.about.is_none() && io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.about.iter().cloned().collect();
        let mut cause = self.source.as_ref().map(|source| &**source as &dyn Error);
        while let Some(error) = cause {
            let text = error.to_string();
            // A wrapper that repeats its source says it once.
            if !parts.last().is_some_and(|last| last.ends_with(&text)) {
                parts.push(text);
            }
            cause = error.source();
        }
        f.write_str(&parts.join(": "))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Failed, error)
    }
}

/// Tells the failure on standard error and gives the exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    if failure.reader_left() {
        return ExitCode::SUCCESS;
    }
    if !failure.silent {
        eprintln!("error: {failure}");
        if let Some(next) = &failure.next {
            eprintln!("next: {next}");
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
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.reader_left());
        assert!(!failure.about("cannot read the file").reader_left());
    }
}
