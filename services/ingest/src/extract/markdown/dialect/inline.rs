//! What dialects write within a line.

/// The label of the note that stood within a line as number `number` of such notes.
pub(super) fn note_name(number: usize) -> String {
    format!("inline-note-{}", number + 1)
}

/// No line ends in more tags than this.
const MOST_TAGS: usize = 40;

/// How far ahead a sign that closes is looked for, in bytes. A line may be a whole file.
const NEAR: usize = 4_000;

fn near(text: &str) -> &str {
    let end = (0..=NEAR.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// One line as CommonMark. Code spans are left as they are; texts of inline notes are added to
/// `notes`.
pub(super) fn to_common(line: &str, notes: &mut Vec<String>) -> String {
    let line = without_end_marks(line);
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let before = out.chars().next_back();
        let taken = match first {
            '`' => Some(code_span(rest, &mut out)),
            '\\' => escape(rest, &mut out),
            '%' => comment(rest, before, &mut out),
            '=' => highlight(rest, before, &mut out),
            '^' => note(rest, &mut out, notes),
            '{' => shortcode(rest, &mut out),
            ':' => emoji(rest, before, &mut out),
            '#' => tag(rest, before, &mut out),
            _ => None,
        };
        let length = taken.unwrap_or_else(|| {
            out.push(first);
            first.len_utf8()
        });
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// A line without the id of its block (`^id`), its attributes (`{.small}`), at its end.
fn without_end_marks(line: &str) -> &str {
    let text = line.trim_end();
    if let Some((before, id)) = text.rsplit_once('^')
        && before.ends_with([' ', '\t'])
        && id.len() > 1
        && id.chars().any(char::is_alphabetic)
        && id.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
    {
        return before.trim_end();
    }
    let heading = text.trim_start().starts_with('#');
    if !heading
        && let Some((before, list)) = text.strip_suffix('}').and_then(|text| text.rsplit_once('{'))
        && list.starts_with(['.', '#', ':'])
        && !list.contains('`')
        && !before.ends_with(['{', '%'])
    {
        return before.trim_end();
    }
    line
}

/// A span of code, or the signs alone where none closes it.
fn code_span(rest: &str, out: &mut String) -> usize {
    let count = rest.bytes().take_while(|byte| *byte == b'`').count();
    let (signs, after) = rest.split_at(count);
    let after = near(after);
    let mut from = 0;
    while let Some(at) = after.get(from..).and_then(|after| after.find('`')).map(|at| at + from) {
        let run = after.get(at..).unwrap_or_default().bytes().take_while(|byte| *byte == b'`').count();
        if run == count {
            let length = count + at + run;
            out.push_str(rest.get(..length).unwrap_or_default());
            return length;
        }
        from = at + run;
    }
    out.push_str(signs);
    count
}

fn escape(rest: &str, out: &mut String) -> Option<usize> {
    let next = rest.chars().nth(1)?;
    out.push('\\');
    out.push(next);
    Some(1 + next.len_utf8())
}

/// `%% comment %%`.
fn comment(rest: &str, before: Option<char>, out: &mut String) -> Option<usize> {
    if !before.is_none_or(char::is_whitespace) {
        return None;
    }
    let inner = near(rest).strip_prefix("%%")?;
    let (text, _) = inner.split_once("%%")?;
    out.push_str(&format!("<!-- {} -->", text.trim().replace("--", "-")));
    Some(text.len() + 4)
}

/// `==words==`: the signs touch the words, unlike those of a comparison.
fn highlight(rest: &str, before: Option<char>, out: &mut String) -> Option<usize> {
    let inner = near(rest).strip_prefix("==")?;
    let (text, after) = inner.split_once("==")?;
    let touches = !text.is_empty() && text.trim() == text && !text.starts_with('=');
    if before == Some('=') || after.starts_with('=') || !touches {
        return None;
    }
    out.push_str(&format!("<mark>{text}</mark>"));
    Some(text.len() + 4)
}

/// `^[text]`, a note within the line.
fn note(rest: &str, out: &mut String, notes: &mut Vec<String>) -> Option<usize> {
    let inner = near(rest).strip_prefix("^[")?;
    let mut depth = 1_usize;
    let end = inner.char_indices().find_map(|(at, char)| {
        depth = match char {
            '[' => depth + 1,
            ']' => depth - 1,
            _ => depth,
        };
        (depth == 0).then_some(at)
    })?;
    out.push_str(&format!("[^{}]", note_name(notes.len())));
    notes.push(inner.get(..end)?.trim().to_owned());
    Some(end + 3)
}

/// `{{< name args >}}`, `{{% name %}}`, `{% name %}`: a picture by its description, everything else
/// without a trace of it.
fn shortcode(rest: &str, out: &mut String) -> Option<usize> {
    let (open, close) =
        [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")].into_iter().find(|(open, _)| rest.starts_with(open))?;
    let inner = near(rest).get(open.len()..)?;
    let (text, _) = inner.split_once(close)?;
    let picture = ["figure", "img", "image"].iter().any(|name| text.split_whitespace().next() == Some(name));
    let value = |key: &str| {
        text.split_once(&format!("{key}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value)
    };
    if picture {
        let alt = value("alt").or_else(|| value("caption")).or_else(|| value("title")).unwrap_or_default();
        out.push_str(&format!("![{}](picture)", alt.replace(['[', ']'], "")));
    }
    Some(open.len() + text.len() + close.len())
}

/// `:tada:` is read as the word that it is.
fn emoji(rest: &str, before: Option<char>, out: &mut String) -> Option<usize> {
    let inner = near(rest).strip_prefix(':')?;
    let (name, after) = inner.split_once(':')?;
    let named = name.len() > 1
        && name.starts_with(|char: char| char.is_ascii_lowercase() || "+-".contains(char))
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_+-".contains(&byte));
    let apart = !before.is_some_and(|char| char.is_alphanumeric() || char == ':')
        && !after.starts_with(|char: char| char.is_alphanumeric() || "`:".contains(char));
    if !named || !apart {
        return None;
    }
    out.push_str(&name.replace(['_', '-'], " "));
    Some(name.len() + 2)
}

/// `#tag`: at the end of a line it is for the program, within a sentence it is a word.
fn tag(rest: &str, before: Option<char>, out: &mut String) -> Option<usize> {
    let name: String =
        rest.chars().skip(1).take_while(|char| char.is_alphanumeric() || "-_/".contains(*char)).collect();
    let first = name.chars().next()?;
    if !first.is_alphabetic() || !before.is_none_or(char::is_whitespace) || is_colour(&name) {
        return None;
    }
    let length = 1 + name.len();
    let after = rest.get(length..).unwrap_or_default();
    let last = near(after).split_whitespace().take(MOST_TAGS).all(|word| word.starts_with('#') && word.len() > 1);
    if last && before.is_some() {
        out.push_str(&format!("<!-- #{name} -->"));
    } else {
        out.push_str(&name.replace(['_', '/'], " "));
    }
    Some(length)
}

/// Whether what follows `#` is a colour: three, four, six or eight hexadecimal digits (CSS Color
/// Module Level 4, section 5.2). Letters alone may be a word, but for six or eight capitals.
fn is_colour(name: &str) -> bool {
    let long = name.len() == 6 || name.len() == 8;
    let capitals = long && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    (long || name.len() == 3 || name.len() == 4)
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (capitals || name.bytes().any(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_within_a_line_become_common() {
        for (given, wanted) in [
            ("a ==b c== d", "a <mark>b c</mark> d"),
            ("if a == b and c == d", "if a == b and c == d"),
            ("`==code== :tada: #x`", "`==code== :tada: #x`"),
            ("Text. ^block1", "Text."),
            ("x ^2", "x ^2"),
            ("Done. {.small}", "Done."),
            ("# Title {#top .wide}", "# Title {#top .wide}"),
            ("{{< figure src=\"a.jpg\" alt=\"The kiln\" >}}", "![The kiln](picture)"),
            ("See {{< ref \"x\" >}} here", "See  here"),
            ("Well done :tada:.", "Well done tada."),
            ("at 10:30:45 or a::b::c", "at 10:30:45 or a::b::c"),
            ("boat #todo #later", "boat <!-- #todo --> <!-- #later -->"),
            ("the #garden party", "the garden party"),
            ("see #12 and C#", "see #12 and C#"),
            ("from #FF5733 to #a0c and #FFFFFF", "from #FF5733 to #a0c and #FFFFFF"),
            ("the #cafe and #facade here", "the cafe and facade here"),
            ("a \\==b== c", "a \\==b== c"),
        ] {
            assert_eq!(to_common(given, &mut Vec::new()), wanted, "{given}");
        }
    }
}
