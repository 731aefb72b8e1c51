//! Numbers that only grow during a job: percent and layers. Each is told once.

/// Layers told at once; more than a printer lays down between two looks at it.
const AT_ONCE: u32 = 100;

/// A number of the job that only grows, and how much of it was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Growing {
    told: u32,
    /// What the report still holds of the job before; it counts for nothing until it changes.
    left_over: Option<u32>,
}

impl Growing {
    /// At the start of a job, when the report may still hold the number of the one before.
    pub(super) fn fresh(value: Option<u32>) -> Self {
        Self { told: 0, left_over: value.filter(|value| *value > 0) }
    }

    /// In the middle of a job: what passed is not told.
    pub(super) fn passed(value: Option<u32>) -> Self {
        Self { told: value.unwrap_or(0), left_over: None }
    }

    /// The number, if it belongs to this job.
    pub(super) fn own(&mut self, value: Option<u32>) -> Option<u32> {
        let value = value?;
        if self.left_over.is_some_and(|left_over| left_over != value) {
            self.left_over = None;
        }
        self.left_over.is_none().then_some(value)
    }

    /// Whether `value` is less than what was reached before.
    pub(super) fn fell(&mut self, value: Option<u32>) -> bool {
        let told = self.told;
        self.own(value).is_some_and(|value| value < told)
    }

    /// Whether anything of this job was seen.
    pub(super) fn has_grown(&self) -> bool {
        self.told > 0
    }

    /// What has to be told now that it reached `value`, and that it was.
    pub(super) fn reach(&mut self, value: u32) -> std::ops::RangeInclusive<u32> {
        let before = self.told;
        self.told = before.max(value);
        let from = before.saturating_add(1);
        if value.saturating_sub(before) > AT_ONCE { value..=value } else { from..=value }
    }
}

/// The step of progress: 10 percent by default.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress(Option<u8>);

impl Default for Progress {
    fn default() -> Self {
        Self(Some(10))
    }
}

impl Progress {
    pub(super) fn step(percent: u8) -> Self {
        Self((1..=100).contains(&percent).then_some(percent))
    }

    /// Whether a passed percent is one to tell: a multiple of the step, and the last.
    pub(super) fn tells(self, percent: u32) -> bool {
        self.0.is_some_and(|step| percent.is_multiple_of(u32::from(step)) || percent == 100)
    }
}
