//! What the key of an utterance's speech follows from, between the content model and the wire: of
//! an utterance that is in no object yet, a preview's, tts is told this and nothing else.

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::script::{Manner, Mapping, Mark, Role, Speaker, Utterance};

use super::number;
use crate::work::v1::marked_part::Manner as WireManner;
use crate::work::v1::{MappedPart, MarkedPart, SpeechInputs};

/// What the key of an utterance's speech follows from, beside what is spoken.
#[must_use]
pub fn speech_inputs_to_wire(utterance: &Utterance) -> SpeechInputs {
    // Without `..`: whoever adds a field decides whether the key follows from it.
    let Utterance {
        id: _,
        speaker,
        role: _,
        ends_block: _,
        sources: _,
        added: _,
        original,
        spoken,
        map,
        marks,
        language,
    } = utterance;
    SpeechInputs {
        speaker: speaker.0.into(),
        language_code: language.clone().unwrap_or_default(),
        written: if original == spoken { String::new() } else { original.clone() },
        mapped: map.iter().map(mapped_to_wire).collect(),
        marks: marks.iter().map(mark_to_wire).collect(),
    }
}

fn mapped_to_wire(Mapping { spoken, original }: &Mapping) -> MappedPart {
    MappedPart {
        spoken_start: number(spoken.start),
        spoken_end: number(spoken.end),
        written_start: number(original.start),
        written_end: number(original.end),
    }
}

fn mark_to_wire(Mark { spoken, manner }: &Mark) -> MarkedPart {
    let manner = match manner {
        Manner::Emphasis => WireManner::Emphasis,
        Manner::Quotation => WireManner::Quotation,
    };
    MarkedPart { spoken_start: number(spoken.start), spoken_end: number(spoken.end), manner: manner.into() }
}

/// The utterance that says `spoken`, as far as the key of its speech follows from it; what it is in
/// the text, and where it came from, is not known. `field` names its inputs.
///
/// # Errors
/// INVALID_ARGUMENT naming what of `field` there cannot be.
pub fn utterance_of_inputs(field: &str, spoken: String, inputs: SpeechInputs) -> Result<Utterance, Failure> {
    let SpeechInputs { speaker, language_code, written, mapped, marks } = inputs;
    let speaker = u8::try_from(speaker).map_err(|_| {
        let field = format!("{field}.speaker");
        Failure::invalid(&field, format!("{field} is {speaker}; send the place of one who speaks, from 0"))
    })?;
    let mapped = mapped.iter().enumerate().map(|(place, part)| mapping(&format!("{field}.mapped[{place}]"), part));
    let marks = marks.iter().enumerate().map(|(place, part)| mark(&format!("{field}.marks[{place}]"), part));
    Ok(Utterance {
        id: 0,
        speaker: Speaker(speaker),
        role: Role::Body,
        ends_block: false,
        sources: Vec::new(),
        added: false,
        original: if written.is_empty() { spoken.clone() } else { written },
        map: mapped.collect::<Result<_, _>>()?,
        marks: marks.collect::<Result<_, _>>()?,
        language: Some(language_code).filter(|code| !code.is_empty()),
        spoken,
    })
}

fn mapping(field: &str, wire: &MappedPart) -> Result<Mapping, Failure> {
    let MappedPart { spoken_start, spoken_end, written_start, written_end } = *wire;
    Ok(Mapping { spoken: range(field, spoken_start, spoken_end)?, original: range(field, written_start, written_end)? })
}

fn mark(field: &str, wire: &MarkedPart) -> Result<Mark, Failure> {
    let manner = match WireManner::try_from(wire.manner) {
        Ok(WireManner::Emphasis) => Manner::Emphasis,
        Ok(WireManner::Quotation) => Manner::Quotation,
        Ok(WireManner::Unspecified) | Err(_) => {
            let field = format!("{field}.manner");
            let message = format!("{field} is no manner; send MANNER_EMPHASIS or MANNER_QUOTATION");
            return Err(Failure::invalid(field, message));
        }
    };
    Ok(Mark { spoken: range(field, wire.spoken_start, wire.spoken_end)?, manner })
}

fn range(field: &str, start: i32, end: i32) -> Result<Range, Failure> {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => Ok(Range::new(start, end)),
        (Ok(_) | Err(_), _) => {
            Err(Failure::invalid(field, format!("{field} goes from {start} to {end}; send offsets from 0, in order")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "In 1984, *he* said.", of which nothing is as it is where nobody says.
    fn utterance() -> Utterance {
        let step = |spoken: (u32, u32), original: (u32, u32)| Mapping {
            spoken: Range::new(spoken.0, spoken.1),
            original: Range::new(original.0, original.1),
        };
        Utterance {
            id: 0,
            speaker: Speaker(3),
            role: Role::Body,
            ends_block: false,
            sources: Vec::new(),
            added: false,
            original: "In 1984, he said.".to_owned(),
            spoken: "In nineteen eighty-four, he said.".to_owned(),
            map: vec![step((0, 2), (0, 2)), step((3, 24), (3, 8)), step((25, 33), (9, 17))],
            marks: vec![
                Mark { spoken: Range::new(25, 33), manner: Manner::Quotation },
                Mark { spoken: Range::new(25, 27), manner: Manner::Emphasis },
            ],
            language: Some("en-GB".to_owned()),
        }
    }

    fn read(spoken: &str, inputs: SpeechInputs) -> Result<Utterance, Failure> {
        utterance_of_inputs("inputs[0]", spoken.to_owned(), inputs)
    }

    #[test]
    fn what_a_key_follows_from_comes_back_as_it_was() {
        let said = utterance();
        assert_eq!(read(&said.spoken, speech_inputs_to_wire(&said)), Ok(said));
    }

    #[test]
    fn what_is_written_as_it_is_spoken_is_said_once() {
        let plain = Utterance { original: "It is so.".to_owned(), spoken: "It is so.".to_owned(), ..utterance() };
        let inputs = speech_inputs_to_wire(&plain);
        assert_eq!(inputs.written, "");
        assert_eq!(read("It is so.", inputs), Ok(plain));
    }

    #[test]
    fn nothing_said_is_the_first_speaker_in_the_language_of_the_rest() {
        let read = read("It is so.", SpeechInputs::default()).expect("an utterance");
        assert_eq!((read.speaker, read.original.as_str(), &read.language), (Speaker(0), "It is so.", &None));
        assert!(read.map.is_empty() && read.marks.is_empty());
    }

    #[test]
    fn what_there_cannot_be_is_refused_by_its_field() {
        let marked = |start, end, manner: i32| SpeechInputs {
            marks: vec![MarkedPart { spoken_start: start, spoken_end: end, manner }],
            ..SpeechInputs::default()
        };
        let mapped = |part: MappedPart| SpeechInputs { mapped: vec![part], ..SpeechInputs::default() };
        for (inputs, field) in [
            (SpeechInputs { speaker: -1, ..SpeechInputs::default() }, "inputs[0].speaker"),
            (SpeechInputs { speaker: 256, ..SpeechInputs::default() }, "inputs[0].speaker"),
            (marked(0, 2, WireManner::Unspecified.into()), "inputs[0].marks[0].manner"),
            (marked(0, 2, 99), "inputs[0].marks[0].manner"),
            (marked(2, 1, WireManner::Emphasis.into()), "inputs[0].marks[0]"),
            (mapped(MappedPart { spoken_start: -1, ..MappedPart::default() }), "inputs[0].mapped[0]"),
            (mapped(MappedPart { written_start: 4, ..MappedPart::default() }), "inputs[0].mapped[0]"),
        ] {
            assert_eq!(read("It is so.", inputs).expect_err(field).field.as_deref(), Some(field));
        }
    }
}
