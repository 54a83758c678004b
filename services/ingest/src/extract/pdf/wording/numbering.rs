//! Numbers of headings.

/// The words before which a number stands that counts parts of a work.
const PARTS: [&str; 6] = ["chapter", "part", "appendix", "section", "kapitel", "chapitre"];

/// The depth of a heading's number: `2.1 Title` is 2, `Chapter 3` is 1, `A.2 Title` is 2.
pub fn depth(text: &str) -> Option<u8> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let second = words.next()?;
    numbered(first).or_else(|| counted(first, second).then_some(1))
}

/// How many words of `text` are its number: 1 of `2.1 Title`, 2 of `Chapter 3. Title`.
pub fn words(text: &str) -> Option<usize> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let second = words.next()?;
    if numbered(first).is_some() { Some(1) } else { counted(first, second).then_some(2) }
}

/// Whether `text` is a heading's number and nothing else: `Chapter 3`, `2.1`.
pub fn alone(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [first] => numbered(first).is_some(),
        [first, second] => counted(first, second),
        _ => false,
    }
}

/// Whether the number of a part of a work must follow `text`, as it does "under Section".
pub fn wants_number(text: &str) -> bool {
    const ALSO: [&str; 8] = ["sections", "chapters", "figure", "fig.", "table", "page", "equation", "abschnitt"];
    let last = text.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    PARTS.contains(&last.as_str()) || ALSO.contains(&last.as_str())
}

fn letter(part: &str) -> bool {
    part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn roman(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_uppercase()) && crate::clean::running::roman(part).is_some()
}

/// The depth of a number that is one word.
fn numbered(word: &str) -> Option<u8> {
    let parts: Vec<&str> = word.trim_end_matches(['.', ':', ')']).split('.').collect();
    let digits = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let (first, rest) = parts.split_first()?;
    let numbered = rest.iter().all(digits)
        && (digits(first)
            || (letter(first) && (!rest.is_empty() || word.ends_with('.')))
            || (roman(first) && word.ends_with('.')));
    numbered.then(|| u8::try_from(parts.len()).ok()).flatten()
}

/// Whether two words count a part: `Chapter 3`.
fn counted(first: &str, second: &str) -> bool {
    let number = second.trim_end_matches(['.', ':']);
    PARTS.contains(&first.to_lowercase().as_str()) && (number.parse::<u32>().is_ok() || letter(number) || roman(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_depth() {
        for (text, wanted) in [
            ("2 Method", Some(1)),
            ("2.1 Sample", Some(2)),
            ("3.4.1. Deep", Some(3)),
            ("A.2 Proofs", Some(2)),
            ("Chapter 3", Some(1)),
            ("IV. RESULTS", Some(1)),
            ("A tide", None),
            ("Results", None),
            ("1990s music", None),
        ] {
            assert_eq!(depth(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_number_is_wanted_behind_the_name_of_a_part() {
        assert!(wants_number("may be distributed under Section") && wants_number("as in Fig."));
        assert!(!wants_number("the section begins") && !wants_number("") && !wants_number("items:"));
    }

    #[test]
    fn a_number_is_one_word_or_two() {
        for (text, wanted, lone) in [
            ("2.1 Sample", Some(1), false),
            ("Chapter 3. The end", Some(2), false),
            ("Chapter 3", Some(2), true),
            ("2.1", None, true),
            ("Results", None, false),
        ] {
            assert_eq!((words(text), alone(text)), (wanted, lone), "{text}");
        }
    }
}
