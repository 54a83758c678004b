//! The language of a document and of its blocks: what the source says of it, confirmed by its text.
//!
//! Programs write the language of whoever installed them into every file, so a declaration stands
//! only until the text clearly says otherwise. Blocks are judged together with their neighbours
//! ([`around`]): a line by itself says little.

mod around;

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::content::document::{BlockKind, Furniture};

use super::{Assembly, Draft};
use crate::clean::language::{Guess, can_be_in, guess};

/// Neighbouring blocks are judged together until they have this many characters: about a paragraph.
const PASSAGE: usize = 400;
/// No more passages are judged; of a longer document they are taken evenly.
const MOST_PASSAGES: usize = 400;
/// A declaration is overruled by this share of the judged text, in a hundred.
const OVERRULING_SHARE: usize = 80;
/// The most of the judged text, in a hundred, that may be in the declared language where it is
/// overruled.
const DECLARED_SHARE: usize = 10;

/// How much of a text is in which language, in characters.
#[derive(Debug, Default)]
struct Shares {
    by_language: BTreeMap<&'static str, usize>,
    sure: usize,
    judged: usize,
}

impl Shares {
    fn add(&mut self, passage: &str) {
        let Some(Guess { language, sure }) = guess(passage) else { return };
        let length = passage.chars().count();
        *self.by_language.entry(language).or_default() += length;
        self.judged += length;
        self.sure += if sure { length } else { 0 };
    }

    /// The language of most of the text, and how much that is.
    fn most(&self) -> Option<(&'static str, usize)> {
        self.by_language.iter().map(|(language, count)| (*language, *count)).max_by_key(|(_, count)| *count)
    }

    fn of(&self, language: &str) -> usize {
        self.by_language.iter().filter(|(known, _)| same(known, language)).map(|(_, count)| count).sum()
    }
}

/// Whether two tags name one language. Norwegian is written `no` and `nb`.
fn same(one: &str, other: &str) -> bool {
    let primary = |tag: &str| {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        if primary == "no" { "nb".to_owned() } else { primary }
    };
    primary(one) == primary(other)
}

impl Assembly {
    /// The document's language, and those of its blocks that are in another. `declared` is what the
    /// source says.
    pub(super) fn settle_language(&mut self, declared: Option<&str>) -> String {
        let shares = shares(&self.drafts);
        let by_blocks = declared_by_blocks(&self.drafts);
        let declared = declared.and_then(language_tag);
        let otherwise = by_blocks.filter(|tag| declared.as_deref().is_none_or(|declared| !same(declared, tag)));
        let declared = otherwise.or(declared);
        let text = self.drafts.iter().filter(|draft| is_prose(draft)).map(|draft| draft.line.text.as_str());
        let impossible =
            declared.as_deref().is_some_and(|tag| text.clone().all(|text| !has_letters(text) || !can_be_in(text, tag)));
        let found = shares.most();
        let prose = text.clone().map(|text| text.chars().count()).sum::<usize>();
        // Of a short text, what is judged must be most of it.
        let enough = shares.judged >= PASSAGE || shares.judged * 2 >= prose;
        let overruled = |tag: &str| {
            found.filter(|(language, count)| {
                !same(language, tag)
                    && count * 100 >= shares.judged * OVERRULING_SHARE
                    && shares.of(tag) * 100 <= shares.judged * DECLARED_SHARE
                    && (impossible || shares.sure * 100 >= shares.judged * OVERRULING_SHARE && enough)
            })
        };
        let language = match (&declared, found) {
            (Some(tag), _) => match overruled(tag) {
                Some((language, _)) => {
                    let message = format!("the source says that it is in `{tag}`, but its text is in `{language}`");
                    self.warn("LANGUAGE_CORRECTED", message);
                    language.to_owned()
                }
                None if impossible => "und".to_owned(),
                None => tag.clone(),
            },
            (None, Some((language, _))) => language.to_owned(),
            (None, None) => "und".to_owned(),
        };
        let mistaken = mistaken(&self.drafts, &language);
        for draft in &mut self.drafts {
            draft.language.take_if(|tag| mistaken.contains(tag));
        }
        let told = around::told(&self.drafts, &language);
        for (draft, told) in self.drafts.iter_mut().zip(told) {
            settle_block(draft, told, &language);
        }
        language
    }
}

/// The tags of blocks which, read together, are clearly in the document's language: the tag is that
/// of whoever installed the program.
fn mistaken(drafts: &[Draft], document: &str) -> BTreeSet<String> {
    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| is_prose(draft)) {
        if let Some(tag) = draft.language.as_deref().filter(|tag| !same(tag, document)) {
            let text = said.entry(tag).or_default();
            text.push_str(&draft.line.text);
            text.push('\n');
        }
    }
    let clear = |text: &str| guess(text).is_some_and(|guess| guess.sure && same(guess.language, document));
    said.into_iter().filter(|(_, text)| clear(text)).map(|(tag, _)| tag.to_owned()).collect()
}

/// Whether a block's own `tag` adds nothing to the document's: it is the same, or the same less
/// exactly (`en` within `en-US`).
fn says_the_same(document: &str, tag: &str) -> bool {
    let (document, tag) = (document.to_ascii_lowercase(), tag.to_ascii_lowercase());
    document.strip_prefix(&tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Leaves a block's language where it differs from the document's and what its text and its
/// neighbours tell does not contradict it.
fn settle_block(draft: &mut Draft, told: Option<&'static str>, document: &str) {
    let declared = draft.language.take().and_then(|tag| language_tag(&tag));
    let possible = declared.filter(|tag| can_be_in(&draft.line.text, tag));
    draft.language = match (possible, told) {
        (Some(tag), Some(told)) if !same(&tag, told) => (!same(document, told)).then(|| told.to_owned()),
        (Some(tag), _) => Some(tag),
        (None, Some(told)) if !same(document, told) => Some(told.to_owned()),
        (None, _) => None,
    }
    .filter(|tag| !says_the_same(document, tag));
}

/// The language that nearly all blocks say of themselves, which is more exact than what the
/// document says as a whole.
fn declared_by_blocks(drafts: &[Draft]) -> Option<String> {
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = 0;
    for draft in drafts.iter().filter(|draft| is_prose(draft)) {
        let length = draft.line.text.chars().count();
        all += length;
        if let Some(tag) =
            draft.language.as_deref().and_then(language_tag).filter(|tag| can_be_in(&draft.line.text, tag))
        {
            *said.entry(tag).or_default() += length;
        }
    }
    let (tag, most) = said.into_iter().max_by_key(|(_, count)| *count)?;
    (most * 100 >= all * OVERRULING_SHARE).then_some(tag)
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Whether a block's text is in a language: code and formulas are in none, menus may be in many.
fn is_prose(draft: &Draft) -> bool {
    !matches!(
        draft.kind,
        BlockKind::Code { .. } | BlockKind::Formula { .. } | BlockKind::Furniture { furniture: Furniture::Navigation }
    )
}

fn shares(drafts: &[Draft]) -> Shares {
    let mut passages: Vec<String> = vec![String::new()];
    for draft in drafts.iter().filter(|draft| is_prose(draft)) {
        if let Some(last) = passages.last_mut() {
            last.push_str(&draft.line.text);
            last.push('\n');
            if last.len() >= PASSAGE {
                passages.push(String::new());
            }
        }
    }
    let step = passages.len().div_ceil(MOST_PASSAGES);
    let mut shares = Shares::default();
    for passage in passages.iter().step_by(step) {
        shares.add(passage);
    }
    if shares.judged == 0 {
        shares.add(&passages.iter().step_by(step).map(String::as_str).collect::<String>());
    }
    shares
}

/// A BCP 47 tag in its usual spelling (`en_us` becomes `en-US`), or none if it cannot be one.
pub(in super::super) fn language_tag(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "-");
    let mut parts = text.split('-');
    let first = parts.next()?.to_ascii_lowercase();
    let known = (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
    if !known || first == "und" || first == "zxx" || first == "mul" {
        return None;
    }
    let mut tag = first;
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 => tag.extend(
                part.char_indices()
                    .map(|(at, char)| if at == 0 { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() }),
            ),
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::super::super::inline::Line;
    use super::*;

    const ENGLISH: &str = "The keeper of the lamp went down to the harbour with the letter in his hand, and nobody asked him what was in it, \
        for the people of the town knew that he would not say. It had been so for many years, and it was as good as a law.";
    const GERMAN: &str = "Der Wärter der Lampe ging mit dem Brief in der Hand zum Hafen hinunter, und niemand fragte ihn, was darin \
        stand, denn die Leute der Stadt wussten, dass er es nicht sagen würde. So war es seit vielen Jahren.";

    fn settled(declared: Option<&str>, blocks: &[(&str, Option<&str>)]) -> (String, Vec<Option<String>>, usize) {
        let mut assembly = Assembly::default();
        for (text, language) in blocks {
            let mut draft = Draft::new(BlockKind::Paragraph, Line::plain(text));
            draft.language = language.map(str::to_owned);
            assembly.push(draft);
        }
        let language = assembly.settle_language(declared);
        let blocks = assembly.drafts.into_iter().map(|draft| draft.language).collect();
        (language, blocks, assembly.warnings.len())
    }

    #[test]
    fn a_declaration_stands_until_the_text_clearly_says_otherwise() {
        let (english, german) = ((ENGLISH, None), (GERMAN, None));
        for (declared, blocks, wanted, warned) in [
            (Some("ru-RU"), vec![english, english], "en", true),
            (Some("ru-RU"), vec![("A short note on the state of the harbour wall", None)], "en", true),
            (Some("de-DE"), vec![english, english, english], "en", true),
            (Some("da-DK"), vec![("The lamp is on the left of the door that leads to the harbour", None)], "en", true),
            (Some("da-DK"), vec![("Lampe 7", None)], "da-DK", false),
            (Some("de-DE"), vec![english, german, german], "de-DE", false),
            (Some("en-GB"), vec![english, german], "en-GB", false),
            (
                Some("en-GB"),
                vec![("Bloemfontein, Stellenbosch, Van der Merwe, Botha en Pretorius", None)],
                "en-GB",
                false,
            ),
            (None, vec![english, english, german, english, english], "en", false),
            (None, vec![("Ch. 3", None)], "und", false),
        ] {
            let (language, _, warnings) = settled(declared, &blocks);
            assert_eq!((language.as_str(), warnings > 0), (wanted, warned), "{declared:?}");
        }
    }

    #[test]
    fn what_the_blocks_say_is_believed_before_what_the_document_says() {
        let blocks = [("One", Some("en-US")), ("Two of them", Some("en-US"))];
        assert_eq!(settled(Some("fr-FR"), &blocks).0, "en-US");
        assert_eq!(settled(Some("ru-RU"), &[("One", None), ("Two", None)]).0, "und");
    }

    #[test]
    fn a_block_in_another_language_is_told_apart_and_a_wrong_declaration_is_not_believed() {
        let (_, blocks, _) = settled(
            None,
            &[
                (ENGLISH, None),
                (GERMAN, None),
                (ENGLISH, Some("ru-RU")),
                ("Short", Some("ru-RU")),
                ("Bon mot", Some("fr")),
                (ENGLISH, Some("de")),
            ],
        );
        let found: Vec<Option<&str>> = blocks.iter().map(Option::as_deref).collect();
        assert_eq!(found, [None, Some("de"), None, None, Some("fr"), None]);
    }

    #[test]
    fn a_block_is_judged_with_what_stands_around_it() {
        let short_german = "Er ging mit dem Brief in der Hand zu den Leuten, die nicht auf ihn warteten.";
        let titles = "Thomas Mann, Der Zauberberg, Buddenbrooks; Hermann Hesse, Das Glasperlenspiel, Siddhartha; Franz Kafka, \
                      Der Prozess, Das Schloss, Amerika; Günter Grass, Die Blechtrommel";
        let (english, german) = ((ENGLISH, None), (GERMAN, None));
        let de = Some("de");
        let whole = [english; 6];
        for (blocks, wanted) in [
            // Titles between blocks of the document's language are of that.
            (vec![english, ("Der Prozess", None), english], vec![None, None, None]),
            (vec![english, (titles, None), english, english], vec![None, None, None, None]),
            // A sentence that leaves no doubt is of its own language, though it is short.
            (vec![english, (short_german, None), english], vec![None, de, None]),
            // What says nothing between two blocks of another language is of theirs.
            (vec![german, ("Kapitel 3", None), german], vec![de, de, de]),
            (vec![german, ("Ja.", None), ("Nein.", None), german], vec![de, de, de, de]),
            // It is of the document's, where its words are, or where too much stands between.
            (vec![german, ("The end of the letter", None), german], vec![de, None, de]),
            (
                vec![german, ("A", None), ("B", None), ("C", None), ("D", None), german],
                vec![de, None, None, None, None, de],
            ),
            (vec![german, ("Kapitel 3", None), english], vec![de, None, None]),
            // What the source says of a block stands.
            (vec![german, ("Bon mot", Some("fr")), german], vec![de, Some("fr"), de]),
        ] {
            let (document, found, _) = settled(None, &[whole.as_slice(), &blocks, &whole].concat());
            assert_eq!(document, "en");
            let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
            assert_eq!(found[6..6 + blocks.len()], wanted, "{blocks:?}");
        }
    }

    #[test]
    fn a_tag_of_blocks_that_are_clearly_in_the_documents_language_together_is_of_no_account() {
        let bullets =
            [("The lamp and the door", "fr"), ("Some of it, and one of these", "fr"), ("To be on the list", "fr")];
        let blocks: Vec<(&str, Option<&str>)> =
            std::iter::once((ENGLISH, None)).chain(bullets.map(|(text, tag)| (text, Some(tag)))).collect();
        assert!(settled(None, &blocks).1.iter().all(Option::is_none));
    }

    #[test]
    fn language_tags_take_their_usual_spelling() {
        for (given, wanted) in [
            ("en", Some("en")),
            ("EN_us", Some("en-US")),
            ("zh-hant-TW", Some("zh-Hant-TW")),
            ("english language", None),
            ("", None),
            ("und", None),
        ] {
            assert_eq!(language_tag(given).as_deref(), wanted, "{given}");
        }
    }

    #[test]
    fn a_language_less_exact_than_the_documents_is_no_other() {
        for (document, tag, wanted) in [
            ("en", "en", true),
            ("en-US", "en", true),
            ("en", "en-GB", false),
            ("en", "de", false),
            ("eng", "en", false),
        ] {
            assert_eq!(says_the_same(document, tag), wanted, "{document} {tag}");
        }
    }
}
