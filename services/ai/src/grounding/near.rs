//! How near two words are.

/// The number of letters to add, to leave out or to exchange between two words; more than `most`
/// is reported as `most + 1`.
pub(super) fn distance(one: &str, other: &str, most: usize) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            let best = (above + 1).min(left + 1).min(diagonal + usize::from(a != b));
            (diagonal, *cell, left) = (above, best, best);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0).min(most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, apart) in
            [("kepler", "kepler", 0), ("keppler", "kepler", 1), ("kelvin", "kepler", 4), ("", "ab", 2)]
        {
            assert_eq!(distance(one, other, 5), apart, "{one} {other}");
        }
        assert_eq!(distance("a", "abcdef", 2), 3);
    }
}
