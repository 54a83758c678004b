//! Durations (`15s`, `250ms`, `1h30m`) and sizes (`64MiB`) as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Sums up numbers with units: `1h30m`.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = tail.trim_start();
    }
    Some(total)
}

/// The largest unit that divides evenly.
fn format(value: u64, units: &[(&str, u64)], zero: &str) -> String {
    let unit = units.iter().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor));
    unit.map_or_else(|| zero.to_owned(), |(name, factor)| format!("{}{name}", value / factor))
}

/// `#[serde(with = "lectern_runtime::config::duration")]` for a [`Duration`] of whole milliseconds.
pub mod duration {
    use super::{Deserialize, Deserializer, Duration, Serializer, TIMES, format, parse};

    /// Writes a duration: `15s`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), &TIMES, "0s"))
    }

    /// Reads a duration: `15s`, `250ms`, `1h30m`.
    ///
    /// # Errors
    /// For a text that is not one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text, &TIMES).map(Duration::from_millis).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not a duration; write 250ms, 15s, 5m, 1h30m or 7d"))
        })
    }
}

/// `#[serde(with = "lectern_runtime::config::optional_duration", default)]` for a [`Duration`] that
/// may be unset, which is another thing than `0s`.
pub mod optional_duration {
    use super::{Deserialize, Deserializer, Duration, Serializer, duration};

    #[derive(Deserialize)]
    struct Set(#[serde(with = "duration")] Duration);

    /// Writes a duration: `15s`.
    ///
    /// # Errors
    /// Those of the serializer.
    #[allow(clippy::ref_option, reason = "serde hands a field on so")]
    pub fn serialize<S: Serializer>(set: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match set {
            Some(set) => duration::serialize(set, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a duration: `15s`, `250ms`, `1h30m`.
    ///
    /// # Errors
    /// For a text that is not one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let set = Option::<Set>::deserialize(deserializer)?;
        Ok(set.map(|Set(duration)| duration))
    }
}

/// A size in bytes, written `64MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// `count` KiB.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// `count` MiB.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The size in bytes; the largest there is where memory cannot hold it.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format(self.0, &SIZES, "0B"))
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text, &SIZES).map(Self).ok_or_else(|| format!("{text:?} is not a size; write 512B, 16KiB, 64MiB or 2GiB"))
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_what_they_print() {
        for (text, millis, printed) in [
            ("15s", 15_000, "15s"),
            ("250ms", 250, "250ms"),
            ("1h30m", 5_400_000, "90m"),
            ("1h 30m", 5_400_000, "90m"),
            ("7d", 604_800_000, "7d"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(parse(text, &TIMES), Some(millis), "{text}");
            assert_eq!(format(millis, &TIMES, "0s"), printed);
        }
        for wrong in ["", "15", "s", "-1s", "1.5s", "15 seconds", "99999999999999999999s", "999999999999999999d"] {
            assert_eq!(parse(wrong, &TIMES), None, "{wrong}");
        }
    }

    #[test]
    fn a_duration_that_is_unset_is_another_than_none() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Table {
            #[serde(with = "optional_duration", default)]
            lame_duck: Option<Duration>,
        }
        for (json, millis) in [
            (r#"{"lame_duck":null}"#, None),
            (r#"{"lame_duck":"0s"}"#, Some(0)),
            (r#"{"lame_duck":"5s"}"#, Some(5_000)),
        ] {
            let table = Table { lame_duck: millis.map(Duration::from_millis) };
            assert_eq!(serde_json::from_str::<Table>(json).unwrap(), table);
            assert_eq!(serde_json::to_string(&table).unwrap(), json);
        }
        assert_eq!(serde_json::from_str::<Table>("{}").unwrap(), Table { lame_duck: None });
        assert!(serde_json::from_str::<Table>(r#"{"lame_duck":"soon"}"#).is_err());
    }

    #[test]
    fn sizes_read_back_what_they_print() {
        for (text, bytes) in [("64MiB", 64 << 20), ("1536KiB", 1536 << 10), ("7B", 7), ("0B", 0)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)));
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
        assert!("64MB".parse::<ByteSize>().is_err());
    }
}
