//! Code and formulas that an order wants read: where their lines are, and how a line is marked for
//! the rules that word it.

use lectern_core::content::document::{Block, Span, SpanKind};
use lectern_core::content::script::SEGMENT_CHARS;
use lectern_core::content::{Range, length};

use super::{offset, trimmed};
use crate::speakable::{self, Language};

/// Characters of code that are marked as one: beyond these it may be parted behind any sign.
const CHUNK: usize = 60;
/// A row of a formula that is written longer than this is no formula to say.
const LONGEST_ROW: usize = 16 * SEGMENT_CHARS;
/// Signs at which a long row is tried to be parted, the nearest to its middle first.
const TRIES: usize = 32;
/// Characters of the longest group behind a mark of layout: one that is not closed in so many is
/// none, so that many open ones take time by the length of the text.
const LONGEST_GROUP: usize = 200;

/// A block marked for its rules, and the parts that are said one by one, in order.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) block: Block,
    pub(super) lines: Vec<Range>,
}

fn marked(block: &Block, marks: Vec<Range>, kind: &SpanKind, lines: Vec<Range>) -> Marked {
    let spans = marks.into_iter().map(|range| Span { range, kind: kind.clone() }).collect();
    Marked { block: Block { spans, ..block.clone() }, lines }
}

/// The lines of code that hold a letter or digit, without the white space around them. Names and
/// the signs between them are marked together; between two words, as in a remark, a mark ends.
pub(super) fn code(block: &Block) -> Marked {
    let chars: Vec<char> = block.text.chars().collect();
    let (mut lines, mut spans, mut start) = (Vec::new(), Vec::new(), 0);
    for line in chars.split(|c| *c == '\n') {
        let range = trimmed(&chars, start, start + line.len());
        start += line.len() + 1;
        if says(&chars, range) {
            lines.push(range);
            spans.extend(chunks(&chars, range));
        }
    }
    marked(block, spans, &SpanKind::Code, lines)
}

/// Parts of a line of code: at the white space between two words, and behind a sign where there is
/// none for long.
fn chunks(chars: &[char], line: Range) -> Vec<Range> {
    let (mut chunks, mut start) = (Vec::new(), line.start as usize);
    let word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let end = line.end as usize;
    let mut at = start;
    while at < end {
        let gap = (at..end).take_while(|at| chars[*at].is_whitespace()).count();
        let between = gap > 0 && at > start && (word(at - 1) || matches!(chars[at - 1], ',' | ';')) && word(at + gap);
        let long = gap == 0 && at - start >= CHUNK && word(at) && !word(at - 1);
        if between || long {
            chunks.push(Range::new(offset(start), offset(at)));
            start = at + gap;
        }
        at += gap.max(1);
    }
    chunks.push(Range::new(offset(start), offset(end)));
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// A displayed formula in LaTeX, row by row, each in parts that can be said in a breath. None where
/// no row of it has words, or one is too long to be said.
pub(super) fn formula(block: &Block, language: Language) -> Option<Marked> {
    let chars: Vec<char> = block.text.chars().collect();
    let mut parts = Vec::new();
    for row in rows(&chars) {
        breaths(&chars, row, language, &mut parts)?;
    }
    let text = |part: &Range| chars[part.start as usize..part.end as usize].iter().collect::<String>();
    if !parts.iter().any(|part| speakable::formula(&text(part), language).is_some()) {
        return None;
    }
    Some(marked(block, parts.clone(), &SpanKind::Formula { latex: true }, parts))
}

/// What stands between line breaks, the marks of environments, labels and the signs that open and
/// close a formula. Rows without a letter or digit of their own are left out.
fn rows(chars: &[char]) -> Vec<Range> {
    let (mut rows, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_i32);
    while at < chars.len() {
        let end = match chars[at] {
            '\\' => match separator(chars, at).filter(|_| depth <= 0) {
                Some(end) => {
                    rows.push(trimmed(chars, start, at));
                    start = end;
                    end
                }
                None => at + 2,
            },
            '{' => {
                depth += 1;
                at + 1
            }
            '}' => {
                depth -= 1;
                at + 1
            }
            _ => at + 1,
        };
        at = end;
    }
    rows.push(trimmed(chars, start, chars.len()));
    rows.retain(|row| has_terms(chars, *row));
    rows
}

/// Whether a row has a letter or digit that belongs to no command of layout, or a command that
/// stands for a sign.
fn has_terms(chars: &[char], row: Range) -> bool {
    const LAYOUT: [&str; 10] =
        ["left", "right", "big", "Big", "quad", "qquad", "displaystyle", "nonumber", "notag", "hline"];
    let mut rest = chars.get(row.start as usize..row.end as usize).unwrap_or_default();
    while let Some((first, after)) = rest.split_first() {
        let name = after.iter().take_while(|c| c.is_ascii_alphabetic()).count();
        if *first == '\\' && name > 0 {
            let command: String = after[..name].iter().collect();
            if !LAYOUT.contains(&command.as_str()) {
                return true;
            }
            rest = &after[name..];
        } else if first.is_alphanumeric() {
            return true;
        } else {
            rest = after;
        }
    }
    false
}

/// Where what parts two rows, and begins with the backslash at `at`, ends.
fn separator(chars: &[char], at: usize) -> Option<usize> {
    let name = chars[at + 1..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let after = at + 1 + name;
    if name == 0 {
        return match chars.get(after)? {
            '\\' => {
                // `\\*` keeps two rows on a page, `\\[2pt]` sets their distance.
                let star = after + 1 + usize::from(chars.get(after + 1) == Some(&'*'));
                Some(group(chars, star, '[', ']').unwrap_or(star))
            }
            '[' | ']' | '(' | ')' => Some(after + 1),
            _ => None,
        };
    }
    let command: String = chars[at + 1..after].iter().collect();
    match command.as_str() {
        "end" | "label" | "tag" => group(chars, after, '{', '}'),
        "begin" => {
            let end = group(chars, after, '{', '}')?;
            let environment: String = chars[after..end].iter().collect();
            let columns = ["array", "tabular", "alignat"].iter().any(|name| environment.contains(name));
            Some(if columns { group(chars, end, '{', '}').unwrap_or(end) } else { end })
        }
        _ => None,
    }
}

/// Where the group that opens at `at` closes; none where none opens there.
fn group(chars: &[char], at: usize, open: char, close: char) -> Option<usize> {
    if chars.get(at) != Some(&open) {
        return None;
    }
    let mut depth = 0_usize;
    for (place, c) in chars.iter().enumerate().skip(at).take(LONGEST_GROUP) {
        depth += usize::from(*c == open);
        depth -= usize::from(*c == close);
        if depth == 0 {
            return Some(place + 1);
        }
    }
    None
}

/// Parts of a row that are each said in a breath; a row without words stays whole. None where it is
/// too long and has no sign to part it at.
fn breaths(chars: &[char], row: Range, language: Language, parts: &mut Vec<Range>) -> Option<()> {
    let text = |part: Range| chars[part.start as usize..part.end as usize].iter().collect::<String>();
    let words = |part: Range| speakable::formula(&text(part), language);
    if row.len() as usize > LONGEST_ROW {
        return None;
    }
    let fits = words(row).is_none_or(|words| length(&words) as usize <= SEGMENT_CHARS);
    if fits {
        parts.push(row);
        return Some(());
    }
    let middle = i64::from(row.start + row.len() / 2);
    let mut signs = outer_signs(chars, row);
    signs.sort_by_key(|at| (i64::from(*at) - middle).abs());
    let halves = |at: u32| (trimmed(chars, row.start as usize, at as usize), Range::new(at, row.end));
    let both = |at: &u32| {
        let (head, tail) = halves(*at);
        words(head).is_some() && words(tail).is_some()
    };
    let (head, tail) = halves(signs.into_iter().take(TRIES).find(both)?);
    breaths(chars, head, language, parts)?;
    breaths(chars, tail, language, parts)
}

/// Signs of a row outside of its groups, at which the second of two parts may begin.
fn outer_signs(chars: &[char], row: Range) -> Vec<u32> {
    let mut depth = 0_i32;
    let mut signs = Vec::new();
    for at in row.start + 1..row.end {
        match chars[at as usize] {
            '{' => depth += 1,
            '}' => depth -= 1,
            '=' | '+' | '-' | '−' | '<' | '>' | '\\' | ',' | '&' if depth == 0 => signs.push(at),
            _ => {}
        }
    }
    signs
}

/// Whether a range of `chars` holds a letter or digit.
pub(super) fn says(chars: &[char], range: Range) -> bool {
    chars[range.start as usize..range.end as usize].iter().any(|c| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::BlockKind;

    use super::*;
    use crate::compose::tests::block;

    fn parts<'a>(text: &'a str, ranges: &[Range]) -> Vec<&'a str> {
        ranges.iter().map(|range| range.of(text)).collect()
    }

    #[test]
    fn code_is_marked_line_by_line_and_parted_between_words() {
        let text = "fn main() {\n    let sum = a + b; // Add the two\n}\n\nrun(a, b)";
        let marked = code(&block(BlockKind::Code { language: None }, text));
        assert_eq!(parts(text, &marked.lines), ["fn main() {", "let sum = a + b; // Add the two", "run(a, b)"]);
        let spans: Vec<Range> = marked.block.spans.iter().map(|span| span.range).collect();
        let wanted = ["fn", "main() {", "let", "sum = a + b; // Add", "the", "two", "run(a,", "b)"];
        assert_eq!(parts(text, &spans), wanted);
        let long = format!("f({})", "abc_def,".repeat(40));
        let marked = code(&block(BlockKind::Code { language: None }, &long));
        assert!(marked.block.spans.len() > 4 && marked.block.spans.iter().all(|span| span.range.len() < 80));
        let joined: String = marked.block.spans.iter().map(|span| span.range.of(&long)).collect();
        assert_eq!(joined, long, "nothing is lost");
    }

    #[test]
    fn a_formula_is_read_row_by_row_without_the_marks_of_its_environment() {
        let rows = |text: &str| {
            let formula = formula(&block(BlockKind::Formula { latex: true }, text), Language::English);
            formula.map(|marked| parts(text, &marked.lines).into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let some = |rows: &[&str]| Some(rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>());
        let aligned = r"\begin{aligned} a &= b \label{eq:one} \\[2pt] c &= \frac{d}{2} \end{aligned}";
        assert_eq!(rows(aligned), some(&["a &= b", r"c &= \frac{d}{2}"]));
        let cases = r"\[ f(x) = \begin{cases} 1 & x > 0 \\ \unknown{x} & x < 0 \end{cases} \]";
        assert_eq!(rows(cases), some(&["f(x) =", "1 & x > 0", r"\unknown{x} & x < 0"]));
        assert_eq!(rows(r"\left( \begin{array}{cc} a & b \end{array} \right)"), some(&["a & b"]));
        assert_eq!(rows(r"\unknown{x} \\ \more{y}"), None);
        let long = "a_{1} + ".repeat(60) + "z";
        let parts = rows(&long).unwrap();
        assert!(parts.len() > 1, "{parts:?}");
        for part in &parts {
            let words = speakable::formula(part, Language::English).unwrap();
            assert!(length(&words) as usize <= SEGMENT_CHARS, "{words}");
        }
        assert_eq!(rows(&format!("x = {{{}}}", "a b ".repeat(400))), None, "there is no place for a breath");
    }
}
