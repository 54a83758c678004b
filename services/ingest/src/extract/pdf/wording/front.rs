//! What stands under a title: authors, where they work, when.

use crate::clean::MONTHS;

/// Words that names and places hold in lower case.
const BETWEEN: [&str; 32] = [
    "and", "of", "the", "for", "at", "in", "de", "la", "le", "du", "des", "von", "van", "der", "den", "zu", "di", "da",
    "do", "dos", "del", "y", "e", "et", "und", "en", "el", "al", "bin", "ibn", "&", "with",
];
/// Words that a byline begins with.
const LEADS: [&str; 8] = ["by", "von", "par", "por", "edited", "written", "draft", "version"];
/// Words that name a part of a work, and so no author.
const HEADS: [&str; 10] = [
    "abstract",
    "summary",
    "introduction",
    "preface",
    "foreword",
    "contents",
    "acknowledgements",
    "acknowledgments",
    "references",
    "overview",
];

/// Years in which periodicals were printed: the first in 1665.
const YEARS: std::ops::Range<u16> = 1665..2100;

/// Whether `text`, of at most `longest` words, signs a work: names (words with capitals, and few
/// that join them), an address, a date. A sentence, a label or a message does not.
pub fn signs(text: &str, longest: usize) -> bool {
    let text = text.trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    let head = HEADS.contains(&text.to_lowercase().as_str()) || super::contents::heading(text);
    let ended = text.ends_with([':', '?', '!']) || text.ends_with('.') && words.len() > 3 && !text.contains('@');
    if words.is_empty() || words.len() > longest || head || ended {
        return false;
    }
    let lower: Vec<String> =
        words.iter().map(|word| word.trim_matches(|char: char| !char.is_alphanumeric()).to_lowercase()).collect();
    let led = lower.first().is_some_and(|first| LEADS.contains(&first.as_str()));
    let address = words.iter().any(|word| word.contains('@') || word.contains("://") || word.starts_with("www."));
    let year = lower.iter().any(|word| word.len() == 4 && word.starts_with(['1', '2']) && word.parse::<u16>().is_ok());
    let dated = year
        && (words.len() <= 3 || lower.iter().any(|word| MONTHS.iter().any(|month| month.eq_ignore_ascii_case(word))));
    let names = words.iter().zip(&lower).all(|(word, lower)| {
        lower.is_empty()
            || BETWEEN.contains(&lower.as_str())
            || !word.chars().any(char::is_alphabetic)
            || word.chars().find(|char| char.is_alphabetic()).is_some_and(|char| !char.is_lowercase())
    });
    led || address || dated || names && text.contains(char::is_alphabetic)
}

/// Whether `text` begins the summary of a paper: its heading, or a first line that it leads.
pub fn begins_abstract(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let word = lower.split(|char: char| !char.is_alphabetic()).next().unwrap_or_default();
    let rest = lower[word.len()..].trim_start();
    ["abstract", "summary", "zusammenfassung", "résumé", "resumen"].contains(&word)
        && (rest.is_empty() || rest.starts_with(['.', ':', '—', '–', '-']))
}

/// Whether `text` says which issue of a periodical this is: its ISSN, or a volume together with an
/// issue, pages or a year.
pub fn serial(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let counted = |names: &[&str]| {
        words.windows(2).any(|pair| names.contains(&pair[0]) && pair[1].starts_with(|char: char| char.is_ascii_digit()))
    };
    let year = words.iter().any(|word| word.len() == 4 && word.parse::<u16>().is_ok_and(|year| YEARS.contains(&year)));
    words.contains(&"issn")
        || counted(&["volume", "vol", "band", "bd", "tome"])
            && (year || counted(&["issue", "no", "number", "nr", "heft", "pp", "pages"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issue_of_a_periodical_is_told_from_a_volume_of_a_work() {
        for (text, wanted) in [
            ("Volume 12, Issue 3, May 2019", true),
            ("Vol. 7 (2014), pp. 1–22", true),
            ("ISSN 1548-7660", true),
            ("Volume 2", false),
            ("The volume of 12 barrels", false),
            ("May 2019", false),
        ] {
            assert_eq!(serial(text), wanted, "{text}");
        }
    }

    #[test]
    fn an_abstract_is_announced_by_itself_or_leads_its_text() {
        for (text, wanted) in [
            ("Abstract", true),
            ("ABSTRACT:", true),
            ("Abstract—We show", true),
            ("Résumé", true),
            ("Abstract classes are told", false),
            ("", false),
        ] {
            assert_eq!(begins_abstract(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_byline_is_told_from_a_message() {
        for (text, wanted) in [
            ("Fredrik Ronquist, John Huelsenbeck and Paul van der Mark", true),
            ("University of Somewhere, Department of Tides", true),
            ("ann@example.org", true),
            ("by the harbour master", true),
            ("Draft version, February 2019", true),
            ("12 May 2021", true),
            ("Saturday the ninth, at seven", false),
            ("Bring a plate and a chair", false),
            ("Children are welcome, dogs are not", false),
            ("Name of the boat:", false),
            ("Engine:", false),
            ("Abstract", false),
            ("The hall is heated from six.", false),
        ] {
            assert_eq!(signs(text, 14), wanted, "{text}");
        }
    }
}
