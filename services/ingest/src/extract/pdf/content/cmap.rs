//! Character maps: how long a code is, and what it means in Unicode or as a glyph's number (ISO
//! 32000-1, 9.7.5 and 9.10.3).

use std::collections::HashMap;

use super::lexer::{Lexer, Operand, Token};

/// Most codes that one range may name; longer ones are cut, for a range costs nothing to write.
const LONGEST_RANGE: u32 = 0x1_0000;

/// Most codes that all ranges of a map may name: four times all codes of two bytes, since ranges
/// may come twice.
const MOST_IN_RANGES: u32 = 0x4_0000;
/// Most operands before one operator; sections hold a hundred entries (9.7.5).
const MOST_OPERANDS: usize = 100_000;

/// A parsed map.
#[derive(Debug, Default)]
pub struct CMap {
    /// Code lengths in bytes with the codes that have them, from `codespacerange`.
    spaces: Vec<(usize, u32, u32)>,
    /// Code to text.
    texts: HashMap<u32, String>,
    /// How many codes its ranges have named.
    named: u32,
    /// Ranges of codes to consecutive glyph numbers.
    cids: Vec<(u32, u32, u32)>,
    /// Whether the writing is vertical.
    pub vertical: bool,
}

fn value(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    if bytes.len() == 1 {
        return char::from(bytes[0]).to_string();
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).filter_map(Result::ok).filter(|char| *char != '\0').collect()
}

impl CMap {
    /// Reads a map; what is malformed is left out.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut lexer = Lexer::new(bytes);
        let mut stack: Vec<Operand> = Vec::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(operand) => {
                    if stack.len() < MOST_OPERANDS {
                        stack.push(operand);
                    }
                }
                Token::Operator(operator) => {
                    map.apply(operator, &stack);
                    stack.clear();
                }
            }
        }
        map.cids.sort_unstable();
        map
    }

    /// The map that takes two bytes as one number.
    pub fn identity() -> Self {
        Self { spaces: vec![(2, 0, 0xffff)], cids: vec![(0, 0xffff, 0)], ..Self::default() }
    }

    fn apply(&mut self, operator: &[u8], stack: &[Operand]) {
        match operator {
            b"endcodespacerange" => {
                for pair in stack.chunks_exact(2) {
                    if let (Some(low), Some(high)) = (pair[0].text(), pair[1].text())
                        && (1..=4).contains(&low.len())
                    {
                        self.spaces.push((low.len(), value(low), value(high)));
                    }
                }
            }
            b"endbfchar" => {
                for pair in stack.chunks_exact(2) {
                    if let (Some(code), Some(text)) = (pair[0].text(), pair[1].text()) {
                        self.texts.insert(value(code), utf16(text));
                    }
                }
            }
            b"endbfrange" => {
                for triple in stack.chunks_exact(3) {
                    self.range(triple);
                }
            }
            b"endcidchar" => {
                for pair in stack.chunks_exact(2) {
                    if let (Some(code), Some(cid)) = (pair[0].text(), pair[1].number()) {
                        self.cids.push((value(code), value(code), cid as u32));
                    }
                }
            }
            b"endcidrange" => {
                for triple in stack.chunks_exact(3) {
                    if let (Some(low), Some(high), Some(cid)) = (triple[0].text(), triple[1].text(), triple[2].number())
                    {
                        self.cids.push((value(low), value(high), cid as u32));
                    }
                }
            }
            b"def" => {
                if let [Operand::Name(name), Operand::Number(mode)] = stack
                    && name == b"WMode"
                {
                    self.vertical = *mode > 0.5;
                }
            }
            _ => {}
        }
    }

    fn range(&mut self, triple: &[Operand]) {
        let (Some(low), Some(high)) = (triple[0].text().map(value), triple[1].text().map(value)) else { return };
        let high = high.min(low.saturating_add(LONGEST_RANGE.min(MOST_IN_RANGES - self.named)));
        self.named += high.saturating_sub(low);
        if let Operand::Array(texts) = &triple[2] {
            for (code, text) in (low..=high).zip(texts) {
                if let Some(text) = text.text() {
                    self.texts.insert(code, utf16(text));
                }
            }
        } else if let Some(first) = triple[2].text() {
            let mut chars: Vec<char> = utf16(first).chars().collect();
            let Some(last) = chars.pop() else { return };
            let head: String = chars.into_iter().collect();
            for code in low..=high {
                if let Some(char) = char::from_u32(u32::from(last).saturating_add(code - low)) {
                    self.texts.insert(code, format!("{head}{char}"));
                }
            }
        }
    }

    /// What `code` means.
    pub fn text(&self, code: u32) -> Option<&str> {
        self.texts.get(&code).map(String::as_str)
    }

    /// Whether it maps nothing to text.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The glyph's number for `code`.
    pub fn cid(&self, code: u32) -> Option<u32> {
        let at = self.cids.partition_point(|(low, _, _)| *low <= code);
        let (low, high, cid) = self.cids.get(at.checked_sub(1)?)?;
        (code <= *high).then(|| cid + (code - low))
    }

    /// Takes the next code off `bytes`: its value and length.
    pub fn code(&self, bytes: &[u8]) -> (u32, usize) {
        for length in 1..=bytes.len().min(4) {
            let code = value(&bytes[..length]);
            if self.spaces.iter().any(|(size, low, high)| *size == length && *low <= code && code <= *high) {
                return (code, length);
            }
        }
        let length = self.spaces.first().map_or(2, |space| space.0).min(bytes.len()).max(1);
        (value(&bytes[..length]), length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chars_ranges_and_arrays_are_read() {
        let map = CMap::parse(
            b"1 begincodespacerange <0000> <ffff> endcodespacerange
            2 beginbfchar <0003> <0020> <0041> <00660066> endbfchar
            2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <D835DC00>] endbfrange
            1 begincidrange <0100> <01ff> 7 endcidrange",
        );
        assert_eq!(map.text(3), Some(" "));
        assert_eq!(map.text(0x41), Some("ff"));
        assert_eq!(map.text(0x12), Some("c"));
        assert_eq!(map.text(0x21), Some("\u{1d400}"));
        assert_eq!(map.cid(0x101), Some(8));
        assert_eq!(map.code(&[0, 3, 9]), (3, 2));
    }

    #[test]
    fn ranges_that_claim_everything_again_and_again_are_cut() {
        let range = "1 beginbfrange <00000000> <ffffffff> <0041> endbfrange\n";
        let map = CMap::parse(range.repeat(3_000).as_bytes());
        assert!(map.named <= MOST_IN_RANGES);
        assert_eq!(map.text(1), Some("B"));
    }

    #[test]
    fn a_range_that_claims_everything_is_cut() {
        let map = CMap::parse(b"1 beginbfrange <00000000> <ffffffff> <0041> endbfrange");
        assert!(map.texts.len() <= LONGEST_RANGE as usize + 1);
    }
}
