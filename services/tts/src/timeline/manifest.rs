//! The manifest: what became of every block of the source (invariant I9), by the account of
//! `lectern_core`. A script is balanced when it is written; what an older one leaves open is listed
//! here all the same, since everything was recorded by then.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use lectern_core::Failure;
use lectern_core::content::accounting::{Account, account};
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Plan, Section, Skipped, Speaker};
use lectern_core::content::timeline::{
    BlockFate, Coverage, DroppedSentence, EditedSentence, LanguageSpokenBy, Manifest, SCHEMA, SpokenBy, SpokenPart,
    SubstitutedSentence, Track,
};
use lectern_core::content::{Range, length};
use lectern_proto::names;
use tracing::error;

use super::speakers::Speakers;
use super::{Placed, place, skipped};
use crate::audio::join::Measured;

/// What a manifest is made from.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The source.
    pub content: &'a Content,
    /// The outline.
    pub plan: &'a Plan,
    /// The sections, in the plan's order.
    pub sections: &'a [Section],
    /// Their recordings.
    pub tracks: &'a [Track],
    /// The pinned voices (`engines/local/voices/heart@1.5f70741d`), by the place of their speakers.
    pub voices: &'a [&'a str],
    /// Who speaks what is in other languages, of those that are heard.
    pub languages: &'a [LanguageSpokenBy],
    /// The finished recording.
    pub measured: &'a Measured,
}

/// The manifest of a recording.
///
/// # Errors
///
/// `INTERNAL`, naming the block, if the script names places that the source does not have; also if
/// the tracks are not those of the sections.
pub fn manifest(inputs: &Inputs<'_>) -> Result<Manifest, Failure> {
    let &Inputs { content, plan, sections, tracks, voices, languages, measured } = inputs;
    let first = voices.first().copied().unwrap_or_default();
    let placed = place(sections, tracks)?;
    let mut spoken = spoken_parts(&placed);
    let mut skipped = skipped(plan, sections);

    let mut blocks = Vec::with_capacity(content.blocks.len());
    let mut coverage = Coverage::default();
    for block in &content.blocks {
        let mut spoken = spoken.remove(&block.id).unwrap_or_default();
        spoken.sort_by_key(|part| (part.range, part.start));
        let account = accounted(block, &spoken, &skipped.remove(&block.id).unwrap_or_default())?;
        coverage.count(&account);
        blocks.push(BlockFate {
            block: block.id,
            kind: block.kind.name().to_owned(),
            page: block.page,
            length: length(&block.text),
            fate: account.fate,
            spoken,
            skipped: account.skipped,
        });
    }
    if let Some(block) = spoken.keys().chain(skipped.keys()).next() {
        return Err(Failure::internal(format!("the script names block {block}, which the source does not have")));
    }

    let mut engines = vec![content.extractor.clone(), plan.engine.clone()];
    for section in sections.iter().filter(|section| !section.engine.is_empty()) {
        if !engines.contains(&section.engine) {
            engines.push(section.engine.clone());
        }
    }
    for voice in voices.iter().copied().chain(languages.iter().map(|one| one.voice.as_str())) {
        let (engine, _) = names::voice(voice.split_once('@').map_or(voice, |(name, _)| name), "voice")?;
        let engine = format!("{engine}/{}", env!("CARGO_PKG_VERSION"));
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    let warnings = content.warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message));
    let notes = plan.notes.iter().map(|note| format!("{}: {}", note.code, note.message));
    Ok(Manifest {
        schema: SCHEMA,
        title: plan.title.clone(),
        language: plan.language.clone(),
        style: plan.order.style.name().to_owned(),
        voice: first.to_owned(),
        speakers: spoken_by(plan, sections, voices),
        languages: languages.to_vec(),
        engines,
        sample_rate: measured.sample_rate,
        samples: measured.samples,
        loudness: measured.loudness,
        true_peak: measured.true_peak,
        coverage,
        blocks,
        notes: warnings.chain(notes).collect(),
        edited: edited(&placed),
        dropped: dropped(sections),
        substituted: substituted(&placed),
        timing: tracks.iter().flat_map(|track| &track.segments).map(|segment| segment.timing).max().unwrap_or_default(),
    })
}

/// Who speaks with which voice, where several do.
fn spoken_by(plan: &Plan, sections: &[Section], voices: &[&str]) -> Vec<SpokenBy> {
    if voices.len() < 2 {
        return Vec::new();
    }
    let speakers = Speakers::of(plan, sections);
    let of = |(place, voice): (u8, &&str)| SpokenBy {
        name: speakers.name(Speaker(place)).unwrap_or_default().to_owned(),
        voice: (*voice).to_owned(),
    };
    (0..).zip(voices).map(of).collect()
}

/// What another voice spoke than was asked for, and when it is heard.
fn substituted(placed: &[Placed<'_>]) -> Vec<SubstitutedSentence> {
    let of = |at: &Placed<'_>| {
        let (section, offset) = (at.section.index, at.offset);
        let by_another = at.utterances().filter_map(move |(utterance, segment)| {
            Some(SubstitutedSentence {
                section,
                utterance: utterance.id,
                voice: segment.voice.clone()?,
                start: offset + segment.start,
                end: offset + segment.start + segment.samples,
            })
        });
        by_another.collect::<Vec<_>>()
    };
    placed.iter().flat_map(of).collect()
}

/// What a caller changed, and when it is heard.
fn edited(placed: &[Placed<'_>]) -> Vec<EditedSentence> {
    let mut all = Vec::new();
    for at in placed {
        for edited in &at.section.edited {
            let said: Vec<_> = at.utterances().filter(|(utterance, _)| edited.has(utterance.id)).collect();
            let (Some((_, first)), Some((_, last))) = (said.first(), said.last()) else { continue };
            all.push(EditedSentence {
                section: at.section.index,
                utterance: edited.first,
                before: edited.before.clone(),
                says: said.iter().map(|(utterance, _)| utterance.original.as_str()).collect::<Vec<_>>().join(" "),
                start: at.offset + first.start,
                end: at.offset + last.start + last.samples,
            });
        }
    }
    all
}

/// What was written and is not heard.
fn dropped(sections: &[Section]) -> Vec<DroppedSentence> {
    let of = |section: &Section| {
        let index = section.index;
        let sentences = section.dropped.iter().cloned();
        sentences.map(move |sentence| DroppedSentence { section: index, sentence }).collect::<Vec<_>>()
    };
    sections.iter().flat_map(of).collect()
}

/// What of each block is heard, and when. An announcement is about its blocks and does not speak
/// them.
fn spoken_parts(placed: &[Placed<'_>]) -> BTreeMap<u32, Vec<SpokenPart>> {
    let mut parts: BTreeMap<u32, Vec<SpokenPart>> = BTreeMap::new();
    for at in placed {
        for (utterance, segment) in at.utterances().filter(|(utterance, _)| !utterance.added) {
            let start = at.offset + segment.start;
            for source in &utterance.sources {
                parts.entry(source.block).or_default().push(SpokenPart {
                    range: source.range,
                    section: at.section.index,
                    start,
                    end: start + segment.samples,
                });
            }
        }
    }
    parts
}

/// What became of a block. What nobody accounts for is a defect of the script's writer; it is
/// listed, and the order goes on.
fn accounted(block: &Block, spoken: &[SpokenPart], skips: &[&Skipped]) -> Result<Account, Failure> {
    let heard: Vec<Range> = spoken.iter().map(|part| part.range).collect();
    let account = account(block, &heard, skips)?;
    for defect in account.defects() {
        let range = defect.range.unwrap_or(Range::all(&block.text));
        error!(
            block = block.id,
            range.start, range.end, "the script accounts for this nowhere; it is listed as skipped"
        );
    }
    Ok(account)
}
