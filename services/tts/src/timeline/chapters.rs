//! Chapters: one a section, in the JSON of the Podcasting 2.0 namespace (version 1.2.0) with fields
//! of ours beside it.

use lectern_core::Failure;
use lectern_core::content::script::Section;
use lectern_core::content::timeline::Track;
use serde::{Deserialize, Serialize};

use super::{milliseconds, place};

/// Milliseconds of silence that are heard before a chapter's first word when a listener jumps to
/// it.
const LEAD: u64 = 250;

/// `chapters.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chapters {
    /// The version of the format.
    pub version: String,
    /// The recording's title.
    pub title: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// In the order they are heard, each ending where the next begins.
    pub chapters: Vec<Chapter>,
}

/// One chapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chapter {
    /// Where it begins, in seconds.
    pub start_time: f64,
    /// Where it ends, in seconds.
    pub end_time: f64,
    /// Its title.
    pub title: String,
    /// The level of its heading, 1 to 6.
    pub level: u8,
    /// The section's place in the plan.
    pub section: u32,
    /// Where it begins, in milliseconds.
    pub start_ms: u64,
    /// Where it ends, in milliseconds.
    pub end_ms: u64,
    /// Its first sample.
    pub start_sample: u64,
    /// One past its last.
    pub end_sample: u64,
}

/// The chapters of a recording. The first begins at 0; a later one shortly before its first word.
///
/// # Errors
///
/// `INTERNAL` if the tracks are not those of the sections.
pub fn chapters(title: &str, sections: &[Section], tracks: &[Track]) -> Result<Chapters, Failure> {
    let placed = place(sections, tracks)?;
    let sample_rate = tracks.first().map_or(0, |track| track.sample_rate);
    let lead = LEAD * u64::from(sample_rate) / 1000;
    let mut starts: Vec<u64> = placed
        .iter()
        .map(|at| {
            let silence = at.track.segments.first().map_or(0, |segment| segment.pause);
            if at.offset == 0 { 0 } else { at.offset + silence.saturating_sub(lead) }
        })
        .collect();
    starts.push(placed.last().map_or(0, |last| last.offset + last.track.samples));
    let chapters = placed.iter().zip(starts.windows(2)).map(|(at, bounds)| {
        let (start_sample, end_sample) = (bounds[0], bounds[1]);
        let (start_ms, end_ms) = (milliseconds(start_sample, sample_rate), milliseconds(end_sample, sample_rate));
        Chapter {
            start_time: seconds(start_ms),
            end_time: seconds(end_ms),
            title: at.section.title.clone(),
            level: at.section.level,
            section: at.section.index,
            start_ms,
            end_ms,
            start_sample,
            end_sample,
        }
    });
    Ok(Chapters { version: "1.2.0".to_owned(), title: title.to_owned(), sample_rate, chapters: chapters.collect() })
}

#[allow(clippy::cast_precision_loss, reason = "exact for the next 285,000 years")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::fixture::{section, tracks};

    #[test]
    fn chapters_cover_the_recording_and_begin_just_before_their_first_word() {
        let sections = [section(0, &["One", "First words."]), section(1, &["Two", "More."]), section(2, &["Three"])];
        let tracks = tracks(&sections);
        let all = chapters("Book", &sections, &tracks).unwrap();
        let total: u64 = tracks.iter().map(|track| track.samples).sum();
        assert_eq!(all.chapters.first().map(|chapter| chapter.start_sample), Some(0));
        assert_eq!(all.chapters.last().map(|chapter| chapter.end_sample), Some(total));
        assert!(all.chapters.windows(2).all(|pair| pair[0].end_sample == pair[1].start_sample));
        let second = &all.chapters[1];
        assert_eq!(tracks[0].samples + tracks[1].segments[0].start - second.start_sample, 6_000);
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!((&json["version"], &json["chapters"][1]["title"]), (&"1.2.0".into(), &"Part 2".into()));
        assert!(json["chapters"][1]["startTime"].is_f64());
        assert!(chapters("Book", &sections, &tracks[..2]).is_err());
    }
}
