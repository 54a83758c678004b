//! Addresses: the domain is said, never the scheme or the path. File names and dotted names.

use super::{Cx, Reading, name, number};

const TOP_LEVEL: &str = " com org net edu gov mil int io ai app dev info biz co uk de fr es it nl ch at eu us ca au jp cn in br ru se no fi dk pl be ie nz za kr tv me xyz tech cloud online site blog ";
/// Top-level domains that are said as words; others are spelt.
const SPOKEN: &str = " com org net gov mil int app dev info biz tech cloud online site blog name ";
const FILE_ENDINGS: &str = " rs py js ts md txt toml json yaml yml html css c h cpp hpp go java sh xml csv pdf docx doc xlsx epub png jpg jpeg gif svg zip tar gz exe dll so wav mp mp3 mp4 flac opus ogg vtt ini cfg conf log lock sql rb php ipynb tex bib proto ";

fn listed(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|entry| entry == word)
}

/// The longest run that is looked at for an address without a scheme: what sitemaps.org allows a
/// URL. A longer one is no address, and looking to its end from each of its words would take time
/// by the square.
const LONGEST_ADDRESS: usize = 2_048;

/// The longest name of a host, in characters: RFC 1035, section 2.3.4, less the length of the whole
/// and the root.
const LONGEST_HOST: usize = 253;

/// Where the addresses of a text may be: looked for once, since a rule that looked ahead to the end
/// of a run from each of its words would take time by the square of its length.
#[derive(Debug)]
pub(super) struct Places {
    /// For each character, where the run of characters that an address may hold ends.
    run_ends: Vec<usize>,
    /// Where the signs stand of which every address has one.
    signs: Vec<usize>,
}

impl Places {
    pub(super) fn of(chars: &[char]) -> Self {
        let inside =
            |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '|' | '`' | '{' | '}' | '—' | '\u{200B}');
        let mut run_ends = vec![0; chars.len()];
        let mut end = chars.len();
        for (at, c) in chars.iter().enumerate().rev() {
            if !inside(*c) {
                end = at;
            }
            run_ends[at] = end;
        }
        let signs = chars.iter().enumerate().filter(|(_, c)| matches!(c, '.' | ':' | '@')).map(|(at, _)| at).collect();
        Self { run_ends, signs }
    }

    /// Where the run ends in which an address may begin at `start`; none where there is no sign of
    /// one.
    fn run_end(&self, start: usize) -> Option<usize> {
        let end = self.run_ends.get(start).copied()?;
        let sign = self.signs.get(self.signs.partition_point(|sign| *sign < start))?;
        (*sign < end).then_some(end)
    }
}

/// Where a run of characters that an address may hold ends; closing punctuation is not part of it.
/// None for a run that has no sign of an address, or is too long and has no scheme.
fn address_end(cx: &Cx<'_>, start: usize) -> Option<usize> {
    let mut end = cx.places.run_end(start)?;
    if end - start > LONGEST_ADDRESS && !cx.text.slice(start, start + LONGEST_ADDRESS).contains("://") {
        return None;
    }
    let opened = (start..end).any(|at| cx.char(at) == Some('('));
    while end > start {
        let Some(last) = cx.char(end - 1) else { break };
        if matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ']' | '*') || (last == ')' && !opened) {
            end -= 1;
        } else {
            break;
        }
    }
    Some(end)
}

/// `https://www.example.com/a?b` is "example dot com".
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let first = cx.char(cx.at)?;
    if cx.glued_before() || !first.is_alphanumeric() {
        return None;
    }
    let end = address_end(cx, cx.at)?;
    let text = cx.text.slice(cx.at, end);
    if !text.contains(['.', ':', '@']) {
        return None;
    }
    if text.contains("://") || text.contains('@') || text.starts_with("mailto:") {
        return address(&text).map(|words| Reading::new(end, words));
    }
    if let Some(doi) = text.strip_prefix("doi:") {
        return doi.starts_with("10.").then(|| Reading::new(end, "D O I".to_owned()));
    }
    domain(cx, &text)
}

/// The words of an address that says by itself that it is one: with a scheme, or of mail.
pub(super) fn address(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let known = scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') && !rest.is_empty();
        return known.then(|| host(rest));
    }
    email(text.strip_prefix("mailto:").unwrap_or(text))
}

/// `example.com/path`, `config.toml`: without a scheme the ending must be a known one.
fn domain(cx: &Cx<'_>, text: &str) -> Option<Reading> {
    let host_part = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if host_part.len() > LONGEST_HOST {
        return None;
    }
    let valid = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let labels: Vec<&str> = host_part.split('.').collect();
    if labels.len() < 2 || !labels.iter().all(|label| valid(label)) || labels[0].chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let last = labels.last().copied().unwrap_or_default();
    let length = host_part.chars().count();
    // "end.In" is a missing space, and "e.g" or "U.S" are abbreviations.
    if labels.iter().all(|label| label.chars().count() < 2) {
        return None;
    }
    let path = text[host_part.len()..].starts_with('/') || text.starts_with("www.");
    let whole = if text[host_part.len()..].starts_with('/') { text.chars().count() } else { length };
    if listed(TOP_LEVEL, last)
        && (path || labels.len() > 2 || !matches!(last, "in" | "no" | "me" | "it" | "at" | "us" | "be" | "so"))
    {
        return Some(Reading::new(cx.at + whole, host(text)));
    }
    if listed(FILE_ENDINGS, &last.to_lowercase()) {
        return Some(Reading::new(cx.at + length, dotted(&labels)));
    }
    // Dotted identifiers: `os.path.join`, `self.items`.
    let identifier = labels.len() > 1 && labels.iter().all(|label| label.starts_with(|c: char| c.is_ascii_lowercase()));
    (identifier && labels.iter().all(|label| label.len() > 1) && cx.char(cx.at + length) != Some('.'))
        .then(|| Reading::new(cx.at + length, dotted(&labels)))
}

fn dotted(labels: &[&str]) -> String {
    let words: Vec<String> = labels
        .iter()
        .map(|label| {
            let spelt = label.len() <= 4
                && !label.chars().any(|c| "aeiou".contains(c))
                && label.chars().all(|c| c.is_ascii_alphabetic());
            let spelt = spelt || matches!(*label, "py" | "io" | "exe" | "rs" | "md" | "yml");
            if spelt { name::spell(label) } else { name::identifier(label) }
        })
        .collect();
    words.join(" dot ")
}

/// The domain of what follows a scheme.
fn host(rest: &str) -> String {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let parts: Vec<String> = host.split('.').map(number::digits).collect();
        return parts.join(" dot ");
    }
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    let count = labels.len();
    let words: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| {
            let lower = label.to_lowercase();
            let ending = index + 1 == count && count > 1;
            let vowels = lower.chars().any(|c| "aeiouy".contains(c));
            if (ending && !listed(SPOKEN, &lower)) || (lower.len() <= 4 && !vowels) {
                name::spell(&lower)
            } else {
                name::identifier(&lower)
            }
        })
        .collect();
    words.join(" dot ")
}

fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let sound = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    if local.is_empty() || !local.chars().all(sound) || !domain.contains('.') || domain.contains('@') {
        return None;
    }
    let local: Vec<String> = local.split('.').filter(|part| !part.is_empty()).map(name::identifier).collect();
    Some(format!("{} at {}", local.join(" dot "), host(domain)))
}
