//! Bullets and numbers of paragraphs: what the paragraph, its shape, the layout or the master say,
//! the nearest first (ECMA-376, part 1, clause 21.1.2.4).

use super::super::dom::Element;
use super::super::ordinal::printed;

/// Levels of a list (ECMA-376, part 1, clause 21.1.2.4.13).
const LEVELS: usize = 9;

/// What stands before a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bullet {
    None,
    Sign,
    Number {
        /// As the format names it (`arabicPeriod`).
        style: String,
        start: i64,
    },
}

/// The bullet of paragraphs of `level`, from 0, by the first of `lists` that says one. `lists` hold
/// `<a:lvl1pPr>` and so on.
pub(super) fn inherited<'e>(lists: impl IntoIterator<Item = &'e Element>, level: usize) -> Bullet {
    let name = format!("lvl{}pPr", level + 1);
    lists.into_iter().find_map(|list| own(list.child(&name)?)).unwrap_or(Bullet::None)
}

/// The bullet that paragraph properties name themselves.
pub(super) fn own(properties: &Element) -> Option<Bullet> {
    properties.elements().find_map(|part| match &*part.name {
        "buNone" => Some(Bullet::None),
        "buChar" | "buBlip" => Some(Bullet::Sign),
        "buAutoNum" => Some(Bullet::Number {
            style: part.attribute("type").unwrap_or("arabicPeriod").to_owned(),
            start: part.attribute("startAt").and_then(|start| start.parse().ok()).unwrap_or(1),
        }),
        _ => None,
    })
}

/// The level of a paragraph, from 0.
pub(super) fn level(paragraph: &Element) -> usize {
    let level = paragraph.child("pPr").and_then(|properties| properties.attribute("lvl"));
    level.and_then(|level| level.parse::<usize>().ok()).unwrap_or(0).min(LEVELS - 1)
}

/// The numbers of one body of text.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// By level: what was counted, and how far.
    levels: [Option<(Bullet, i64)>; LEVELS],
}

impl Counters {
    /// Counts a paragraph, and returns its printed number, if it has one.
    pub fn next(&mut self, bullet: &Bullet, level: usize) -> Option<String> {
        let level = level.min(LEVELS - 1);
        for deeper in self.levels.iter_mut().skip(level + 1) {
            *deeper = None;
        }
        let Bullet::Number { style, start } = bullet else {
            self.levels[level] = None;
            return None;
        };
        // Numbering goes on while neighbours are numbered alike.
        let number = match &self.levels[level] {
            Some((known, last)) if known == bullet => last.saturating_add(1),
            Some(_) | None => *start,
        };
        self.levels[level] = Some((bullet.clone(), number));
        Some(written(number, style))
    }
}

/// A number in one of the schemes of clause 20.1.10.61; scripts other than Latin come out as
/// digits.
fn written(number: i64, style: &str) -> String {
    let digits = match style {
        _ if style.starts_with("alphaLc") => printed(number, 'a'),
        _ if style.starts_with("alphaUc") => printed(number, 'A'),
        _ if style.starts_with("romanLc") => printed(number, 'i'),
        _ if style.starts_with("romanUc") => printed(number, 'I'),
        _ => number.to_string(),
    };
    match style {
        _ if style.ends_with("ParenBoth") => format!("({digits})"),
        _ if style.ends_with("ParenR") => format!("{digits})"),
        _ if style.ends_with("Plain") => digits,
        _ => format!("{digits}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn numbers_go_on_while_neighbours_are_numbered_alike() {
        let number = |style: &str, start| Bullet::Number { style: style.to_owned(), start };
        let mut counters = Counters::default();
        let found: Vec<String> = [
            (number("arabicPeriod", 1), 0),
            (number("alphaLcParenR", 1), 1),
            (number("alphaLcParenR", 1), 1),
            (number("arabicPeriod", 1), 0),
            (number("alphaLcParenR", 1), 1),
            (Bullet::Sign, 0),
            (number("arabicPeriod", 1), 0),
            (number("romanUcParenBoth", 4), 0),
            (number("arabicPlain", 1), 0),
        ]
        .iter()
        .map(|(bullet, level)| counters.next(bullet, *level).unwrap_or_else(|| "*".to_owned()))
        .collect();
        assert_eq!(found, ["1.", "a)", "b)", "2.", "a)", "*", "1.", "(IV)", "1"]);
    }

    #[test]
    fn the_nearest_that_says_a_bullet_decides() {
        let list = |xml: &str| parse_xml("x", &format!("<l>{xml}</l>")).unwrap();
        let near = list("<lvl1pPr marL='0'/><lvl2pPr><buNone/></lvl2pPr>");
        let far = list("<lvl1pPr><buFont/><buChar char='x'/></lvl1pPr><lvl2pPr><buChar char='x'/></lvl2pPr>");
        assert_eq!(inherited([&near, &far], 0), Bullet::Sign);
        assert_eq!(inherited([&near, &far], 1), Bullet::None);
        assert_eq!(inherited([&near, &far], 2), Bullet::None);
    }
}
