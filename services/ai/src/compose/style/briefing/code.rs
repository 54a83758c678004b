//! Whether a sentence is mostly code: readers of PDFs take listings for running text, and nobody
//! wants to hear them in a briefing.
//!
//! It is decided from the sentence alone: a prompt of an interpreter or a shell at its beginning,
//! or many symbols and few of the words that hold the sentences of the language together.

use crate::speakable::Language;

/// Prompts that are no word with a `>`: shells, Python and its continued lines.
const PROMPTS: [&str; 5] = [">", "$", "#>", ">>>", ">>"];
/// The most letters before the `>` of a prompt: `R>`, `sqlite>`.
const LONGEST_PROMPT: usize = 8;
/// The share of symbols, in percent of what is no white space, from which on a text may be code.
const SYMBOLS: usize = 10;
/// The share from which on it is, whatever its words are: `for` and `if` are words of programs too.
const MANY_SYMBOLS: usize = 25;
/// The share of function words, in percent of the words, below which a text with symbols is code.
/// In prose some four in ten are.
const FUNCTION_WORDS: usize = 25;

/// Whether `text`, with its white space folded, is mostly code.
pub(super) fn is_code(text: &str, language: Language) -> bool {
    let symbols = symbols(text);
    text.split_whitespace().next().is_some_and(is_prompt)
        || symbols >= MANY_SYMBOLS
        || (symbols >= SYMBOLS && !is_held_together(text, language))
}

fn is_prompt(token: &str) -> bool {
    let named = token.strip_suffix('>').filter(|name| !name.is_empty() && name.len() <= LONGEST_PROMPT);
    PROMPTS.contains(&token) || named.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The share of symbols of programs, in percent of what is no white space. A bracket counts where
/// it stands right behind a word, as that of a call, and then for its partner too; brackets of
/// prose have a space before them.
fn symbols(text: &str) -> usize {
    let (mut symbols, mut all, mut last) = (0_usize, 0_usize, ' ');
    for c in text.chars() {
        all += usize::from(!c.is_whitespace());
        symbols += match c {
            '<' | '>' | '=' | '{' | '}' | '[' | ']' | '$' | '_' | '|' | '&' | '*' | '+' | '/' | '\\' | '^' | '~'
            | '#' | '@' | ';' => 1,
            '(' if last.is_alphanumeric() || last == '_' => 2,
            _ => 0,
        };
        last = c;
    }
    symbols * 100 / all.max(1)
}

/// Whether enough of its words are function words of the language. Single letters are rather names
/// of variables.
fn is_held_together(text: &str, language: Language) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| word.chars().count() > 1);
    let (mut common, mut all) = (0_usize, 0_usize);
    for word in words {
        all += 1;
        common += usize::from(language.is_common(&word.to_lowercase()));
    }
    common * 100 >= all * FUNCTION_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_programs_and_of_shells_are_code() {
        for text in [
            "R> z <- read.zoo(\"demo.txt\", header = TRUE)",
            "R> summary(fit)",
            ">>> import numpy as np",
            "$ cargo test --workspace",
            "> plot(z)",
            "sqlite> SELECT name FROM tables;",
            "z <- aggregate(x, by = list(month), FUN = mean)",
            "for (i = 0; i < n; i++) { sum += a[i]; }",
            "fit <- glm(y ~ x1 + x2, data = d, family = poisson())",
            "public static void main(String[] args) { run(args); }",
        ] {
            assert!(is_code(text, Language::English), "{text}");
        }
    }

    #[test]
    fn prose_with_figures_calls_and_brackets_is_none() {
        for text in [
            "The function read.zoo() reads a series from a file or a text.",
            "It is called by glm(), and summary() prints what it found.",
            "The estimate was 0.52 (95% CI 0.41-0.63; p < 0.001) in both groups.",
            "The method of Breiman et al. [12] and its heirs [13, 14] are compared.",
            "Where x > 0 the two are the same, and y = 2x holds for all of them.",
            "Costs rose to $4 million and/or 3/4 of the budget & more.",
            "Water boils at 100 degrees.",
            "R is a language for statistics.",
            "",
        ] {
            assert!(!is_code(text, Language::English), "{text}");
        }
    }
}
