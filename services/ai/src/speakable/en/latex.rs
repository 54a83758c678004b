//! Formulas in LaTeX, in words: fractions, roots, powers, indices, sums, Greek letters, operators,
//! functions. A command that is not known has no words, and then the formula has none.

use lectern_core::content::Range;

use super::{number, symbol};

/// The words of a formula; none where a part of it has none.
pub(crate) fn read(latex: &str) -> Option<String> {
    let trimmed = latex.trim().trim_matches('$').trim();
    let trimmed = trimmed.strip_prefix("\\(").and_then(|rest| rest.strip_suffix("\\)")).unwrap_or(trimmed);
    let trimmed = trimmed.strip_prefix("\\[").and_then(|rest| rest.strip_suffix("\\]")).unwrap_or(trimmed);
    let mut reader = Reader { chars: trimmed.chars().collect(), at: 0, depth: 0 };
    let words = reader.sequence(None)?;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().any(char::is_alphabetic).then_some(words)
}

/// Parts that can each be said in at most `limit` characters, cut at relations and line breaks;
/// empty where that cannot be.
pub(crate) fn parts(latex: &str, limit: usize) -> Vec<Range> {
    let whole = read(latex);
    let Some(words) = whole else { return Vec::new() };
    if words.len() <= limit {
        return vec![Range::all(latex)];
    }
    let chars: Vec<char> = latex.chars().collect();
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in chars.iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '=' | '+' if depth == 0 && at > start => {
                parts.push(Range::new(offset(start), offset(at)));
                start = at;
            }
            _ => {}
        }
    }
    parts.push(Range::new(offset(start), offset(chars.len())));
    let sayable = |part: &Range| read(part.of(latex)).is_some_and(|words| words.len() <= limit);
    if parts.iter().all(sayable) { parts } else { Vec::new() }
}

/// Nesting beyond this has no words.
const MAX_DEPTH: usize = 24;

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Everything up to `close`, or to the end.
    fn sequence(&mut self, close: Option<char>) -> Option<String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut words: Vec<String> = Vec::new();
        loop {
            let Some(c) = self.peek() else {
                if close.is_some() {
                    return None;
                }
                break;
            };
            if Some(c) == close {
                self.at += 1;
                break;
            }
            words.push(self.item(c)?);
        }
        self.depth -= 1;
        Some(words.join(" "))
    }

    fn item(&mut self, c: char) -> Option<String> {
        self.at += 1;
        let said = match c {
            _ if c.is_whitespace() => String::new(),
            '{' => return self.sequence(Some('}')),
            '}' => return None,
            '\\' => return self.command(),
            '^' => {
                if self.chars[self.at..].starts_with(&['\\', 'c', 'i', 'r', 'c']) {
                    self.at += 5;
                    return Some("degrees".to_owned());
                }
                let power = self.argument()?;
                match power.as_str() {
                    "two" => "squared".to_owned(),
                    "three" => "cubed".to_owned(),
                    "T" => "transposed".to_owned(),
                    "" => String::new(),
                    _ => format!("to the power of {power}"),
                }
            }
            '_' => format!("sub {}", self.argument()?),
            '0'..='9' => {
                self.at -= 1;
                self.number()
            }
            '.' | ',' | ';' | ':' if self.peek().is_none_or(char::is_whitespace) => c.to_string(),
            ',' | ';' => c.to_string(),
            '+' => "plus".to_owned(),
            '-' | '−' => "minus".to_owned(),
            '=' => "equals".to_owned(),
            '<' => "is less than".to_owned(),
            '>' => "is greater than".to_owned(),
            '*' => "times".to_owned(),
            '/' => "over".to_owned(),
            '!' => "factorial".to_owned(),
            '\'' => "prime".to_owned(),
            '|' | '&' | '~' | '(' | ')' | '[' | ']' | '.' | ':' | '"' | '$' => String::new(),
            '%' => "percent".to_owned(),
            _ if c.is_ascii_alphabetic() => {
                // A function applied: `f(x)`.
                let applied = self.peek() == Some('(')
                    && matches!(c, 'f' | 'g' | 'h' | 'O' | 'P' | 'p' | 'F' | 'T' | 'E' | 'u' | 'v');
                let letter = if c == 'a' { "A".to_owned() } else { c.to_string() };
                if applied { format!("{letter} of") } else { letter }
            }
            _ => symbol::greek(c).or_else(|| sign(c)).map(str::to_owned)?,
        };
        Some(said)
    }

    fn number(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let whole: String = self.chars[start..self.at].iter().collect();
        let fraction = self.peek() == Some('.') && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit);
        if !fraction {
            return number::integer(&whole);
        }
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        format!("{} point {}", number::integer(&whole), number::digits(&digits))
    }

    /// The group or the single item that a command or a sign takes.
    fn argument(&mut self) -> Option<String> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let c = self.peek()?;
        if c.is_ascii_digit() {
            self.at += 1;
            return Some(number::integer(&c.to_string()));
        }
        self.item(c).map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The letters of a group as they stand: `\text{if }`.
    fn raw(&mut self) -> Option<String> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        if self.peek() != Some('{') {
            return None;
        }
        let end = (self.at..self.chars.len()).find(|at| self.chars[*at] == '}')?;
        let text: String = self.chars[self.at + 1..end].iter().collect();
        self.at = end + 1;
        if text.contains(['\\', '{', '$']) {
            return None;
        }
        Some(super::speak(&text, &[], crate::speakable::Emoji::Dropped).text)
    }

    fn command(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        if name.is_empty() {
            let c = self.peek()?;
            self.at += 1;
            return match c {
                ',' | ';' | ':' | '!' | ' ' | '{' | '}' | '|' | '\n' => Some(String::new()),
                '\\' => Some(",".to_owned()),
                '%' => Some("percent".to_owned()),
                '&' => Some("and".to_owned()),
                _ => None,
            };
        }
        if let Some(said) = operator(&name) {
            return Some(said.to_owned());
        }
        if let Some(letter) = greek(&name) {
            return Some(letter.to_owned());
        }
        Some(match name.as_str() {
            "frac" | "dfrac" | "tfrac" => {
                let (top, bottom) = (self.argument()?, self.argument()?);
                match (top.as_str(), bottom.as_str()) {
                    ("one", "two") => "one half".to_owned(),
                    ("one", "three") => "one third".to_owned(),
                    ("one", "four") => "one quarter".to_owned(),
                    _ => format!("{top} over {bottom}"),
                }
            }
            "binom" => {
                let (n, k) = (self.argument()?, self.argument()?);
                format!("{n} choose {k}")
            }
            "sqrt" => {
                if self.peek() == Some('[') {
                    self.at += 1;
                    let index = self.sequence(Some(']'))?;
                    let body = self.argument()?;
                    let root = if index == "three" { "cube root".to_owned() } else { format!("root of order {index}") };
                    return Some(format!("the {root} of {body}"));
                }
                format!("the square root of {}", self.argument()?)
            }
            "sum" | "prod" | "int" | "bigcup" | "bigcap" | "lim" | "max" | "min" | "sup" | "inf" => {
                self.bounds(&name)?
            }
            "text" | "mathrm" | "textrm" | "operatorname" | "textit" | "textbf" | "mbox" => self.raw()?,
            "mathbf" | "mathcal" | "mathbb" | "mathit" | "mathsf" | "boldsymbol" | "bm" | "displaystyle"
            | "textstyle" | "left" | "right" | "big" | "Big" | "bigl" | "bigr" | "Bigl" | "Bigr" | "quad" | "qquad"
            | "limits" | "nonumber" => String::new(),
            "hat" => format!("{} hat", self.argument()?),
            "bar" | "overline" => format!("{} bar", self.argument()?),
            "tilde" => format!("{} tilde", self.argument()?),
            "vec" => format!("vector {}", self.argument()?),
            "dot" => format!("{} dot", self.argument()?),
            "ddot" => format!("{} double dot", self.argument()?),
            _ => return None,
        })
    }

    /// `\sum_{i=1}^{n}` is "the sum from i equals one to n of".
    fn bounds(&mut self, name: &str) -> Option<String> {
        let (mut from, mut to) = (None, None);
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            match self.peek() {
                Some('_') if from.is_none() => {
                    self.at += 1;
                    from = Some(self.argument()?);
                }
                Some('^') if to.is_none() => {
                    self.at += 1;
                    to = Some(self.argument()?);
                }
                _ => break,
            }
        }
        let noun = match name {
            "sum" => "the sum",
            "prod" => "the product",
            "int" => "the integral",
            "bigcup" => "the union",
            "bigcap" => "the intersection",
            "lim" => "the limit",
            "max" => "the maximum",
            "min" => "the minimum",
            "sup" => "the supremum",
            _ => "the infimum",
        };
        let bounds = match (from, to) {
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            (Some(from), None) if name == "lim" => format!(" as {from}"),
            (Some(from), None) => format!(" over {from}"),
            (None, Some(to)) => format!(" to {to}"),
            (None, None) => String::new(),
        };
        Some(format!("{noun}{bounds} of"))
    }
}

fn sign(c: char) -> Option<&'static str> {
    operator(match c {
        '×' => "times",
        '÷' => "div",
        '±' => "pm",
        '≤' => "leq",
        '≥' => "geq",
        '≠' => "neq",
        '≈' => "approx",
        '∞' => "infty",
        '→' => "to",
        '∈' => "in",
        '∂' => "partial",
        '·' => "cdot",
        _ => return None,
    })
}

fn operator(name: &str) -> Option<&'static str> {
    Some(match name {
        "times" | "cdot" => "times",
        "div" => "divided by",
        "pm" => "plus or minus",
        "mp" => "minus or plus",
        "le" | "leq" | "leqslant" => "is at most",
        "ge" | "geq" | "geqslant" => "is at least",
        "lt" => "is less than",
        "gt" => "is greater than",
        "ll" => "is much less than",
        "gg" => "is much greater than",
        "ne" | "neq" => "is not equal to",
        "approx" | "simeq" => "is approximately",
        "sim" => "is distributed as",
        "equiv" => "is equivalent to",
        "propto" => "is proportional to",
        "to" | "rightarrow" | "longrightarrow" | "mapsto" => "to",
        "Rightarrow" | "implies" => "implies",
        "iff" | "Leftrightarrow" => "if and only if",
        "in" => "in",
        "notin" => "not in",
        "subset" | "subseteq" => "is a subset of",
        "cup" => "union",
        "cap" => "intersection",
        "forall" => "for all",
        "exists" => "there exists",
        "infty" => "infinity",
        "partial" => "partial",
        "nabla" => "nabla",
        "ldots" | "cdots" | "dots" => "and so on",
        "sin" => "sine",
        "cos" => "cosine",
        "tan" => "tangent",
        "log" => "log",
        "ln" => "natural log",
        "exp" => "exp",
        "det" => "determinant of",
        "arg" => "arg",
        "mid" => "given",
        "circ" => "degrees",
        "prime" => "prime",
        "ell" => "L",
        "hbar" => "H bar",
        "neg" => "not",
        "land" | "wedge" => "and",
        "lor" | "vee" => "or",
        "emptyset" => "the empty set",
        "mod" | "bmod" => "mod",
        _ => return None,
    })
}

fn greek(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 24] = [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    ];
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_prefix("var").unwrap_or(&lower);
    NAMES.into_iter().find(|known| *known == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_read_or_have_no_words() {
        for (latex, words) in [
            (r"E = mc^2", Some("E equals m c squared")),
            (r"\frac{a+b}{2}", Some("A plus b over two")),
            (r"x_i^{2} \leq \sqrt{y}", Some("x sub i squared is at most the square root of y")),
            (
                r"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}",
                Some("the sum from i equals one to n of i equals n n plus one over two"),
            ),
            (r"\alpha + \beta \approx 3.14", Some("alpha plus beta is approximately three point one four")),
            (
                r"f(x) = \int_0^\infty e^{-x} dx",
                Some("f of x equals the integral from zero to infinity of e to the power of minus x d x"),
            ),
            (r"\unknown{x}", None),
            (r"{x", None),
            ("", None),
        ] {
            assert_eq!(read(latex).as_deref(), words, "{latex}");
        }
    }
}
