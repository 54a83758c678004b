//! What the sources have, but of something else: values and names that were exchanged. A fault is
//! only where both ties are explicit, in the claim and in the source.

use std::collections::HashSet;

use super::items::{Class, Item};
use super::rules::Rules;
use super::text::{Kind, Text, Token};

/// How many words of what is said of another item a claim must share, and none of its own.
const TIED: usize = 2;
/// The same where the two are not of one class.
const TIED_OTHER: usize = 3;
/// How many words of the claim must tell another item's surroundings from those of its own.
const MUCH: usize = 2;
/// A value that the sources have more often than this is tied to no one thing.
const OFTEN: usize = 8;
/// How many tokens at either side of an item are compared, one after the other.
const FRAME: usize = 4;
/// How many of them must be those of another item, so that the claim repeats its place.
const FRAMED: usize = 3;
/// By how many the place of another item must be nearer than any place of its own.
const FRAMED_NEARER: usize = 2;

/// An item of the claim and what it was exchanged for in the source: places in both lists.
pub(super) type Exchange = (usize, usize);

/// The items of a claim and those of its sources, of one kind.
pub(super) struct Ties<'a> {
    pub claim: &'a Text,
    pub items: &'a [Item<'a>],
    pub sources: &'a Text,
    pub said: &'a [Item<'a>],
    pub rules: &'a Rules,
    same: Vec<Vec<usize>>,
    /// The items of the sources that one of the claim says.
    present: HashSet<usize>,
}

fn shared(one: &HashSet<&str>, other: &HashSet<&str>) -> usize {
    one.intersection(other).count()
}

impl<'a> Ties<'a> {
    /// The ties between the items of a claim and those of its sources; `same` are, for each item of
    /// the claim, the places of those that say the same, in order.
    pub fn new(
        (claim, items): (&'a Text, &'a [Item<'a>]),
        (sources, said): (&'a Text, &'a [Item<'a>]),
        rules: &'a Rules,
        same: Vec<Vec<usize>>,
    ) -> Self {
        let present = same.iter().flatten().copied().collect();
        Self { claim, items, sources, said, rules, same, present }
    }

    /// Counts items of the sources as said: those from which the claim counts.
    pub fn say(&mut self, places: impl IntoIterator<Item = usize>) {
        self.present.extend(places);
    }

    /// Whether the claim's item says the same as the sources' one.
    pub fn is_same(&self, at: usize, place: usize) -> bool {
        self.same.get(at).is_some_and(|same| same.binary_search(&place).is_ok())
    }

    /// Whether no item of the claim says what the sources' one does.
    pub fn is_absent(&self, place: usize) -> bool {
        !self.present.contains(&place)
    }

    /// The items of the sources that say the same as the claim's one.
    pub fn owns(&self, at: usize) -> impl Iterator<Item = (usize, &Item<'_>)> {
        let places = self.same.get(at).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| Some((*place, self.said.get(*place)?)))
    }

    /// Whether the sources have the item so often that it is tied to no one thing.
    fn is_often(&self, at: usize) -> bool {
        self.same.get(at).is_none_or(|same| same.len() > OFTEN)
    }

    /// The items of the claim that are tied to what the sources tie to another one.
    pub fn exchanged(&self) -> Vec<Exchange> {
        let mut found = self.turned();
        for (at, item) in self.items.iter().enumerate() {
            if found.iter().any(|exchange| exchange.0 == at) {
                continue;
            }
            let tied = || {
                let crossed = self.crossed(at, item).or_else(|| self.misplaced(at, item));
                let other = crossed.or_else(|| self.elsewhere(at, item));
                other.or_else(|| self.outweighed(at, item)).or_else(|| self.paired(at, item))
            };
            let place = || self.displaced(at, item);
            let other = if self.is_often(at) { place() } else { tied().or_else(place) };
            found.extend(other.map(|other| (at, other)));
        }
        found
    }

    /// Two neighbours in the other order, with the same words between them: "from 7 to 5".
    fn turned(&self) -> Vec<Exchange> {
        let mut found = Vec::new();
        for (at, pair) in self.items.windows(2).enumerate() {
            let [one, other] = pair else { continue };
            if one.sentence != other.sentence {
                continue;
            }
            let between = words(self.claim, one, other);
            let telling: Vec<&str> = between.iter().copied().filter(|word| *word != ",").collect();
            if (self.rules.symmetric)(&telling) {
                continue;
            }
            let neighbours = self.said.windows(2).enumerate().filter(|(_, there)| {
                matches!(there, [a, b] if a.sentence == b.sentence && words(self.sources, a, b) == between)
            });
            let mut turned = None;
            let mut as_said = false;
            for (place, _) in neighbours {
                as_said |= self.is_same(at, place) && self.is_same(at + 1, place + 1);
                if self.is_same(at, place + 1) && self.is_same(at + 1, place) {
                    turned = Some(place);
                }
            }
            if let Some(place) = turned.filter(|_| !as_said) {
                found.extend([(at, place), (at + 1, place + 1)]);
            }
        }
        found
    }

    /// Two items of one sentence of the source that have exchanged what is said of them: "a has 7
    /// and b has 5".
    fn crossed(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        let others = self.items.iter().enumerate().filter(|(_, other)| other.sentence == item.sentence);
        for (beside, other) in others.filter(|(beside, _)| *beside != at && !self.is_often(*beside)) {
            let mut found = None;
            for (_, own) in self.owns(at) {
                let crossed = self.owns(beside).find(|(place, there)| {
                    let only = |a: &Item<'_>, b: &Item<'_>, of: &Item<'_>| {
                        a.local.iter().any(|word| !b.local.contains(word) && of.local.contains(word))
                    };
                    there.sentence == own.sentence
                        && unlike(&there.class, &own.class) == 0
                        && !self.is_same(at, *place)
                        && only(there, own, item)
                        && !only(own, there, item)
                        && only(own, there, other)
                        && !only(there, own, other)
                });
                match crossed {
                    Some((place, _)) => found = Some(place),
                    // It is tied as it should be in another place.
                    None if shared(&own.local, &item.local) > 0 => {
                        found = None;
                        break;
                    }
                    None => {}
                }
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// An item that stands with the name or the year of another one in the same sentence: "boats in
    /// 2020" where the source has so many in 2019.
    fn misplaced(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        if item.class == Class::Name {
            return None;
        }
        let owns: Vec<(usize, &Item<'_>)> = self.owns(at).collect();
        if owns.iter().any(|(_, own)| own.named.is_empty() || shared(&own.named, &item.anchors) > 0) {
            return None;
        }
        let said: HashSet<&str> = self.claim.tokens.iter().map(|token| token.text.as_str()).collect();
        let found = owns.iter().find_map(|(_, own)| {
            let mut others = self.said.iter().enumerate().filter(|(_, other)| other.sentence == own.sentence);
            others.find(|(place, other)| {
                let alike = unlike(&item.class, &other.class) == 0 && !self.is_same(at, *place);
                let theirs = other.named.iter().any(|word| !own.named.contains(word) && item.anchors.contains(word));
                let mut left = own.named.iter().filter(|word| !other.named.contains(*word));
                let gone = if self.is_absent(*place) {
                    left.all(|word| !said.contains(word))
                } else {
                    let mut there = self.items.iter().enumerate().filter(|(there, _)| self.is_same(*there, *place));
                    there.all(|(_, there)| {
                        shared(&other.named, &there.anchors) == 0 && shared(&own.named, &there.anchors) > 0
                    })
                };
                alike && theirs && gone
            })
        });
        found.map(|(place, _)| place)
    }

    /// An item that shares nothing with what the sources say of it, and much with what they say of
    /// another one which the claim does not have.
    fn elsewhere(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        if item.class == Class::Name {
            return None;
        }
        let owns: Vec<(usize, &Item<'_>)> = self.owns(at).collect();
        let stems = self.claim.tokens.iter().map(|token| token.stem.as_str());
        let said: HashSet<&str> = stems.filter(|stem| !stem.is_empty()).collect();
        let near = |own: &Item<'_>| shared(&own.local, &said) > 0 || shared(&own.earlier, &said) > 0;
        if owns.is_empty() || owns.iter().any(|(_, own)| own.local.is_empty() || near(own)) {
            return None;
        }
        let candidates = self.said.iter().enumerate().filter(|(place, other)| {
            let tied = shared(&other.local, &item.local);
            let noun = !item.noun.is_empty() && item.noun == other.noun;
            let codes = (item.class == Class::Code) != (other.class == Class::Code);
            let enough = !codes
                && match unlike(&item.class, &other.class) {
                    0 => tied >= TIED || (noun && tied > 0),
                    _ => tied >= TIED_OTHER,
                };
            let own = |(_, own): &(usize, &Item<'_>)| shared(&own.around, &said) < tied;
            enough && self.is_absent(*place) && owns.iter().all(own)
        });
        candidates.max_by_key(|(_, other)| shared(&other.local, &item.local)).map(|(place, _)| place)
    }

    /// The date in brackets right behind an item of the sources: "version 3.8 (2015-05-07)".
    fn bracketed(&self, place: usize) -> Option<usize> {
        let (item, date) = (self.said.get(place)?, self.said.get(place + 1)?);
        let bracket = date.first == item.last + 1 && self.sources.is_mark(item.last, '(');
        (bracket && date.class.is_time() && !item.class.is_time()).then_some(place + 1)
    }

    /// An item with the date of another one, where the sources have the date of each in brackets.
    fn paired(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        let beside = |date: usize| {
            let mut dates = self.items.iter().enumerate().filter(|(_, date)| date.sentence == item.sentence);
            dates.any(|(there, _)| self.is_same(there, date))
        };
        let mut own = self.owns(at).map(|(place, _)| self.bracketed(place)).peekable();
        own.peek()?;
        if own.any(|date| date.is_none_or(beside)) {
            return None;
        }
        let mut others = self.said.iter().enumerate().filter(|(place, other)| {
            other.class == item.class && self.is_absent(*place) && self.bracketed(*place).is_some_and(beside)
        });
        others.next().map(|(place, _)| place)
    }

    /// How many words of an item's sentence in the claim are in the surroundings of `one` in the
    /// sources, and not in those of `than`.
    fn tells(&self, item: &Item<'_>, one: &Item<'_>, than: &Item<'_>) -> usize {
        let sentence = self.claim.tokens.iter().filter(|token| token.sentence == item.sentence);
        let said: HashSet<&str> = sentence.map(|token| token.stem.as_str()).collect();
        one.around.iter().filter(|stem| said.contains(*stem) && !than.around.contains(*stem)).count()
    }

    /// An item of whose surroundings in the sources the claim says nothing that tells it from
    /// another one, which the claim does not have, and of that one's surroundings much.
    fn outweighed(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        if item.class == Class::Name {
            return None;
        }
        let owns: Vec<(usize, &Item<'_>)> = self.owns(at).collect();
        if owns.is_empty() {
            return None;
        }
        let tells = |one: &Item<'_>, than: &Item<'_>| self.tells(item, one, than);
        let pointed = |own: &Item<'_>, other: &Item<'_>| {
            let earlier = own.earlier.iter().filter(|stem| !other.around.contains(*stem));
            let tokens = |stem: &&str| self.claim.tokens.iter().any(|token| token.stem == *stem);
            earlier.copied().any(|stem| tokens(&stem))
        };
        let apart = |own: &Item<'_>, other: &Item<'_>| own.around.iter().any(|stem| !other.around.contains(stem));
        let end =
            |text: &Text, item: &Item<'_>| (self.rules.end_of_span)(text, item.first).filter(|_| item.class.is_time());
        let stated = end(self.claim, item);
        let mut others = self.said.iter().enumerate().filter(|(place, other)| {
            let time = item.class.is_time() && other.class.is_time();
            let other_end = stated.is_some() && end(self.sources, other) == stated;
            (item.class == other.class || time)
                && self.is_absent(*place)
                && owns.iter().all(|(_, own)| {
                    let turned = other_end && end(self.sources, own) != stated;
                    let (of_own, of_other) = (tells(own, other), tells(other, own));
                    let more = of_own == 0 && (turned || of_other >= MUCH);
                    (own.class == other.class || time)
                        && apart(own, other)
                        && !pointed(own, other)
                        && (more || turned && of_other >= of_own + MUCH)
                })
        });
        others.next().map(|(place, _)| place)
    }

    /// An item that stands, word for word, where the sources have another one.
    fn displaced(&self, at: usize, item: &Item<'_>) -> Option<usize> {
        let name = usize::from(item.class == Class::Name);
        let own = self.owns(at).map(|(_, own)| self.frame(item, own).0).max().unwrap_or(0);
        let found = self.said.iter().enumerate().filter_map(|(place, other)| {
            let (same, telling) = self.frame(item, other);
            let enough = same >= FRAMED + name && telling > name && same >= own + FRAMED_NEARER;
            // What stood there is not in the claim, or has gone to the place of this one.
            let gone = || {
                let mut there = self.items.iter().enumerate().filter(|(there, _)| self.is_same(*there, place));
                there.all(|(_, there)| {
                    let here = self.owns(at).map(|(_, own)| self.frame(there, own).0).max().unwrap_or(0);
                    here > self.frame(there, other).0
                })
            };
            // The claim says what tells its own surroundings from those of the other one.
            let known = || self.owns(at).any(|(_, own)| self.tells(item, own, other) > self.tells(item, other, own));
            let other_place = enough && !self.is_same(at, place) && !self.listed(at, other) && gone() && !known();
            other_place.then_some((same, place))
        });
        found.max_by_key(|(same, _)| *same).map(|(_, place)| place)
    }

    /// Whether a name of the claim stands in one enumeration with another one of the sources: the
    /// order of its members says nothing.
    fn listed(&self, at: usize, other: &Item<'_>) -> bool {
        let member = |token: &Token| match token.kind {
            Kind::Mark(',' | ';' | '/' | '.') | Kind::Number | Kind::Code => true,
            Kind::Mark(_) => false,
            Kind::Word => token.capital || (self.rules.symmetric)(&[&token.text]) || token.glued,
        };
        other.class == Class::Name
            && self.owns(at).any(|(_, own)| {
                let (first, last) = if own.first < other.first { (own, other) } else { (other, own) };
                let between = self.sources.tokens.get(first.last..last.first).unwrap_or_default();
                own.sentence == other.sentence && !between.is_empty() && between.iter().all(member)
            })
    }

    /// How many tokens right before and right behind the two items are the same, and how many of
    /// those say something.
    fn frame(&self, item: &Item<'_>, other: &Item<'_>) -> (usize, usize) {
        let (mut same, mut telling) = (0, 0);
        let mut equal = |at: Option<usize>, there: Option<usize>| {
            let token = at.and_then(|at| self.claim.token(at)).filter(|token| token.sentence == item.sentence);
            let known = there.and_then(|at| self.sources.token(at)).filter(|token| token.sentence == other.sentence);
            let equal = token.zip(known).is_some_and(|(token, known)| token.text == known.text);
            same += usize::from(equal);
            telling += usize::from(equal && token.is_some_and(|token| !token.stem.is_empty()));
            equal
        };
        let mut back = 1;
        while back <= FRAME && equal(item.first.checked_sub(back), other.first.checked_sub(back)) {
            back += 1;
        }
        let mut ahead = 0;
        while ahead < FRAME && equal(Some(item.last + ahead), Some(other.last + ahead)) {
            ahead += 1;
        }
        (same, telling)
    }
}

/// The words between two items.
fn words<'a>(text: &'a Text, one: &Item<'_>, other: &Item<'_>) -> Vec<&'a str> {
    let tokens = text.tokens.get(one.last..other.first).unwrap_or_default();
    tokens.iter().map(|token| token.text.as_str()).collect()
}

/// 0 where one may stand for the other: a number of a table has the unit of its column.
pub(super) fn unlike(one: &Class, other: &Class) -> usize {
    let bare = matches!((one, other), (Class::Count, Class::Measure(_)) | (Class::Measure(_), Class::Count));
    let time = matches!((one, other), (Class::Year, Class::Date) | (Class::Date, Class::Year));
    usize::from(one != other && !bare && !time)
}
