//! The name of a file that was fetched, from what its server says of it. Only the ending decides
//! anything, and only between formats that look alike; the rest is for people. What does not fit
//! [`text::check_name`] is left out of it, since whoever asked for the file did not choose the
//! name.

use lectern_core::text::{self, LONGEST_NAME};

/// Media types with the endings of their files, the usual one first.
const ENDINGS: [(&str, &[&str]); 14] = [
    ("application/pdf", &["pdf"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/epub+zip", &["epub"]),
    ("text/html", &["html", "htm"]),
    ("application/xhtml+xml", &["xhtml"]),
    ("text/markdown", &["md", "markdown", "mdown", "mkd", "mkdn", "mdx"]),
    ("text/csv", &["csv"]),
    ("text/tab-separated-values", &["tsv", "tab"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    // Last: servers say it of everything that they do not know, so an ending of any other row is
    // believed before it.
    ("text/plain", &["txt", "text", "asc", "log", "adoc", "asciidoc"]),
];

/// The name that `Content-Disposition` gives (RFC 6266), else the last part of the URL's path, else
/// the host; with the usual ending of `Content-Type` where the name itself has none that says a
/// format.
#[must_use]
pub fn of_answer(host: &str, path: &str, disposition: Option<&str>, content_type: Option<&str>) -> String {
    let last = || decode(path.rsplit('/').next().unwrap_or_default());
    let said = disposition.and_then(named).map(|name| plain(&name)).filter(|name| !name.is_empty());
    let name = said.or_else(|| Some(plain(&last())).filter(|name| !name.is_empty())).unwrap_or_else(|| plain(host));
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let telling = ending.is_some_and(|ending| ENDINGS.iter().any(|(_, endings)| endings.contains(&&*ending)));
    let media = content_type.and_then(|media| media.split(';').next()).map(|media| media.trim().to_ascii_lowercase());
    let usual = media.and_then(|media| ENDINGS.iter().find(|(name, _)| *name == media)?.1.first());
    match usual {
        Some(usual) if !telling => {
            let room = LONGEST_NAME.saturating_sub(usual.len() + 1);
            format!("{}.{usual}", name.chars().take(room).collect::<String>())
        }
        Some(_) | None => name,
    }
}

/// A name without folders and without what does not print; of one too long the end, which has the
/// ending.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    text::file_name(name).trim().trim_start_matches('.').to_owned()
}

/// The parameter `filename*`, else `filename`.
fn named(disposition: &str) -> Option<String> {
    let (mut extended, mut simple) = (None, None);
    for parameter in parameters(disposition) {
        let Some((key, value)) = parameter.split_once('=') else { continue };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                // RFC 8187: a charset, a language, and bytes in percent encoding. Everybody writes
                // UTF-8.
                let mut parts = value.splitn(3, '\'');
                if let (Some(charset), Some(_), Some(text)) = (parts.next(), parts.next(), parts.next())
                    && charset.eq_ignore_ascii_case("utf-8")
                {
                    extended = Some(decode(text));
                }
            }
            "filename" => simple = Some(value.to_owned()),
            _ => {}
        }
    }
    extended.or(simple)
}

/// The parts between semicolons, quotes taken off; a semicolon in quotes is text.
fn parameters(disposition: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = disposition.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted = !quoted,
            '\\' if quoted => part.extend(chars.next()),
            ';' if !quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(char),
        }
    }
    parts.push(part);
    parts
}

/// Percent encoding undone.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = pair.filter(|_| byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetched_file_is_named_by_what_its_server_says_of_it() {
        let html = Some("text/html; charset=utf-8");
        for (path, disposition, content_type, expected) in [
            ("/papers/tides.pdf", None, Some("application/pdf"), "tides.pdf"),
            ("/papers/tides", None, Some("application/pdf"), "tides.pdf"),
            ("/papers/tides", None, None, "tides"),
            ("/papers/tides", None, Some("application/octet-stream"), "tides"),
            ("/README.md", None, Some("text/plain"), "README.md"),
            ("/notes", None, Some("Text/Markdown; variant=GFM"), "notes.md"),
            ("/a.MD", None, Some("text/plain"), "a.MD"),
            ("/release-2.0", None, html, "release-2.0.html"),
            ("/index.php", None, html, "index.php.html"),
            ("/", None, html, "docs.example.com.html"),
            ("", None, None, "docs.example.com"),
            ("/a%20b%C3%A4.pdf", None, None, "a bä.pdf"),
            ("/a%2Fb%5C..%2Fc.pdf", None, None, "c.pdf"),
            ("/100%", None, None, "100%"),
            ("/%zz%1", None, None, "%zz%1"),
            ("/%ff.txt", None, None, "\u{fffd}.txt"),
            ("/..", None, html, "docs.example.com.html"),
            ("/get", Some("attachment; filename=report.docx"), None, "report.docx"),
            ("/get", Some("attachment; filename=\"a; b \\\"c\\\".pdf\""), None, "a; b \"c\".pdf"),
            (
                "/get",
                Some("attachment; filename=\"x.pdf\"; filename*=UTF-8''%e2%82%ac%20rates.pdf"),
                None,
                "€ rates.pdf",
            ),
            ("/get", Some("attachment; filename*=iso-8859-1''%a3.pdf; filename=pounds.pdf"), None, "pounds.pdf"),
            ("/get", Some("attachment; filename=\"../../etc/passwd\""), None, "passwd"),
            ("/get", Some("attachment; filename=\"C:\\\\dir\\\\a.pdf\""), None, "a.pdf"),
            ("/get", Some("attachment; filename=\"\""), None, "get"),
            ("/get", Some("inline"), Some("text/csv"), "get.csv"),
        ] {
            assert_eq!(
                of_answer("docs.example.com", path, disposition, content_type),
                expected,
                "{path} {disposition:?}"
            );
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = "x".repeat(1_000);
        let name = of_answer("h", &format!("/{long}.md"), None, None);
        assert!(name.len() == LONGEST_NAME && name.ends_with(".md"), "{name}");
        let name = of_answer("h", &format!("/{long}"), None, Some("text/markdown"));
        assert!(name.len() == LONGEST_NAME && name.ends_with(".md"), "{name}");
    }
}
