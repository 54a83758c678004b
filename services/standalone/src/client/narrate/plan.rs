//! Which folder the files of each document go into.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lectern_core::Failure;

use crate::client::deliver::{self, Target};
use crate::client::sources::{Item, Missing};

/// A document, and where its files go.
#[derive(Debug)]
pub struct Planned {
    /// How it was named on the command line.
    pub label: String,
    /// The document, or why it is none that is narrated.
    pub item: Result<Item, Failure>,
    /// Where its files go.
    pub target: Target,
}

/// Gives each document a folder of its own: `out` itself to the only one that was named by itself,
/// else one in it that is called as the document is, and as the `part` of it that is narrated, so
/// that a part and the whole lie beside each other. Equal names do not collide: where they differ
/// in their endings these are kept (`paper.pdf`, `paper.docx`), and what is equal then is numbered.
pub fn plan(items: Vec<Result<Item, Missing>>, out: Option<&Path>, part: &str, force: bool) -> Vec<Planned> {
    let only = matches!(&items[..], [Ok(item)] if item.alone);
    let mut stems = BTreeMap::<String, usize>::new();
    for item in items.iter().flatten() {
        *stems.entry(deliver::stem(&item.name)).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let planned = |item: Result<Item, Missing>| match item {
        Ok(item) => {
            let stem = deliver::stem(&item.name);
            let folder = match out {
                Some(out) if only => out.to_owned(),
                Some(_) | None => {
                    let several = stems.get(&stem).is_some_and(|count| *count > 1);
                    let wanted = if several { deliver::safe(&item.name) } else { stem.clone() };
                    out.unwrap_or(Path::new(deliver::OUT)).join(free(&mut taken, &format!("{wanted}{part}")))
                }
            };
            Planned { label: item.label.clone(), item: Ok(item), target: Target::new(folder, stem, force) }
        }
        Err(Missing { label, failure }) => {
            let target = Target::new(PathBuf::new(), String::new(), force);
            Planned { label, item: Err(failure), target }
        }
    };
    items.into_iter().map(planned).collect()
}

/// The name that is wanted, or with the first number that nobody has.
fn free(taken: &mut BTreeSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2_u32;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}-{number}");
        number = number.saturating_add(1);
    }
    name
}

#[cfg(test)]
mod tests {
    use lectern_client::Upload;

    use super::*;
    use crate::client::sources::Content;

    fn folders(names: &[&str], alone: bool, out: Option<&str>) -> Vec<String> {
        let item = |name: &&str| {
            let content = Content::Here(Upload::bytes(name, ""));
            Ok(Item { label: (*name).to_owned(), name: (*name).to_owned(), alone, content })
        };
        let planned = plan(names.iter().map(item).collect(), out.map(Path::new), "", false);
        planned.iter().map(|planned| planned.target.folder.display().to_string()).collect()
    }

    #[test]
    fn each_document_has_a_folder_of_its_own() {
        for (names, alone, out, expected) in [
            (&["tides.md"][..], true, None, &["lectern-out/tides"][..]),
            (&["tides.md"][..], true, Some("out"), &["out"][..]),
            (&["tides.md"][..], false, Some("out"), &["out/tides"][..]),
            (&["a.md", "b.md"][..], true, Some("out"), &["out/a", "out/b"][..]),
            (
                &["p.pdf", "p.docx", "q.md"][..],
                true,
                None,
                &["lectern-out/p.pdf", "lectern-out/p.docx", "lectern-out/q"],
            ),
            (&["p.md", "p.md", "p.md-2"][..], true, Some("o"), &["o/p.md", "o/p.md-2", "o/p.md-2-2"][..]),
        ] {
            assert_eq!(folders(names, alone, out), expected, "{names:?}");
        }
    }

    #[test]
    fn a_part_lies_beside_the_whole() {
        let content = Content::Here(Upload::bytes("p.pdf", ""));
        let item = Item { label: "p.pdf".to_owned(), name: "p.pdf".to_owned(), alone: true, content };
        let folder = |out: Option<&str>| {
            plan(vec![Ok(item.clone())], out.map(Path::new), "-pages-3-9", false)[0].target.folder.clone()
        };
        assert_eq!(folder(None), Path::new("lectern-out/p-pages-3-9"));
        assert_eq!(folder(Some("out")), Path::new("out"), "who names a folder means it");
    }

    #[test]
    fn files_are_called_as_the_document_is_without_its_ending() {
        let content = Content::Here(Upload::bytes("p.pdf", ""));
        let item = Item { label: "p.pdf".to_owned(), name: "p.pdf".to_owned(), alone: true, content };
        let planned = plan(vec![Ok(item.clone()), Ok(item)], None, "", true);
        assert_eq!(planned.iter().map(|planned| planned.target.stem.as_str()).collect::<Vec<_>>(), ["p", "p"]);
        assert!(planned.iter().all(|planned| planned.target.force));
    }
}
