//! Who is to speak, as the flags say it: a voice for each by its place, and those that may speak in
//! its place.

use lectern_core::Failure;
use lectern_proto::v1::{Speaker, Voice};

use super::voice;
use crate::cli::{Estimate, Narrate, Script, StyleFlag};

/// How many talk in a dialogue whose cast is not named.
const USUAL_CAST: usize = 2;

/// What the flags of a command say of who is to speak.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `--voice`, by place.
    voices: &'a [String],
    /// `--other-voice`.
    others: &'a [String],
    /// `--style` and `--speaker`.
    script: &'a Script,
}

impl<'a> From<&'a Narrate> for Asked<'a> {
    fn from(order: &'a Narrate) -> Self {
        Self { voices: &order.voices, others: &order.other_voices, script: &order.script }
    }
}

impl<'a> From<&'a Estimate> for Asked<'a> {
    fn from(order: &'a Estimate) -> Self {
        Self { voices: &order.voices, others: &[], script: &order.script }
    }
}

/// Whether any voice is named, so that it has to be known which there are.
pub(super) fn named(asked: Asked<'_>) -> bool {
    !asked.voices.is_empty() || !asked.others.is_empty() || of_cast(asked).any(|voice| !voice.is_empty())
}

/// Refuses voices that contradict each other, before anybody is asked which there are.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn check(asked: Asked<'_>) -> Result<(), Failure> {
    if asked.voices.is_empty() {
        return Ok(());
    }
    let field = "narration.speakers";
    if of_cast(asked).any(|voice| !voice.is_empty()) {
        let message = "--voice and --speaker NAME=VOICE both say who speaks; use one of them";
        return Err(Failure::invalid(field, message));
    }
    let talking = talking(asked);
    if asked.voices.len() > talking {
        let message = if asked.script.style == StyleFlag::Dialogue {
            format!("--voice is given {} times, and {talking} talk; name as many with --speaker", asked.voices.len())
        } else {
            "--voice is given several times, and only a dialogue has several speakers; add --style dialogue, or name \
             one voice"
                .to_owned()
        };
        return Err(Failure::invalid(field, message));
    }
    Ok(())
}

/// Who is to speak, by the whole names of their voices. Who is not named is chosen by the server.
///
/// # Errors
/// `VOICE_UNKNOWN`.
pub(super) fn speakers(asked: Asked<'_>, voices: &[Voice]) -> Result<Vec<Speaker>, Failure> {
    let named: Vec<&str> = if asked.voices.is_empty() {
        of_cast(asked).collect()
    } else {
        asked.voices.iter().map(String::as_str).collect()
    };
    let whole = |name: &str| if name.is_empty() { Ok(String::new()) } else { voice::named(name, voices) };
    let others = asked.others.iter().map(|other| voice::other(other, voices)).collect::<Result<Vec<_>, _>>()?;
    let count = if others.is_empty() { named.len() } else { talking(asked) };
    let mut speakers = Vec::with_capacity(count);
    for place in 0..count {
        let voice = named.get(place).map_or(Ok(String::new()), |name| whole(name))?;
        // Who speaks in the place of others may speak a part too.
        let other_voices = others.iter().filter(|other| **other != voice).cloned().collect();
        speakers.push(Speaker { voice, other_voices });
    }
    if speakers.iter().all(|speaker| speaker.voice.is_empty() && speaker.other_voices.is_empty()) {
        speakers.clear();
    }
    Ok(speakers)
}

/// How many speak.
fn talking(asked: Asked<'_>) -> usize {
    match (asked.script.style, asked.script.writing.speakers.len()) {
        (StyleFlag::Dialogue, 0) => USUAL_CAST,
        (StyleFlag::Dialogue, cast) => cast,
        (StyleFlag::Narration | StyleFlag::Briefing | StyleFlag::Lesson, _) => 1,
    }
}

/// The voices that the cast is named with, by place; empty for who has none.
fn of_cast(asked: Asked<'_>) -> impl Iterator<Item = &str> {
    asked.script.writing.speakers.iter().map(|talker| talker.voice.as_str())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use lectern_core::Reason;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(arguments: &[&str]) -> Narrate {
        let arguments = [&["lectern", "narrate", "a.md"], arguments].concat();
        match Cli::try_parse_from(&arguments).unwrap().command {
            Some(Command::Narrate(order)) => *order,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    fn voices() -> Vec<Voice> {
        let voice = |name: &str| Voice { name: format!("engines/e/voices/{name}"), ..Voice::default() };
        ["ann", "bob", "cyd"].map(voice).to_vec()
    }

    /// The voices of each speaker, theirs first.
    fn spoken(arguments: &[&str]) -> Vec<Vec<String>> {
        let order = parsed(arguments);
        check((&order).into()).unwrap();
        let short = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        let all = |speaker: &Speaker| [&speaker.voice].into_iter().chain(&speaker.other_voices).map(short).collect();
        speakers((&order).into(), &voices()).unwrap().iter().map(all).collect()
    }

    #[test]
    fn voices_are_those_of_the_speakers_by_their_places() {
        let dialogue = ["--style", "dialogue"];
        let with = |flags: &[&str]| spoken(&[&dialogue[..], flags].concat());
        assert!(spoken(&[]).is_empty() && with(&[]).is_empty() && !named((&parsed(&[])).into()));
        assert_eq!(spoken(&["--voice", "Ann"]), [["ann"]]);
        assert_eq!(with(&["--voice", "ann", "--voice", "e/bob"]), [["ann"], ["bob"]]);
        assert_eq!(with(&["--speaker", "A=ann: asks", "--speaker", "B"]), [["ann"], [""]]);
        assert!(with(&["--speaker", "A", "--speaker", "B"]).is_empty());
    }

    #[test]
    fn others_may_speak_in_the_place_of_each_but_of_themselves() {
        assert_eq!(spoken(&["--other-voice", "bob"]), [["", "bob"]]);
        let both = spoken(&["--style", "dialogue", "--voice", "ann", "--other-voice", "bob", "--other-voice", "ann"]);
        assert_eq!(both, [vec!["ann", "bob"], vec!["", "bob", "ann"]]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_flag() {
        for (flags, says) in [
            (&["--voice", "ann", "--voice", "bob"][..], "add --style dialogue"),
            (&["--style", "dialogue", "--voice", "ann", "--voice", "bob", "--voice", "cyd"][..], "2 talk"),
            (&["--style", "dialogue", "--voice", "bob", "--speaker", "A=ann", "--speaker", "B"][..], "both say who"),
        ] {
            let refused = check((&parsed(flags)).into()).unwrap_err();
            assert!(refused.message.contains(says) && refused.reason == Reason::InvalidField, "{refused}");
        }
        let unknown = speakers((&parsed(&["--other-voice", "dan"])).into(), &voices()).unwrap_err();
        assert!(unknown.message.starts_with("--other-voice: there is no voice dan"), "{unknown}");
    }
}
