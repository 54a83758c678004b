//! `Synthesize`: a text, or turns of several voices, to audio that is stored nowhere.
//!
//! A call is read into lines, each of one voice, and these into parts, each of which is one request
//! to an engine: a sentence of a line, or several lines whose voices their engine speaks together.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::content::{Range, length};
use lectern_core::id::TenantId;
use lectern_core::lexicon::{Lexicon, Said, Sentence};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::tts::v1::{self as tts, synthesize_response::Part as Answer};
use tokio_util::sync::CancellationToken;

use super::{Speech, audio, pcm};
use crate::blocking::blocking;
use crate::engine::{SegmentRequest, Speed, Turn, Unpaid, Voice};
use crate::pieces::pieces;
use crate::speaking::Choice;
use crate::timeline::pauses::{SENTENCE, TURN};
use crate::voices::Voices;

/// Characters that a call takes, in its text or in all of its turns.
const TEXT_LIMIT: usize = 5_000;
/// Turns that a call takes.
const MOST_TURNS: usize = 50;

/// The answers to a call of `tenant`, each as soon as it is spoken.
///
/// # Errors
/// `INVALID_FIELD`, `LIMIT_EXCEEDED`, `VOICE_UNKNOWN`, `LANGUAGE_UNSUPPORTED` and
/// `FEATURE_UNAVAILABLE`, before anything is spoken. Those of the stream are what
/// [`Segments::speak`](crate::work::segments::Segments::speak) answers.
pub(super) fn stream(
    speech: &Speech,
    tenant: TenantId,
    request: &tts::SynthesizeRequest,
) -> Result<impl Stream<Item = Result<tts::SynthesizeResponse, Failure>> + Send + use<>, Failure> {
    let asked = asked(request)?;
    let speed = request.speed.map_or(Ok(Speed::NORMAL), Speed::new)?;
    let language = convert::language_tag("language_code", &request.language_code)?.unwrap_or_default();
    let lexicon = convert::lexicon_entries("pronunciations", &request.pronunciations)?;
    let lexicon = Arc::new(Lexicon::of(&language, lexicon));
    let (lines, sample_rate) = lines(&speech.voices, asked, &language, speed)?;
    let parts = parts(&lines);
    let (segments, stop) = (speech.segments.clone(), CancellationToken::new());
    // Dropped with the stream, when it has ended, its caller is gone or its deadline passed.
    let until_dropped = stop.clone().drop_guard();
    Ok(try_stream! {
        let _until_dropped = until_dropped;
        yield answer(Answer::Format(pcm(sample_rate)));
        for part in parts {
            let Part { choice, said, pause } = part;
            let (lexicon, language) = (Arc::clone(&lexicon), language.clone());
            // Each entry of the lexicon is looked for in it.
            let request = blocking(move || Ok(requested(&said, &lexicon, language, speed))).await?;
            // A caller that reads slowly holds no turn meanwhile.
            let segment = segments.speak(&tenant, &choice, request, stop.clone()).await?;
            let before = vec![0_i16; sample_rate as usize * pause as usize / 1_000];
            for audio in audio(&before).chain(audio(&segment.samples)) {
                yield answer(Answer::Audio(audio));
            }
        }
    })
}

fn answer(part: Answer) -> tts::SynthesizeResponse {
    tts::SynthesizeResponse { part: Some(part) }
}

/// What is to be said, as a call has it.
#[derive(Debug)]
struct Asked<'a> {
    voice: &'a str,
    text: &'a str,
    /// Its place among the turns; none where the call has a text alone.
    place: Option<usize>,
}

impl Asked<'_> {
    /// One of its fields, as a refusal names it.
    fn field(&self, name: &str) -> String {
        self.place.map_or_else(|| name.to_owned(), |place| format!("turns[{place}].{name}"))
    }
}

/// What a call says, of which there is at least one.
fn asked(request: &tts::SynthesizeRequest) -> Result<Vec<Asked<'_>>, Failure> {
    let tts::SynthesizeRequest { text, voice, turns, .. } = request;
    let asked: Vec<Asked<'_>> = if turns.is_empty() {
        vec![Asked { voice, text, place: None }]
    } else {
        for (name, given) in [("text", text), ("voice", voice)] {
            if !given.is_empty() {
                let message = format!("there are turns, and {name} beside them; leave out {name}, or the turns");
                return Err(Failure::invalid(name, message));
            }
        }
        if turns.len() > MOST_TURNS {
            let message = format!("a call has at most {MOST_TURNS} turns, and this has {}; make several", turns.len());
            return Err(Failure::invalid("turns", message));
        }
        let turns = turns.iter().enumerate();
        turns.map(|(place, turn)| Asked { voice: &turn.voice, text: &turn.text, place: Some(place) }).collect()
    };
    let characters: usize = asked.iter().map(|one| one.text.chars().count()).sum();
    if characters > TEXT_LIMIT {
        let (field, what) = if turns.is_empty() { ("text", "text") } else { ("turns", "all turns together") };
        let message = format!("{what} may have at most {TEXT_LIMIT} characters; order a narration for more");
        return Err(Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).at(field));
    }
    if let Some(silent) = asked.iter().find(|one| pieces(one.text).is_empty()) {
        let field = silent.field("text");
        let message = format!("{field} has no words to speak; send some");
        return Err(Failure::invalid(field, message));
    }
    Ok(asked)
}

/// What one voice says.
#[derive(Debug)]
struct Line {
    choice: Choice,
    /// Words with one space between them.
    text: String,
}

impl Line {
    const fn voice(&self) -> &Voice {
        &self.choice.asked.voice
    }

    /// All of it.
    fn said(&self) -> Words {
        Words { voice: self.voice().id.clone(), text: self.text.clone() }
    }
}

/// What is said, by voices that can say it, and the sample rate of all of it: that of the first
/// voice, as of a recording.
fn lines(voices: &Voices, asked: Vec<Asked<'_>>, language: &str, speed: Speed) -> Result<(Vec<Line>, u32), Failure> {
    let mut lines: Vec<Line> = Vec::with_capacity(asked.len());
    let mut first = None;
    for one in asked {
        let field = one.field("voice");
        let voice = voices.resolve(one.voice, language).map_err(|failure| match failure.field.as_deref() {
            Some("voice") => failure.at(field.as_str()),
            Some(_) | None => failure,
        })?;
        voice.check_speed(speed)?;
        if let Some(price) = &voice.price {
            Unpaid::check(&price.rows).map_err(|failure| failure.at(field))?;
        }
        let choice = voices.choice(voice, Vec::new())?;
        let sample_rate = *first.get_or_insert(choice.sample_rate);
        let text = one.text.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.push(Line { choice: Choice { sample_rate, ..choice }, text });
    }
    Ok((lines, first.unwrap_or_default()))
}

/// What is asked of an engine at once.
#[derive(Debug)]
struct Part {
    /// Who speaks it, or is the first of those who do.
    choice: Choice,
    /// What is said in it, in order.
    said: Vec<Words>,
    /// Milliseconds of silence before it.
    pause: u32,
}

/// The words of one voice.
#[derive(Debug)]
struct Words {
    /// The id of the voice.
    voice: String,
    text: String,
}

/// The parts that lines are spoken in: those that are spoken together are one, and every other line
/// is sentences of its own, whether somebody else talks or not.
fn parts(lines: &[Line]) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), lines);
    let mut last: Option<&Voice> = None;
    while let Some(first) = rest.first() {
        let (now, later) = rest.split_at(together(rest));
        let pause = last.map_or(0, |last| if last.id == first.voice().id { SENTENCE } else { TURN });
        if now.len() > 1 {
            let said = now.iter().map(Line::said).collect();
            parts.push(Part { choice: first.choice.clone(), said, pause });
        } else {
            for (at, piece) in pieces(&first.text).into_iter().enumerate() {
                let within = if piece.begins_sentence { SENTENCE } else { 0 };
                let said = vec![Words { voice: first.voice().id.clone(), text: piece.text }];
                let pause = if at == 0 { pause } else { within };
                parts.push(Part { choice: first.choice.clone(), said, pause });
            }
        }
        last = now.last().map(Line::voice);
        rest = later;
    }
    parts
}

/// How many of the first lines their engine speaks in one request: as many as it takes voices and
/// bytes for. One where that would be one voice, which is spoken sentence by sentence as a text of
/// it is, so that it is heard sooner.
fn together(lines: &[Line]) -> usize {
    let (mut voices, mut bytes, mut count) = (BTreeSet::new(), 0, 0);
    let (mut speakers, mut most) = (u8::MAX, usize::MAX);
    let mut engine = None;
    for line in lines {
        let voice = line.voice();
        let is_known = voices.contains(voice.id.as_str());
        speakers = speakers.min(voice.capabilities.speakers);
        most = most.min(voice.capabilities.max_bytes.unwrap_or(usize::MAX));
        bytes += line.text.len() + usize::from(count > 0);
        let room = is_known || voices.len() < usize::from(speakers);
        let fits = *engine.get_or_insert(voice.engine()) == voice.engine() && room && bytes <= most;
        if !fits {
            break;
        }
        voices.insert(voice.id.as_str());
        count += 1;
    }
    if voices.len() > 1 { count } else { 1 }
}

/// The request for what is said together. What the lexicon says of it is looked for in each line by
/// itself: no phrase goes on in somebody else's.
fn requested(said: &[Words], lexicon: &Lexicon, language: String, speed: Speed) -> SegmentRequest {
    let (mut text, mut words, mut turns) = (String::new(), Vec::new(), Vec::with_capacity(said.len()));
    for line in said {
        if !text.is_empty() {
            text.push(' ');
        }
        let start = length(&text);
        text.push_str(&line.text);
        let found = lexicon.said(&Sentence::spoken(&line.text)).into_iter();
        words.extend(found.map(|one| {
            let spoken = Range::new(one.spoken.start + start, one.spoken.end + start);
            Said { spoken, ..one }
        }));
        turns.push(Turn { spoken: Range::new(start, length(&text)), voice: line.voice.clone() });
    }
    let voice = turns.first().map(|turn| turn.voice.clone()).unwrap_or_default();
    let turns = if turns.len() > 1 { turns } else { Vec::new() };
    SegmentRequest { language, said: words, turns, ..SegmentRequest::new(text, voice, speed) }
}
