//! Patterns of paths that a shell has left as they are: `*` stands for any characters, `?` for one,
//! `[a-z]` for one of these and `[!a-z]` for one of all others. None of them stands for a `/`, and
//! what begins with a dot is only found by a pattern that does.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::client::folder::or_here;

/// What a pattern is told by.
const SIGNS: [char; 3] = ['*', '?', '['];

/// The files whose paths match a pattern, in the order of their names; none where `path` is no
/// pattern. Folders that cannot be read have nothing in them.
pub fn matching(path: &Path) -> Option<Vec<PathBuf>> {
    let text = path.to_str().filter(|text| text.contains(SIGNS))?;
    let mut found = vec![PathBuf::new()];
    for component in Path::new(text).components() {
        found = match component {
            Component::Normal(name) => found.iter().flat_map(|folder| within(folder, name)).collect(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
                found.iter().map(|folder| folder.join(component)).collect()
            }
        };
    }
    found.retain(|path| path.is_file());
    found.sort();
    Some(found)
}

/// What a folder has that is called by one part of a pattern.
fn within(folder: &Path, name: &OsStr) -> Vec<PathBuf> {
    let Some(pattern) = name.to_str().filter(|name| name.contains(SIGNS)) else { return vec![folder.join(name)] };
    let pattern: Vec<char> = pattern.chars().collect();
    let entries = std::fs::read_dir(or_here(folder)).into_iter().flatten().filter_map(Result::ok);
    let matches = |name: &OsStr| {
        let hidden = pattern.first() != Some(&'.') && is_hidden(Path::new(name));
        !hidden && name.to_str().is_some_and(|name| matches(&pattern, &name.chars().collect::<Vec<_>>()))
    };
    entries
        .map(|entry| entry.file_name())
        .filter(|name| matches(name.as_os_str()))
        .map(|name| folder.join(name))
        .collect()
}

/// Whether a path is one of those that are not shown.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether a name matches: in time that is the product of both lengths, since the last `*` alone is
/// ever tried again.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: after it, one character later.
    let mut again: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        let step = match pattern.get(p) {
            Some('*') => {
                again = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => one_of(&pattern[p..], *c),
            Some(same) if same == c => Some(1),
            Some(_) | None => None,
        };
        match (step, again) {
            (Some(length), _) => (p, n) = (p + length, n + 1),
            (None, Some((after, from))) => {
                again = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|sign| *sign == '*'))
}

/// The length of the class that a pattern begins with, where the character is one of it. A `[` that
/// is never closed stands for itself.
fn one_of(pattern: &[char], c: char) -> Option<usize> {
    let inverted = matches!(pattern.get(1), Some('!' | '^'));
    let begins = 1 + usize::from(inverted);
    // A `]` that stands first is one of the class.
    let ends = pattern.iter().skip(begins + 1).position(|sign| *sign == ']').map(|at| begins + 1 + at);
    let Some(ends) = ends else { return (c == '[').then_some(1) };
    let mut class = pattern.get(begins..ends).unwrap_or_default();
    let mut among = false;
    while let [first, rest @ ..] = class {
        class = match rest {
            ['-', last, after @ ..] => {
                among |= (*first..=*last).contains(&c);
                after
            }
            _ => {
                among |= *first == c;
                rest
            }
        };
    }
    (among != inverted).then_some(ends + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
    }

    #[test]
    fn signs_stand_for_what_shells_take_them_for() {
        for (pattern, name, expected) in [
            ("*.pdf", "paper.pdf", true),
            ("*.pdf", ".pdf", true),
            ("*.pdf", "paper.pdfx", false),
            ("p*r.*", "paper.tar.gz", true),
            ("*", "", true),
            ("a**b", "aXYb", true),
            ("?.md", "a.md", true),
            ("?.md", "ab.md", false),
            ("?", "ü", true),
            ("[a-c]1", "b1", true),
            ("[a-c]1", "d1", false),
            ("[!a-c]1", "d1", true),
            ("[]x]", "]", true),
            ("[a-]", "-", true),
            ("a[", "a[", true),
            ("", "", true),
            ("", "a", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(40), &"a".repeat(39)), "it ends, and soon");
    }

    #[test]
    fn a_pattern_may_be_of_folders_too() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["2024", "2025", "other"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for file in ["a.md", ".b.md"] {
                std::fs::write(folder.path().join(name).join(file), "x").unwrap();
            }
        }
        let found = matching(&folder.path().join("20??/*.md")).unwrap();
        assert_eq!(found, ["2024/a.md", "2025/a.md"].map(|path| folder.path().join(path)));
        assert_eq!(matching(&folder.path().join("2024/a.md")), None, "no pattern");
        assert_eq!(matching(&folder.path().join("none/*.md")), Some(vec![]));
    }
}
