//! Which printers a command still waits for, in a line for a person.

use std::sync::{Mutex, PoisonError};

use bambu_protocol::Serial;
use bambulab::Link;

use super::words::Said;
use crate::output::{brief, waiting::Waiting};

/// How far a command is on one printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Its status is waited for.
    Connecting,
    /// It was sent; the printer's answer and the effect are waited for.
    Sent,
}

/// The printers that are not done, by serial number and name.
pub(super) struct Progress<'a> {
    open: Mutex<Vec<(Serial, String, Step)>>,
    command: &'a str,
    waiting: &'a Waiting,
}

impl<'a> Progress<'a> {
    /// All are being connected.
    pub(super) fn new(links: &[Link], said: &'a Said, waiting: &'a Waiting) -> Self {
        let open = links.iter().map(|link| {
            let name = brief::name(&link.snapshot().status).to_owned();
            (link.serial().clone(), name, Step::Connecting)
        });
        let open: Vec<_> = open.collect();
        waiting.say(words(&said.text, &open));
        Self { open: Mutex::new(open), command: &said.text, waiting }
    }

    /// The command is so far on this printer; `None` when it is done there.
    pub(super) fn step(&self, link: &Link, step: Option<Step>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            None => open.retain(|(serial, ..)| serial != link.serial()),
            Some(step) => {
                open.iter_mut().filter(|it| it.0 == *link.serial()).for_each(|it| it.2 = step);
            }
        }
        self.waiting.say(words(self.command, &open));
    }
}

fn words(command: &str, open: &[(Serial, String, Step)]) -> String {
    let connecting = open.iter().filter(|it| it.2 == Step::Connecting).count();
    match open {
        [] => String::new(),
        [(_, name, Step::Connecting)] => format!("{name}: connecting …"),
        [(_, name, Step::Sent)] => {
            format!("{name}: {command}: waiting for its answer, and for its status to show it …")
        }
        several if connecting == several.len() => format!("connecting to {connecting} printers …"),
        several => {
            let names: Vec<&str> = several.iter().map(|it| it.1.as_str()).collect();
            format!("{command}: waiting for {} …", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_said_in_one_line() {
        let serial: Serial = "01P00A000000001".parse().unwrap();
        let at = |name: &str, step| (serial.clone(), name.to_owned(), step);
        assert_eq!(words("bed 60", &[]), "");
        assert_eq!(words("bed 60", &[at("P1S", Step::Connecting)]), "P1S: connecting …");
        assert!(words("bed 60", &[at("P1S", Step::Sent)]).starts_with("P1S: bed 60: waiting"));
        let two = [at("P1S", Step::Sent), at("X1C", Step::Connecting)];
        assert_eq!(words("bed 60", &two), "bed 60: waiting for P1S, X1C …");
    }
}
