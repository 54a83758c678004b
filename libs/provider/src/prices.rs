//! What calls cost: rows with a first and a last day, and sums in whole numbers.
//!
//! A price is never a constant of the program: it is a row of a data file or of the settings. A day
//! on which a paid model has no row is a failure, and not a call for nothing.

use lectern_core::{Failure, Kind, Reason};
use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::money::MicroUsd;
use crate::usage::Usage;

/// Tokens that a price is stated for.
const TOKENS: u128 = 1_000_000;
/// A whole, in percent.
const WHOLE: u32 = 100;

/// What a model or a voice costs from one day to another, in millionths of a US dollar for a
/// million tokens, or characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// The first day; none for from ever.
    #[serde(default)]
    pub first_day: Option<Day>,
    /// The last day; none for until somebody says otherwise.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// It holds for requests whose prompt has more tokens than this.
    #[serde(default)]
    pub above: u64,
    /// Tokens of a prompt, or characters where those are counted.
    pub input: u64,
    /// Tokens of a prompt that come from a cache.
    pub cached: u64,
    /// Tokens of an answer, and of thoughts.
    pub output: u64,
    /// What it is in a region of the provider's in place of everywhere, in percent of these: 110 is
    /// a tenth more.
    #[serde(default = "whole")]
    pub regional_percent: u32,
    /// Where the row is from.
    pub source: String,
}

const fn whole() -> u32 {
    WHOLE
}

impl PriceRow {
    fn holds_on(&self, day: Day) -> bool {
        self.first_day.is_none_or(|first| first <= day) && self.last_day.is_none_or(|last| last >= day)
    }
}

/// Where a model is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Wherever the provider likes.
    Global,
    /// In a region that was asked for.
    Regional,
}

/// The prices of a model on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The rows that hold on it, the one with the highest `above` first; none for a model that
    /// costs nothing.
    rows: Vec<PriceRow>,
    place: Place,
}

impl Price {
    /// The price of `model` of `provider` on a day, by all its rows. A model without any row costs
    /// nothing.
    ///
    /// # Errors
    /// `INVALID_FIELD` for `models_file` where it has rows and none of this day, saying which one
    /// is to be added.
    pub fn on(rows: &[PriceRow], provider: &str, model: &str, day: Day, place: Place) -> Result<Self, Failure> {
        let mut held: Vec<PriceRow> = rows.iter().filter(|row| row.holds_on(day)).cloned().collect();
        if !rows.is_empty() && !held.iter().any(|row| row.above == 0) {
            let message = format!(
                "there is no price of {provider}/{model} on {day}, so nothing is bought of it; give it a row of prices \
                 with first_day = \"{day}\", input, cached, output and source ([[models.prices]] of models_file, or \
                 prices of the engine's rows_file)"
            );
            return Err(Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message).at("models_file"));
        }
        held.sort_by_key(|row| std::cmp::Reverse(row.above));
        Ok(Self { rows: held, place })
    }

    /// Whether calls cost nothing.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.rows.is_empty()
    }

    /// What a call costs that used so much, rounded up.
    #[must_use]
    pub fn cost(&self, usage: Usage) -> MicroUsd {
        let Some(row) = self.rows.iter().find(|row| row.above == 0 || usage.input > row.above) else {
            return MicroUsd::ZERO;
        };
        let cached = usage.cached.min(usage.input);
        let parts = [
            (usage.input - cached, row.input),
            (cached, row.cached),
            (usage.output.saturating_add(usage.thoughts), row.output),
            (usage.characters, row.input),
        ];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        let millionths = (sum * u128::from(self.percent(row))).div_ceil(TOKENS * u128::from(WHOLE));
        MicroUsd::new(u64::try_from(millionths).unwrap_or(u64::MAX))
    }

    /// The row of prompts of any length, and what a million tokens of a prompt and of an answer
    /// cost by it where the model is served; none for a model that costs nothing.
    #[must_use]
    pub fn of_a_million(&self) -> Option<(&PriceRow, MicroUsd, MicroUsd)> {
        let row = self.rows.iter().find(|row| row.above == 0)?;
        let percent = u64::from(self.percent(row));
        let cost = |price: u64| MicroUsd::new(price.saturating_mul(percent).div_ceil(u64::from(WHOLE)));
        Some((row, cost(row.input), cost(row.output)))
    }

    /// What a row's prices are where the model is served, in percent of them.
    const fn percent(&self, row: &PriceRow) -> u32 {
        match self.place {
            Place::Global => WHOLE,
            Place::Regional => row.regional_percent,
        }
    }

    /// The most that a call can cost whose prompt has at most so many tokens, and its answer with
    /// all thoughts at most so many: at the dearest row that it may reach, with nothing cached.
    #[must_use]
    pub fn estimate_max(&self, input: u64, output: u64) -> MicroUsd {
        self.most(Usage { input, output, ..Usage::default() })
    }

    /// The most that a call can cost that uses at most so much: at the dearest row that it may
    /// reach, with nothing cached.
    #[must_use]
    pub fn most(&self, used: Usage) -> MicroUsd {
        let dearest = Usage { cached: 0, ..used };
        let most = |row: &PriceRow| {
            let alone = Self { rows: vec![PriceRow { above: 0, ..row.clone() }], place: self.place };
            alone.cost(dearest)
        };
        let reached = self.rows.iter().filter(|row| row.above == 0 || used.input > row.above);
        reached.map(most).max().unwrap_or(MicroUsd::ZERO)
    }
}

/// For how many days after `today` there is a price, without a gap: 0 for until today, -1 where
/// there is none today. None for a model that costs nothing, and for one whose price has no last
/// day.
#[must_use]
pub fn days_left(rows: &[PriceRow], today: Day) -> Option<i64> {
    let base = || rows.iter().filter(|row| row.above == 0);
    if rows.is_empty() {
        return None;
    }
    let mut next = today;
    loop {
        let on = next;
        let holding = || base().filter(move |row| row.holds_on(on));
        if holding().any(|row| row.last_day.is_none()) {
            return None;
        }
        match holding().filter_map(|row| row.last_day).max() {
            Some(last) => next = last.plus(1),
            None => return Some(on.since(today) - 1),
        }
    }
}

#[cfg(test)]
mod tests;
