//! A budget as people write it in a setting: `devices=30/min,upload=20/h`.

use std::{str::FromStr, time::Duration};

use super::{Budget, Group, HOUR, MINUTE, MOST, Rate};

/// A text that says no budget. Write `default`, `off`, or limits such as `devices=30/min,upload=off`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "rate limits are default, off, or limits such as devices=30/min,upload=20/h,general=off, for \
     login, refresh, profile, devices, upload and general; s, min and h are known"
)]
pub struct InvalidBudget;

impl FromStr for Budget {
    type Err = InvalidBudget;

    /// `default`, `off`, or the limits that differ from the documented ones.
    fn from_str(text: &str) -> Result<Self, InvalidBudget> {
        let text = text.trim();
        match text {
            "default" | "on" => return Ok(Self::default()),
            "off" => return Ok(Self::off()),
            _ => {}
        }
        let mut budget = Self::default();
        for part in text.split(',') {
            let (group, rate) = part.split_once('=').ok_or(InvalidBudget)?;
            let named = |known: &Group| known.to_string() == group.trim();
            let group = Group::ALL.into_iter().find(named).ok_or(InvalidBudget)?;
            let place = budget.rates.get_mut(group as usize).ok_or(InvalidBudget)?;
            *place = match rate.trim() {
                "off" => None,
                rate => Some(read(rate)?),
            };
        }
        Ok(budget)
    }
}

fn read(rate: &str) -> Result<Rate, InvalidBudget> {
    let (calls, unit) = rate.split_once('/').ok_or(InvalidBudget)?;
    let per = match unit.trim() {
        "s" => Duration::from_secs(1),
        "min" => MINUTE,
        "h" => HOUR,
        _ => return Err(InvalidBudget),
    };
    match calls.trim().parse() {
        Ok(calls) if (1..=MOST).contains(&calls) => Ok(Rate::new(calls, per)),
        _ => Err(InvalidBudget),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_written_as_what_differs_from_the_documented_one() {
        let budget: Budget = " devices=30/min, upload = 2/h ,login=off".parse().unwrap();
        assert_eq!(budget.rate(Group::Devices), Some(Rate::new(30, MINUTE)));
        assert_eq!(budget.rate(Group::Upload), Some(Rate::new(2, HOUR)));
        assert_eq!(budget.rate(Group::Login), None);
        assert_eq!(budget.rate(Group::General), Budget::default().rate(Group::General));
        assert_eq!("off".parse(), Ok(Budget::off()));
        assert_eq!("default".parse(), Ok(Budget::default()));
    }

    #[test]
    fn what_says_no_budget_is_refused_and_never_taken_for_none() {
        for bad in [
            "",
            "7",
            "devices",
            "devices=",
            "devices=30",
            "devices=30/day",
            "devices=0/min",
            "devices=-1/min",
            "devices=10001/h",
            "printers=1/min",
            "devices=1/min,",
            "off,devices=1/min",
        ] {
            assert_eq!(bad.parse::<Budget>(), Err(InvalidBudget), "{bad:?}");
        }
    }
}
