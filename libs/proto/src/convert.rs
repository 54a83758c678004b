//! Between the wire's messages and the content model: what more than one service has to read or
//! write.

use lectern_core::content::Range;
use lectern_core::content::script::{self, DropReason, Role, SkipReason};
use lectern_core::content::timeline;
use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Kind, Reason};

use prost::Message as _;

use crate::{rpc, v1 as api};

mod direction;
mod lexicon;
mod order;
mod policies;
mod speakers;
mod speech;

pub use direction::{CAST, CHARACTER_NAME, cast_to_wire, direction_to_wire};
pub use lexicon::{lexicon_entries, lexicon_entry_to_wire, order_lexicon, order_lexicon_to_wire};
pub use order::{
    RANGES, compose_order, estimate_order, footnotes_to_wire, kind_to_wire, kinds_to_wire, language_tag,
    length_to_wire, order, plan_order, preview_order, selection_to_wire, style_to_wire,
};
pub use policies::{SPOKEN_LANGUAGES, emoji_to_wire, other_languages_to_wire};
pub use speakers::{delivery_to_wire, speakers, speakers_to_wire};
pub use speech::{speech_inputs_to_wire, utterance_of_inputs};

/// The `domain` of every `google.rpc.ErrorInfo` of ours.
pub const DOMAIN: &str = "lectern";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const STEP: &str = "step";

/// A failure as it stands in an event or a narration: the status that it has in a call, with the
/// step that failed among the metadata of its `ErrorInfo`.
#[must_use]
pub fn failure_to_wire(failure: &Failure, step: Option<&StepId>) -> rpc::Status {
    let info = rpc::ErrorInfo {
        reason: failure.reason.as_str().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata: step.map(|step| (STEP.to_owned(), step.to_string())).into_iter().collect(),
    };
    let info = prost_types::Any { type_url: ERROR_INFO.to_owned(), value: info.encode_to_vec() };
    rpc::Status { code: failure.kind.code(), message: failure.message.clone(), details: vec![info] }
}

/// The `ErrorInfo` of a status, where it has one of ours.
#[must_use]
pub fn error_info(wire: &rpc::Status) -> Option<rpc::ErrorInfo> {
    let infos = wire.details.iter().filter(|detail| detail.type_url == ERROR_INFO);
    infos.filter_map(|detail| rpc::ErrorInfo::decode(&*detail.value).ok()).find(|info| info.domain == DOMAIN)
}

/// Reads a failure; a reason or code that this version does not know is INTERNAL.
#[must_use]
pub fn failure(wire: &rpc::Status) -> Failure {
    let word = error_info(wire).map(|info| info.reason).unwrap_or_default();
    let reason = Reason::ALL.iter().copied().find(|reason| reason.as_str() == word).unwrap_or(Reason::Internal);
    Failure::new(Kind::of_code(wire.code).unwrap_or(Kind::Internal), reason, wire.message.clone())
}

/// The step that failed, where the status names one.
#[must_use]
pub fn failed_step(wire: &rpc::Status) -> Option<StepId> {
    error_info(wire)?.metadata.get(STEP)?.parse().ok()
}

/// A written section in the public API.
#[must_use]
pub fn section_to_wire(section: &script::Section) -> api::ScriptSection {
    api::ScriptSection {
        index: number(section.index),
        title: section.title.clone(),
        level: section.level.into(),
        utterances: section.utterances.iter().map(|utterance| said_to_wire(section, utterance)).collect(),
        skipped: section
            .skipped
            .iter()
            .map(|skipped| api::SkippedPart {
                part: Some(part(skipped.block, skipped.range.unwrap_or(Range::new(0, 0)))),
                reason: skip_reason(skipped.reason).into(),
                excerpt: String::new(),
            })
            .collect(),
        continued: false,
        dropped: section.dropped.iter().map(dropped_to_wire).collect(),
    }
}

/// An utterance of a section, which a caller may have edited, in the public API.
fn said_to_wire(section: &script::Section, utterance: &script::Utterance) -> api::Utterance {
    let edited = section.edited.iter().find(|edited| edited.has(utterance.id));
    let before = edited.filter(|edited| edited.first == utterance.id).map(|edited| edited.before.clone());
    api::Utterance { edited: edited.is_some(), before: before.unwrap_or_default(), ..utterance_to_wire(utterance) }
}

/// A sentence that was written and is not spoken, in the public API.
fn dropped_to_wire(dropped: &script::Dropped) -> api::DroppedSentence {
    api::DroppedSentence {
        text: dropped.text.clone(),
        reason: drop_reason(dropped.reason).into(),
        detail: dropped.detail.clone(),
        sources: dropped.sources.iter().map(|source| part(source.block, source.range)).collect(),
    }
}

/// Why a sentence that was written is not spoken, in the public API.
#[must_use]
pub const fn drop_reason(reason: DropReason) -> api::dropped_sentence::Reason {
    match reason {
        DropReason::Ungrounded => api::dropped_sentence::Reason::Ungrounded,
        DropReason::Unsourced => api::dropped_sentence::Reason::Unsourced,
        DropReason::Repeated => api::dropped_sentence::Reason::Repeated,
        DropReason::NotSpeech => api::dropped_sentence::Reason::NotSpeech,
        DropReason::Cut => api::dropped_sentence::Reason::Cut,
        DropReason::TooLong => api::dropped_sentence::Reason::TooLong,
    }
}

/// An utterance in the public API.
#[must_use]
pub fn utterance_to_wire(utterance: &script::Utterance) -> api::Utterance {
    let role = match utterance.role {
        Role::Heading { .. } => api::utterance::Role::Heading,
        Role::Body => api::utterance::Role::Body,
        Role::ListItem => api::utterance::Role::ListItem,
        Role::TableRow => api::utterance::Role::TableRow,
        Role::Quote => api::utterance::Role::Quote,
        Role::Caption => api::utterance::Role::Caption,
        Role::Footnote => api::utterance::Role::Footnote,
        Role::Announcement => api::utterance::Role::Announcement,
    };
    api::Utterance {
        id: number(utterance.id),
        speaker: utterance.speaker.0.into(),
        role: role.into(),
        original: utterance.original.clone(),
        spoken: utterance.spoken.clone(),
        added: utterance.added,
        sources: utterance.sources.iter().map(|source| part(source.block, source.range)).collect(),
        edited: false,
        before: String::new(),
    }
}

/// A place in a block, in the public API.
#[must_use]
pub fn part(block: u32, range: Range) -> api::SourcePart {
    api::SourcePart { block: number(block), start: number(range.start), end: number(range.end) }
}

/// A part that is not spoken, in the public API.
#[must_use]
pub fn skipped_to_wire(block: u32, skipped: &timeline::SkippedPart) -> api::SkippedPart {
    api::SkippedPart {
        part: Some(part(block, skipped.range)),
        reason: skip_reason(skipped.reason).into(),
        excerpt: skipped.excerpt.clone(),
    }
}

/// What became of a block as a whole, in the public API.
#[must_use]
pub const fn fate_to_wire(fate: timeline::Fate) -> api::block_fate::Fate {
    match fate {
        timeline::Fate::Spoken => api::block_fate::Fate::Spoken,
        timeline::Fate::Summarised => api::block_fate::Fate::Summarised,
        timeline::Fate::Skipped => api::block_fate::Fate::Skipped,
    }
}

/// Counts over blocks, in the public API.
#[must_use]
pub fn coverage_to_wire(coverage: timeline::Coverage) -> api::Coverage {
    api::Coverage {
        block_count: number(coverage.blocks),
        spoken_block_count: number(coverage.spoken),
        summarised_block_count: number(coverage.summarised),
        skipped_block_count: number(coverage.skipped),
        word_count: coverage.words.into(),
        spoken_word_count: coverage.words_spoken.into(),
    }
}

const fn skip_reason(reason: SkipReason) -> api::SkipReason {
    match reason {
        SkipReason::RunningHead => api::SkipReason::RunningHead,
        SkipReason::PageNumber => api::SkipReason::PageNumber,
        SkipReason::Navigation => api::SkipReason::Navigation,
        SkipReason::TableOfContents => api::SkipReason::TableOfContents,
        SkipReason::FrontMatter => api::SkipReason::FrontMatter,
        SkipReason::BackMatter => api::SkipReason::BackMatter,
        SkipReason::References => api::SkipReason::References,
        SkipReason::Citation => api::SkipReason::Citation,
        SkipReason::NoteMark => api::SkipReason::NoteMark,
        SkipReason::FootnoteSkipped => api::SkipReason::FootnoteSkipped,
        SkipReason::CodeBody => api::SkipReason::CodeBody,
        SkipReason::TableBody => api::SkipReason::TableBody,
        SkipReason::Formula => api::SkipReason::Formula,
        SkipReason::FigureWithoutText => api::SkipReason::FigureWithoutText,
        SkipReason::LanguageUnsupported => api::SkipReason::LanguageUnsupported,
        SkipReason::Summarised => api::SkipReason::Summarised,
        SkipReason::NothingToSay => api::SkipReason::NothingToSay,
        SkipReason::Watermark => api::SkipReason::Watermark,
        SkipReason::Hidden => api::SkipReason::Hidden,
        SkipReason::Deleted => api::SkipReason::Deleted,
        SkipReason::Comment => api::SkipReason::Comment,
        SkipReason::Placeholder => api::SkipReason::Placeholder,
        SkipReason::NotSelected => api::SkipReason::NotSelected,
        SkipReason::NotWanted => api::SkipReason::NotWanted,
        SkipReason::Edited => api::SkipReason::Edited,
        SkipReason::Unaccounted => api::SkipReason::Unaccounted,
    }
}

/// What a block is, by the word that the content model has for it; UNSPECIFIED for a word that this
/// version does not know.
#[must_use]
pub fn block_kind(word: &str) -> api::BlockKind {
    match word {
        "heading" => api::BlockKind::Heading,
        "paragraph" => api::BlockKind::Paragraph,
        "list_item" => api::BlockKind::ListItem,
        "table" => api::BlockKind::Table,
        "code" => api::BlockKind::Code,
        "quote" => api::BlockKind::Quote,
        "caption" => api::BlockKind::Caption,
        "footnote" => api::BlockKind::Footnote,
        "formula" => api::BlockKind::Formula,
        "figure" => api::BlockKind::Figure,
        "furniture" => api::BlockKind::Furniture,
        _ => api::BlockKind::Unspecified,
    }
}

/// A stage service in the public API.
#[must_use]
pub const fn stage_to_wire(stage: Service) -> api::StageName {
    match stage {
        Service::Ingest => api::StageName::Ingest,
        Service::Ai => api::StageName::Ai,
        Service::Tts => api::StageName::Tts,
    }
}

/// The stage service that the public API names; none where it names none.
///
/// # Errors
/// INVALID_ARGUMENT naming the field, for a number that this version does not know.
pub fn stage(field: &str, wire: i32) -> Result<Option<Service>, Failure> {
    match api::StageName::try_from(wire) {
        Ok(api::StageName::Unspecified) => Ok(None),
        Ok(api::StageName::Ingest) => Ok(Some(Service::Ingest)),
        Ok(api::StageName::Ai) => Ok(Some(Service::Ai)),
        Ok(api::StageName::Tts) => Ok(Some(Service::Tts)),
        Err(_) => {
            let message = format!("{field} is no stage; use STAGE_NAME_INGEST, STAGE_NAME_AI or STAGE_NAME_TTS");
            Err(Failure::invalid(field, message))
        }
    }
}

/// A count as the wire has it; the content model's limits keep it far below the largest.
#[must_use]
pub fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Characters of a title on the wire; a heading may be longer.
pub const TITLE_CHARS: usize = 300;

/// A title on the wire, of which a long one is cut.
#[must_use]
pub fn title(title: &str) -> String {
    title.chars().take(TITLE_CHARS).collect()
}

/// A moment on the wire.
#[must_use]
pub fn time(at: lectern_core::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(at.millis() / 1000).unwrap_or(i64::MAX),
        nanos: i32::try_from(at.millis() % 1000).unwrap_or(0) * 1_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_back_as_it_was_with_its_step() {
        let failed = Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, "the voice said something else");
        let step: StepId = "n/2/record/7".parse().unwrap();
        let wire = failure_to_wire(&failed, Some(&step));
        assert_eq!((failure(&wire), failed_step(&wire)), (failed.clone(), Some(step)));
        let wire = failure_to_wire(&failed, None);
        assert_eq!((failure(&wire), failed_step(&wire)), (failed, None));
        let strange = rpc::Status { code: 99, message: "?".to_owned(), details: Vec::new() };
        assert_eq!((failure(&strange).kind, failure(&strange).reason), (Kind::Internal, Reason::Internal));
    }
}
