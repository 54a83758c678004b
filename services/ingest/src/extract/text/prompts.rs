//! Commands that a text shows behind the prompt of a shell: they are code, with what they print.
//!
//! POSIX sets the prompt to `$ ` and leaves that of the superuser open (Shell and Utilities, 2.5.3,
//! `PS1`); shells write `# ` for it, which also begins comments and the headings of Markdown.

/// Signs that a line of words for people seldom has: options, paths, pipes, settings.
const ARGUMENTS: [&str; 5] = [" -", "/", " | ", "=", " > "];

/// Which prompts a text has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prompts {
    /// Whether `# ` is one.
    superuser: bool,
}

impl Prompts {
    /// `# ` is a prompt where all that stands behind it looks like commands, and the text has `$ `
    /// as well or most of them have arguments.
    pub fn of(text: &str) -> Self {
        let (mut all, mut commands, mut arguments, mut shell) = (0_usize, 0_usize, 0_usize, false);
        for line in text.lines() {
            shell |= user(line);
            if let Some(rest) = line.trim_start().strip_prefix("# ") {
                all += 1;
                let ends = rest.trim_end().ends_with(['.', ':', ',', ';', '!', '?']);
                let begins = rest.starts_with(|c: char| c.is_ascii_lowercase() || "./~".contains(c));
                commands += usize::from(begins && !ends);
                arguments += usize::from(ARGUMENTS.iter().any(|sign| rest.contains(sign)));
            }
        }
        Self { superuser: all > 0 && commands == all && (shell || arguments * 2 > all) }
    }

    /// Whether a line is a command behind a prompt.
    pub fn begin(self, line: &str) -> bool {
        user(line) || self.superuser && line.trim_start().starts_with("# ")
    }

    /// The lines of a block that are commands with what they print, as a part of the block: all of
    /// a block that begins with a command, else those from the first command to the last.
    pub fn commands(self, lines: &[&str]) -> Option<std::ops::Range<usize>> {
        let first = lines.iter().position(|line| self.begin(line))?;
        if first == 0 {
            return Some(0..lines.len());
        }
        let last = lines.iter().rposition(|line| self.begin(line))?;
        // A command goes on behind a backslash at the end of its line.
        let goes_on = |line: &&&str| line.trim_end().ends_with('\\');
        let more = lines.iter().skip(last).take_while(goes_on).count();
        Some(first..(last + more + 1).min(lines.len()))
    }
}

/// A command behind `$ `. A sum of money has a digit there.
fn user(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix("$ ").map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || "./~_\"'([{".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_of_the_superuser_is_told_by_all_lines_of_its_kind() {
        for (text, wanted) in [
            ("$ make\n\n# make install", true),
            ("# apt-get -y install mill\n\n# cat /etc/mill", true),
            ("# apt-get -y install mill\n\n# The mill", false),
            ("# a heading in small letters\n\nWords.", false),
            ("# what it reads, as in a/b, is said.\n", false),
            ("Words.", false),
        ] {
            assert_eq!(Prompts::of(text).superuser, wanted, "{text}");
        }
    }

    #[test]
    fn commands_are_parted_from_the_words_around_them() {
        let prompts = Prompts::default();
        for (lines, wanted) in [
            (vec!["$ ls", "mill.txt"], Some(0..2)),
            (vec!["Build it:", "  $ make \\", "      all", "and go."], Some(1..3)),
            (vec!["It cost", "$ 5 million."], None),
            (vec!["# ls"], None),
        ] {
            assert_eq!(prompts.commands(&lines), wanted, "{lines:?}");
        }
    }
}
