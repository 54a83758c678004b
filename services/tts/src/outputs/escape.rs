//! Texts of documents inside markup: nothing of them is markup.

/// A text as it may stand in HTML, XML and in the value of an attribute. What XML 1.0 has no way to
/// write is shown as a replacement.
#[must_use]
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(&mut out, text);
    out
}

/// The same, behind `out`.
pub(super) fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            // White space that XML has no way to write stays white space: words are found by
            // counting what is none.
            '\u{B}' | '\u{C}' => out.push(' '),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ => out.push(c),
        }
    }
}

/// A link's target, if it leads to a page of the web and is written so that nothing can be wrong
/// with it: documents are strangers.
#[must_use]
pub(super) fn link(target: &str) -> Option<&str> {
    let rest = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let is_host = is_name && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?#!$&'()*+,;=:@%".contains(c);
    let mut percents = rest.split('%').skip(1);
    let escapes = percents.all(|after| after.get(..2).is_some_and(|two| two.chars().all(|c| c.is_ascii_hexdigit())));
    (is_host && escapes && rest.chars().all(is_plain) && rest.matches('#').count() <= 1).then_some(target)
}

/// Where a language is written to: `ltr`, or `rtl` from the right.
#[must_use]
pub(super) fn direction(language: &str) -> &'static str {
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    match primary.as_str() {
        "ar" | "fa" | "he" | "iw" | "ps" | "sd" | "ug" | "ur" | "yi" => "rtl",
        _ => "ltr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escaped("<b a=\"1\" b='2'>&\u{1}\u{FFFF}\n"),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;\u{FFFD}\u{FFFD}\n"
        );
        assert_eq!(escaped("日本 é"), "日本 é");
        assert_eq!(escaped("one\u{C}two\u{B}"), "one two ");
    }

    #[test]
    fn links_lead_to_the_web_or_nowhere() {
        for good in ["https://example.com/a?b=c#d", "http://example.com:8080", "https://example.com/%C3%A9(1)"] {
            assert_eq!(link(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https://exa mple.com/",
            "https://example.com/\"onclick",
            "https://example.com/%zz",
            "https://example.com/é",
            "https://a@b.example/",
            "https://example.com:99999/",
            "https://:8080/",
            "https://example.com/#a#b",
            "file:///etc/passwd",
            "../notes",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn some_languages_are_written_from_the_right() {
        assert_eq!(["ar-EG", "HE", "en", ""].map(direction), ["rtl", "rtl", "ltr", "ltr"]);
    }
}
