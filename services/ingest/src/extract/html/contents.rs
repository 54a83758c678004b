//! Tables of contents within a page: what they are named, and lists that say nothing but where the
//! headings of the page are.

use std::collections::HashSet;

use lectern_core::content::document::{BlockKind, Furniture, Matter};
use lectern_core::content::words;

use super::super::assembly::Draft;
use super::super::dom::Element;
use super::regions::{linked, names};

/// Names that converters and sites give to a table of contents, as words of `id` and `class`:
/// DocBook and Pandoc `toc`, docutils `contents`, Sphinx `toctree-wrapper`.
const NAMES: [&str; 6] = ["toc", "contents", "toctree", "tableofcontents", "shortcontents", "summarycontents"];
/// Elements that hold one.
const HOLDERS: [&str; 11] = ["div", "ul", "ol", "dl", "nav", "section", "aside", "details", "table", "menu", "dir"];
/// The words that a table of contents has beside its links: its title.
const TITLE_WORDS: u32 = 4;
/// The part of its other words, in a hundred, that links hold at least: numbers stand beside them.
const LINKED_SHARE: u32 = 75;
/// Fewer links are a remark ("see above and below").
const FEWEST_LINKS: usize = 3;
/// The part of the links of a list without a name, in a hundred, that say what is a heading of the
/// page, at least.
const NAMED_SHARE: usize = 80;
/// What a page has beside its table of contents, as a part of its words in a hundred, at least: an
/// index of nothing but links is what its reader asked for.
const OTHER_SHARE: u32 = 50;

/// What is known of a page as a whole.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Its headings, folded.
    headings: HashSet<String>,
    /// Its words; none for a file of several, whose table of contents may be a file by itself.
    words: Option<u32>,
}

impl Contents {
    /// Looks at a page; `alone` says that it is the whole document.
    pub fn of(page: &Element, alone: bool) -> Self {
        let heading = |part: &&Element| matches!(&*part.name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        let headings = page.all().into_iter().filter(heading).map(|part| folded(&part.text()));
        let body = page.find("body").unwrap_or(page);
        Self {
            headings: headings.filter(|name| !name.is_empty()).collect(),
            words: alone.then(|| words(&body.shown_text())),
        }
    }

    /// Whether `element` is a table of contents. `listed` says that a list is open around it.
    pub fn are(&self, element: &Element, listed: bool) -> bool {
        if !HOLDERS.contains(&&*element.name) {
            return false;
        }
        let named = names(element).iter().any(|name| NAMES.contains(&name.as_str()));
        let list = !listed && matches!(&*element.name, "ul" | "ol");
        (named || list && !self.headings.is_empty())
            && self.is_linked(element)
            && (named || self.lists_headings(element))
    }

    /// Whether it is made of links, and not all that the page has.
    fn is_linked(&self, element: &Element) -> bool {
        let all = words(&element.shown_text());
        let part = self.words.is_none_or(|words| words.saturating_sub(all) * 100 >= words * OTHER_SHARE);
        let links = element.all().into_iter().filter(|part| is_link(part)).take(FEWEST_LINKS).count();
        part && links == FEWEST_LINKS && linked(element) * 100 >= all.saturating_sub(TITLE_WORDS) * LINKED_SHARE
    }

    /// Whether its links lead to places of the page and say what headings of the page say.
    fn lists_headings(&self, element: &Element) -> bool {
        let links: Vec<&Element> = element.all().into_iter().filter(|part| is_link(part)).collect();
        let here = |link: &&&Element| {
            let inside = link.attribute("href").is_some_and(|href| href.starts_with('#') && href.len() > 1);
            inside && self.headings.contains(&folded(&link.text()))
        };
        links.iter().filter(here).count() * 100 >= links.len() * NAMED_SHARE
    }
}

fn is_link(element: &Element) -> bool {
    &*element.name == "a" && element.attribute("href").is_some()
}

/// Letters in lower case, and digits behind the first of them: a list may leave out the numbers of
/// headings.
fn folded(text: &str) -> String {
    let letters = text.chars().skip_while(|char| !char.is_alphabetic()).filter(|char| char.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Titles of a table of contents, folded.
const TITLES: [&str; 9] = [
    "contents",
    "tableofcontents",
    "onthispage",
    "inthispage",
    "inhalt",
    "inhaltsverzeichnis",
    "sommaire",
    "tabledesmatières",
    "índice",
];

/// A title directly before the entries of a table of contents belongs to it.
pub(super) fn join_titles(drafts: &mut [Draft]) {
    let entry = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
    for at in 1..drafts.len() {
        let Some([title, next, ..]) = drafts.get_mut(at - 1..) else { break };
        let titled = matches!(title.kind, BlockKind::Heading { .. } | BlockKind::Paragraph);
        if titled && next.kind == entry && TITLES.contains(&folded(&title.line.text).as_str()) {
            title.kind = entry.clone();
            title.matter = Matter::Front;
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::{BlockKind, Furniture};

    use crate::extract::encoding::decode;
    use crate::extract::html::extract;

    /// The texts that are skipped as a table of contents.
    fn entries(body: &str) -> Vec<String> {
        let prose = "<p>The wheel turns with the water, and the stones turn with the wheel all day and all night.</p>";
        let page = format!(
            "<!doctype html><title>t</title><body><h1>The mill</h1>{body}<h2 id=a>1. The wheel</h2>{prose}{prose}\
             <h2 id=b>2. The stones</h2>{prose}{prose}<h2 id=c>The sacks</h2>{prose}{prose}"
        );
        let blocks = extract(decode(page.as_bytes())).unwrap().blocks;
        let entry = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
        blocks.into_iter().filter(|block| block.kind == entry).map(|block| block.text).collect()
    }

    #[test]
    fn lists_of_the_headings_of_a_page_and_lists_that_are_named_so_are_its_contents() {
        let link = |target: &str, text: &str| format!("<a href='{target}'>{text}</a>");
        let (wheel, stones, sacks) = (link("#a", "The wheel"), link("#b", "The stones"), link("#c", "The sacks"));
        let other = link("#x", "Elsewhere");
        let list = format!("<ul><li>{wheel}</li><li>{stones}<ul><li>{sacks}</li></ul></li></ul>");
        let three = vec!["The wheel", "The stones", "The sacks"];
        let titled = vec!["Table of Contents", "The wheel", "The stones", "The sacks"];
        for (body, wanted) in [
            (list.clone(), three),
            (format!("<h2>Table of Contents</h2>{list}"), titled.clone()),
            (
                format!(
                    "<div class='toc'><p><b>Table of Contents</b></p><dl><dt>{wheel}<dt>{stones}<dt>{sacks}</dl></div>"
                ),
                titled,
            ),
            (format!("<ul><li>{other}</li><li>{other}</li><li>{other}</li></ul>"), vec![]),
            (
                format!("<ul><li>{wheel} is of oak and two men high<li>{stones} are of lava<li>{sacks} are many</ul>"),
                vec![],
            ),
            (
                format!(
                    "<div class='contents'><p>Words about {wheel}, {stones} and {sacks}, which are all old.</p></div>"
                ),
                vec![],
            ),
        ] {
            assert_eq!(entries(&body), wanted, "{body}");
        }
    }
}
