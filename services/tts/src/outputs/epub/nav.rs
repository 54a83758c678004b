//! The table of contents, and the list of the source's pages (EPUB 3.3, section 7, navigation).

use std::fmt::Write as _;

use super::{names, page};
use crate::outputs::escape::escaped;
use crate::timeline::book::Book;

/// A chapter in the table.
struct Entry<'a> {
    level: u8,
    title: &'a str,
    page: usize,
}

/// The navigation document. `source_pages` are pages of the source, with the page of the book on
/// which each begins.
pub(super) fn nav(book: &Book<'_>, source_pages: &[(u32, usize)]) -> String {
    let pages = book.pages.iter().enumerate();
    let entries: Vec<Entry<'_>> = pages.map(|(page, of)| Entry { level: of.level, title: of.title, page }).collect();
    let mut body = String::from("<nav epub:type=\"toc\" role=\"doc-toc\" id=\"toc\">\n<h1>Contents</h1>\n");
    list(&mut body, &entries);
    body.push_str("</nav>\n");
    if !source_pages.is_empty() {
        body.push_str("<nav epub:type=\"page-list\" id=\"page-list\" hidden=\"hidden\">\n<h1>Pages</h1>\n<ol>\n");
        for (number, page) in source_pages {
            let _ = writeln!(body, "<li><a href=\"{}#page{number}\">{number}</a></li>", names::text(*page));
        }
        body.push_str("</ol>\n</nav>\n");
    }
    page::document(book.language, book.title, &body)
}

/// Entries as a list; what is of a lower level than the one before it stands in that one's.
fn list(out: &mut String, entries: &[Entry<'_>]) {
    out.push_str("<ol>\n");
    let mut rest = entries;
    while let Some((first, after)) = rest.split_first() {
        let below = after.iter().take_while(|entry| entry.level > first.level).count();
        let (inner, behind) = after.split_at(below);
        let title = escaped(page::title_of(first.title));
        let _ = write!(out, "<li><a href=\"{}#{}\">{title}</a>", names::text(first.page), names::WHOLE);
        if !inner.is_empty() {
            out.push('\n');
            list(out, inner);
        }
        out.push_str("</li>\n");
        rest = behind;
    }
    out.push_str("</ol>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_of_a_lower_level_stand_in_the_one_before() {
        let entry = |level, title| Entry { level, title, page: 0 };
        let entries = [entry(2, "A"), entry(3, "A1"), entry(4, "A11"), entry(3, "A2"), entry(1, "B & C"), entry(6, "")];
        let mut out = String::new();
        list(&mut out, &entries);
        let plain = out.replace("<a href=\"s0001.xhtml#page\">", "").replace("</a>", "").replace('\n', "");
        let expected = "<ol><li>A<ol><li>A1<ol><li>A11</li></ol></li><li>A2</li></ol></li>\
                        <li>B &amp; C<ol><li>Untitled</li></ol></li></ol>";
        assert_eq!(plain, expected);
    }
}
