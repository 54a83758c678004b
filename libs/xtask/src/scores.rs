//! Tables of scores in pages: between two marks, with the day and commit of the code that was
//! measured.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, repo};

/// Puts `table` between the marks of `name` in a page, and under it which code was measured. The
/// marks are `<!-- NAME: begin -->` and `<!-- NAME: end -->`, each on a line of its own.
pub fn write(page: &str, name: &str, table: &str) -> Result<()> {
    let path = repo::path(page);
    let text = fs::read_to_string(&path).with_context(|| page.to_owned())?;
    let measured = format!("{table}\nMeasured {}.\n", of_code()?);
    let Some(changed) = between(&text, name, &measured) else {
        bail!("{page} has no marks `<!-- {name}: begin -->` and `<!-- {name}: end -->` to put the table between");
    };
    fs::write(&path, changed).with_context(|| page.to_owned())
}

fn between(text: &str, name: &str, put: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some([before, &begin, "\n", put, "\n", &end, after].concat())
}

/// "on 2026-11-28 at commit 0123456", and whether files differ from it.
fn of_code() -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = process::output(Command::new("git").current_dir(repo::root()).args(arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["log", "-1", "--format=%h"])?;
    let changed =
        if git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty() { "" } else { " with changes" };
    let output = process::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    Ok(format!("on {} at commit {commit}{changed}", String::from_utf8_lossy(&output.stdout).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_put_between_its_own_marks_alone() {
        let page = "# A\n<!-- a: begin -->\nold\n<!-- a: end -->\nB\n<!-- b: begin -->\n<!-- b: end -->\n";
        let changed = between(page, "a", "| new |\n").unwrap();
        assert_eq!(
            changed,
            "# A\n<!-- a: begin -->\n\n| new |\n\n<!-- a: end -->\nB\n<!-- b: begin -->\n<!-- b: end -->\n"
        );
        assert_eq!(between(&changed, "a", "| new |\n"), Some(changed.clone()), "twice is once");
        assert_eq!(between(page, "c", "x"), None);
    }
}
