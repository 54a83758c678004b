//! What a script says of a document by itself: announcements, words that lead others, names of
//! sections without a heading. A language has the words; how they are put together is here.

/// The words of one language.
#[derive(Debug)]
pub(crate) struct Wording {
    /// What leads a note, with the space behind it.
    pub(crate) note: &'static str,
    /// What leads the text of a picture, with the space behind it.
    pub(crate) picture: &'static str,
    /// What stands for a formula without words.
    pub(crate) formula: &'static str,
    /// The title of a document without one.
    pub(crate) untitled: &'static str,
    /// The titles of the sections around the explanation of a lesson: its goals, a recap,
    /// questions.
    pub(crate) around_a_lesson: [&'static str; 3],
    /// Who talks in a dialogue where nobody is named: name, role and manner of each.
    pub(crate) cast: [[&'static str; 3]; 2],
    /// What code is called, alone and before the name of its programming language.
    pub(crate) code: [&'static str; 2],
    /// So many lines of code: "12 lines".
    pub(crate) lines: fn(usize) -> String,
    /// What a shell's language is called.
    pub(crate) shell: &'static str,
    /// What text without a language is called.
    pub(crate) plain_text: &'static str,
    /// What stands for a table of so many columns and rows that is not read out.
    pub(crate) table: fn(usize, usize) -> String,
    /// What leads the number of a section without a heading, and that of a later part of a section.
    pub(crate) part: [&'static str; 2],
    /// What leads the number of one reference, and the numbers of several.
    pub(crate) reference: [&'static str; 2],
    /// Words in small letters that lead the number of a reference.
    pub(crate) references: &'static [&'static str],
    /// Words in small letters that a heading of an appendix begins with.
    pub(crate) appendices: &'static [&'static str],
}

impl Wording {
    /// What stands for code: "Code in Rust, 12 lines."
    pub(crate) fn announce_code(&self, lines: usize, language: Option<&str>) -> String {
        let ([alone, within], lines) = (self.code, (self.lines)(lines));
        match language {
            Some(language) => format!("{within} {}, {lines}.", self.language_name(language)),
            None => format!("{alone}, {lines}."),
        }
    }

    /// What stands for a table: "Table with 6 columns and 12 rows, not read out."
    pub(crate) fn announce_table(&self, columns: usize, rows: usize) -> String {
        (self.table)(columns, rows)
    }

    /// The name of a section that stands under no heading.
    pub(crate) fn part(&self, number: u32) -> String {
        format!("{} {number}", self.part[0])
    }

    /// The name of a later part of a section that was cut.
    pub(crate) fn part_of(&self, title: &str, number: u32) -> String {
        format!("{title}, {} {number}", self.part[1])
    }

    /// What leads the number of one reference, or of several.
    pub(crate) const fn reference(&self, several: bool) -> &'static str {
        let [one, many] = self.reference;
        if several { many } else { one }
    }

    /// Whether a word, in small letters, leads the number of a reference.
    pub(crate) fn is_reference(&self, word: &str) -> bool {
        self.references.contains(&word)
    }

    /// Whether a word, in small letters, begins the heading of an appendix.
    pub(crate) fn is_appendix(&self, word: &str) -> bool {
        self.appendices.contains(&word)
    }

    fn language_name<'a>(&self, language: &'a str) -> &'a str {
        match language.to_ascii_lowercase().as_str() {
            "rs" | "rust" => "Rust",
            "py" | "python" => "Python",
            "js" | "javascript" => "JavaScript",
            "ts" | "typescript" => "TypeScript",
            "sh" | "bash" | "shell" | "console" => self.shell,
            "c" => "C",
            "cpp" | "c++" => "C++",
            "cs" | "csharp" | "c#" => "C#",
            "go" | "golang" => "Go",
            "java" => "Java",
            "json" => "JSON",
            "yaml" | "yml" => "YAML",
            "toml" => "TOML",
            "html" => "HTML",
            "css" => "CSS",
            "sql" => "SQL",
            "xml" => "XML",
            "text" | "txt" | "plain" => self.plain_text,
            _ => language,
        }
    }
}

/// `one` as it is, or a number of `many`.
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { one.to_owned() } else { format!("{n} {many}") }
}
