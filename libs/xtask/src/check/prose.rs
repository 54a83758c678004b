//! Comments and pages keep to a width that can be read beside code, and rows of tables in comments
//! are whole.

use anyhow::Result;

use super::written;

/// Columns that a line of prose may have.
const COLUMNS: usize = 100;

/// Files with comments behind `//`, and behind `#`.
const SLASHES: [&str; 2] = ["*.rs", "*.proto"];
const HASHES: [&str; 5] = ["*.toml", "*.py", "*.sh", "*.yaml", ".ci/run"];
/// Of these, files in which tables of comments are looked at: our own. Others draw in theirs.
const OWN_SLASHES: [&str; 3] = ["*.rs", "*.proto", ":!third_party"];

/// Checks every page and the comments of every other file.
pub fn check() -> Result<bool> {
    let long = format!("over {COLUMNS} columns");
    let torn = "a row of a table that does not end with `|`";
    let mut passed = report(&["*.md"], &long, long_in_page)?;
    passed &= report(&SLASHES, &long, |text| long_in_comments(text, "//"))?;
    passed &= report(&HASHES, &long, |text| long_in_comments(text, "#"))?;
    passed &= report(&OWN_SLASHES, torn, |text| torn_in_comments(text, "//"))?;
    passed &= report(&HASHES, torn, |text| torn_in_comments(text, "#"))?;
    Ok(passed)
}

fn report(patterns: &[&str], fault: &str, faulty: impl Fn(&str) -> Vec<usize>) -> Result<bool> {
    let mut passed = true;
    for (file, text) in written(patterns)? {
        for line in faulty(&text) {
            eprintln!("{file}:{line}: {fault}");
            passed = false;
        }
    }
    Ok(passed)
}

/// The numbers of a page's lines that are too long and could be parted: tables and code could not.
fn long_in_page(text: &str) -> Vec<usize> {
    let mut fenced = false;
    let mut prose = |line: &str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !line.trim_start().starts_with('|')
    };
    // Every line is asked about: whether code is open follows from all before.
    let lines = text.lines().enumerate().filter(|(_, line)| prose(line) && is_too_long(line));
    lines.map(|(index, _)| index + 1).collect()
}

/// The numbers of the lines that are comments alone, behind `mark`, and too long.
fn long_in_comments(text: &str, mark: &str) -> Vec<usize> {
    let long = comments(text, mark).into_iter().filter(|comment| !comment.says.starts_with('|'));
    long.filter(|comment| is_too_long(comment.line)).map(|comment| comment.number).collect()
}

/// The numbers of the lines that begin a row of a table and do not end it. Whoever breaks lines at
/// a width takes such a row for prose, and what reads Markdown then sees another table or none.
fn torn_in_comments(text: &str, mark: &str) -> Vec<usize> {
    let torn = |says: &str| says.starts_with('|') && !says.ends_with('|');
    comments(text, mark).into_iter().filter(|comment| torn(comment.says)).map(|comment| comment.number).collect()
}

/// A line that is a comment alone.
struct Comment<'a> {
    /// From 1.
    number: usize,
    line: &'a str,
    /// Without its mark.
    says: &'a str,
}

/// The lines that are comments alone, behind `mark`, but for code in them.
fn comments<'a>(text: &'a str, mark: &str) -> Vec<Comment<'a>> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix(mark) else {
            fenced = false;
            continue;
        };
        let says = comment.trim_start_matches(['/', '!', '#']).trim();
        let fence = says.starts_with("```");
        fenced ^= fence;
        if !fenced && !fence {
            found.push(Comment { number: index + 1, line, says });
        }
    }
    found
}

fn is_too_long(line: &str) -> bool {
    line.chars().count() > COLUMNS && breakable(line)
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

    #[test]
    fn a_row_of_a_table_in_a_comment_ends_in_its_line() {
        let whole = "//! | what | why |\n//! | --- | --- |\n//! | one | first |\nlet both = a | b;\n";
        assert_eq!(torn_in_comments(whole, "//"), Vec::<usize>::new());
        let torn = "//! | what | why |\n    /// | one | first, and\n    /// so on |\n/// ```\n/// |x| x + 1\n/// ```\n";
        assert_eq!(torn_in_comments(torn, "//"), [2]);
        assert_eq!(torn_in_comments("# | a | b\na = 1 | 2\n", "#"), [1]);
    }
}
