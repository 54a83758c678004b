//! Comments and pages keep to a width that can be read beside code.

use anyhow::Result;

use super::written;

/// Columns that a line of prose may have.
const COLUMNS: usize = 100;

/// Files with comments behind `//`, and behind `#`.
const SLASHES: [&str; 2] = ["*.rs", "*.proto"];
const HASHES: [&str; 5] = ["*.toml", "*.py", "*.sh", "*.yaml", ".ci/run"];

/// Checks every page and the comments of every other file.
pub fn check() -> Result<bool> {
    let mut passed = report(&["*.md"], long_in_page)?;
    passed &= report(&SLASHES, |text| long_in_comments(text, "//"))?;
    passed &= report(&HASHES, |text| long_in_comments(text, "#"))?;
    Ok(passed)
}

fn report(patterns: &[&str], long_lines: impl Fn(&str) -> Vec<usize>) -> Result<bool> {
    let mut passed = true;
    for (file, text) in written(patterns)? {
        for line in long_lines(&text) {
            eprintln!("{file}:{line}: over {COLUMNS} columns");
            passed = false;
        }
    }
    Ok(passed)
}

/// The numbers of a page's lines that are too long and could be parted: tables and code could not.
fn long_in_page(text: &str) -> Vec<usize> {
    let mut fenced = false;
    let prose = |line: &str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !line.trim_start().starts_with('|')
    };
    long_where(text, prose)
}

/// The numbers of the lines that are comments alone, behind `mark`, and too long.
fn long_in_comments(text: &str, mark: &str) -> Vec<usize> {
    let mut fenced = false;
    let prose = |line: &str| {
        let Some(comment) = line.trim_start().strip_prefix(mark) else {
            fenced = false;
            return false;
        };
        let comment = comment.trim_start_matches(['/', '!', '#']).trim_start();
        let fence = comment.starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !comment.starts_with('|')
    };
    long_where(text, prose)
}

fn long_where(text: &str, mut prose: impl FnMut(&str) -> bool) -> Vec<usize> {
    let too_long = |line: &str| line.chars().count() > COLUMNS && breakable(line);
    // Every line is asked about: whether code is open follows from all before.
    let lines = text.lines().enumerate().filter(|(_, line)| prose(line) && too_long(line));
    lines.map(|(index, _)| index + 1).collect()
}

/// Whether a line has a place to end sooner; an address alone has none.
fn breakable(line: &str) -> bool {
    let start = line.trim_start_matches(|char: char| !char.is_alphanumeric());
    start.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> String {
        "word ".repeat(21)
    }

    #[test]
    fn prose_is_counted_and_tables_code_and_addresses_are_not() {
        let address = format!("[here]({})", "x".repeat(120));
        let long = long();
        let page = format!("{long}\n| {long} |\n```sh\n{long}\n```\n{address}\nshort\n- {long}\n");
        assert_eq!(long_in_page(&page), [1, 8]);
    }

    #[test]
    fn comments_are_counted_and_code_beside_them_is_not() {
        let long = long();
        let code = format!("//! {long}\nlet x = \"{long}\";\n/// ```\n/// {long}\n/// ```\n    // {long}\n");
        assert_eq!(long_in_comments(&code, "//"), [1, 6]);
        assert_eq!(long_in_comments(&format!("a = 1\n# {long}\n"), "#"), [2]);
    }
}
