//! The names in a query of Prometheus: which metrics it asks for, and by which labels.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::CharIndices;

/// Words before a list of labels.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words that are no metric, though no bracket need follow.
const WORDS: [&str; 20] = [
    "and",
    "or",
    "unless",
    "atan2",
    "bool",
    "offset",
    "inf",
    "nan",
    "sum",
    "min",
    "max",
    "avg",
    "group",
    "stddev",
    "stdvar",
    "count",
    "count_values",
    "bottomk",
    "topk",
    "quantile",
];

/// What a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Series, as Prometheus knows them: `lectern_step_duration_seconds_bucket`.
    pub metrics: BTreeSet<String>,
    /// Labels that it matches, groups or joins by.
    pub labels: BTreeSet<String>,
}

impl Names {
    /// The names in a query, which Prometheus can read.
    pub fn of(query: &str) -> Self {
        let mut names = Self::default();
        let mut within = Within::Query;
        let mut tokens = Tokens(query, query.char_indices().peekable()).peekable();
        while let Some(token) = tokens.next() {
            match (within, token) {
                (Within::Query, Token::Word(word)) => {
                    let bracket = tokens.peek() == Some(&Token::Sign('('));
                    if BEFORE_LABELS.contains(&word) {
                        if bracket {
                            within = Within::Labels(')');
                        }
                    } else if !bracket && !WORDS.contains(&word.to_ascii_lowercase().as_str()) {
                        names.metrics.insert(word.to_owned());
                    }
                }
                (Within::Query, Token::Sign('{')) => within = Within::Labels('}'),
                (Within::Query, Token::Sign('[')) => within = Within::Range,
                (Within::Labels(_), Token::Word(word)) => {
                    names.labels.insert(word.to_owned());
                }
                (Within::Labels(end), Token::Sign(sign)) if sign == end => within = Within::Query,
                (Within::Range, Token::Sign(']')) => within = Within::Query,
                (Within::Query | Within::Labels(_), Token::Sign(_))
                | (Within::Range, Token::Word(_) | Token::Sign(_)) => {}
            }
        }
        names
    }
}

/// The part of a query that is being read.
#[derive(Clone, Copy)]
enum Within {
    Query,
    /// A list of labels, up to this sign.
    Labels(char),
    /// The time after a selector.
    Range,
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(char),
}

/// Words and signs; texts, numbers, comments and spaces are passed over.
struct Tokens<'a>(&'a str, Peekable<CharIndices<'a>>);

impl Tokens<'_> {
    /// Passes over what belongs together; where that ends.
    fn pass(&mut self, belongs: impl Fn(char) -> bool) -> usize {
        while self.1.next_if(|(_, next)| belongs(*next)).is_some() {}
        self.1.peek().map_or(self.0.len(), |(at, _)| *at)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (at, sign) = self.1.next()?;
            match sign {
                '"' | '\'' | '`' => {
                    let mut escaped = false;
                    for (_, inside) in self.1.by_ref() {
                        if inside == sign && !escaped {
                            break;
                        }
                        escaped = inside == '\\' && !escaped && sign != '`';
                    }
                }
                '#' => {
                    self.pass(|next| next != '\n');
                }
                '0'..='9' => {
                    self.pass(|next| next.is_ascii_alphanumeric() || next == '.' || next == '_');
                }
                'a'..='z' | 'A'..='Z' | '_' | ':' => {
                    let end = self.pass(|next| next.is_ascii_alphanumeric() || next == '_' || next == ':');
                    return self.0.get(at..end).map(Token::Word);
                }
                _ if sign.is_whitespace() => {}
                _ => return Some(Token::Sign(sign)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_labels_are_told_from_functions_words_texts_and_times() {
        let cases: [(&str, &[&str], &[&str]); 9] = [
            ("up", &["up"], &[]),
            (
                "sum by (kind, le) (rate(a_bucket{job=~\"x|y(z)\",b!=''}[1h30m:5s] offset 5m))",
                &["a_bucket"],
                &["b", "job", "kind", "le"],
            ),
            ("sum(a) by (c) / ignoring(d) group_left(e) max without (f) (b)", &["a", "b"], &["c", "d", "e", "f"]),
            (
                "lectern:errors:ratio_rate1h > 14.4 * 0.001 and on() (x:y > bool 1e-3)",
                &["lectern:errors:ratio_rate1h", "x:y"],
                &[],
            ),
            ("absent(a{s=\"quoted \\\" {b}\"}) or vector(0) unless NaN", &["a"], &["s"]),
            ("histogram_quantile(.95, b) + Inf # and c\n- d", &["b", "d"], &[]),
            ("topk(3, a @ 1609746000) == -a offset -1w", &["a"], &[]),
            ("{__name__=~`a\\`}", &[], &["__name__"]),
            ("count_values(\"version\", v) ^ 0x1F", &["v"], &[]),
        ];
        for (query, metrics, labels) in cases {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(Names::of(query), Names { metrics: set(metrics), labels: set(labels) }, "{query}");
        }
    }
}
