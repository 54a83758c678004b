//! The fenced blocks of a page, and the word by which a block of commands says who runs it.
//!
//! A block of commands begins with `console` and one more word, as in "console up". It is the word
//! of a renderer's language first, so nobody sees the second.

/// Words of the blocks that `cargo xtask docs --run` runs, and what it runs them against.
pub const RUN: [(&str, &str); 4] = [
    ("serves", "starts the embedded instance that blocks with `up` and `stays` call"),
    ("up", "an embedded instance, without a key"),
    ("stays", "as `up`: a command that must say something, still run then, and is stopped"),
    ("stack", "the four services, with the variables of `stack env`"),
];

/// Words of the blocks that it does not run, and why.
pub const NOT_RUN: [(&str, &str); 8] = [
    ("tool", "commands of the contributor's tool or of the build, which CI runs by itself or which take long"),
    ("installs", "it changes the machine: it installs, removes, or copies a person's own data"),
    ("terminal", "it asks at a terminal, or plays sound"),
    ("network", "it fetches what nobody has pinned"),
    ("server", "it needs a program or a server that is not installed by the tool"),
    ("cluster", "it needs a Kubernetes cluster or a container engine"),
    ("account", "it needs an account with somebody"),
    ("shown", "an excerpt, with answers or names that are other ones each time"),
];

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of its first fence, from 1.
    pub line: usize,
    /// The words behind the fence: the language, and what follows it.
    pub words: Vec<String>,
    /// Its lines, without the indentation of the fence.
    pub text: String,
}

impl Block {
    /// Whether it holds commands.
    pub fn is_console(&self) -> bool {
        self.words.first().is_some_and(|language| language == "console")
    }

    /// The word that says who runs it: the one behind the language.
    pub fn tag(&self) -> Option<&str> {
        self.words.get(1).map(String::as_str)
    }

    /// The commands alone: where some lines begin with `$ `, those, and what continues them.
    pub fn commands(&self) -> String {
        if !self.text.lines().any(|line| line.starts_with("$ ")) {
            return self.text.clone();
        }
        let mut commands = String::new();
        let mut continued = false;
        for line in self.text.lines() {
            let command = line.strip_prefix("$ ").or(continued.then_some(line));
            continued = command.is_some_and(|command| command.ends_with('\\') || command.ends_with('|'));
            if let Some(command) = command {
                commands.push_str(command);
                commands.push('\n');
            }
        }
        commands
    }
}

/// All fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (index, line) in page.lines().enumerate() {
        let (indent, fence) = (line.len() - line.trim_start().len(), line.trim_start().strip_prefix("```"));
        open = match (open, fence) {
            (None, Some(words)) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                Some((Block { line: index + 1, words, text: String::new() }, indent))
            }
            (Some((block, _)), Some(_)) => {
                found.push(block);
                None
            }
            (Some((mut block, depth)), None) => {
                block.text.push_str(line.get(depth.min(indent)..).unwrap_or_default());
                block.text.push('\n');
                Some((block, depth))
            }
            (None, None) => None,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "Text.\n\n```console up\nls a\n  ls b\n```\n\n1. One:\n\n   ```console\n   ls c\n\n   ls d\n   \
                        ```\n\n```text\n$ not a command\n```\n";

    #[test]
    fn blocks_are_found_with_their_words_and_without_their_indentation() {
        let found = blocks(PAGE);
        let seen: Vec<_> = found.iter().map(|block| (block.line, block.is_console(), block.tag())).collect();
        assert_eq!(seen, [(3, true, Some("up")), (10, true, None), (16, false, None)]);
        assert_eq!(found[0].text, "ls a\n  ls b\n");
        assert_eq!(found[1].text, "ls c\n\nls d\n");
    }

    #[test]
    fn of_an_excerpt_the_commands_alone_are_taken() {
        let page = "```console shown\n$ ls \\\n  -l\ntotal 0\n$ ls b\nb\n```\n";
        assert_eq!(blocks(page)[0].commands(), "ls \\\n  -l\nls b\n");
        assert_eq!(blocks(PAGE)[0].commands(), "ls a\n  ls b\n");
    }
}
