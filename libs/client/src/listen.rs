//! The audio of a narration while it is being made, in one piece however often the stream breaks.
//!
//! A server sends audio from the beginning of a section. After a break the section that was being
//! heard is asked for again, and what was heard of it is left out: its samples are the same, unless
//! the narration was retried meanwhile, which shows in their count.

use bytes::Bytes;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::listen_narration_response::Part;
use lectern_proto::v1::{ListenNarrationRequest, ListenNarrationResponse, PcmFormat, SectionStart};
use tonic::Streaming;

use crate::client::{Client, unsaid};
use crate::retry::{Tries, broke_off, failed};

/// Bytes of a sample of one channel.
const SAMPLE_BYTES: u64 = 2;

/// What is heard of a narration: the format once, then for each section its beginning and its
/// samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// How to play the samples.
    Format(PcmFormat),
    /// A section begins.
    Section(SectionStart),
    /// Samples of the section: signed 16-bit little-endian.
    Audio(Bytes),
}

/// Listens to one narration.
#[derive(Debug)]
pub struct Listen {
    client: Client,
    name: String,
    stream: Option<Streaming<ListenNarrationResponse>>,
    place: Place,
    tries: Tries,
    ended: bool,
}

/// How far a listener has come.
#[derive(Debug)]
struct Place {
    format: Option<PcmFormat>,
    /// The first section that was not heard to its end.
    section: i32,
    /// That section, once it has begun.
    begun: Option<Begun>,
    /// Whether a section was heard to its end.
    heard_one: bool,
}

/// A section that is being heard.
#[derive(Debug)]
struct Begun {
    start: SectionStart,
    /// Its bytes, those that were passed on, and those of this stream that are to be left out.
    size: u64,
    heard: u64,
    skip: u64,
}

impl Client {
    /// Listens to a narration, `narrations/{id}`, from its beginning; it may not be recorded yet,
    /// or not even planned. Nothing is asked before the first [`Listen::next`].
    ///
    /// Keep calling it: what is not read waits on the stream, and holds one of the calls that a
    /// tenant may have in flight.
    #[must_use]
    pub fn listen(&self, name: &str) -> Listen {
        let (client, name) = (self.clone(), name.to_owned());
        let place = Place { format: None, section: 0, begun: None, heard_one: false };
        Listen { tries: client.tries(), client, name, stream: None, place, ended: false }
    }
}

impl Listen {
    /// Begins with this section, counted from 0.
    #[must_use]
    pub const fn starting_at(mut self, section: i32) -> Self {
        self.place.section = section;
        self
    }

    /// The first section that was not heard to its end: another listener begins there.
    #[must_use]
    pub const fn section(&self) -> i32 {
        self.place.section
    }

    /// What comes next; none after the last section. May be dropped and called again.
    ///
    /// # Errors
    /// What the server answers: `FAILED_PRECONDITION` with the reason of a narration that ended
    /// without its audio; `WRONG_STATE` (`ABORTED`) where a section was made anew while it was
    /// heard. The call after a failure opens the stream once more.
    pub async fn next(&mut self) -> Result<Option<Sound>, Failure> {
        while !self.ended {
            let failure = match self.part().await {
                Ok(Some(part)) => {
                    let heard = self.place.hear(part).inspect_err(|_| self.stream = None)?;
                    let Some(sound) = heard else { continue };
                    self.tries.progress();
                    return Ok(Some(sound));
                }
                Ok(None) if self.place.begun.is_some() => broke_off("the section"),
                Ok(None) => {
                    self.ended = true;
                    continue;
                }
                // The break came between the last section and the end of the stream.
                Err(failure) if self.place.heard_one && past_the_last(&failure) => {
                    self.ended = true;
                    continue;
                }
                Err(failure) => failure,
            };
            self.stream = None;
            self.tries.wait(failure).await?;
        }
        Ok(None)
    }

    async fn part(&mut self) -> Result<Option<Part>, Failure> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let request = ListenNarrationRequest { name: self.name.clone(), first_section: self.place.section };
                let answer = Box::pin(self.client.narrations().listen_narration(request)).await;
                answer.map_err(|status| failed(&status))?.into_inner()
            }
        };
        // Kept here while it is waited for, so that a caller may stop waiting without losing it.
        let stream = self.stream.insert(stream);
        match stream.message().await.map_err(|status| failed(&status))? {
            Some(message) => message.part.ok_or_else(|| unsaid("audio")).map(Some),
            None => Ok(None),
        }
    }
}

fn past_the_last(failure: &Failure) -> bool {
    failure.kind == Kind::OutOfRange && failure.field.as_deref() == Some("first_section")
}

impl Place {
    /// What a message brings that was not heard before.
    fn hear(&mut self, part: Part) -> Result<Option<Sound>, Failure> {
        match part {
            Part::Format(format) => match self.format {
                None => {
                    self.format = Some(format);
                    Ok(Some(Sound::Format(format)))
                }
                Some(known) if known == format => Ok(None),
                Some(_) => Err(made_anew("the recording")),
            },
            Part::Section(start) => self.begin(start),
            Part::Audio(audio) => self.audio(audio),
        }
    }

    fn begin(&mut self, start: SectionStart) -> Result<Option<Sound>, Failure> {
        if start.index != self.section {
            return Err(unsaid(&format!("section {}", self.section)));
        }
        if let Some(begun) = &mut self.begun {
            if begun.start.sample_count != start.sample_count {
                return Err(made_anew(&format!("section {}", start.index)));
            }
            begun.skip = begun.heard;
            return Ok(None);
        }
        let channels = self.format.map_or(1, |format| u64::try_from(format.channels).unwrap_or(1));
        let samples = u64::try_from(start.sample_count).unwrap_or(0);
        let size = samples.saturating_mul(SAMPLE_BYTES).saturating_mul(channels);
        self.begun = Some(Begun { start: start.clone(), size, heard: 0, skip: 0 });
        self.end_if_complete();
        Ok(Some(Sound::Section(start)))
    }

    fn audio(&mut self, mut audio: Bytes) -> Result<Option<Sound>, Failure> {
        let Some(begun) = &mut self.begun else { return Err(unsaid("the beginning of a section")) };
        let heard_before = usize::try_from(begun.skip).unwrap_or(usize::MAX).min(audio.len());
        drop(audio.split_to(heard_before));
        begun.skip -= heard_before as u64;
        begun.heard += audio.len() as u64;
        if begun.heard > begun.size {
            return Err(unsaid("the length of a section"));
        }
        self.end_if_complete();
        Ok(Some(audio).filter(|audio| !audio.is_empty()).map(Sound::Audio))
    }

    fn end_if_complete(&mut self) {
        if self.begun.as_ref().is_some_and(|begun| begun.heard == begun.size) {
            self.begun = None;
            self.section += 1;
            self.heard_one = true;
        }
    }
}

fn made_anew(what: &str) -> Failure {
    let message = format!("{what} was made anew while it was heard; listen to it again from its beginning");
    Failure::new(Kind::Aborted, Reason::WrongState, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let format = Some(PcmFormat { sample_rate: 24_000, channels: 1 });
        Place { format, section: 0, begun: None, heard_one: false }
    }

    fn section(index: i32, sample_count: i64) -> Part {
        Part::Section(SectionStart { index, sample_count, ..SectionStart::default() })
    }

    fn audio(bytes: &'static [u8]) -> Part {
        Part::Audio(Bytes::from_static(bytes))
    }

    #[test]
    fn what_was_heard_of_a_section_is_left_out_when_it_is_sent_again() {
        let mut place = place();
        assert!(matches!(place.hear(section(0, 4)), Ok(Some(Sound::Section(_)))));
        assert_eq!(place.hear(audio(b"abcde")), Ok(Some(Sound::Audio(Bytes::from_static(b"abcde")))));
        // The stream breaks, and its messages are parted in another way.
        assert_eq!(place.hear(section(0, 4)), Ok(None));
        assert_eq!(place.hear(audio(b"abc")), Ok(None));
        assert_eq!(place.hear(audio(b"defgh")), Ok(Some(Sound::Audio(Bytes::from_static(b"fgh")))));
        assert!(place.section == 1 && place.begun.is_none() && place.heard_one);
    }

    #[test]
    fn a_section_that_was_made_anew_is_not_joined_to_the_old_one() {
        let mut place = place();
        place.hear(section(0, 4)).unwrap();
        place.hear(audio(b"abcd")).unwrap();
        let anew = place.hear(section(0, 5)).unwrap_err();
        assert_eq!((anew.kind, anew.reason), (Kind::Aborted, Reason::WrongState));
    }

    #[test]
    fn a_stream_that_keeps_no_order_is_refused() {
        assert!(place().hear(section(1, 4)).is_err());
        assert!(place().hear(audio(b"ab")).is_err());
        let mut place = place();
        place.hear(section(0, 1)).unwrap();
        assert!(place.hear(audio(b"abcd")).is_err(), "longer than it said");
    }
}
