//! Words with gaps: what a `*` in a pattern stands for.

use std::ops::Range;

use crate::Failure;

/// The most `*` of a pattern.
const MOST_STARS: usize = 3;

/// A part of what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Atom {
    /// This character.
    Sign(char),
    /// White space, any run of it.
    Space,
    /// Any run of letters and digits, also none.
    Star,
}

/// Where something was found, in characters: one past its last, and what its first `*` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub end: usize,
    pub star: Option<(usize, usize)>,
}

/// Checks a pattern.
///
/// # Errors
/// `INVALID_FIELD` for one without a `*`, with too many, or with two that touch.
pub(super) fn check(field: &str, pattern: &str) -> Result<(), Failure> {
    let stars = pattern.matches('*').count();
    if (1..=MOST_STARS).contains(&stars) && !pattern.contains("**") {
        return Ok(());
    }
    let message = format!("{field} has {stars} `*`; write 1 to {MOST_STARS} apart from each other, or give a `text`");
    Err(Failure::invalid(field, message))
}

/// What is looked for.
pub(super) fn atoms(written: &str, stars: bool, match_case: bool) -> Vec<Atom> {
    let atom = |c: char| match c {
        '*' if stars => Atom::Star,
        c if c.is_whitespace() => Atom::Space,
        c => Atom::Sign(sign(c, match_case)),
    };
    written.chars().map(atom).collect()
}

/// A character as it is compared: apostrophes are alike, and small letters and capitals where they
/// are not told apart.
pub(super) fn sign(c: char, match_case: bool) -> char {
    let c = if c == '\u{2019}' { '\'' } else { c };
    if match_case { c } else { c.to_lowercase().next().unwrap_or(c) }
}

/// Whether a character is of a word.
pub(super) fn of_word(c: char) -> bool {
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

/// The longest match of `atoms` in `text` that begins at `at` and is of whole words.
pub(super) fn found(atoms: &[Atom], text: &[char], at: usize) -> Option<Found> {
    if !is_edge(text, at) {
        return None;
    }
    Search::new(text).follow(atoms, at, None)
}

/// A search from one place of a text on. What was followed in vain is not followed again: whether
/// it fits does not depend on how it was come to. So the steps are as many as atoms times places.
struct Search<'a> {
    text: &'a [char],
    failed: Vec<Failed>,
    /// The run of letters and digits that was looked at last.
    run: Range<usize>,
    #[cfg(test)]
    steps: usize,
}

/// Ends of a `*` that do not fit: all in a word from one of them to the word's end.
struct Failed {
    /// How many atoms are behind the `*`.
    left: usize,
    first: usize,
    /// The end of the word.
    last: usize,
}

impl<'a> Search<'a> {
    const fn new(text: &'a [char]) -> Self {
        Self {
            text,
            failed: Vec::new(),
            run: 0..0,
            #[cfg(test)]
            steps: 0,
        }
    }

    fn follow(&mut self, atoms: &[Atom], at: usize, star: Option<(usize, usize)>) -> Option<Found> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        let Some((first, rest)) = atoms.split_first() else {
            return is_edge(self.text, at).then_some(Found { end: at, star });
        };
        match first {
            Atom::Sign(wanted) => {
                let there = self.text.get(at).is_some_and(|c| c == wanted);
                if there { self.follow(rest, at + 1, star) } else { None }
            }
            Atom::Space => {
                let after = self.text.get(at..).unwrap_or_default();
                match after.iter().take_while(|c| c.is_whitespace()).count() {
                    0 => None,
                    run => self.follow(rest, at + run, star),
                }
            }
            Atom::Star => self.follow_star(rest, at, star),
        }
    }

    /// Follows what is behind a `*` that begins at `at`, from its last end on that may fit.
    fn follow_star(&mut self, rest: &[Atom], at: usize, star: Option<(usize, usize)>) -> Option<Found> {
        let (left, last) = (rest.len(), self.word_end(at));
        let is_same = |failed: &Failed| failed.left == left && failed.last == last;
        let past = self.failed.iter().find(|failed| is_same(failed)).map_or(last + 1, |failed| failed.first);
        let found = (at..past).rev().find_map(|end| self.follow(rest, end, star.or(Some((at, end)))));
        if found.is_none() {
            match self.failed.iter_mut().find(|failed| is_same(failed)) {
                Some(failed) => failed.first = failed.first.min(at),
                None => self.failed.push(Failed { left, first: at, last }),
            }
        }
        found
    }

    /// Where the run of letters and digits ends that begins at `at`. It is mostly come to from the
    /// back, and then what is known of it is not looked at again.
    fn word_end(&mut self, at: usize) -> usize {
        let mut end = at;
        while self.text.get(end).is_some_and(|c| of_word(*c)) {
            if self.run.contains(&end) {
                end = self.run.end;
                break;
            }
            end += 1;
        }
        self.run = at..end;
        end
    }
}

/// Whether a word may begin or end between two characters.
fn is_edge(text: &[char], at: usize) -> bool {
    let is_word = |place: Option<usize>| place.and_then(|place| text.get(place)).is_some_and(|c| of_word(*c));
    !(is_word(at.checked_sub(1)) && is_word(Some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by trying all there is.
    fn tried(atoms: &[Atom], text: &[char], at: usize, star: Option<(usize, usize)>) -> Option<Found> {
        let Some((first, rest)) = atoms.split_first() else {
            return is_edge(text, at).then_some(Found { end: at, star });
        };
        let run = |fits: fn(char) -> bool| text[at..].iter().take_while(|c| fits(**c)).count();
        match first {
            Atom::Sign(wanted) => text.get(at).filter(|c| *c == wanted).and_then(|_| tried(rest, text, at + 1, star)),
            Atom::Space if run(char::is_whitespace) == 0 => None,
            Atom::Space => tried(rest, text, at + run(char::is_whitespace), star),
            Atom::Star => (at..=at + run(of_word)).rev().find_map(|end| {
                let star = star.or(Some((at, end)));
                tried(rest, text, end, star)
            }),
        }
    }

    /// All texts of these characters that have so many.
    fn texts(of: &[char], length: usize) -> Vec<Vec<char>> {
        (0..length).fold(vec![Vec::new()], |texts, _| {
            let longer = |text: &Vec<char>| of.iter().map(|c| [text.as_slice(), &[*c]].concat()).collect::<Vec<_>>();
            texts.iter().flat_map(longer).collect()
        })
    }

    #[test]
    fn what_is_found_is_what_trying_everything_finds() {
        let patterns = ["*a*a*b", "*a b*a", "*b-*a", "a*b", "*", "* *a*", "a*a", "*ab*b*", "*-*-*"];
        for text in (0..=6).flat_map(|length| texts(&['a', 'b', '-', ' '], length)) {
            for pattern in patterns {
                let atoms = atoms(pattern, true, true);
                for at in (0..=text.len()).filter(|at| is_edge(&text, *at)) {
                    assert_eq!(found(&atoms, &text, at), tried(&atoms, &text, at, None), "{pattern} {text:?} {at}");
                }
            }
        }
    }

    #[test]
    fn a_search_in_vain_takes_as_many_steps_as_atoms_times_places() {
        for (pattern, text) in [
            ("*a*a*b", "a".repeat(300)),
            ("*a*a*b", "a".repeat(5_000)),
            ("*a *a*b", format!("{} {}", "a".repeat(300), "a".repeat(300))),
            ("*aa*aa*ab", "a".repeat(300)),
        ] {
            let (atoms, text) = (atoms(pattern, true, true), text.chars().collect::<Vec<_>>());
            let mut search = Search::new(&text);
            assert_eq!(search.follow(&atoms, 0, None), None, "{pattern}");
            assert!(search.steps <= (atoms.len() + 1) * (text.len() + 1), "{pattern}: {} steps", search.steps);
        }
    }
}
