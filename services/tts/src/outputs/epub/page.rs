//! The text of a page, and what it looks like (EPUB 3.3, section 6, content documents).

use crate::outputs::escape::{direction, escaped};
use crate::timeline::book::{Book, Page};

/// How all pages look: like a book, whatever the reading system's own style is.
pub(super) const STYLE: &str = include_str!("style.css");

/// What lights a sentence while it is heard.
pub(super) const LIT: &str = "lit";

/// A document around a body.
pub(super) fn document(language: &str, title: &str, body: &str) -> String {
    let (language, title) = (language_of(language), escaped(title_of(title)));
    let direction = direction(&language);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html>\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\" lang=\"{language}\" \
         xml:lang=\"{language}\" dir=\"{direction}\">\n<head><meta charset=\"utf-8\"/><title>{title}</title>\
         <link rel=\"stylesheet\" type=\"text/css\" href=\"style.css\"/></head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// A language as it may stand in an attribute: `und` where none is known.
pub(super) fn language_of(language: &str) -> String {
    if language.is_empty() { "und".to_owned() } else { escaped(language) }
}

/// A title that is one.
pub(super) fn title_of(title: &str) -> &str {
    if title.trim().is_empty() { "Untitled" } else { title }
}

/// The document of a page, in which `text` stands.
pub(super) fn page(book: &Book<'_>, page: &Page<'_>, text: &str) -> String {
    let kind = if page.section.is_some() { "chapter" } else { "backmatter" };
    let title = escaped(title_of(page.title));
    let heading = if page.section.is_some() { String::new() } else { format!("<h1>{title}</h1>\n") };
    let whole = super::names::WHOLE;
    let body =
        format!("<section id=\"{whole}\" epub:type=\"{kind}\" aria-label=\"{title}\">\n{heading}{text}</section>\n");
    document(book.language, page.title, &body)
}

/// The document of the cover.
pub(super) fn cover(book: &Book<'_>) -> String {
    let title = escaped(title_of(book.title));
    let body = format!(
        "<section id=\"cover\" epub:type=\"cover\" class=\"cover\"><img src=\"cover.png\" alt=\"Cover: {title}\"/></section>\n"
    );
    document(book.language, book.title, &body)
}
