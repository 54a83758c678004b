//! The prompts: files under `services/ai/prompts`, compiled in. Their version is part of a writer's
//! pin and so of the key of everything it writes: whoever changes a file, or what is made of the
//! answers, grows [`PROMPTS`].

/// The version of the files below.
pub(super) const PROMPTS: u32 = if cfg!(feature = "other-pins") { 1_000_001 } else { 1 };

pub(super) const SYSTEM: &str = include_str!("../../../prompts/system.txt");
pub(super) const PLAN: &str = include_str!("../../../prompts/plan.txt");
pub(super) const SECTION: &str = include_str!("../../../prompts/section.txt");
pub(super) const MORE: &str = include_str!("../../../prompts/more.txt");
pub(super) const SHORTER: &str = include_str!("../../../prompts/shorter.txt");
pub(super) const REPAIR: &str = include_str!("../../../prompts/repair.txt");
pub(super) const NOTATION: &str = include_str!("../../../prompts/notation.txt");
pub(super) const AGAIN: &str = include_str!("../../../prompts/again.txt");
pub(super) const REWORDED: &str = include_str!("../../../prompts/reworded.txt");
pub(super) const BRIEFING: &str = include_str!("../../../prompts/briefing.txt");
pub(super) const LESSON: &str = include_str!("../../../prompts/lesson.txt");
pub(super) const DIALOGUE: &str = include_str!("../../../prompts/dialogue.txt");
pub(super) const NARRATION: &str = include_str!("../../../prompts/narration.txt");

/// Every file, for whoever looks for words of ours in what a model says.
pub(super) const ALL: [&str; 13] =
    [SYSTEM, PLAN, SECTION, MORE, SHORTER, REPAIR, NOTATION, AGAIN, REWORDED, BRIEFING, LESSON, DIALOGUE, NARRATION];

/// What a sentence of a dialogue says beside.
pub(super) const SPEAKER: &str = "\n- speaker: the number of who says it.";
/// How a script with words of welcome begins. The title is the document's, and stands among data.
pub(super) const OPENING: &str = "Begin with a sentence or two of welcome that name the document by its title, which the \
                                  data named plan has; they are your own.\n";
/// How a script with closing words ends.
pub(super) const CLOSING: &str = "End with one sentence of your own that closes the whole.\n";
/// What holds of the other sections for one among them.
pub(super) const ELSEWHERE: &str = "What the other sections say is not said here.";
/// What holds of them for one that sums them up.
pub(super) const SUMS_UP: &str =
    "This section says in few words, and in words of its own, what the others say at length.";

/// A template with its places (`{{name}}`) filled. A value is never read for places of its own. A
/// place without a value stays, which a test rules out.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let place = after.split_once("}}").and_then(|(name, behind)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, behind))
        });
        match place {
            Some((value, behind)) => {
                filled.push_str(value);
                rest = behind;
            }
            None => {
                filled.push_str("{{");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use lectern_core::Digest;

    use super::*;

    #[test]
    fn places_are_filled_once_and_values_are_not_read_for_places() {
        let filled = fill("{{a}} and {{b}}, {{c}}", &[("a", "{{b}}"), ("b", "two")]);
        assert_eq!(filled, "{{b}} and two, {{c}}");
        assert_eq!(fill("{{a", &[("a", "x")]), "{{a");
    }

    /// Whoever changes a prompt grows [`PROMPTS`] and writes the new digest here.
    #[test]
    fn the_files_are_those_of_their_version() {
        let digest = Digest::of(ALL.concat().as_bytes()).to_string();
        let known = (PROMPTS, digest.chars().take(16).collect::<String>());
        assert_eq!(known, (1, "cc04c16c77c3f554".to_owned()));
    }
}
