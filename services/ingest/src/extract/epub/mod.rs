//! EPUB 2 and 3: the chapters of the spine, in its order, through the HTML extractor.

mod package;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture, Matter};

use super::archive::{Archive, damaged_because, encrypted};
use super::assembly::{Assembly, Draft};
use super::dom::{Element, parse_html, parse_xml};
use super::encoding::decode;
use super::html::{Links, Mode, read, resolve, typed};
use super::inline::Line;
use package::{Item, Package};

/// A book to blocks.
///
/// # Errors
/// `DOCUMENT_ENCRYPTED` under copy protection, `DOCUMENT_DAMAGED` without a readable package, and those of archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    refuse_protection(&mut archive)?;
    let container = xml(&mut archive, "META-INF/container.xml")?;
    let path = container
        .all()
        .into_iter()
        .filter(|part| &*part.name == "rootfile")
        .find_map(|part| part.attribute("full-path"))
        .ok_or_else(|| damaged_because("its container names no package"))?
        .to_owned();
    let package = Package::read(&xml(&mut archive, &path)?, &path);
    let titles = titles(&mut archive, &package)?;
    let mut assembly = Assembly { meta: package.meta.clone(), ..Assembly::default() };
    for item in &package.spine {
        let Some(bytes) = archive.read(&item.path)? else {
            assembly.warn("CHAPTER_MISSING", format!("the book lists {} but does not hold it", item.path));
            continue;
        };
        chapter(item, &bytes, &package, &titles, &mut assembly)?;
    }
    assembly.finish("application/epub+zip", "epub/1")
}

fn xml(archive: &mut Archive<'_>, name: &str) -> Result<Element, Failure> {
    parse_xml(name, &decode(&archive.need(name)?).text)
}

/// Fonts may be obfuscated (EPUB OCF 3.3, section 4.2.6.3.1, and Adobe's older way); anything else that is encrypted is text we may not read.
fn refuse_protection(archive: &mut Archive<'_>) -> Result<(), Failure> {
    if archive.has("META-INF/sinf.xml") {
        return Err(encrypted("the book is"));
    }
    let Some(bytes) = archive.read("META-INF/encryption.xml")? else { return Ok(()) };
    let root = parse_xml("META-INF/encryption.xml", &decode(&bytes).text)?;
    let fonts = ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];
    let protected = root.all().into_iter().filter(|part| &*part.name == "EncryptedData").any(|data| {
        let method =
            data.child("EncryptionMethod").and_then(|method| method.attribute("Algorithm")).unwrap_or_default();
        !fonts.contains(&method)
    });
    if protected { Err(encrypted("the book is")) } else { Ok(()) }
}

fn chapter(
    item: &Item,
    bytes: &[u8],
    package: &Package,
    titles: &HashMap<String, Title>,
    assembly: &mut Assembly,
) -> Result<(), Failure> {
    let decoded = decode(bytes);
    let page = match parse_xml(&item.path, &decoded.text) {
        Ok(page) => page,
        Err(failure) if failure.reason == lectern_core::Reason::DocumentDamaged => {
            assembly
                .warn("MALFORMED_XHTML", format!("{} is not well-formed and was read as browsers would", item.path));
            parse_html(&decoded.text)
        }
        Err(failure) => return Err(failure),
    };
    let links = Links { file: item.path.clone(), language: package.meta.language.clone() };
    let first = assembly.drafts.len();
    read(&page, Mode::Part, &links, item.matter.unwrap_or_default(), assembly);
    let added = assembly.drafts.get_mut(first..).unwrap_or_default();
    let own = page.attribute("lang").or_else(|| page.attribute("xml:lang"));
    for draft in added.iter_mut() {
        if draft.language.is_none() {
            draft.language = own.map(str::to_owned);
        }
        if item.navigation && !matches!(draft.kind, BlockKind::Figure | BlockKind::Heading { .. }) {
            draft.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
        }
        if item.navigation {
            draft.matter = Matter::Front;
        }
    }
    let headed = added.iter().any(|draft| matches!(draft.kind, BlockKind::Heading { .. }));
    let spoken = added.iter().any(|draft| {
        !matches!(draft.kind, BlockKind::Figure | BlockKind::Furniture { .. } | BlockKind::Footnote { .. })
    });
    let matter = added.first().map(|draft| draft.matter).unwrap_or_default();
    // A chapter whose title is a picture, or stands in the contents only.
    if let (false, true, Some(title)) = (headed, spoken, titles.get(&item.path)) {
        let mut draft = Draft::new(BlockKind::Heading { level: title.level }, Line::plain(&title.text));
        draft.confidence = 0.8;
        draft.matter = matter;
        let opening =
            assembly.drafts.get_mut(first).filter(|opening| opening.line.text.eq_ignore_ascii_case(&draft.line.text));
        match opening {
            Some(opening) if opening.kind == BlockKind::Paragraph => opening.kind = draft.kind,
            Some(_) | None => assembly.drafts.insert(first, draft),
        }
    }
    Ok(())
}

/// A chapter's title in the table of contents.
#[derive(Debug)]
struct Title {
    text: String,
    level: u8,
}

/// The titles of whole files, from the navigation document or the NCX.
fn titles(archive: &mut Archive<'_>, package: &Package) -> Result<HashMap<String, Title>, Failure> {
    let mut titles = HashMap::new();
    if let Some(path) = &package.navigation
        && let Some(bytes) = archive.read(path)?
        && let Ok(page) = parse_xml(path, &decode(&bytes).text)
    {
        for nav in page.all().into_iter().filter(|part| &*part.name == "nav" && typed(part, &["toc", "doc-toc"], &[])) {
            navigation(nav, 0, path, &mut titles);
        }
    } else if let Some(path) = &package.ncx
        && let Some(bytes) = archive.read(path)?
        && let Ok(root) = parse_xml(path, &decode(&bytes).text)
        && let Some(map) = root.find("navMap")
    {
        points(map, 1, path, &mut titles);
    }
    Ok(titles)
}

fn insert(path: &str, href: &str, text: &str, level: u8, titles: &mut HashMap<String, Title>) {
    if !text.trim().is_empty() {
        let file = resolve(path, href.split('#').next().unwrap_or_default());
        titles.entry(file).or_insert_with(|| Title { text: text.to_owned(), level: level.clamp(1, 6) });
    }
}

fn navigation(element: &Element, level: u8, path: &str, titles: &mut HashMap<String, Title>) {
    for part in element.elements() {
        match &*part.name {
            "ol" => navigation(part, level.saturating_add(1), path, titles),
            "a" => insert(path, part.attribute("href").unwrap_or_default(), &part.text(), level, titles),
            _ => navigation(part, level, path, titles),
        }
    }
}

fn points(element: &Element, level: u8, path: &str, titles: &mut HashMap<String, Title>) {
    for point in element.elements().filter(|part| &*part.name == "navPoint") {
        let text = point.child("navLabel").map(Element::text).unwrap_or_default();
        let href = point.child("content").and_then(|content| content.attribute("src")).unwrap_or_default();
        insert(path, href, &text, level, titles);
        points(point, level.saturating_add(1), path, titles);
    }
}
