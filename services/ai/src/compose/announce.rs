//! Words of ours about the document: what stands for code, large tables and formulas without words.

use lectern_core::content::document::{Block, BlockKind};

/// A longer name of a code's language is none: what follows the fence of a listing may be anything.
const LONGEST_NAME: usize = 40;

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// "Code in Rust, 12 lines."
pub(super) fn code(block: &Block) -> String {
    let lines = block.text.lines().filter(|line| !line.trim().is_empty()).count().max(1);
    let lines = count(lines, "line", "lines");
    if let BlockKind::Code { language: Some(language) } = &block.kind
        && !language.trim().is_empty()
        && language.chars().nth(LONGEST_NAME).is_none()
    {
        format!("Code in {}, {lines}.", language_name(language.trim()))
    } else {
        format!("Code, {lines}.")
    }
}

/// "Table, 12 rows, 6 columns."
pub(super) fn table(rows: usize, columns: usize) -> String {
    format!("Table with {} and {}, not read out.", count(columns, "column", "columns"), count(rows, "row", "rows"))
}

/// What stands for a formula without words.
pub(super) const FORMULA: &str = "Equation omitted.";

fn language_name(language: &str) -> String {
    let known = match language.to_ascii_lowercase().as_str() {
        "rs" | "rust" => "Rust",
        "py" | "python" => "Python",
        "js" | "javascript" => "JavaScript",
        "ts" | "typescript" => "TypeScript",
        "sh" | "bash" | "shell" | "console" => "shell",
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
        "text" | "txt" | "plain" => "plain text",
        _ => return language.to_owned(),
    };
    known.to_owned()
}
