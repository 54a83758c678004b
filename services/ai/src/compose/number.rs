//! Numbers of headings: `2.1 Methods` and `3 Results`, told from `10 Things to know`.

use lectern_core::content::document::{Block, Content};

/// How many characters of a heading are its number, with its stop; 0 where it has none.
///
/// A number of several parts, or with a stop, is one by itself. A plain one is believed when
/// another heading has the one before it, or after it where it is 1.
pub(super) fn length(content: &Content, block: &Block) -> u32 {
    let Some((number, length)) = block.kind.heading_level().and_then(|_| leading(&block.text)) else { return 0 };
    let Number::Plain(number) = number else { return length };
    let sibling = if number == 1 { 2 } else { number - 1 };
    let others = content.blocks.iter().filter(|other| other.id != block.id && other.kind.heading_level().is_some());
    let counted = others.filter_map(|other| leading(&other.text)).any(|(other, _)| other.first() == sibling);
    if counted { length } else { 0 }
}

enum Number {
    /// `3`
    Plain(u32),
    /// `3.` or `3.1`: its first part.
    Parted(u32),
}

impl Number {
    const fn first(&self) -> u32 {
        match self {
            Self::Plain(first) | Self::Parted(first) => *first,
        }
    }
}

/// The number that a text of more words begins with, and its length.
fn leading(text: &str) -> Option<(Number, u32)> {
    let (number, rest) = text.split_once(char::is_whitespace)?;
    if !rest.chars().any(char::is_alphabetic) {
        return None;
    }
    let parts: Vec<&str> = number.strip_suffix('.').unwrap_or(number).split('.').collect();
    if parts.iter().any(|part| part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let first = parts.first()?.parse().ok().filter(|first| *first > 0)?;
    let length = u32::try_from(number.len()).ok()?;
    Some((if number.contains('.') { Number::Parted(first) } else { Number::Plain(first) }, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::{block, content};
    use lectern_core::content::document::BlockKind;

    #[test]
    fn numbers_of_headings_are_told_from_amounts() {
        let headings = ["1 A clock", "2 B", "2.1 Wells", "3. Ends", "10 Things to know", "1990 on", "3.14", "Plain"];
        let blocks = headings.map(|text| block(BlockKind::Heading { level: 2 }, text)).to_vec();
        let content = content(blocks);
        let lengths: Vec<u32> = content.blocks.iter().map(|block| length(&content, block)).collect();
        assert_eq!(lengths, [1, 1, 3, 2, 0, 0, 0, 0]);
    }
}
