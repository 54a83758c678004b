//! EPUB 2 and 3: the chapters of the spine, in its order, through the HTML extractor; what the
//! spine marks as beside the order (`linear="no"`) comes after it.
//!
//! What it can: chapters that are no well-formed XHTML, titles that only the table of contents has
//! (of a file, or of an anchor in one), notes as in HTML, also in a file of their own, obfuscated
//! fonts. What it cannot: copy protection, media overlays, text that only a style sheet hides,
//! fixed layouts whose order is that of their places on the page.

mod package;
mod titles;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture, Matter};

use super::archive::{Archive, damaged_because, encrypted};
use super::assembly::Assembly;
use super::dom::{Element, parse_xhtml, parse_xml};
use super::encoding::decode;
use super::html::{Links, Mode, read};
use package::{Item, Package};
use titles::Titles;

/// A book to blocks.
///
/// # Errors
/// `DOCUMENT_ENCRYPTED` under copy protection, `DOCUMENT_DAMAGED` without a readable package, and
/// those of archives.
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
    let titles = Titles::read(&mut archive, &package)?;
    let mut assembly = Assembly { meta: package.meta.clone(), ..Assembly::default() };
    for path in &package.beside {
        let message = format!("{path} is a page of the book that its order of reading leaves out, and was not read");
        assembly.warn("CHAPTER_NOT_IN_ORDER", message);
    }
    let (order, aside): (Vec<&Item>, Vec<&Item>) = package.spine.iter().partition(|item| item.linear);
    for item in order.into_iter().chain(aside) {
        let Some(bytes) = archive.read(&item.path)? else {
            assembly.warn("CHAPTER_MISSING", format!("the book lists {} but does not hold it", item.path));
            continue;
        };
        chapter(item, &bytes, &package, &titles, &mut assembly)?;
    }
    assembly.finish("application/epub+zip", "epub/4")
}

fn xml(archive: &mut Archive<'_>, name: &str) -> Result<Element, Failure> {
    parse_xml(name, &decode(&archive.need(name)?).text)
}

/// Fonts may be obfuscated (EPUB OCF 3.3, section 4.2.6.3.1, and Adobe's older way); anything else
/// that is encrypted is text we may not read.
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
    titles: &Titles,
    assembly: &mut Assembly,
) -> Result<(), Failure> {
    let decoded = decode(bytes);
    let page = match parse_xml(&item.path, &decoded.text) {
        Ok(page) => page,
        Err(failure) if failure.reason == lectern_core::Reason::DocumentDamaged => {
            assembly
                .warn("MALFORMED_XHTML", format!("{} is not well-formed and was read as browsers would", item.path));
            parse_xhtml(&decoded.text)
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
    titles.place(&item.path, first, &mut assembly.drafts);
    Ok(())
}
