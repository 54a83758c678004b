//! When a place in the written text is heard.

use lectern_core::content::Range;
use lectern_core::content::script::Utterance;
use lectern_core::content::timeline::SegmentRef;

/// When a place in the written text is heard: exact where a word begins, in proportion between.
pub(super) struct Clock {
    // Visible characters before a place, and samples from the segment's start; both strictly grow.
    anchors: Vec<(u64, u64)>,
}

impl Clock {
    pub(super) fn new(utterance: &Utterance, shown: &str, segment: &SegmentRef) -> Self {
        // Visible characters before each scalar value of the written text.
        let mut before = vec![0_u64];
        let mut count = 0;
        for c in shown.chars() {
            count += u64::from(!c.is_whitespace());
            before.push(count);
        }
        let mut anchors = vec![(0, 0)];
        let end = (count.max(1), segment.samples);
        for step in utterance.map.iter().filter(|step| !step.original.is_empty()) {
            let inside = |range: Range| step.spoken.start <= range.start && range.start < step.spoken.end;
            let word = segment.words.iter().find(|word| inside(word.spoken));
            let place = usize::try_from(step.original.start).ok().and_then(|at| before.get(at));
            if let (Some(word), Some(&place)) = (word, place) {
                let (last_place, last_time) = anchors.last().copied().unwrap_or_default();
                if place > last_place && word.start > last_time && place < end.0 && word.start < end.1 {
                    anchors.push((place, word.start));
                }
            }
        }
        anchors.push(end);
        Self { anchors }
    }

    /// Samples from the segment's start to the place behind so many visible characters.
    pub(super) fn at(&self, place: u64) -> u64 {
        let next = self.anchors.partition_point(|anchor| anchor.0 < place).max(1);
        let (Some(&(p0, t0)), Some(&(p1, t1))) = (self.anchors.get(next - 1), self.anchors.get(next)) else {
            return self.anchors.last().map_or(0, |last| last.1);
        };
        t0 + (t1 - t0) * place.saturating_sub(p0).min(p1 - p0) / (p1 - p0).max(1)
    }
}
