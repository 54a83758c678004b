//! Formulas in LaTeX, in words.

/// The words of a formula; none where a command is not known.
pub(crate) fn read(latex: &str) -> Option<String> {
    let _ = latex;
    None
}

/// Parts that can each be said in at most `limit` characters.
pub(crate) fn parts(latex: &str, limit: usize) -> Vec<lectern_core::content::Range> {
    match read(latex) {
        Some(words) if words.len() <= limit => vec![lectern_core::content::Range::all(latex)],
        _ => Vec::new(),
    }
}
