//! Displayed formulas in parts that can be said in a breath.

use lectern_core::content::Range;

use super::{Language, formula};

/// Parts of a displayed formula that can each be said in at most `limit` spoken characters, cut at
/// its relations and line breaks. Empty where a part has no words or is too long.
#[must_use]
pub fn formula_parts(latex: &str, limit: usize, language: Language) -> Vec<Range> {
    let Some(words) = formula(latex, language) else { return Vec::new() };
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
    let sayable = |part: &Range| formula(part.of(latex), language).is_some_and(|words| words.len() <= limit);
    if parts.iter().all(sayable) { parts } else { Vec::new() }
}
