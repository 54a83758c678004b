//! Lanes: how urgent an order is, and how the lanes share a stage.

use serde::{Deserialize, Serialize};

/// How urgent an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody waits for it.
    Interactive,
    /// The usual.
    Standard,
    /// Large amounts that may take their time.
    Bulk,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Standard, Self::Bulk];

    /// Steps that this lane is granted for each that a lane of weight 1 is, while all have work.
    #[must_use]
    pub const fn weight(self) -> u64 {
        match self {
            Self::Interactive => 8,
            Self::Standard => 4,
            Self::Bulk => 1,
        }
    }

    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }

    /// Its number in the public API.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Interactive => 1,
            Self::Standard => 2,
            Self::Bulk => 3,
        }
    }

    /// The lane of a number in the public API; the unspecified one and unknown numbers are
    /// standard.
    #[must_use]
    pub const fn of_number(number: i32) -> Self {
        match number {
            1 => Self::Interactive,
            3 => Self::Bulk,
            _ => Self::Standard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_found_by_its_number() {
        for lane in Lane::ALL {
            assert_eq!(Lane::of_number(lane.number()), lane);
        }
        assert_eq!(Lane::of_number(0), Lane::Standard, "what is not said is the usual");
    }
}
