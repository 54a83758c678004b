//! Formulas in LaTeX, read with the words of a language's table `formula`. A command that the table
//! has no words for leaves the formula without any: what is not known is never passed over.
//!
//! Keys of the table are commands without their backslash and signs, and what is built here:
//! `power` (and `power 2`), `sub`, `applied`, `root` (and `root 3`), `degrees`, `letter a` (how a
//! letter is said that is also a word), and the bounds of sums and limits (`from_to`, `from`,
//! `to_bound`, `approach`, `bare`). `{1}` and `{2}` in a value stand for arguments, `{0}` for the
//! noun that has bounds.

use super::grammar::Grammar;
use super::span::{Fraction, Number, Sign};
use super::text::Text;
use super::verbalise::{Agreement, Scene, Verbaliser};

/// Nesting beyond this has no words.
const MAX_DEPTH: usize = 24;

/// Denominators up to this have a name in fractions of two numbers.
const LAST_NAMED_DENOMINATOR: u128 = 10;

/// Commands that take bounds.
const BOUNDED: [&str; 10] = ["sum", "prod", "int", "bigcup", "bigcap", "lim", "max", "min", "sup", "inf"];

/// Commands whose argument is text.
const TEXTS: [&str; 7] = ["text", "mathrm", "textrm", "operatorname", "textit", "textbf", "mbox"];

/// Commands that change only how a formula looks.
const LOOKS: [&str; 22] = [
    "mathbf",
    "mathcal",
    "mathbb",
    "mathit",
    "mathsf",
    "boldsymbol",
    "bm",
    "displaystyle",
    "textstyle",
    "left",
    "right",
    "big",
    "Big",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "quad",
    "qquad",
    "limits",
    "nolimits",
    "nonumber",
];

/// Letters that are functions where a bracket follows.
const FUNCTIONS: [char; 11] = ['f', 'g', 'h', 'O', 'P', 'p', 'F', 'T', 'E', 'u', 'v'];

/// Greek letters by their commands, with or without `var` before them.
const GREEK: [(&str, &str); 24] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("omicron", "ο"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
];

/// The words of a formula; none where a part of it has none.
pub(crate) fn read(latex: &str, verbaliser: &dyn Verbaliser, grammar: &'static Grammar) -> Option<String> {
    let chars: Vec<char> = undelimited(latex).chars().collect();
    let nothing = Text::new("");
    let scene = Scene::new(&nothing, &[], 0, grammar).agreeing(Agreement::default());
    let mut reader = Reader { chars: &chars, at: 0, depth: 0, verbaliser, scene };
    let words = collapsed(&reader.sequence(None)?);
    words.chars().any(char::is_alphabetic).then_some(words)
}

/// A formula without the signs around it: `$…$`, `\(…\)`, `\[…\]`.
fn undelimited(latex: &str) -> &str {
    let inner = latex.trim().trim_matches('$').trim();
    let inner = inner.strip_prefix("\\(").and_then(|rest| rest.strip_suffix("\\)")).unwrap_or(inner);
    inner.strip_prefix("\\[").and_then(|rest| rest.strip_suffix("\\]")).unwrap_or(inner)
}

fn collapsed(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    depth: usize,
    verbaliser: &'a dyn Verbaliser,
    scene: Scene<'a>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn written(&self, start: usize) -> String {
        self.chars.get(start..self.at).unwrap_or_default().iter().collect()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Words of the language's table.
    fn words(&self, key: &str) -> Option<&'static str> {
        self.scene.grammar.get("formula", key)
    }

    /// Words of the table with arguments in their places.
    fn filled(&self, key: &str, arguments: [&str; 3]) -> Option<String> {
        let [noun, first, second] = arguments;
        Some(self.words(key)?.replace("{0}", noun).replace("{1}", first).replace("{2}", second))
    }

    /// Everything up to `close`, or to the end.
    fn sequence(&mut self, close: Option<char>) -> Option<String> {
        let mut words: Vec<String> = Vec::new();
        loop {
            match self.peek() {
                None => return close.is_none().then(|| words.join(" ")),
                next if next == close => {
                    self.at += 1;
                    return Some(words.join(" "));
                }
                Some(_) => words.push(self.item()?),
            }
        }
    }

    fn item(&mut self) -> Option<String> {
        let c = self.peek().filter(|_| self.depth < MAX_DEPTH)?;
        self.at += 1;
        self.depth += 1;
        let said = self.item_of(c);
        self.depth -= 1;
        said
    }

    fn item_of(&mut self, c: char) -> Option<String> {
        match c {
            _ if c.is_whitespace() => Some(String::new()),
            '{' => self.sequence(Some('}')),
            '}' => None,
            '\\' => self.command(),
            '^' => self.power(),
            '_' => {
                let index = self.argument()?;
                self.filled("sub", ["", &index, ""])
            }
            ',' | ';' => Some(c.to_string()),
            '.' | ':' if self.peek().is_none_or(char::is_whitespace) => Some(c.to_string()),
            // `&` parts columns.
            '|' | '&' | '~' | '(' | ')' | '[' | ']' | '.' | ':' | '"' | '$' => Some(String::new()),
            _ if c.is_ascii_digit() => Some(self.number()),
            _ if c.is_ascii_alphabetic() => self.letter(c),
            _ => self.sign(c),
        }
    }

    /// The number whose first digit was read.
    fn number(&mut self) -> String {
        let start = self.at - 1;
        self.digits();
        let whole = self.written(start);
        let decimals = self.peek() == Some('.') && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit);
        let fraction = decimals.then(|| {
            self.at += 1;
            let start = self.at;
            self.digits();
            self.written(start)
        });
        self.verbaliser.cardinal(&Number { whole, fraction, ..Number::default() }, &self.scene)
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// The name of a quantity, or of a function that is applied: `f(x)`.
    fn letter(&self, c: char) -> Option<String> {
        let is_word = self.scene.grammar.context("word_letters", c.encode_utf8(&mut [0; 4]));
        let letter = match self.words(&format!("letter {c}")) {
            Some(letter) => letter.to_owned(),
            None if is_word => c.to_uppercase().to_string(),
            None => c.to_string(),
        };
        if self.peek() == Some('(') && FUNCTIONS.contains(&c) {
            return self.filled("applied", ["", &letter, ""]);
        }
        Some(letter)
    }

    /// A sign by the table, a Greek letter, or a sign of prose.
    fn sign(&self, c: char) -> Option<String> {
        let mut buffer = [0; 4];
        let written: &str = c.encode_utf8(&mut buffer);
        if let Some(words) = self.words(written) {
            return Some(words.to_owned());
        }
        if let Some(name) = self.greek(written) {
            return Some(name);
        }
        let sign = self.scene.grammar.common.sign(written)?;
        self.verbaliser.symbol(sign, &self.scene)
    }

    fn greek(&self, letter: &str) -> Option<String> {
        self.scene.grammar.get("greek", &letter.to_lowercase()).map(str::to_owned)
    }

    fn power(&mut self) -> Option<String> {
        const DEGREES: [char; 5] = ['\\', 'c', 'i', 'r', 'c'];
        if self.chars.get(self.at..).is_some_and(|rest| rest.starts_with(&DEGREES)) {
            self.at += DEGREES.len();
            return self.words("degrees").map(str::to_owned);
        }
        let start = self.at;
        let power = self.argument()?;
        let written = self.written(start);
        let written = written.trim().trim_start_matches('{').trim_end_matches('}').trim();
        match self.words(&format!("power {written}")) {
            Some(words) => Some(words.to_owned()),
            None if power.is_empty() => Some(String::new()),
            None => self.filled("power", ["", &power, ""]),
        }
    }

    /// The group or the single item that a command or a sign takes.
    fn argument(&mut self) -> Option<String> {
        self.skip_spaces();
        if let Some(digit) = self.peek().filter(char::is_ascii_digit) {
            self.at += 1;
            return Some(self.verbaliser.cardinal(&Number::digits(&digit.to_string()), &self.scene));
        }
        self.item().map(|words| collapsed(&words))
    }

    /// The words of a group that is text: `\text{si }`. Numbers in it are those of a name.
    fn text(&mut self) -> Option<String> {
        self.skip_spaces();
        let start = self.at + 1;
        let close = self.chars.get(start..)?.iter().position(|c| *c == '}')?;
        let opens = self.peek() == Some('{');
        self.at = start + close;
        let text = self.written(start);
        self.at += 1;
        if !opens || text.contains(['\\', '{', '$']) {
            return None;
        }
        let mut words = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                let (number, behind) = rest.split_at(digits);
                words.push_str(&format!(" {} ", self.verbaliser.name_number(number)));
                rest = behind;
                continue;
            }
            if c.is_alphabetic() || matches!(c, ',' | '.' | '-' | '\'') {
                words.push(c);
            } else if c.is_whitespace() || matches!(c, '(' | ')' | '"' | ':' | ';') {
                words.push(' ');
            } else {
                words.push_str(&format!(" {} ", self.sign(c)?));
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        Some(words)
    }

    fn command(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let name = self.written(start);
        match name.as_str() {
            "" => self.escaped(),
            "frac" | "dfrac" | "tfrac" => self.fraction(),
            "sqrt" if self.peek() == Some('[') => self.root(),
            _ if BOUNDED.contains(&name.as_str()) => self.bounded(&name),
            _ if TEXTS.contains(&name.as_str()) => self.text(),
            _ if LOOKS.contains(&name.as_str()) => Some(String::new()),
            _ => self.named(&name),
        }
    }

    /// What stands behind a backslash and is no letter.
    fn escaped(&mut self) -> Option<String> {
        let c = self.peek()?;
        self.at += 1;
        match c {
            ',' | ';' | ':' | '!' | ' ' | '{' | '}' | '|' | '\n' => Some(String::new()),
            '\\' => Some(",".to_owned()),
            _ => self.sign(c),
        }
    }

    /// A command with as many arguments as its words have places, or a Greek letter.
    fn named(&mut self, name: &str) -> Option<String> {
        let small = name.to_ascii_lowercase();
        let plain = small.strip_prefix("var").unwrap_or(&small);
        let Some(words) = self.words(name) else {
            let (_, letter) = GREEK.iter().find(|(command, _)| *command == plain)?;
            return self.greek(letter);
        };
        let first = if words.contains("{1}") { self.argument()? } else { String::new() };
        let second = if words.contains("{2}") { self.argument()? } else { String::new() };
        self.filled(name, ["", &first, &second])
    }

    /// "tres cuartos" of two numbers; else the one over the other.
    fn fraction(&mut self) -> Option<String> {
        let start = self.at;
        let top = self.argument()?;
        let over = self.whole_number(start);
        let start = self.at;
        let bottom = self.argument()?;
        let under = self.whole_number(start).filter(|under| (2..=LAST_NAMED_DENOMINATOR).contains(under));
        match (over, under) {
            (Some(over), Some(under)) => {
                let fraction = Fraction { sign: Sign::None, whole: None, over, under, slashed: false };
                Some(self.verbaliser.fraction(&fraction, &self.scene))
            }
            _ => self.filled("frac", ["", &top, &bottom]),
        }
    }

    /// The number that an argument from `start` on is.
    fn whole_number(&self, start: usize) -> Option<u128> {
        let written = self.written(start);
        written.trim().trim_start_matches('{').trim_end_matches('}').trim().parse().ok()
    }

    /// `\sqrt[3]{x}`.
    fn root(&mut self) -> Option<String> {
        self.at += 1;
        let start = self.at;
        let index = collapsed(&self.sequence(Some(']'))?);
        let written = self.written(start);
        let body = self.argument()?;
        let key = format!("root {}", written.trim_end_matches(']').trim());
        let key = if self.words(&key).is_some() { key.as_str() } else { "root" };
        self.filled(key, ["", &index, &body])
    }

    /// `\sum_{i=1}^{n}`: the noun with its bounds.
    fn bounded(&mut self, name: &str) -> Option<String> {
        let (mut from, mut to) = (None, None);
        loop {
            self.skip_spaces();
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
        let key = match (&from, &to) {
            (Some(_), Some(_)) => "from_to",
            (Some(_), None) if name == "lim" => "approach",
            (Some(_), None) => "from",
            (None, Some(_)) => "to_bound",
            (None, None) => "bare",
        };
        let noun = self.words(name)?;
        self.filled(key, [noun, &from.unwrap_or_default(), &to.unwrap_or_default()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::Language;

    #[test]
    fn formulas_are_read_with_the_words_of_the_language_or_not_at_all() {
        let spanish = Language::Spanish;
        for (latex, words) in [
            (r"E = mc^2", Some("E es igual a m c al cuadrado")),
            (r"$\frac{1}{2} + \frac{a}{b}$", Some("un medio más A sobre b")),
            (r"\sum_{i=1}^{n} x_i", Some("la suma desde i es igual a uno hasta n de x sub i")),
            (r"\lim_{x \to 0} f(x)", Some("el límite cuando x tiende a cero de f de x")),
            (r"\sqrt[3]{8} \leq 2.5", Some("raíz cúbica de ocho es menor o igual que dos coma cinco")),
            (r"90^\circ", Some("noventa grados")),
            (r"x^{n+1}", Some("x elevado a n más uno")),
            (r"\alpha \in \mathbb{R}", Some("alfa pertenece a R")),
            (r"\text{si } x > 0", Some("si x es mayor que cero")),
            (r"\unknown{x}", None),
            ("{x", None),
            ("", None),
        ] {
            assert_eq!(read(latex, spanish.verbaliser(), spanish.grammar()).as_deref(), words, "{latex}");
        }
    }

    #[test]
    fn formulas_are_read_in_english() {
        let english = Language::English;
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
            (r"x = 1 \text{ if } n > 2", Some("x equals one if n is greater than two")),
            (r"\frac{1}{2} \text{ of 12}", Some("one half of twelve")),
            (r"\unknown{x}", None),
            (r"{x", None),
            ("", None),
        ] {
            assert_eq!(read(latex, english.verbaliser(), english.grammar()).as_deref(), words, "{latex}");
        }
    }

    #[test]
    fn formulas_are_read_in_german() {
        let german = Language::German;
        for (latex, words) in [
            (r"E = mc^2", Some("E gleich m c hoch zwei")),
            (r"\sum_{i=1}^{n} x_i", Some("die Summe von i gleich eins bis n von x Index i")),
            (r"\lim_{x \to 0} f(x)", Some("der Grenzwert für x gegen null von f von x")),
            (r"\sqrt[3]{8} \leq 2.5", Some("dritte Wurzel aus acht kleiner oder gleich zwei Komma fünf")),
            (r"\frac{3}{4} \neq \frac{a}{b}", Some("drei Viertel ungleich a durch b")),
            (r"90^\circ", Some("neunzig Grad")),
            (r"\unknown{x}", None),
        ] {
            assert_eq!(read(latex, german.verbaliser(), german.grammar()).as_deref(), words, "{latex}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = r"\hat".repeat(10_000);
        assert_eq!(read(&deep, Language::Spanish.verbaliser(), Language::Spanish.grammar()), None);
    }
}
