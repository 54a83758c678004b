//! Sets of scalar values as sorted, disjoint ranges.

use lectern_core::content::Range;

/// The union of `ranges`: sorted, disjoint, touching ones merged, empty ones dropped.
pub(super) fn union(ranges: impl IntoIterator<Item = Range>) -> Vec<Range> {
    let mut sorted: Vec<Range> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
    sorted.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// What of `whole` is in none of `holes`, which are a [`union`].
pub(super) fn without(whole: Range, holes: &[Range]) -> Vec<Range> {
    let mut left = Vec::new();
    let mut at = whole.start;
    for hole in holes.iter().filter(|hole| hole.end > whole.start && hole.start < whole.end) {
        if hole.start > at {
            left.push(Range::new(at, hole.start));
        }
        at = at.max(hole.end);
    }
    if at < whole.end {
        left.push(Range::new(at, whole.end));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_merged_and_subtracted() {
        let r = Range::new;
        assert_eq!(union([r(5, 9), r(0, 2), r(2, 4), r(7, 8), r(3, 3)]), [r(0, 4), r(5, 9)]);
        let cases: [(Range, &[Range], &[Range]); 5] = [
            (r(0, 10), &[], &[r(0, 10)]),
            (r(0, 10), &[r(2, 4), r(6, 12)], &[r(0, 2), r(4, 6)]),
            (r(3, 5), &[r(0, 9)], &[]),
            (r(3, 5), &[r(0, 3), r(5, 9)], &[r(3, 5)]),
            (r(0, 0), &[], &[]),
        ];
        for (whole, holes, expected) in cases {
            assert_eq!(without(whole, holes), expected, "{whole:?} {holes:?}");
        }
    }
}
