//! Errors and health messages that come and go.

use super::Event;
use crate::{hms::Hms, print_error, print_error::PrintError, status::Status};

/// What the printer complained about in the status before.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    error: Option<PrintError>,
    hms: Vec<Hms>,
}

impl Faults {
    pub(super) fn observe(&mut self, status: &Status, first: bool, events: &mut Vec<Event>) {
        let mut hms: Vec<Hms> = Vec::new();
        for one in status.hms.iter().filter(|one| !one.is_noise()) {
            if !hms.iter().any(|known| known.code == one.code) {
                hms.push(one.clone());
            }
        }
        let error = status.error.clone().filter(|error| !print_error::is_cancel(error.number));
        let number = |error: &Option<PrintError>| error.as_ref().map(|error| error.number);
        let other_error = number(&error) != number(&self.error);
        let error_before = std::mem::replace(&mut self.error, error);
        let hms_before = std::mem::replace(&mut self.hms, hms);
        if first {
            return;
        }
        if other_error {
            events.extend(error_before.map(|error| Event::ErrorCleared { error }));
        }
        let missing = |from: &[Hms], hms: &Hms| !from.iter().any(|one| one.code == hms.code);
        let gone = hms_before.iter().filter(|hms| missing(&self.hms, hms));
        events.extend(gone.map(|hms| Event::HmsCleared { hms: hms.clone() }));
        let new = self.hms.iter().filter(|hms| missing(&hms_before, hms));
        events.extend(new.map(|hms| Event::HmsRaised { hms: hms.clone() }));
        if other_error {
            events.extend(self.error.clone().map(|error| Event::ErrorRaised { error }));
        }
    }
}
