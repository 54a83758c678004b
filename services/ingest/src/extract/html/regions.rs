//! What belongs to a web page's text and what to the site around it. Nothing is dropped: the site's
//! parts become furniture, so the manifest still accounts for their words.

use lectern_core::content::document::SpanKind;
use lectern_core::content::words;

use super::super::assembly::{Draft, whole};
use super::super::dom::Element;

/// The regions of one page.
#[derive(Debug, Default)]
pub(super) struct Regions<'a> {
    /// The element that holds the text, if the page says so or has but one article.
    pub main: Option<&'a Element>,
    /// Whether that is a guess, from where the page's paragraphs stand.
    guessed: bool,
    /// Whether the page's only top heading stands outside of it.
    pub heading_outside: bool,
    /// Whether the page has a text beside what its readers wrote.
    has_text: bool,
}

/// The fewest words beside the comments of a page that is more than a place for comments.
const FEWEST_WORDS: u32 = 40;

/// The least share of a page's words that its main element must hold to be believed.
const LEAST_SHARE: u32 = 4;

impl<'a> Regions<'a> {
    /// Looks for the main element of `page`.
    pub fn of(page: &'a Element) -> Self {
        let all = page.all();
        let body = page.find("body").map_or(0, |body| words(&body.text()));
        let marked = all
            .iter()
            .find(|element| &*element.name == "main" || element.attribute("role") == Some("main"))
            .or_else(|| all.iter().find(|element| element.attribute("itemprop") == Some("articleBody")));
        let mut articles = all.iter().filter(|element| &*element.name == "article");
        let lone = match (articles.next(), articles.next()) {
            (Some(article), None) => Some(article),
            (None | Some(_), _) => None,
        };
        let said = marked.or(lone).copied().filter(|main| words(&main.text()) * LEAST_SHARE >= body);
        let main = said.or_else(|| page.find("body").and_then(densest));
        let heading_outside = main.is_some_and(|main| main.find("h1").is_none()) && page.find("h1").is_some();
        let comments: u32 = outermost(page, &holds_comments).iter().map(|part| words(&part.text())).sum();
        Self { main, guessed: said.is_none(), heading_outside, has_text: body.saturating_sub(comments) >= FEWEST_WORDS }
    }

    /// Whether a block outside of the main element is part of the site. Where the main element is a
    /// guess, paragraphs are not.
    pub fn leaves_out(&self, draft: &Draft) -> bool {
        let linked = || {
            let all = whole(&draft.line);
            draft.line.marks.iter().any(|mark| mark.range == all && matches!(mark.kind, SpanKind::Link { .. }))
        };
        !self.guessed || words(&draft.line.text) < PARAGRAPH || linked()
    }

    /// Whether `element` holds what readers of the page wrote under it.
    pub fn are_comments(&self, element: &Element) -> bool {
        self.has_text
            && holds_comments(element)
            && self.main.is_none_or(|main| !element.all().iter().any(|part| std::ptr::eq(*part, main)))
    }
}

/// A paragraph of a text has at least so many words, which is more than a menu's entry or a caption
/// has.
const PARAGRAPH: u32 = 20;
/// Fewer paragraphs do not show where a page's text is.
const FEWEST_PARAGRAPHS: u32 = 4;
/// The part of the words of a page's paragraphs, in a hundred, that its text holds; the rest are
/// teasers and notices.
const TEXT_SHARE: u32 = 80;

/// The smallest element that holds nearly all of the page's paragraphs, where a page has several
/// and is not that element as a whole: what is around it is the site's.
fn densest(body: &Element) -> Option<&Element> {
    let (count, all) = paragraphs(body);
    if count < FEWEST_PARAGRAPHS {
        return None;
    }
    let mut found = body;
    while let Some(child) = found.elements().find(|child| paragraphs(child).1 * 100 >= all * TEXT_SHARE) {
        found = child;
    }
    let block = matches!(&*found.name, "div" | "section" | "article" | "td" | "main");
    (block && !std::ptr::eq(found, body)).then_some(found)
}

/// Elements whose paragraphs are not of a page's text.
const APART: [&str; 9] = ["script", "style", "nav", "footer", "aside", "form", "noscript", "template", "head"];
/// Elements that a paragraph does not hold.
const BLOCKS: [&str; 8] = ["p", "div", "table", "ul", "ol", "section", "article", "blockquote"];

/// How many paragraphs there are in `element`, and how many words they have. Text that is mostly
/// links is none.
fn paragraphs(element: &Element) -> (u32, u32) {
    if APART.contains(&&*element.name) || holds_comments(element) {
        return (0, 0);
    }
    let bare = || !element.elements().any(|child| BLOCKS.contains(&&*child.name));
    if &*element.name == "p" || &*element.name == "div" && bare() {
        let own = words(&element.text());
        return if own >= PARAGRAPH && linked(element) * 3 < own { (1, own) } else { (0, 0) };
    }
    element.elements().map(paragraphs).fold((0, 0), |(count, words), (more, added)| (count + more, words + added))
}

/// The elements for which `wanted` holds, without those within another.
fn outermost<'a>(element: &'a Element, wanted: &dyn Fn(&Element) -> bool) -> Vec<&'a Element> {
    if wanted(element) {
        return vec![element];
    }
    element.elements().flat_map(|child| outermost(child, wanted)).collect()
}

/// Names that sites give to the list of their readers' comments, as words of `id` and `class`.
const COMMENTS: [&str; 8] =
    ["comments", "commentlist", "commentary", "disqus", "livefyre", "usercomments", "replies", "responses"];

fn holds_comments(element: &Element) -> bool {
    let block = ["div", "section", "ol", "ul", "aside", "details"].contains(&&*element.name);
    let marked = element.attribute("itemprop") == Some("comment")
        || element
            .attribute("itemtype")
            .is_some_and(|kind| kind.ends_with("/Comment") || kind.ends_with("/UserComments"));
    // "has-comments" and the like say something of the article around it.
    block
        && (marked || names(element).iter().any(|token| COMMENTS.contains(&token.as_str())))
        && element.find("h1").is_none()
}

/// The words of `class` and `id`.
pub(super) fn names(element: &Element) -> Vec<String> {
    [element.attribute("class"), element.attribute("id")]
        .into_iter()
        .flatten()
        .flat_map(|value| value.split(|char: char| !char.is_ascii_alphanumeric()))
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Whether an element is part of the site rather than of the text. `sectioned` says whether an
/// article, a section or the main element is open around it.
pub(super) fn is_navigation(element: &Element, sectioned: bool) -> bool {
    let role = element.attribute("role").unwrap_or_default();
    if &*element.name == "nav" || ["navigation", "banner", "contentinfo", "search", "menu", "menubar"].contains(&role) {
        return true;
    }
    let holds_title = || element.find("h1").is_some();
    if !sectioned && (&*element.name == "footer" || (&*element.name == "header" && !holds_title())) {
        return true;
    }
    if !["div", "ul", "ol", "section", "aside", "p", "form", "table", "span", "li"].contains(&&*element.name) {
        return false;
    }
    let tokens = names(element);
    let has = |list: &[&str]| tokens.iter().any(|token| list.contains(&token.as_str()));
    let (sure, button, likely) = (has(&SURE), has(&BUTTONS), has(&LIKELY));
    if !(sure || button || likely) {
        return false;
    }
    // A name alone proves little: the part must also be short or made of links.
    let all = words(&element.text());
    sure && all < SURE_WORDS || button && all < BUTTON_WORDS || likely && (linked(element) * 2 > all) && !holds_title()
}

/// Names that say what a part is; such a part is no longer than a notice.
const SURE: [&str; 14] = [
    "cookie",
    "cookies",
    "consent",
    "gdpr",
    "breadcrumb",
    "breadcrumbs",
    "navbar",
    "navbox",
    "skip",
    "skiplink",
    "advert",
    "advertisement",
    "outbrain",
    "taboola",
];
const SURE_WORDS: u32 = 200;
/// Names of buttons to share, follow, subscribe and print, with or without links; the text around
/// them is longer.
const BUTTONS: [&str; 15] = [
    "share",
    "sharing",
    "sharebar",
    "sharethis",
    "sharedaddy",
    "addthis",
    "addtoany",
    "social",
    "socials",
    "follow",
    "subscribe",
    "newsletter",
    "print",
    "permalink",
    "toolbar",
];
const BUTTON_WORDS: u32 = 30;
/// Names that parts of a site often have; they must be made of links as well.
const LIKELY: [&str; 16] = [
    "nav",
    "menu",
    "sidebar",
    "share",
    "social",
    "related",
    "recommended",
    "trending",
    "newsletter",
    "footer",
    "pagination",
    "pager",
    "toolbar",
    "promo",
    "tags",
    "mostread",
];

/// The words of the links in `element`.
pub(super) fn linked(element: &Element) -> u32 {
    element.all().iter().filter(|part| &*part.name == "a").map(|link| words(&link.text())).sum()
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::{BlockKind, Furniture};

    use crate::extract::encoding::decode;
    use crate::extract::html::extract;

    /// The first word of each block of a page's body, with why it is not read.
    fn read(body: &str) -> Vec<(String, Option<Furniture>)> {
        let page = format!("<!doctype html><title>t</title><body>{body}");
        let blocks = extract(decode(page.as_bytes())).unwrap().blocks;
        let why =
            |kind: &BlockKind| if let BlockKind::Furniture { furniture } = kind { Some(*furniture) } else { None };
        blocks.iter().map(|block| (block.text.split(' ').next().unwrap().to_owned(), why(&block.kind))).collect()
    }

    fn prose(first: &str) -> String {
        let rest = "goes down to the harbour with the letter in his hand, and nobody asks him what is in it or why.";
        format!("<p>{first} {rest}</p>")
    }

    #[test]
    fn what_a_site_puts_around_and_into_a_text_is_furniture() {
        let text = format!("<h1>Title</h1>{}{}{}{}", prose("One"), prose("Two"), prose("Three"), prose("Four"));
        let share = "<div class='share-bar'><span>Share on</span> <b>this</b></div>";
        let navigation = Some(Furniture::Navigation);
        for (html, word, wanted) in [
            (format!("<main>{text}{share}</main>"), "Share", navigation),
            (
                format!("<div>{text}</div><section id='comments'><p>Reader says so.</p></section>"),
                "Reader",
                Some(Furniture::Comment),
            ),
            (format!("<div><ul><li>Sport<li>Weather</ul></div><div>{text}</div>"), "Sport", navigation),
            (format!("<div>{}</div><div>{text}</div>", prose("Outside")), "Outside", None),
            (format!("<div>{text}<p hidden>Secret<script>x</script></p></div>"), "Secret", Some(Furniture::Hidden)),
            (format!("<div>{text}<p>Now <del>Ninety</del> here</p></div>"), "Ninety", Some(Furniture::Deleted)),
            ("<div id='comments'><p>Reader says so.</p><p>Other words.</p></div>".to_owned(), "Reader", None),
        ] {
            let found = read(&html);
            let block = found.iter().find(|(first, _)| first == word);
            assert_eq!(block.map(|(_, why)| *why), Some(wanted), "{found:?}");
            if html.contains("<h1>") {
                let spoken = ["Title", "One", "Two", "Three", "Four"];
                assert!(spoken.iter().all(|word| found.contains(&((*word).to_owned(), None))), "{found:?}");
            }
        }
    }
}
