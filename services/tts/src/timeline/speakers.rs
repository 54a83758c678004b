//! Who talks, by the names that captions and books show. A narration by one voice names nobody.

use lectern_core::content::script::{Plan, Section, Speaker};
use lectern_core::speakers::same_language;

/// The names of those who talk, where there are several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Speakers(Vec<String>);

impl Speakers {
    /// Who talks in a script: by the names of its cast, or by numbers where it names nobody.
    #[must_use]
    pub fn of(plan: &Plan, sections: &[Section]) -> Self {
        let spoken = sections.iter().flat_map(|section| &section.utterances);
        let last = spoken.map(|utterance| usize::from(utterance.speaker.0)).max().unwrap_or_default();
        if last == 0 {
            return Self::default();
        }
        let named = |at: usize| plan.order.cast.get(at).map(|one| one.name.trim()).filter(|name| !name.is_empty());
        let name = |at: usize| named(at).map_or_else(|| format!("Speaker {}", at + 1), str::to_owned);
        Self((0..=last).map(name).collect())
    }

    /// These names, in order.
    #[cfg(test)]
    pub(crate) fn named(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The name of one of several; none where one voice says all.
    #[must_use]
    pub fn name(&self, speaker: Speaker) -> Option<&str> {
        self.0.get(usize::from(speaker.0)).map(String::as_str)
    }
}

/// Whether anything of a script is said in `language`, where that is another one than the script's.
#[must_use]
pub fn is_spoken(sections: &[Section], language: &str) -> bool {
    let mut said = sections.iter().flat_map(|section| &section.utterances);
    said.any(|utterance| utterance.language.as_deref().is_some_and(|tag| same_language(tag, language)))
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::{Character, Utterance};

    use super::*;
    use crate::timeline::fixture::{plan, section};

    #[test]
    fn several_have_names_and_one_has_none() {
        let mut sections = vec![section(0, &["One", "Two."])];
        let mut plan = plan(&sections);
        plan.order.cast = vec![Character { name: "Ann".into(), role: String::new(), manner: String::new() }];
        assert_eq!(Speakers::of(&plan, &sections).name(Speaker(0)), None, "one voice says all");
        let said: &mut Utterance = &mut sections[0].utterances[1];
        said.speaker = Speaker(1);
        let speakers = Speakers::of(&plan, &sections);
        assert_eq!((speakers.name(Speaker(0)), speakers.name(Speaker(1))), (Some("Ann"), Some("Speaker 2")));
        assert_eq!(speakers.name(Speaker(2)), None);
    }

    #[test]
    fn a_language_is_spoken_where_an_utterance_is_in_it() {
        let mut sections = vec![section(0, &["One", "Zwei."])];
        assert!(!is_spoken(&sections, "de"));
        sections[0].utterances[1].language = Some("de-AT".to_owned());
        assert!(is_spoken(&sections, "de") && !is_spoken(&sections, "fr"));
    }
}
