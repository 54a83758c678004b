//! Pages of which a part is made from the code: a test of the crate that has the code compares.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::env;

/// Set by whoever wants the pages written and not compared.
pub const WRITE: &str = "LECTERN_WRITE_DOCS";

/// Compares the part of a page of `docs` that stands between the marks of `name` with `text`, or
/// writes it there where [`WRITE`] is set. Tests that write parts of one page wait for each other.
///
/// # Panics
///
/// When the part is another one, saying which command writes it; and when the page cannot be read
/// or has no such marks.
pub fn check_part(page: &str, name: &str, text: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let write = env::value(WRITE).is_some();
    let opened = File::options().read(true).write(write).open(&path);
    let mut file = opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = String::new();
    let read = file.lock().and_then(|()| file.read_to_string(&mut found));
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Some(wanted) = with_part(&found, name, text) else { panic!("docs/{page} has no part {name}") };
    if !write {
        assert!(
            found == wanted,
            "the part {name} of docs/{page} is not up to date: run {WRITE}=1 cargo xtask test {test}"
        );
        return;
    }
    let written =
        file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| file.write_all(wanted.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The page with the part between the marks of `name` replaced; none where it has no such marks.
fn with_part(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->\n"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{text}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_between_the_marks_is_replaced() {
        let page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        assert_eq!(with_part(page, "x", "new").unwrap(), "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n");
        assert_eq!(with_part(page, "y", "new"), None);
    }
}
