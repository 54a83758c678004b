//! Citations by author and year that their form alone tells: `(Smith and Jones, 2019a; Brown
//! 2021)`, and the years behind authors whom the sentence names, `Smith et al. (2020)`. The forms
//! are those of the Chicago Manual of Style (17th edition, chapter 15) and of the Publication
//! Manual of the APA (7th edition, chapter 8). A lone name and a bare year, `Smith (2020)` or
//! `(Smith, 2020)`, may as well be a title or a place, `Titanic (1997)` or `(Paris, 1900)`: that
//! they are a citation only a list of references tells, and the extractor marks it. What is spoken
//! for nothing costs a listener less than what is lost.

use crate::speakable::Language;

/// The longest text in parentheses that is looked at, in characters: some eight citations.
const LONGEST: usize = 400;
/// Words of the longest list of authors: `Sklyar, Murdoch, Smith, ... and Ranke`.
const MOST_NAMES: usize = 16;
/// Words of the longest locator: `Section 2.1`.
const LOCATOR_WORDS: usize = 3;
/// Words that lead a citation, the longest first.
const LEADS: [&str; 12] = [
    "see, for example, ",
    "see for example ",
    "for example, ",
    "see, e.g., ",
    "see, e.g. ",
    "see e.g. ",
    "see also ",
    "e.g., ",
    "e.g. ",
    "also ",
    "see ",
    "cf. ",
];
/// Words of names that have no capital.
const PARTICLES: [&str; 13] = ["van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "du", "ten"];
/// Words that join authors.
const JOINING: [&str; 6] = ["and", "&", "et", "al.", "al", "with"];
/// Last words of the names of bodies that sign works.
const BODIES: [&str; 12] = [
    "Team",
    "Group",
    "Organization",
    "Organisation",
    "Consortium",
    "Association",
    "Institute",
    "Committee",
    "Collaboration",
    "Inc.",
    "Council",
    "Agency",
];
/// What a locator begins with: the part of the work that is meant.
const LOCATORS: [&str; 20] = [
    "p.", "pp.", "page", "pages", "ch.", "chap.", "chapter", "sec.", "section", "sections", "table", "figure", "fig.",
    "eq.", "equation", "vol.", "appendix", "theorem", "part", "lemma",
];
/// Those of them that films and novels have as well: `Dune (2024, part 2)`.
const OF_SERIES: [&str; 2] = ["vol.", "part"];
/// Times of a year, which are no authors.
const SEASONS: [&str; 4] = ["Spring", "Summer", "Autumn", "Winter"];

/// How sure it is that a part between semicolons is a citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Sure,
    /// A citation beside others, and perhaps a place or a date by itself: `Smith, 2020`, `2021`.
    Beside,
}

/// Where the citation ends that begins with the parenthesis at `at`; none where it is no citation.
pub(crate) fn author_year(chars: &[char], at: usize) -> Option<usize> {
    let length = chars.get(at + 1..)?.iter().take(LONGEST).position(|c| matches!(c, '(' | ')'))?;
    let end = at + 1 + length;
    if chars.get(end) != Some(&')') {
        return None;
    }
    let inner: String = chars.get(at + 1..end)?.iter().collect();
    let cited = if inner.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        named(chars.get(..at)?, inner.trim())
    } else {
        at > 0 && parenthetical(&inner)
    };
    cited.then_some(end + 1)
}

/// Whether all parts of what stands in parentheses are citations, and one of them surely.
fn parenthetical(inner: &str) -> bool {
    let mut sure = false;
    for part in inner.split(';') {
        match form(part.trim()) {
            Some(form) => sure |= form == Form::Sure,
            None => return false,
        }
    }
    sure
}

/// Whether `text` is authors, their years, and perhaps the parts of the work that are meant.
fn form(text: &str) -> Option<Form> {
    let led = LEADS.iter().find_map(|lead| text.strip_prefix(lead));
    let words: Vec<&str> = led.unwrap_or(text).split_whitespace().collect();
    let first = words.iter().position(|word| year(word.trim_end_matches(',')))?;
    let (names, rest) = words.split_at_checked(first)?;
    let dates = rest.join(" ");
    if !dated(&dates) {
        return None;
    }
    let Some(last) = names.last() else { return Some(Form::Beside) };
    let plain: Vec<&str> = names.iter().map(|name| name.trim_end_matches(',')).collect();
    if names.len() > MOST_NAMES || !plain.iter().all(|name| is_name(name)) || plain.iter().any(|name| is_month(name)) {
        return None;
    }
    let lettered = rest.first().is_some_and(|year| is_lettered(year.trim_end_matches(',')));
    let joined = plain.iter().any(|name| JOINING.contains(name));
    let body = plain.last().is_some_and(|name| BODIES.contains(name));
    let surname = plain.iter().filter(|name| !PARTICLES.contains(name)).count() == 1;
    // "see Smith, 2020" and "Smith, 2020, p. 4".
    let pointed = last.ends_with(',') && (led.is_some() || points(&dates));
    if lettered || joined || body || surname && pointed {
        return Some(Form::Sure);
    }
    // Several names without "and" are rather a place or a title: `(New York, 2020)`.
    surname.then_some(Form::Beside)
}

/// Whether `text` is years, and parts of a work between commas: `1986, 1987`, `2008, p. 3`.
fn dated(text: &str) -> bool {
    let mut parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.next().is_some_and(years) && parts.all(|part| years(part) || locator(part))
}

fn years(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !matches!(*word, "and" | "&")).peekable();
    words.peek().is_some() && words.all(year)
}

fn locator(text: &str) -> bool {
    let lower = text.to_lowercase();
    let first = lower.split_whitespace().next().unwrap_or_default();
    let begins =
        LOCATORS.contains(&first) || first.starts_with("p.") || first.starts_with("pp.") || first.starts_with('§');
    begins && lower.split_whitespace().count() <= LOCATOR_WORDS
}

/// Whether behind the first year of `dates` a part of a work is meant that nothing but a text has.
fn points(dates: &str) -> bool {
    let of_series = |part: &str| OF_SERIES.iter().any(|word| part.to_lowercase().starts_with(word));
    dates.split(',').skip(1).map(str::trim).any(|part| locator(part) && !of_series(part))
}

/// Whether years in parentheses behind `before` cite whom it names: authors of whom "et al." stands
/// for the most, or a name and what no date has, the letter of a year or the number of a page.
fn named(before: &[char], inner: &str) -> bool {
    if !dated(inner) {
        return false;
    }
    let mut words = before.iter().rev().skip_while(|c| c.is_whitespace()).copied();
    let mut word = || -> String {
        let reversed: String =
            words.by_ref().skip_while(|c| c.is_whitespace()).take_while(|c| !c.is_whitespace()).take(LONGEST).collect();
        reversed.chars().rev().collect()
    };
    let last = word();
    if matches!(last.as_str(), "al." | "al") {
        return word() == "et";
    }
    let first = inner.split(',').next().unwrap_or_default().trim();
    let precise = is_lettered(first) || points(inner);
    let name = last.trim_end_matches("'s").trim_end_matches("’s");
    precise && name.starts_with(char::is_uppercase) && is_name(name) && !is_month(name)
}

/// Whether a word may be part of the names of authors.
fn is_name(word: &str) -> bool {
    let capital = word.chars().next().is_some_and(char::is_uppercase) && !word.contains(|c: char| c.is_ascii_digit());
    capital && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '‐' | '–' | '\'' | '’' | '.' | '/'))
        || PARTICLES.contains(&word)
        || JOINING.contains(&word)
}

/// Whether a word names a month, whole or shortened (`Sept.`), or a season.
fn is_month(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    Language::English.grammar().begins_month(word) || SEASONS.contains(&word)
}

/// `2016`, `2021b`, and works that wait for one; no decade (`1990s`) and no measure (`1080p`).
fn year(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let letter = text.strip_prefix(digits).unwrap_or_default();
    matches!(text, "forthcoming" | "n.d.")
        || digits.len() == 4
            && digits.bytes().all(|b| b.is_ascii_digit())
            && ("1500"..="2099").contains(&digits)
            && matches!(letter, "" | "a" | "b" | "c" | "d" | "e" | "f")
}

/// Whether a year has the letter by which the works of one year are told apart: `2021b`.
fn is_lettered(year: &str) -> bool {
    year.starts_with(|c: char| c.is_ascii_digit()) && year.ends_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is cut of a text at its first parenthesis.
    fn cut(text: &str) -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        let at = chars.iter().position(|c| *c == '(')?;
        author_year(&chars, at).map(|end| chars[at..end].iter().collect())
    }

    #[test]
    fn authors_and_years_in_parentheses_are_cited() {
        for inner in [
            "Smith et al., 2020",
            "see Smith, 2020",
            "Smith, 2020, p. 4",
            "Smith, 2020b",
            "Smith, 2020; Smith and Jones, 2019",
            "Smith and Jones, 2019a; Brown, 2021, p. 4",
            "R Core Team, 2021a",
            "R Core Team 2021a",
            "R Development Core Team 2009",
            "Cytel Inc. 2003",
            "Everitt and Hand 1981; Titterington, Smith, and Makov 1985; McLachlan and Peel 2000",
            "Eddelbuettel et al. 2022; Eddelbuettel 2013",
            "Streitberg and Röhmel 1986, 1987; van de Wiel 2001",
            "Hájek, Šidák, and Sen 1999",
            "see also Smith, 2020, Section 1.1",
            "Agresti, 2002, Table 7.8",
            "O’Connell and Smith-Jones 1975; 1977",
        ] {
            let text = format!("It is so ({inner}) here.");
            assert_eq!(cut(&text), Some(format!("({inner})")), "{inner}");
        }
    }

    #[test]
    fn dates_places_and_remarks_are_not_cited() {
        for text in [
            "It began (June 2016) there.",
            "It began (June and July 2016) there.",
            "It began (June, 2016) there.",
            "It began (Jan. and Feb. 2016) there.",
            "It began (Spring and Summer 2016) there.",
            "It began (Paris, 1900) there.",
            "It began (Paris, 1900; London, 1908) there.",
            "It grew (Japan, 1990s) there.",
            "It grew (Japan and Korea, 1980s and 1990s) there.",
            "It is so in 2016 (see Chapter 3) there.",
            "It began (New York, 2020) there.",
            "It began (in Berlin, 2020) there.",
            "It runs (Windows 2000) there.",
            "It ran (World War II, 1945) there.",
            "It grew (Q1 and Q2 2020) there.",
            "It was (2016) so.",
            "Pride and Prejudice (1813) sold.",
            "The film Titanic (1997) sold.",
            "The film Dune (2024, part 2) sold.",
            "Rock of Japan (1990s) sold.",
            "A screen of Full HD (1080p) sold.",
            "They sold Windows (1995) in May (2016).",
            "They climbed Ben Nevis (1345m) then.",
            "See the note (Smith (2016) has it).",
            "All (Smith et al., 2020, and many more) agree.",
            "(Smith, 2020) at the start",
        ] {
            assert_eq!(cut(text), None, "{text}");
        }
    }

    #[test]
    fn years_behind_authors_are_cited_where_no_date_looks_so() {
        for (text, wanted) in [
            ("Smith et al. (2020) agree.", Some("(2020)")),
            ("Smith et al (2020, 2021) agree.", Some("(2020, 2021)")),
            ("As Chambers (2008, p. 3) says.", Some("(2008, p. 3)")),
            ("As Smith (2021b) says.", Some("(2021b)")),
            ("As Chambers (2016) says.", None),
            ("In May (2016b) it was.", None),
            ("It was then (2021b) so.", None),
        ] {
            assert_eq!(cut(text).as_deref(), wanted, "{text}");
        }
    }
}
