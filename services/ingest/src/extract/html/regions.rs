//! What belongs to a web page's text and what to the site around it. Nothing is dropped: the site's parts become
//! furniture, so the manifest still accounts for their words.

use lectern_core::content::words;

use super::super::dom::Element;

/// The regions of one page.
#[derive(Debug, Default)]
pub(super) struct Regions<'a> {
    /// The element that holds the text, if the page says so or has but one article.
    pub main: Option<&'a Element>,
    /// Whether the page's only top heading stands outside of it.
    pub heading_outside: bool,
}

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
        let main = marked.or(lone).copied().filter(|main| words(&main.text()) * LEAST_SHARE >= body);
        let heading_outside = main.is_some_and(|main| main.find("h1").is_none()) && page.find("h1").is_some();
        Self { main, heading_outside }
    }
}

/// Whether an element is part of the site rather than of the text. `sectioned` says whether an article, a section or the
/// main element is open around it.
pub(super) fn is_navigation(element: &Element, sectioned: bool) -> bool {
    let role = element.attribute("role").unwrap_or_default();
    if &*element.name == "nav" || ["navigation", "banner", "contentinfo", "search", "menu", "menubar"].contains(&role) {
        return true;
    }
    let holds_title = || element.find("h1").is_some();
    if !sectioned && (&*element.name == "footer" || (&*element.name == "header" && !holds_title())) {
        return true;
    }
    if !["div", "ul", "ol", "section", "aside", "p", "form", "table"].contains(&&*element.name) {
        return false;
    }
    let names = [element.attribute("class"), element.attribute("id")];
    let tokens: Vec<String> = names
        .into_iter()
        .flatten()
        .flat_map(|value| value.split(|char: char| !char.is_ascii_alphanumeric()))
        .map(str::to_ascii_lowercase)
        .collect();
    let has = |list: &[&str]| tokens.iter().any(|token| list.contains(&token.as_str()));
    let sure = has(&[
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
    ]);
    let likely = has(&[
        "nav",
        "menu",
        "sidebar",
        "share",
        "social",
        "related",
        "newsletter",
        "footer",
        "pagination",
        "pager",
        "toolbar",
        "promo",
    ]);
    // A name alone proves little: the part must also be short or made of links.
    let all = words(&element.text());
    sure && all < 200 || likely && (linked(element) * 2 > all) && !holds_title()
}

fn linked(element: &Element) -> u32 {
    element.all().iter().filter(|part| &*part.name == "a").map(|link| words(&link.text())).sum()
}
