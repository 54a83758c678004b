//! A test that a page names as a proof is there: `tests/e2e/tests/it/kill.rs::a_name` means a file
//! and a function in it.

use std::fs;

use anyhow::Result;

use super::written;
use crate::repo;

/// What stands between the file and the name of the test.
const OF: &str = ".rs::";

/// Checks every page.
pub fn check() -> Result<bool> {
    let mut passed = true;
    for (page, text) in written(&["*.md"])? {
        for (line, file, test) in named(&text) {
            let found = fs::read_to_string(repo::path(&file)).ok();
            if !found.is_some_and(|code| defines(&code, &test)) {
                eprintln!("{page}:{line}: no test {test} in {file}: it was renamed, moved or deleted");
                passed = false;
            }
        }
    }
    Ok(passed)
}

/// The tests that a page names in code: line, file and function.
fn named(page: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (index, line) in page.lines().enumerate() {
        // Every second part between backticks is code.
        for code in line.split('`').skip(1).step_by(2) {
            let Some((file, test)) = code.split_once(OF) else { continue };
            found.push((index + 1, format!("{file}.rs"), test.rsplit("::").next().unwrap_or_default().to_owned()));
        }
    }
    found
}

fn defines(code: &str, test: &str) -> bool {
    !test.is_empty() && code.contains(&format!("fn {test}("))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_named_by_its_file_and_its_function() {
        let page = "| a | `tests/it/a.rs::works`, and `tests/it/b.rs` |\n`x.rs::tests::y` `z::w`\n";
        let found = named(page);
        assert_eq!(found[0], (1, "tests/it/a.rs".to_owned(), "works".to_owned()));
        assert_eq!(found[1], (2, "x.rs".to_owned(), "y".to_owned()));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_function_is_found_by_its_whole_name() {
        let code = "#[test]\nfn works_well() {}\nasync fn waits(arg: u8) {}\n";
        assert!(defines(code, "works_well") && defines(code, "waits"));
        assert!(!defines(code, "works") && !defines(code, ""));
    }
}
