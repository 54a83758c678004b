//! What note-taking programs and site generators write beyond CommonMark, turned into it line by
//! line: comments (`%% %%`), callouts (`> [!tip]`), admonitions (`!!!`, `???`, `===`, `:::`, MyST's
//! fences), shortcodes (`{{< >}}`, `{% %}`), tables of contents (`[TOC]`), ids of blocks (`^id`),
//! attributes (`{.small}`), tags (`#todo`), highlights (`==word==`), inline notes (`^[text]`) and
//! short names of emoji (`:tada:`). Code is left as it is.

mod inline;

use std::borrow::Cow;

/// Words after the sign of an admonition that are its kind and not its title, in MyST's fences.
const DIRECTIVES: [&str; 17] = [
    "note",
    "warning",
    "tip",
    "important",
    "caution",
    "danger",
    "hint",
    "attention",
    "error",
    "seealso",
    "admonition",
    "topic",
    "sidebar",
    "epigraph",
    "margin",
    "dropdown",
    "versionadded",
];

/// Lines that stand for a table of contents, in lower case.
const CONTENTS: [&str; 7] = ["[toc]", "[[toc]]", "[[_toc_]]", "{:toc}", "{: toc}", "@[toc]", "${toc}"];

/// `text` as CommonMark with HTML.
pub(super) fn to_common(text: &str) -> Cow<'_, str> {
    let telling = [
        "%%", "[!", "!!!", "???", "===", ":::", "{{", "{%", "[TOC", "[toc", "[[_", " ^", "{.", "{#", "{:", " #", "==",
        "^[", "```{", "import ",
    ];
    let emoji = || text.as_bytes().windows(2).any(|two| two[0] == b':' && two[1].is_ascii_lowercase());
    if !telling.iter().any(|sign| text.contains(sign)) && !emoji() && !text.contains("\n#") {
        return text.into();
    }
    let mut writer = Writer { out: String::with_capacity(text.len() + text.len() / 8), ..Writer::default() };
    let mut lines = text.lines();
    writer.front_matter(&mut lines);
    for line in lines {
        writer.line(line);
    }
    writer.end();
    writer.out.into()
}

#[derive(Debug, Default)]
struct Writer {
    out: String,
    /// The fence of the open block of code.
    fence: Option<String>,
    /// The fences of open directives, whose text is read.
    directives: Vec<String>,
    /// By how much the lines of the open admonitions are indented.
    indents: Vec<usize>,
    /// The comment that is open.
    comment: Option<String>,
    /// Definitions of notes that stood within a line.
    notes: Vec<String>,
    /// Whether the line before was blank.
    blank: bool,
}

impl Writer {
    /// Front matter is for [`super`] to read.
    fn front_matter<'a>(&mut self, lines: &mut (impl Iterator<Item = &'a str> + Clone)) {
        let mut ahead = lines.clone();
        let Some(open) = ahead.next().filter(|line| matches!(line.trim_end(), "---" | "+++")) else { return };
        let body: Vec<&str> = ahead.by_ref().take_while(|line| line.trim_end() != open.trim_end()).collect();
        if ahead.next().is_none() && body.is_empty() {
            return;
        }
        for line in lines.by_ref().take(body.len() + 2) {
            self.put(line);
        }
    }

    fn put(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
        self.blank = line.trim().is_empty();
    }

    fn put_inline(&mut self, line: &str) {
        let line = inline::to_common(line, &mut self.notes);
        self.put(&line);
    }

    /// A block of its own.
    fn paragraph(&mut self, text: &str) {
        let text = text.trim();
        self.put("");
        if !text.is_empty() {
            self.put_inline(text);
            self.put("");
        }
    }

    fn line(&mut self, line: &str) {
        let trimmed = line.trim_start();
        if let Some(fence) = &self.fence {
            if trimmed.trim_end().starts_with(fence.as_str())
                && trimmed.trim_end().chars().all(|char| fence.starts_with(char))
            {
                self.fence = None;
            }
            let line = self.dedented(line).to_owned();
            return self.put(&line);
        }
        if let Some(comment) = &mut self.comment {
            let (inside, after) = line.split_once("%%").map_or((line, None), |(inside, after)| (inside, Some(after)));
            comment.push_str(inside);
            comment.push('\n');
            if let Some(after) = after {
                self.end_comment();
                self.line(after);
            }
            return;
        }
        // An admonition's text is indented, and ends with the first line that is not.
        let indent = line.len() - trimmed.len();
        if !trimmed.is_empty() {
            while self.indents.last().is_some_and(|open| indent < *open) {
                self.indents.pop();
                self.put("");
            }
        }
        let line = self.dedented(line).to_owned();
        self.block(&line);
    }

    fn dedented<'a>(&self, line: &'a str) -> &'a str {
        let by = self.indents.last().copied().unwrap_or(0);
        let blank = line.bytes().take(by).take_while(|byte| *byte == b' ').count();
        line.get(blank..).unwrap_or_default()
    }

    /// A line outside of code and comments.
    fn block(&mut self, line: &str) {
        let trimmed = line.trim();
        let indent = line.len() - line.trim_start().len();
        if self.opens_fence(line) || self.admonition(trimmed, indent) || self.container(trimmed) {
            return;
        }
        if CONTENTS.contains(&trimmed.to_ascii_lowercase().as_str()) || is_template(trimmed) {
            return self.put("");
        }
        // Indented code, which may not interrupt a paragraph.
        if indent >= 4
            && self.blank
            && self.indents.is_empty()
            && !trimmed.is_empty()
            && !line.trim_start().starts_with(['-', '*', '+'])
        {
            return self.put(line);
        }
        if let Some(start) = comment_start(line) {
            let (before, after) = line.split_at(start);
            let after = after.get(2..).unwrap_or_default();
            if !after.contains("%%") {
                if !before.trim().is_empty() {
                    self.put_inline(before);
                }
                self.comment = Some(format!("{after}\n"));
                return;
            }
        }
        if let Some(title) = callout(line) {
            let (quote, title) = title;
            let title = inline::to_common(title.trim(), &mut self.notes);
            if !title.is_empty() {
                self.put(&format!("{quote} {title}"));
            }
            return self.put(&quote);
        }
        self.put_inline(line);
    }

    fn opens_fence(&mut self, printed: &str) -> bool {
        let line = printed.trim();
        let sign = line.chars().next().filter(|sign| "`~".contains(*sign));
        let Some(sign) = sign else { return false };
        let count = line.chars().take_while(|char| *char == sign).count();
        let rest = line.get(count..).unwrap_or_default();
        if count < 3 || sign == '`' && rest.contains('`') {
            return false;
        }
        let fence = sign.to_string().repeat(count);
        if self.directives.last() == Some(&fence) && rest.trim().is_empty() {
            self.directives.pop();
            self.put("");
            return true;
        }
        // MyST: ```{note} Title
        let directive = rest.trim().strip_prefix('{').and_then(|rest| rest.split_once('}'));
        if let Some((name, title)) = directive.filter(|(name, _)| DIRECTIVES.contains(name)) {
            let _ = name;
            self.directives.push(fence);
            self.paragraph(title);
            return true;
        }
        self.fence = Some(fence);
        // With what it is set in by: a fence may belong to an item of a list.
        self.put(printed);
        true
    }

    /// MkDocs: `!!! note "Title"`, `??? tip`, `=== "Tab"`, with indented text under it.
    fn admonition(&mut self, line: &str, indent: usize) -> bool {
        let Some(rest) =
            ["!!! ", "???+ ", "??? ", "=== ", "===! ", "===+ "].iter().find_map(|sign| line.strip_prefix(sign))
        else {
            return false;
        };
        let title = rest.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(title, _)| title);
        let named = rest.starts_with(|char: char| char.is_ascii_lowercase());
        if title.is_none() && !named || line.starts_with("===") && title.is_none() {
            return false;
        }
        self.paragraph(title.unwrap_or_default());
        let outer = self.indents.last().copied().unwrap_or(0);
        self.indents.push(outer + indent + 4);
        true
    }

    /// Docusaurus, VitePress and Pandoc: `:::note Title`, `::: {.note}`, `:::`.
    fn container(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix(":::") else { return false };
        let rest = rest.trim_start_matches(':').trim();
        let rest = rest.split('{').next().unwrap_or_default().trim();
        let (name, title) = rest.split_once([' ', '[']).unwrap_or((rest, ""));
        if !name.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char)) {
            return false;
        }
        self.paragraph(title.trim_end_matches(']'));
        true
    }

    fn end_comment(&mut self) {
        if let Some(comment) = self.comment.take() {
            self.put("");
            self.put(&format!("<!-- {} -->", comment.trim().replace("-->", "").replace("\n\n", "\n")));
            self.put("");
        }
    }

    fn end(&mut self) {
        self.end_comment();
        for (number, note) in std::mem::take(&mut self.notes).into_iter().enumerate() {
            self.put("");
            self.put(&format!("[^{}]: {note}", inline::note_name(number)));
        }
    }
}

/// Where a comment begins in `line`: two signs that no word stands before.
fn comment_start(line: &str) -> Option<usize> {
    let at = line.find("%%")?;
    let before = line.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(char::is_whitespace).then_some(at)
}

/// The quotation signs before a callout, and its title: `> [!tip]- Title`.
fn callout(line: &str) -> Option<(String, &str)> {
    let signs = line.len() - line.trim_start_matches(['>', ' ']).len();
    let (quote, rest) = line.split_at(signs);
    if !quote.contains('>') {
        return None;
    }
    let (kind, title) = rest.strip_prefix("[!")?.split_once(']')?;
    let plain = kind.chars().all(|char| char.is_ascii_alphanumeric() || "-_| ".contains(char));
    plain.then(|| (quote.trim_end().to_owned(), title.trim_start_matches(['-', '+'])))
}

/// A line that is only for a program: a shortcode without words, an import of MDX, an attribute
/// list of its own.
fn is_template(line: &str) -> bool {
    let liquid = line.starts_with("{%") && line.ends_with("%}") && line.matches("{%").count() == 1;
    let import = (line.starts_with("import ") || line.starts_with("export "))
        && (line.contains(" from '") || line.contains(" from \""));
    let attributes = line.starts_with("{:") && line.ends_with('}');
    liquid || import || attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_become_common_markdown() {
        for (given, wanted) in [
            ("%% hidden %%\nThe text.", "<!-- hidden -->\nThe text.\n"),
            ("%%\nhidden\nlines\n%%\nText.", "\n<!-- hidden\nlines -->\n\n\nText.\n"),
            ("100%% sure, 5%% off", "100%% sure, 5%% off\n"),
            ("> [!warning]- Soft ground\n> Stay.", "> Soft ground\n>\n> Stay.\n"),
            ("> [!tip]\n> Stay.", ">\n> Stay.\n"),
            (
                "!!! note \"Before\"\n    Open it.\n\n    Wear it.\nAfter.",
                "\nBefore\n\nOpen it.\n\nWear it.\n\nAfter.\n",
            ),
            ("??? tip\n    Dry.", "\nDry.\n"),
            ("=== \"Gas\"\n    Light it.", "\nGas\n\nLight it.\n"),
            ("Title\n===", "Title\n===\n"),
            (":::caution Heat\nHot.\n:::", "\nHeat\n\nHot.\n\n"),
            ("::: {.note}\nText.\n:::", "\nText.\n\n"),
            ("```{note} Look\nText.\n```\nAfter.", "\nLook\n\nText.\n\nAfter.\n"),
            ("```\n%% code %%\n==a==\n```\n[TOC]", "```\n%% code %%\n==a==\n```\n\n"),
            ("    %% code %%", "    %% code %%\n"),
            ("import A from 'a'\n# T", "\n# T\n"),
            ("One^[A note.] two", "One[^inline-note-1] two\n\n[^inline-note-1]: A note.\n"),
        ] {
            let given = if given.starts_with("    ") { format!("\n{given}") } else { given.to_owned() };
            let wanted = if given.starts_with('\n') { format!("\n{wanted}") } else { wanted.to_owned() };
            assert_eq!(to_common(&given), wanted, "{given}");
        }
    }
}
