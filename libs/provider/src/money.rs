//! Money: whole millionths of a US dollar, in which providers state their prices of a token. Never
//! a fraction of one, so that sums are exact.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Millionths of a dollar.
const A_DOLLAR: u64 = 1_000_000;
/// The most digits of a dollar that an amount may have behind the point.
const DIGITS: usize = 6;

/// An amount in millionths of a US dollar, 0 to 2^63 - 1: as much as a store's number can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(u64);

/// The text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount of US dollars; write one as 12.50, with at most six digits behind the point")]
pub struct NotAnAmount(String);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that there can be.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// So many millionths; more than [`Self::MAX`] is that.
    #[must_use]
    pub const fn new(millionths: u64) -> Self {
        if millionths > Self::MAX.0 { Self::MAX } else { Self(millionths) }
    }

    /// So many millionths; less than nothing is nothing.
    #[must_use]
    pub fn of_signed(millionths: i64) -> Self {
        Self(u64::try_from(millionths).unwrap_or(0))
    }

    /// How many millionths.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The same as a store and a message have it.
    #[must_use]
    pub fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::new(self.0.saturating_add(other.0))
    }

    /// What is left without the other; nothing where that is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for MicroUsd {
    /// `12.50 USD`: as many digits as there are, two at least.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.0 % A_DOLLAR);
        let cents = digits.get(..2).unwrap_or_default();
        let rest = digits.get(2..).unwrap_or_default().trim_end_matches('0');
        write!(f, "{}.{cents}{rest} USD", self.0 / A_DOLLAR)
    }
}

impl FromStr for MicroUsd {
    type Err = NotAnAmount;

    /// Reads dollars: `12`, `12.5`, `0.000001`.
    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let wrong = || NotAnAmount(text.chars().take(40).collect());
        let (dollars, rest) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(dollars) || !plain(rest) || rest.len() > DIGITS {
            return Err(wrong());
        }
        let dollars: u64 = dollars.parse().map_err(|_| wrong())?;
        let rest: u64 = format!("{rest:0<DIGITS$}").parse().map_err(|_| wrong())?;
        let millionths = dollars.checked_mul(A_DOLLAR).and_then(|whole| whole.checked_add(rest)).ok_or_else(wrong)?;
        if millionths > Self::MAX.0 { Err(wrong()) } else { Ok(Self(millionths)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_dollars_and_read_back() {
        for (text, millionths, printed) in [
            ("0", 0, "0.00 USD"),
            ("12", 12_000_000, "12.00 USD"),
            ("12.5", 12_500_000, "12.50 USD"),
            ("0.000001", 1, "0.000001 USD"),
            ("3.141590", 3_141_590, "3.14159 USD"),
        ] {
            let amount: MicroUsd = text.parse().unwrap();
            assert_eq!((amount.get(), amount.to_string().as_str()), (millionths, printed), "{text}");
        }
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1,5", "1.0000001", "1e3", "9223372036855", "NaN"] {
            let refused = wrong.parse::<MicroUsd>().expect_err(wrong);
            assert!(refused.to_string().contains("12.50"), "{refused}");
        }
    }

    #[test]
    fn sums_stay_within_what_can_be_stored() {
        assert_eq!(MicroUsd::MAX.plus(MicroUsd::new(5)), MicroUsd::MAX);
        assert_eq!(MicroUsd::new(u64::MAX).signed(), i64::MAX);
        assert_eq!(MicroUsd::new(3).less(MicroUsd::new(5)), MicroUsd::ZERO);
        assert_eq!(MicroUsd::of_signed(-1), MicroUsd::ZERO);
    }
}
