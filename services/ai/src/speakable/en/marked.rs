//! What the document marked, and what is markup: code, formulas, tags, links of Markdown, emoji,
//! compatibility characters.

use super::{Cx, Reading, latex, name, number, web};
use crate::speakable::text::{TokenKind, lowered, plain, raised};
use crate::speakable::{Emoji, MarkKind};

/// Code and formulas as the document marked them.
pub(crate) fn protected(cx: &Cx<'_>) -> Option<Reading> {
    let mark = cx.mark_at(cx.at)?;
    let end = (mark.range.end as usize).min(cx.text.chars.len());
    let text = cx.text.slice(cx.at, end);
    match mark.kind {
        MarkKind::Code => Some(Reading::new(end, code(&text))),
        MarkKind::Latex => Some(Reading::new(end, latex::read(&text).unwrap_or_default())),
        MarkKind::Number => Some(Reading::new(end, heading_number(&text))),
        MarkKind::Raised | MarkKind::Lowered => None,
    }
}

/// `2.1` as "two point one." and `3.` as "three.".
fn heading_number(text: &str) -> String {
    let parts: Vec<String> = text.split('.').filter(|part| !part.is_empty()).map(number::integer).collect();
    format!("{}.", parts.join(" point "))
}

/// An inline expression: identifiers as names, operators by name, brackets and quotes silent. An
/// address that is set as code is one.
pub(crate) fn code(text: &str) -> String {
    let address = text.contains("://") && !text.contains(char::is_whitespace);
    if let Some(words) = web::address(text).filter(|_| address) {
        return words;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_alphanumeric() || c == '_' {
            let end = (at..)
                .find(|at| !chars.get(*at).is_some_and(|c| c.is_alphanumeric() || *c == '_'))
                .unwrap_or(chars.len());
            let run: String = chars[at..end].iter().collect();
            let decimal = chars.get(end) == Some(&'.')
                && chars.get(end + 1).is_some_and(char::is_ascii_digit)
                && run.chars().all(|c| c.is_ascii_digit());
            words.push(name::identifier(&run));
            if decimal {
                words.push("point".to_owned());
            }
            at = end;
            continue;
        }
        let two: String = chars[at..(at + 2).min(chars.len())].iter().collect();
        let pair = match two.as_str() {
            "==" => Some("equals"),
            "!=" => Some("not equal"),
            "<=" => Some("at most"),
            ">=" => Some("at least"),
            "&&" => Some("and"),
            "||" => Some("or"),
            "->" | "=>" => Some("to"),
            "++" => Some("plus plus"),
            "::" | "//" | "--" => Some(""),
            _ => None,
        };
        if let Some(word) = pair {
            words.push(word.to_owned());
            at += 2;
            continue;
        }
        let spaced = at > 0 && chars[at - 1] == ' ' && chars.get(at + 1) == Some(&' ');
        let word = match c {
            '+' => "plus",
            '=' => "equals",
            '*' if spaced => "times",
            '-' if spaced => "minus",
            '/' if spaced => "divided by",
            '<' if spaced => "less than",
            '>' if spaced => "greater than",
            '%' => "percent",
            '&' => "and",
            '@' => "at",
            _ => "",
        };
        words.push(word.to_owned());
        at += 1;
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Tags (`<Person1>`, `</b>`), backticks, and the targets of Markdown links: seen by programs only.
/// What else stands in angle brackets is text.
pub(crate) fn markup(cx: &Cx<'_>) -> Option<Reading> {
    match cx.char(cx.at)? {
        '<' => angle(cx),
        ']' if cx.char(cx.at + 1) == Some('(') => {
            let end = (cx.at + 2..cx.at + 300).find(|at| cx.char(*at).is_none_or(|c| c == ')' || c.is_whitespace()))?;
            let target = cx.text.slice(cx.at + 2, end);
            let address = target.contains("://") || target.starts_with(['#', '/', '.']) || target.contains('.');
            (cx.char(end) == Some(')') && address).then(|| Reading::silent(end + 1))
        }
        '!' if cx.char(cx.at + 1) == Some('[') => Some(Reading::silent(cx.at + 1)),
        '`' | '*' | '_' | '~' | '#' if cx.char(cx.at + 1) == cx.char(cx.at) => {
            let c = cx.char(cx.at);
            let end = (cx.at..).find(|at| cx.char(*at) != c)?;
            Some(Reading::silent(end))
        }
        // A chevron that ends a speaker's tag: "**Person 1>**".
        '>' if cx.before().is_some_and(char::is_alphanumeric)
            && !cx.char(cx.at + 1).is_some_and(|c| c.is_alphanumeric() || c == '=') =>
        {
            Some(Reading::pause(cx.at + 1, ','))
        }
        _ => None,
    }
}

/// What stands in angle brackets is no longer, in characters; more is a comparison.
const LONGEST_IN_ANGLES: usize = 80;
/// How far behind a tag, in characters, the one that closes it is looked for.
const PAIR_REACH: usize = 400;
/// Signs between the words of a placeholder: `<file-name>`, `<yes|no>`, `<path/to/it>`.
const PLACEHOLDER_SIGNS: &str = "-_./|:,+#'&*…";

/// A tag of markup is silent. An address is read by the rule of addresses (RFC 3986, appendix C,
/// sets it in angle brackets), unless it is that of a name before it (`Ann Lee <ann@example.com>`,
/// RFC 5322, section 3.4) or of a link's text (`` `text <address>`_ `` of reStructuredText). Other
/// words are text: a placeholder such as `<filename>`.
fn angle(cx: &Cx<'_>) -> Option<Reading> {
    let start = cx.at + 1 + usize::from(cx.char(cx.at + 1) == Some('/'));
    if !cx.char(start).is_some_and(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = (start..start + LONGEST_IN_ANGLES).find(|at| matches!(cx.char(*at), None | Some('<' | '>')))?;
    if cx.char(end) != Some('>') {
        return None;
    }
    let inner = cx.text.slice(start, end);
    if start > cx.at + 1 || is_tag(cx, &inner, end + 1) {
        return Some(Reading::silent(end + 1));
    }
    if let Some(words) = web::address(&inner) {
        let shown = cx.char(end + 1) == Some('`') || inner.contains('@') && follows_name(cx);
        return Some(if shown { Reading::silent(end + 1) } else { Reading::new(end + 1, words) });
    }
    let plain = inner.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || PLACEHOLDER_SIGNS.contains(c));
    // Behind a letter several words are two comparisons: `a<b and c>d`.
    let compared = cx.glued_before() && inner.contains(char::is_whitespace);
    (plain && !compared).then(|| Reading::new(end + 1, code(&inner)))
}

/// Names of elements that nobody would write as a placeholder (HTML Living Standard, "Elements",
/// and those that it calls obsolete): no words of English, and longer than a letter.
const ELEMENTS: &str = " abbr bdi bdo blockquote br colgroup col dd dfn div dl dt em fieldset figcaption font h1 h2 h3 h4 h5 h6 hr html iframe img kbd li ol optgroup pre rp rt samp span strike strong sub sup svg tbody td textarea tfoot th thead tr tt ul var wbr ";
/// Elements of one letter, which also name a value: they are tags where a text begins with them.
const SHORT_ELEMENTS: &str = " a b i p q s u ";
/// Words behind the name of an element that is spoken of: "the <div> element".
const SPOKEN_OF: &str = " tag tags element elements attribute attributes ";

/// Whether `inner` is a tag and no text: it has attributes, closes itself or is closed within
/// `PAIR_REACH`, is an element's name, or names the speaker of the whole text (`<Person1>`).
fn is_tag(cx: &Cx<'_>, inner: &str, after: usize) -> bool {
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    let rest = inner.get(name.len()..).unwrap_or_default();
    let attributes = rest.starts_with(' ') && rest.split(' ').any(|part| part.contains('='));
    if attributes || matches!(rest, "/" | " /") {
        return true;
    }
    if !rest.is_empty() {
        return false;
    }
    let closes = |at: usize| {
        let same = |(offset, c): (usize, char)| cx.char(at + 2 + offset).is_some_and(|d| d.eq_ignore_ascii_case(&c));
        cx.has(at, "</") && name.chars().enumerate().all(same) && cx.char(at + 2 + name.len()) == Some('>')
    };
    let listed = |list: &str, word: &str| list.contains(&format!(" {} ", word.to_ascii_lowercase()));
    let spoken_of = || cx.next_word(after).is_some_and(|word| listed(SPOKEN_OF, &word));
    let speaker = || name.starts_with(|c: char| c.is_ascii_uppercase()) && name.ends_with(|c: char| c.is_ascii_digit());
    listed(ELEMENTS, &name) && !spoken_of()
        || cx.at == 0 && (speaker() || listed(SHORT_ELEMENTS, &name))
        || (after..after + PAIR_REACH).take_while(|at| cx.char(*at).is_some()).any(closes)
}

/// Whether the word before this place is part of a name: it has a capital, and not because the text
/// begins with it.
fn follows_name(cx: &Cx<'_>) -> bool {
    let first = cx.index_of_first_word().and_then(|start| cx.word_at(start));
    let begins = first.is_some_and(|(_, end)| cx.skip_spaces(end) == cx.at);
    !begins && cx.previous_word().is_some_and(|word| word.starts_with(char::is_uppercase))
}

/// Emoji by their short name, a sequence by its first; or nothing.
pub(crate) fn emoji(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    if c.is_ascii() {
        return None;
    }
    let joiner = |c: char| matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{FE0E}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}');
    let flag = |c: char| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    if joiner(c) {
        return Some(Reading::silent(cx.at + 1));
    }
    let mut end = cx.at + 1;
    if flag(c) {
        end += usize::from(cx.char(end).is_some_and(flag));
        return Some(match cx.emoji {
            Emoji::Named => Reading::new(end, "flag".to_owned()),
            Emoji::Dropped => Reading::silent(end),
        });
    }
    let name = cx.data.emoji.get(c.encode_utf8(&mut [0; 4]))?;
    while cx.char(end).is_some_and(joiner) {
        let joined = cx.char(end) == Some('\u{200D}');
        end += 1;
        if joined && cx.char(end).is_some_and(|c| !c.is_ascii()) {
            end += 1;
        }
    }
    // The same one again and again is heard once.
    while cx.char(end) == Some(c) {
        end += 1;
    }
    Some(match cx.emoji {
        Emoji::Named => Reading::new(end, name.to_owned()),
        Emoji::Dropped => Reading::silent(end),
    })
}

/// Characters that are letters or digits in disguise: `⑳`, `²` by itself, `₂`.
pub(crate) fn disguised(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    if c.is_ascii() || cx.token().kind == TokenKind::Word || matches!(c, '™' | '®' | '℠') {
        return None;
    }
    if let Some(digit) = raised(c).or_else(|| lowered(c)).filter(char::is_ascii_digit) {
        return Some(Reading::new(cx.at + 1, number::digits(&digit.to_string())));
    }
    let text = plain(c)?;
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| if part.chars().all(|c| c.is_ascii_digit()) { number::integer(part) } else { part.to_owned() })
        .collect();
    Some(Reading::new(cx.at + 1, words.join(" ")))
}

/// Digits that nothing else reads, and words as they stand.
pub(crate) fn rest(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    match token.kind {
        TokenKind::Digits => {
            let (digits, end) = cx.digits_at(cx.at)?;
            Some(Reading::new(end, number::integer(&digits)))
        }
        TokenKind::Word => {
            let written = cx.text.slice(token.start, token.end);
            for plural in ["(s)", "(es)"] {
                if cx.has(token.end, plural) {
                    let tail = plural.trim_matches(['(', ')']);
                    return Some(Reading::new(token.end + plural.len(), format!("{written}{tail}")));
                }
            }
            let mut greek = written.chars().map(super::symbol::greek);
            if written.chars().count() <= 2 && greek.all(|name| name.is_some()) {
                let names: Vec<&str> = written.chars().filter_map(super::symbol::greek).collect();
                return Some(Reading::new(token.end, names.join(" ")));
            }
            let words = written
                .chars()
                .map(|c| super::symbol::greek(c).map_or_else(|| c.to_string(), |name| format!(" {name} ")));
            Some(Reading::new(token.end, words.collect()))
        }
        TokenKind::Space | TokenKind::Symbol => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::speakable::{Emoji, Language, speak};

    #[test]
    fn words_in_angle_brackets_are_said_and_tags_are_not() {
        for (written, said) in [
            ("Copy <filename> here", "Copy filename here"),
            ("Run it with <input file> now", "Run it with input file now"),
            ("Use <old-name|new-name> then", "Use old name new name then"),
            ("Set <key>=<value> first", "Set key equals value first"),
            ("The <title> is set", "The title is set"),
            ("The <title>Mills</title> is set", "The Mills is set"),
            ("Take <em>great</em> care", "Take great care"),
            ("Take <em>great care", "Take great care"),
            ("A line<br>break, or <br/> two", "A line break, or two"),
            ("See <img src=\"a.png\" alt=\"x\"> here", "See here"),
            ("The <div> element", "The div element"),
            ("<p>Words", "Words"),
            ("<Person2> Words", "Words"),
        ] {
            assert_eq!(speak(written, &[], Language::English, Emoji::Named).text, said, "{written}");
        }
    }

    #[test]
    fn an_address_in_angle_brackets_is_read_unless_a_name_stands_for_it() {
        for (written, said) in [
            ("It is at <https://example.com/a> today", "It is at example dot com today"),
            ("Write to <ann@example.com> today", "Write to ann at example dot com today"),
            ("Write to Ann Lee <ann@example.com> today", "Write to Ann Lee today"),
            ("Read `the rules <https://example.com/a>`__ today", "Read the rules today"),
        ] {
            assert_eq!(speak(written, &[], Language::English, Emoji::Named).text, said, "{written}");
        }
    }
}
