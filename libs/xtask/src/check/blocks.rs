//! Every block of commands in a page is run by `cargo xtask docs --run`, or says why not; a shell
//! can read all of them.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::written;
use crate::docs::fences::{Block, NOT_RUN, RUN, blocks};
use crate::process;

/// Checks every page, and says how many blocks there are of each kind.
pub fn check() -> Result<bool> {
    let mut passed = true;
    let mut counted = BTreeMap::new();
    for (file, text) in written(&["*.md"])? {
        for block in blocks(&text).iter().filter(|block| block.is_console()) {
            let wrong = match known(block) {
                Ok(tag) => {
                    *counted.entry(tag).or_insert(0_u32) += 1;
                    unreadable(&block.commands())?
                }
                Err(wrong) => Some(wrong),
            };
            if let Some(wrong) = wrong {
                eprintln!("{file}:{}: {wrong}", block.line);
                passed = false;
            }
        }
    }
    eprintln!("blocks of commands that are run: {}", listed(&RUN, &counted));
    eprintln!("and that are not: {}", listed(&NOT_RUN, &counted));
    Ok(passed)
}

/// The word of a block, if it is one that there is.
fn known(block: &Block) -> Result<&'static str, String> {
    let mut tags = RUN.iter().chain(&NOT_RUN).map(|(tag, _)| *tag);
    let found = block.tag().and_then(|tag| tags.find(|known| *known == tag));
    found.ok_or_else(|| {
        let all: Vec<&str> = RUN.iter().chain(&NOT_RUN).map(|(tag, _)| *tag).collect();
        format!("nothing says who runs it: write one of these after `console`: {} (docs/testing.md)", all.join(", "))
    })
}

fn listed(tags: &[(&'static str, &str)], counted: &BTreeMap<&str, u32>) -> String {
    let counts: Vec<String> =
        tags.iter().map(|(tag, _)| format!("{tag} {}", counted.get(tag).copied().unwrap_or_default())).collect();
    counts.join(", ")
}

/// What a shell finds wrong with commands that it reads and does not run.
fn unreadable(commands: &str) -> Result<Option<String>> {
    let output = process::fed(Command::new("bash").arg("-n"), commands.as_bytes()).context("bash")?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok((!output.status.success()).then(|| format!("a shell cannot read it: {}", said.trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(page: &str) -> Block {
        blocks(page).remove(0)
    }

    #[test]
    fn a_block_without_a_word_and_one_with_a_wrong_word_fail() {
        assert_eq!(known(&block("```console up\nls\n```\n")), Ok("up"));
        assert_eq!(known(&block("```console cluster\nls\n```\n")), Ok("cluster"));
        assert!(known(&block("```console\nls\n```\n")).is_err());
        assert!(known(&block("```console later\nls\n```\n")).is_err());
    }

    #[test]
    fn what_a_shell_cannot_read_is_found() {
        assert_eq!(unreadable("ls 'a' | wc -l\n").unwrap(), None);
        let wrong = unreadable("ls 'a\n").unwrap().expect("a quote is open");
        assert!(wrong.contains("cannot read"), "{wrong}");
    }
}
