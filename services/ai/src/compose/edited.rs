//! A written section with sentences of a caller's in the place of others. Whatever made the
//! section, it is edited in this one way, and no model is asked.

use lectern_core::content::edits::Edit;
use lectern_core::content::script::{Edited, Section, SkipReason, Skipped, Utterance};
use lectern_core::{Failure, Kind, Reason};

use super::words::said;
use crate::speakable::Language;

/// `section` after `edits`, one after the other, each of which names an utterance by the id that
/// the edits before it left it. The words of an edit are the caller's: they are `added`, keep the
/// speaker, the role and the sources of what they stand for, and list it as [`SkipReason::Edited`]
/// where that spoke the document.
///
/// # Errors
/// `INVALID_FIELD` for an utterance that is not there (OUT_OF_RANGE), and for a text that has
/// nothing to say; the field is `edits`.
pub fn edited<'a>(
    section: Section,
    edits: impl IntoIterator<Item = &'a Edit>,
    language: Language,
) -> Result<Section, Failure> {
    let mut editing = Editing::of(section);
    for edit in edits {
        editing.apply(edit, language)?;
    }
    Ok(editing.section())
}

/// A section that is being edited.
struct Editing {
    section: Section,
    lines: Vec<Line>,
    /// What was written where a caller's words are now.
    before: Vec<String>,
}

/// An utterance, and which of [`Editing::before`] it stands for; none where it is as it was
/// written.
struct Line {
    said: Utterance,
    stands_for: Option<usize>,
}

impl Editing {
    fn of(mut section: Section) -> Self {
        let said = std::mem::take(&mut section.utterances);
        let lines = said.into_iter().map(|said| Line { said, stands_for: None }).collect();
        Self { section, lines, before: Vec::new() }
    }

    fn apply(&mut self, edit: &Edit, language: Language) -> Result<(), Failure> {
        let at = edit.utterance as usize;
        let Some(Line { said: old, stands_for }) = self.lines.get(at) else {
            return Err(not_there(edit, self.lines.len()));
        };
        // Whoever speaks it speaks the language of what it stands for.
        let spoken = old.language.as_deref().and_then(Language::of).unwrap_or(language);
        let mut new = said(&edit.text, &old.sources, old.role, old.speaker, spoken);
        for utterance in &mut new {
            utterance.language.clone_from(&old.language);
        }
        let Some(last) = new.last_mut() else { return Err(unspeakable(edit)) };
        last.ends_block = old.ends_block;
        if !old.added {
            let listed = old.sources.iter().map(|source| Skipped {
                block: source.block,
                range: Some(source.range),
                reason: SkipReason::Edited,
            });
            self.section.skipped.extend(listed);
        }
        let stands_for = stands_for.unwrap_or_else(|| {
            self.before.push(old.original.clone());
            self.before.len() - 1
        });
        let new = new.into_iter().map(|said| Line { said, stands_for: Some(stands_for) });
        drop(self.lines.splice(at..=at, new));
        Ok(())
    }

    /// The section, its utterances numbered anew.
    fn section(self) -> Section {
        let Self { mut section, lines, before } = self;
        section.edited.clear();
        let mut last_stood_for = None;
        for (Line { mut said, stands_for }, id) in lines.into_iter().zip(0..) {
            said.id = id;
            section.utterances.push(said);
            let goes_on = stands_for.is_some() && stands_for == last_stood_for;
            last_stood_for = stands_for;
            let Some(before) = stands_for.and_then(|stands_for| before.get(stands_for)) else { continue };
            if goes_on && let Some(last) = section.edited.last_mut() {
                last.count += 1;
                continue;
            }
            section.edited.push(Edited { first: id, count: 1, before: before.clone() });
        }
        section
    }
}

fn not_there(edit: &Edit, utterances: usize) -> Failure {
    let message = format!(
        "section {} has {utterances} sentences, counted from 0, and none is {}; read the script again",
        edit.section, edit.utterance
    );
    Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("edits")
}

fn unspeakable(edit: &Edit) -> Failure {
    let message = format!(
        "the text for sentence {} of section {} has nothing that can be said; write words in the script's language",
        edit.utterance, edit.section
    );
    Failure::invalid("edits", message)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::{Role, SCHEMA, Source, Speaker};

    use super::*;

    /// A section of the document's own words, of which the last sentence is announced.
    fn section() -> Section {
        let source = |start| Source { block: 4, range: Range::new(start, start + 5) };
        let three = "Salt is old. It is dear. It is white.";
        let mut utterances = said(three, &[], Role::Body, Speaker(1), Language::English);
        for (utterance, start) in utterances.iter_mut().zip([0, 10, 20]) {
            (utterance.sources, utterance.added) = (vec![source(start)], start == 20);
        }
        let (title, skipped, dropped, edited) = ("Salt".to_owned(), Vec::new(), Vec::new(), Vec::new());
        let engine = String::new();
        Section { schema: SCHEMA, index: 2, title, level: 1, utterances, skipped, dropped, engine, edited }
    }

    fn edit(utterance: u32, text: &str) -> Edit {
        Edit { section: 2, utterance, text: text.to_owned() }
    }

    fn shown(section: &Section) -> Vec<&str> {
        section.utterances.iter().map(|said| said.original.as_str()).collect()
    }

    fn edited_by(edits: &[Edit]) -> Section {
        edited(section(), edits, Language::English).unwrap()
    }

    #[test]
    fn a_sentence_is_another_one_and_the_others_are_as_they_were() {
        let made = edited_by(&[edit(1, "It cost 4 pounds.")]);
        assert_eq!(shown(&made), ["Salt is old.", "It cost 4 pounds.", "It is white."]);
        let written = section();
        let (old, new) = (&written.utterances[1], &made.utterances[1]);
        assert_eq!(new.spoken, "It cost four pounds.");
        assert!(new.added && (new.id, new.speaker, new.role, new.ends_block) == (1, Speaker(1), Role::Body, false));
        assert_eq!((&new.sources, old.added), (&old.sources, false));
        assert_eq!([&made.utterances[0], &made.utterances[2]], [&written.utterances[0], &written.utterances[2]]);
        assert_eq!(made.edited, [Edited { first: 1, count: 1, before: "It is dear.".to_owned() }]);
        let range = Some(Range::new(10, 15));
        assert_eq!(made.skipped, [Skipped { block: 4, range, reason: SkipReason::Edited }]);
        assert!(made.is_edited(1) && !made.is_edited(0) && !made.is_edited(2));
    }

    #[test]
    fn what_becomes_several_sentences_stands_for_one_and_may_be_edited_again() {
        let edits =
            [edit(0, "Salt is old. Very old."), edit(1, "As old as the sea. And more."), edit(4, "It is grey.")];
        let made = edited_by(&edits);
        assert_eq!(shown(&made), ["Salt is old.", "As old as the sea.", "And more.", "It is dear.", "It is grey."]);
        assert_eq!(made.utterances.iter().map(|said| said.id).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let stands_for = |first, count, before: &str| Edited { first, count, before: before.to_owned() };
        assert_eq!(made.edited, [stands_for(0, 3, "Salt is old."), stands_for(4, 1, "It is white.")]);
        // What was announced spoke nothing, and a sentence is left out once.
        assert_eq!(made.skipped.len(), 1, "{:?}", made.skipped);
        let ends: Vec<bool> = made.utterances.iter().map(|said| said.ends_block).collect();
        assert_eq!(ends, [false, false, false, false, true]);
        assert_eq!(edited_by(&[]), section());
    }

    #[test]
    fn neighbours_that_were_edited_are_two() {
        let made = edited_by(&[edit(1, "Dear it is."), edit(0, "Old it is.")]);
        let firsts: Vec<(u32, u32)> = made.edited.iter().map(|edited| (edited.first, edited.count)).collect();
        assert_eq!(firsts, [(0, 1), (1, 1)]);
    }

    #[test]
    fn a_sentence_that_is_not_there_and_a_text_without_words_are_refused() {
        let refused = |edit: Edit| edited(section(), [&edit], Language::English).unwrap_err();
        let gone = refused(edit(3, "More."));
        let expected = (Kind::OutOfRange, Reason::InvalidField, Some("edits"));
        assert_eq!((gone.kind, gone.reason, gone.field.as_deref()), expected);
        for text in ["* * *", "水"] {
            let empty = refused(edit(0, text));
            assert_eq!((empty.kind, empty.reason), (Kind::InvalidArgument, Reason::InvalidField), "{text}");
        }
    }
}
