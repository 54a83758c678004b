//! Tokens of content streams and character maps, which share one syntax (ISO 32000-1, 7.2 and
//! 7.8.2). It never fails: what it cannot read it steps over, as viewers do.

/// Nesting of arrays and dictionaries beyond which the rest is not looked at.
const DEEPEST: usize = 12;

/// A value before an operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f32),
    /// A name, without its slash.
    Name(Vec<u8>),
    /// A string, decoded.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Operand>),
    /// A dictionary.
    Dict(Vec<(Vec<u8>, Operand)>),
}

impl Operand {
    /// The number, if it is one.
    pub const fn number(&self) -> Option<f32> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The string's bytes, if it is one.
    pub fn text(&self) -> Option<&[u8]> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The name, if it is one.
    pub fn name(&self) -> Option<&[u8]> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }

    /// A dictionary's entry.
    pub fn entry(&self, key: &[u8]) -> Option<&Self> {
        if let Self::Dict(entries) = self {
            entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
        } else {
            None
        }
    }
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    /// A value.
    Operand(Operand),
    /// An operator or keyword.
    Operator(&'a [u8]),
}

/// Reads tokens from `bytes`.
#[derive(Debug)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next token, or none at the end.
    pub fn token(&mut self) -> Option<Token<'a>> {
        self.nested(0)
    }

    /// Steps over the data of an inline image, to behind its `EI`.
    pub fn skip_image(&mut self) {
        // `EI` between white space, with no binary close behind it: image data may hold the
        // letters.
        let mut at = self.at;
        while at + 2 < self.bytes.len() {
            if is_space(self.bytes[at])
                && self.bytes[at + 1] == b'E'
                && self.bytes[at + 2] == b'I'
                && self.bytes.get(at + 3).is_none_or(|byte| is_space(*byte))
                && self.bytes[at + 3..self.bytes.len().min(at + 13)]
                    .iter()
                    .all(|byte| is_space(*byte) || (0x20..0x7f).contains(byte))
            {
                self.at = at + 3;
                return;
            }
            at += 1;
        }
        self.at = self.bytes.len();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn nested(&mut self, depth: usize) -> Option<Token<'a>> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            match byte {
                b'(' => return Some(Token::Operand(Operand::Text(self.literal()))),
                b'/' => {
                    self.at += 1;
                    return Some(Token::Operand(Operand::Name(self.name())));
                }
                b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                    self.at += 2;
                    return Some(Token::Operand(self.dict(depth)));
                }
                b'<' => return Some(Token::Operand(Operand::Text(self.hexadecimal()))),
                b'[' => {
                    self.at += 1;
                    return Some(Token::Operand(Operand::Array(self.array(depth))));
                }
                b']' => {
                    self.at += 1;
                    return Some(Token::Operator(b"]"));
                }
                b'>' => {
                    self.at += if self.bytes.get(self.at + 1) == Some(&b'>') { 2 } else { 1 };
                    return Some(Token::Operator(b">>"));
                }
                b')' | b'{' | b'}' => self.at += 1,
                b'0'..=b'9' | b'+' | b'-' | b'.' => {
                    let start = self.at;
                    let word = self.word();
                    if let Some(number) = number(word) {
                        return Some(Token::Operand(Operand::Number(number)));
                    }
                    debug_assert!(self.at > start);
                    return Some(Token::Operator(word));
                }
                _ => return Some(Token::Operator(self.word())),
            }
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(|byte| !is_space(byte) && !is_delimiter(byte)) {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }

    fn name(&mut self) -> Vec<u8> {
        let word = self.word();
        if !word.contains(&b'#') {
            return word.to_vec();
        }
        let mut out = Vec::with_capacity(word.len());
        let mut at = 0;
        while at < word.len() {
            let escaped =
                (word[at] == b'#').then(|| Some((hex(*word.get(at + 1)?)?, hex(*word.get(at + 2)?)?))).flatten();
            if let Some((high, low)) = escaped {
                out.push(high << 4 | low);
                at += 3;
            } else {
                out.push(word[at]);
                at += 1;
            }
        }
        out
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut out = Vec::new();
        let mut open = 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => {
                    open += 1;
                    out.push(byte);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    out.push(byte);
                }
                b'\\' => self.escape(&mut out),
                _ => out.push(byte),
            }
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.push((value & 0xff) as u8);
            }
            _ => out.push(byte),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut out = Vec::new();
        let mut half = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = hex(byte) else { continue };
            half = match half {
                None => Some(digit),
                Some(high) => {
                    out.push(high << 4 | digit);
                    None
                }
            };
        }
        if let Some(high) = half {
            out.push(high << 4);
        }
        out
    }

    fn array(&mut self, depth: usize) -> Vec<Operand> {
        let mut out = Vec::new();
        if depth >= DEEPEST {
            return out;
        }
        while let Some(token) = self.nested(depth + 1) {
            match token {
                Token::Operand(operand) => out.push(operand),
                Token::Operator(b"]") => break,
                Token::Operator(_) => {}
            }
        }
        out
    }

    fn dict(&mut self, depth: usize) -> Operand {
        let mut out = Vec::new();
        if depth >= DEEPEST {
            return Operand::Dict(out);
        }
        let mut key = None;
        while let Some(token) = self.nested(depth + 1) {
            match (token, key.take()) {
                (Token::Operand(Operand::Name(name)), None) => key = Some(name),
                (Token::Operand(value), Some(name)) => out.push((name, value)),
                (Token::Operator(b">>"), _) => break,
                (Token::Operand(_) | Token::Operator(_), _) => {}
            }
        }
        Operand::Dict(out)
    }
}

fn number(word: &[u8]) -> Option<f32> {
    let text = std::str::from_utf8(word).ok()?;
    if let Ok(number) = text.parse::<f32>() {
        return number.is_finite().then_some(number.clamp(-1e7, 1e7));
    }
    // `--5` and `5-3` are seen in the wild; viewers read the first as 5 negated, the second as 5.
    let tail = text.trim_start_matches(['-', '+']);
    let end = tail.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(tail.len());
    let value: f32 = tail[..end].parse().ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &[u8]) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text);
        std::iter::from_fn(|| lexer.token()).collect()
    }

    #[test]
    fn operands_and_operators_are_read() {
        let read = tokens(b"/F#31 12.5 Tf [(a\\051\\(b) -20 <4142 4>] TJ % note\n<< /ActualText (x) >> BDC");
        assert_eq!(
            read,
            [
                Token::Operand(Operand::Name(b"F1".to_vec())),
                Token::Operand(Operand::Number(12.5)),
                Token::Operator(b"Tf"),
                Token::Operand(Operand::Array(vec![
                    Operand::Text(b"a)(b".to_vec()),
                    Operand::Number(-20.0),
                    Operand::Text(b"AB@".to_vec()),
                ])),
                Token::Operator(b"TJ"),
                Token::Operand(Operand::Dict(vec![(b"ActualText".to_vec(), Operand::Text(b"x".to_vec()))])),
                Token::Operator(b"BDC"),
            ]
        );
    }

    #[test]
    fn damaged_input_ends() {
        let deep = vec![b'['; 5_000];
        for bytes in [&b"(never closed"[..], b"<41", b"[ [ [", b"<< /A << /B", b">>>> ) } ]", b"--5 ..", &deep] {
            tokens(bytes);
        }
    }

    #[test]
    fn inline_images_are_stepped_over() {
        let mut lexer = Lexer::new(b" \x01\x02 EI\x03 more\nEI Q");
        lexer.skip_image();
        assert_eq!(lexer.token(), Some(Token::Operator(b"Q")));
    }
}
