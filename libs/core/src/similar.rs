//! What somebody may have meant who wrote a name that there is not.

/// Levenshtein's edit distance: the fewest characters that are put in, left out or exchanged to
/// make one text of the other. Its time is the product of their lengths, so it is for names.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, x) in one.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (above, y) in row.iter().skip(1).zip(&other) {
            let cost = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_what_is_put_in_left_out_or_exchanged() {
        for (one, other, expected) in [
            ("", "", 0),
            ("heart", "heart", 0),
            ("hart", "heart", 1),
            ("hearth", "heart", 1),
            ("haert", "heart", 2),
            ("", "heart", 5),
            ("für", "fur", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected), "{one:?} {other:?}");
        }
    }
}
