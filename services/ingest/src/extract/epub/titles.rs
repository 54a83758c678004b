//! The titles of the table of contents: whole files and anchors in them, for chapters whose own
//! title is a picture, a plain paragraph, or missing.

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::BlockKind;

use super::super::archive::Archive;
use super::super::assembly::Draft;
use super::super::dom::{Element, parse_xhtml, parse_xml};
use super::super::encoding::decode;
use super::super::html::{resolve, typed};
use super::super::inline::Line;
use super::package::Package;

/// How sure a heading is that the text does not mark as one.
const CONFIDENCE: f32 = 0.8;

/// An entry of the table of contents.
#[derive(Debug)]
struct Title {
    text: String,
    level: u8,
    /// The anchor that it leads to; none for the whole file.
    anchor: Option<String>,
}

/// The entries by file, in their order.
#[derive(Debug, Default)]
pub(super) struct Titles {
    files: HashMap<String, Vec<Title>>,
}

impl Titles {
    /// From the navigation document, or the NCX where that is missing or empty.
    ///
    /// # Errors
    /// Those of archives.
    pub fn read(archive: &mut Archive<'_>, package: &Package) -> Result<Self, Failure> {
        let mut titles = Self::default();
        if let Some(path) = &package.navigation
            && let Some(bytes) = archive.read(path)?
        {
            let text = decode(&bytes).text;
            let page = parse_xml(path, &text).unwrap_or_else(|_| parse_xhtml(&text));
            for nav in
                page.all().into_iter().filter(|part| &*part.name == "nav" && typed(part, &["toc", "doc-toc"], &[]))
            {
                titles.navigation(nav, 0, path);
            }
        }
        if titles.files.is_empty()
            && let Some(path) = &package.ncx
            && let Some(bytes) = archive.read(path)?
            && let Ok(root) = parse_xml(path, &decode(&bytes).text)
            && let Some(map) = root.find("navMap")
        {
            titles.points(map, 1, path);
        }
        Ok(titles)
    }

    fn insert(&mut self, path: &str, href: &str, text: &str, level: u8) {
        if text.trim().is_empty() {
            return;
        }
        let (file, fragment) = href.split_once('#').map_or((href, None), |(file, fragment)| (file, Some(fragment)));
        let file = resolve(path, file);
        let anchor = fragment.filter(|fragment| !fragment.is_empty()).map(|fragment| format!("{file}#{fragment}"));
        let titles = self.files.entry(file).or_default();
        if !titles.iter().any(|known| known.anchor == anchor) {
            titles.push(Title { text: text.to_owned(), level: level.clamp(1, 6), anchor });
        }
    }

    fn navigation(&mut self, element: &Element, level: u8, path: &str) {
        for part in element.elements() {
            match &*part.name {
                "ol" => self.navigation(part, level.saturating_add(1), path),
                "a" => self.insert(path, part.attribute("href").unwrap_or_default(), &part.text(), level),
                _ => self.navigation(part, level, path),
            }
        }
    }

    fn points(&mut self, element: &Element, level: u8, path: &str) {
        for point in element.elements().filter(|part| &*part.name == "navPoint") {
            let text = point.child("navLabel").map(Element::text).unwrap_or_default();
            let href = point.child("content").and_then(|content| content.attribute("src")).unwrap_or_default();
            self.insert(path, href, &text, level);
            self.points(point, level.saturating_add(1), path);
        }
    }

    /// Gives the drafts of `file`, which are those from `first` on, the titles that they lack.
    pub fn place(&self, file: &str, first: usize, drafts: &mut Vec<Draft>) {
        let Some(titles) = self.files.get(file) else { return };
        let at = |title: &Title| match &title.anchor {
            None => Some(first),
            Some(anchor) => {
                (first..drafts.len()).find(|at| drafts.get(*at).is_some_and(|draft| draft.anchors.contains(anchor)))
            }
        };
        let mut placed: Vec<(usize, &Title)> = titles.iter().filter_map(|title| Some((at(title)?, title))).collect();
        placed.sort_by_key(|(at, _)| *at);
        // From the end on, so that places before it hold.
        let mut end = drafts.len();
        for (at, title) in placed.into_iter().rev() {
            if at < end {
                entitle(at, end, title, drafts);
            }
            end = at;
        }
    }
}

/// The letters and digits of a title, in lower case: books differ from their tables of contents in
/// the rest.
fn folded(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Gives the stretch of drafts from `at` to `end` its title, unless it has a heading.
fn entitle(at: usize, end: usize, title: &Title, drafts: &mut Vec<Draft>) {
    let Some(stretch) = drafts.get_mut(at..end) else { return };
    let headed = stretch.iter().any(|draft| matches!(draft.kind, BlockKind::Heading { .. }));
    let spoken = stretch.iter().any(|draft| {
        !matches!(draft.kind, BlockKind::Figure | BlockKind::Furniture { .. } | BlockKind::Footnote { .. })
    });
    if headed || !spoken {
        return;
    }
    let kind = BlockKind::Heading { level: title.level };
    // The title may be printed as a paragraph, past pictures.
    let opening =
        stretch.iter_mut().find(|draft| !matches!(draft.kind, BlockKind::Figure | BlockKind::Furniture { .. }));
    if let Some(opening) = opening.filter(|opening| opening.kind == BlockKind::Paragraph)
        && folded(&opening.line.text) == folded(&title.text)
    {
        opening.kind = kind;
        opening.confidence = CONFIDENCE;
        return;
    }
    let mut draft = Draft::new(kind, Line::plain(&title.text));
    draft.confidence = CONFIDENCE;
    draft.matter = stretch.first().map(|draft| draft.matter).unwrap_or_default();
    drafts.insert(at, draft);
}
