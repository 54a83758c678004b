//! A set of section numbers, small in a record whatever the number of sections.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A set over `0..len`, stored as hexadecimal digits of its bytes, the lowest section in the lowest
/// bit of the first byte.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bits(Vec<u8>);

impl Bits {
    /// The set of all of `0..len`.
    #[must_use]
    pub fn first(len: u32) -> Self {
        let mut bits = Self::default();
        for index in 0..len {
            bits.insert(index);
        }
        bits
    }

    /// Adds `index`; says whether it is new.
    pub fn insert(&mut self, index: u32) -> bool {
        let (byte, mask) = (index as usize / 8, 1_u8 << (index % 8));
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        let new = self.0[byte] & mask == 0;
        self.0[byte] |= mask;
        new
    }

    /// Whether `index` is in it.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        self.0.get(index as usize / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0)
    }

    /// How many are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Those that are in it, in order.
    pub fn indexes(&self) -> impl Iterator<Item = u32> {
        let end = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_mul(8);
        (0..end).filter(|index| self.contains(*index))
    }

    /// The lowest number that is not in it.
    #[must_use]
    pub fn first_missing(&self) -> u32 {
        (0..).find(|index| !self.contains(*index)).unwrap_or(u32::MAX)
    }
}

impl From<Bits> for String {
    fn from(bits: Bits) -> Self {
        bits.0.iter().fold(Self::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl TryFrom<String> for Bits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| {
                std::str::from_utf8(pair)
                    .ok()
                    .filter(|pair| pair.len() == 2)
                    .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                    .ok_or("a set of sections is pairs of hexadecimal digits")
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_what_it_wrote() {
        let mut bits = Bits::default();
        for index in [0, 3, 8, 77] {
            assert!(bits.insert(index));
            assert!(!bits.insert(index));
        }
        let read = Bits::try_from(String::from(bits.clone())).expect("valid");
        assert_eq!(read, bits);
        assert_eq!((read.count(), read.first_missing()), (4, 1));
        let first = Bits::first(9);
        assert_eq!((first.count(), first.first_missing(), first.contains(8)), (9, 9, true));
        assert_eq!(Bits::first(0), Bits::default());
        assert_eq!(read.indexes().collect::<Vec<_>>(), [0, 3, 8, 77]);
        assert!(Bits::try_from("0".to_owned()).is_err());
        assert!(Bits::try_from("zz".to_owned()).is_err());
    }
}
