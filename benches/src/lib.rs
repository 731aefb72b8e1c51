//! What the benchmarks share: other processes as subjects, and a light MQTT load.
//!
//! The figures are in `src/bin/` and the Python files beside; what they measured, in
//! `docs/benchmarks.md`.

pub mod load;
pub mod subject;

/// Any failure of a benchmark; it only has to be read by a person.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The median of some figures; 0 of none.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|at| sorted.get(at)).copied();
    lower.map_or(upper, |lower| f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert_eq!(super::median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(super::median(&[]), 0.0);
    }
}
