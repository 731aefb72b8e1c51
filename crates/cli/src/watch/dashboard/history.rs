//! Temperatures of the last minutes, and how they are drawn in block characters.

use std::collections::VecDeque;

use bambu_protocol::status::{Heater, Status};

/// Samples kept; at one every two seconds, six minutes.
const KEPT: usize = 180;
/// A flat line at less than this many degrees between top and bottom is no mountain range.
const LEAST_SPAN: u16 = 10;

/// What one printer measured, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Each in the order of [`Heater::ALL`].
    samples: VecDeque<[Option<u16>; Heater::ALL.len()]>,
}

impl History {
    /// Takes the temperatures of now; `None` while nobody knows them.
    pub(super) fn sample(&mut self, status: Option<&Status>) {
        // A printer that was never there has no gap to show.
        if status.is_none() && self.samples.is_empty() {
            return;
        }
        let sample = Heater::ALL.map(|heater| {
            let current = status.and_then(|status| status.temperatures.of(heater).current);
            current.map(|current| current.max(0.0) as u16)
        });
        if self.samples.len() == KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The last samples of a heater as lines of block characters, the newest on the right.
    pub(super) fn lines(&self, heater: Heater, width: usize, rows: usize) -> Vec<String> {
        let known = self.samples.len().min(width);
        let newest = self.samples.iter().skip(self.samples.len() - known);
        let values: Vec<Option<u16>> =
            newest.map(|sample| sample.get(heater as usize).copied().flatten()).collect();
        draw(&values, rows)
    }
}

/// Draws values from the lowest to the highest of them; a gap stays empty.
fn draw(values: &[Option<u16>], rows: usize) -> Vec<String> {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = values.iter().flatten().copied();
    let (Some(low), Some(high)) = (known.clone().min(), known.max()) else {
        return vec![String::new(); rows];
    };
    // What hardly changes stands in the middle.
    let low = if high - low < LEAST_SPAN {
        low.saturating_sub((LEAST_SPAN - (high - low)) / 2)
    } else {
        low
    };
    let span = usize::from(high.saturating_sub(low).max(LEAST_SPAN));
    // In eighths of a row, at least one.
    let height = |value: u16| 1 + usize::from(value.saturating_sub(low)) * (rows * 8 - 1) / span;
    let block = |value: &Option<u16>, row: usize| {
        let filled = value.map_or(0, height).saturating_sub((rows - 1 - row) * 8).min(8);
        BLOCKS.get(filled).copied().unwrap_or(' ')
    };
    (0..rows).map(|row| values.iter().map(|value| block(value, row)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_reads_as_a_rise_and_a_gap_as_a_gap() {
        let rise = [Some(20), Some(120), None, Some(220)];
        assert_eq!(draw(&rise, 1), ["▁▄ █"]);
        assert_eq!(draw(&rise, 2), ["   █", "▁█ █"]);
        assert_eq!(draw(&[None], 1), [""]);
        assert_eq!(draw(&[Some(0)], 1), ["▁"]);
    }

    #[test]
    fn a_steady_temperature_is_a_line_not_a_mountain_range() {
        assert_eq!(draw(&[Some(219), Some(220), Some(219)], 1), ["▃▄▃"]);
    }

    #[test]
    fn only_the_last_minutes_are_kept() {
        let mut history = History::default();
        history.sample(None);
        assert!(history.samples.is_empty());
        let mut status = Status::default();
        for degrees in 0..500 {
            status.temperatures.bed.current = Some(f64::from(degrees));
            history.sample(Some(&status));
        }
        assert_eq!(history.samples.len(), KEPT);
        assert_eq!(history.lines(Heater::Bed, 5, 1)[0].chars().count(), 5);
    }
}
