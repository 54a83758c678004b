//! The package document: what the book says of itself, and which files make it up, in which order.

use lectern_core::content::document::Matter;

use super::super::assembly::Meta;
use super::super::dom::Element;
use super::super::html::resolve;

/// A file of the spine.
#[derive(Debug)]
pub(super) struct Item {
    /// Its path within the archive.
    pub path: String,
    /// Where the package says it belongs.
    pub matter: Option<Matter>,
    /// Whether it is the table of contents.
    pub navigation: bool,
    /// Whether it is part of the order of reading, and not beside it (answers, notes, a picture's
    /// page).
    pub linear: bool,
}

/// A package document.
#[derive(Debug)]
pub(super) struct Package {
    pub meta: Meta,
    pub spine: Vec<Item>,
    /// Pages of the book that are not in the spine.
    pub beside: Vec<String>,
    /// The path of the navigation document (EPUB 3).
    pub navigation: Option<String>,
    /// The path of the NCX (EPUB 2).
    pub ncx: Option<String>,
}

impl Package {
    /// Reads the package document that lies at `path`.
    pub fn read(root: &Element, path: &str) -> Self {
        let items: Vec<&Element> =
            root.child("manifest").map(|manifest| manifest.elements().collect()).unwrap_or_default();
        let place = |item: &Element| item.attribute("href").map(|href| resolve(path, href));
        let navigation = items
            .iter()
            .find(|item| {
                item.attribute("properties").is_some_and(|names| names.split_whitespace().any(|name| name == "nav"))
            })
            .and_then(|item| place(item));
        let ncx = items
            .iter()
            .find(|item| item.attribute("media-type") == Some("application/x-dtbncx+xml"))
            .and_then(|item| place(item));
        let guide: Vec<(String, Matter, bool)> =
            root.child("guide").map(|guide| references(guide, path)).unwrap_or_default();
        let mut spine = Vec::new();
        for reference in root.child("spine").into_iter().flat_map(Element::elements) {
            let found = items
                .iter()
                .find(|item| item.attribute("id").is_some() && item.attribute("id") == reference.attribute("idref"));
            let Some(path) = found.and_then(|item| place(item)) else { continue };
            let guided = guide.iter().find(|(file, _, _)| *file == path);
            let named = named(&path);
            let contents = Some(&path) == navigation.as_ref() || guided.is_some_and(|(_, _, toc)| *toc);
            let matter = guided.map(|(_, matter, _)| *matter).or(named);
            let linear = reference.attribute("linear") != Some("no");
            spine.push(Item { navigation: contents, matter, path, linear });
        }
        let beside = items
            .iter()
            .filter(|item| item.attribute("media-type") == Some("application/xhtml+xml"))
            .filter_map(|item| place(item))
            .filter(|path| Some(path) != navigation.as_ref() && !spine.iter().any(|item: &Item| item.path == *path))
            .collect();
        Self { meta: meta(root), spine, beside, navigation, ncx }
    }
}

/// The `<guide>` of EPUB 2: files, where they belong, and whether they are the table of contents.
fn references(guide: &Element, path: &str) -> Vec<(String, Matter, bool)> {
    let matter = |kind: &str| match kind {
        "cover" | "title-page" | "toc" | "copyright-page" | "dedication" | "loi" | "lot" | "acknowledgements" => {
            Some(Matter::Front)
        }
        "index" | "colophon" => Some(Matter::Back),
        "bibliography" => Some(Matter::References),
        _ => None,
    };
    let read = |part: &Element| {
        let kind = part.attribute("type")?;
        let href = part.attribute("href")?.split('#').next()?;
        Some((resolve(path, href), matter(kind)?, kind == "toc"))
    };
    guide.elements().filter_map(read).collect()
}

/// Names that tools give to files that are no chapters.
fn named(path: &str) -> Option<Matter> {
    let name = path.rsplit('/').next()?.split('.').next()?.to_ascii_lowercase();
    match name.as_str() {
        "cover" | "coverpage" | "titlepage" | "title_page" | "title" | "copyright" | "dedication" | "toc"
        | "contents" | "halftitle" => Some(Matter::Front),
        "colophon" | "index" | "advertisement" => Some(Matter::Back),
        "bibliography" | "references" => Some(Matter::References),
        _ => None,
    }
}

fn meta(root: &Element) -> Meta {
    let Some(metadata) = root.child("metadata") else { return Meta::default() };
    let all = metadata.all();
    let texts = |name: &str| -> Vec<String> {
        all.iter()
            .filter(|part| &*part.name == name)
            .map(|part| part.text().trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    };
    let main = all
        .iter()
        .filter(|part| part.attribute("property") == Some("title-type") && part.text().trim() == "main")
        .find_map(|part| part.attribute("refines")?.strip_prefix('#'))
        .and_then(|id| all.iter().find(|part| part.attribute("id") == Some(id)))
        .map(|part| part.text().trim().to_owned());
    Meta {
        title: main.or_else(|| texts("title").into_iter().next()),
        authors: texts("creator"),
        language: texts("language").into_iter().next(),
        pages: None,
    }
}
