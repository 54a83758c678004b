//! The audio of a narration while it is being made, sentence by sentence, in one piece however
//! often the stream breaks.
//!
//! After a break the section that was being heard is asked for from the sample that comes next, so
//! nothing is sent twice, and under the etag that it had. A section that was made anew meanwhile,
//! as after a retry with another voice, has another etag: its samples are never joined to the old
//! ones. The caller is told, and the next call begins the section again.

use bytes::Bytes;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::listen_narration_response::Part;
use lectern_proto::v1::{ListenNarrationRequest, ListenNarrationResponse, PcmFormat, SectionEnd, SectionStart};
use tonic::Streaming;

use crate::client::{Client, unsaid};
use crate::retry::{Tries, broke_off, failed};

/// Bytes of a sample of one channel.
const SAMPLE_BYTES: usize = 2;

/// What is heard of a narration: the format once, then for each section its beginning, its samples
/// and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// How to play the samples.
    Format(PcmFormat),
    /// A section begins.
    SectionStart(SectionStart),
    /// Samples of the section: signed 16-bit little-endian.
    Audio(Bytes),
    /// The section was heard to its end.
    SectionEnd(SectionEnd),
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
    /// The first sample of it that was not heard.
    sample: i64,
    /// The etag that it had when its samples were heard; empty where none were, or none is known.
    etag: String,
    /// Whether the caller was told that it begins.
    begun: bool,
    /// From which sample the present stream brings it; none before the stream comes to it.
    open_from: Option<i64>,
    /// Whether a section was heard to its end.
    heard_one: bool,
}

impl Client {
    /// Listens to a narration, `narrations/{id}`, from its beginning; it may not be recorded yet,
    /// or not even planned. A section is heard from its first sentence on, while the rest of it is
    /// spoken. Nothing is asked before the first [`Listen::next`].
    ///
    /// Keep calling it: what is not read waits on the stream, and holds one of the calls that a
    /// tenant may have in flight.
    #[must_use]
    pub fn listen(&self, name: &str) -> Listen {
        let (client, name) = (self.clone(), name.to_owned());
        let place = Place {
            format: None,
            section: 0,
            sample: 0,
            etag: String::new(),
            begun: false,
            open_from: None,
            heard_one: false,
        };
        Listen { tries: client.tries(), client, name, stream: None, place, ended: false }
    }
}

impl Listen {
    /// Begins with this sample of this section, both counted from 0. Whoever has the samples before
    /// that says by [`Self::under`] which ones they are.
    #[must_use]
    pub const fn starting_at(mut self, section: i32, sample: i64) -> Self {
        self.place.section = section;
        self.place.sample = sample;
        self
    }

    /// Goes on inside a section only if that still has this etag ([`SectionStart::etag`]), so that
    /// its samples are those that follow on what the caller has.
    #[must_use]
    pub fn under(mut self, section_etag: impl Into<String>) -> Self {
        self.place.etag = section_etag.into();
        self
    }

    /// The first section that was not heard to its end. Another listener that starts at it, at
    /// [`Self::sample`] and under [`Self::section_etag`], goes on where this one is.
    #[must_use]
    pub const fn section(&self) -> i32 {
        self.place.section
    }

    /// The first sample of [`Self::section`] that was not heard.
    #[must_use]
    pub const fn sample(&self) -> i64 {
        self.place.sample
    }

    /// The etag of [`Self::section`] as it was heard; empty before it begins.
    #[must_use]
    pub fn section_etag(&self) -> &str {
        &self.place.etag
    }

    /// What comes next; none after the last section. May be dropped and called again.
    ///
    /// # Errors
    /// What the server answers: `FAILED_PRECONDITION` with the reason of a narration that ended
    /// without its audio. `WRONG_STATE` (`ABORTED`) where a section was made anew while it was
    /// heard: drop what was heard of it; the next call begins it again with its
    /// [`Sound::SectionStart`], or with the format where that is another one. The call after any
    /// other failure opens the stream once more where it broke.
    pub async fn next(&mut self) -> Result<Option<Sound>, Failure> {
        while !self.ended {
            let failure = match self.part().await {
                Ok(Some(part)) => {
                    let heard = self.place.hear(part).inspect_err(|_| self.stream = None)?;
                    let Some(sound) = heard else { continue };
                    self.tries.progress();
                    return Ok(Some(sound));
                }
                Ok(None) if self.place.begun => broke_off("the section"),
                Ok(None) => {
                    self.ended = true;
                    continue;
                }
                // The break came between the last section and the end of the stream.
                Err(failure) if self.place.is_between() && out_of_range(&failure, "first_section") => {
                    self.ended = true;
                    continue;
                }
                Err(failure) if self.place.is_gone(&failure) => {
                    self.stream = None;
                    return Err(self.place.anew());
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
                let request = ListenNarrationRequest {
                    name: self.name.clone(),
                    first_section: self.place.section,
                    first_sample: self.place.sample,
                    section_etag: self.place.joined_etag(),
                };
                self.place.open_from = None;
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

fn out_of_range(failure: &Failure, field: &str) -> bool {
    failure.kind == Kind::OutOfRange && failure.field.as_deref() == Some(field)
}

impl Place {
    /// Whether a section was heard to its end, and nothing of the next one.
    const fn is_between(&self) -> bool {
        self.heard_one && !self.begun && self.sample == 0
    }

    /// Whether a failure says that what was heard of the section belongs to no section any more: it
    /// was made anew, is shorter by now than what was heard of it, or there are fewer.
    fn is_gone(&self, failure: &Failure) -> bool {
        failure.reason == Reason::EtagMismatch
            || (self.begun && ["first_section", "first_sample"].iter().any(|field| out_of_range(failure, field)))
    }

    /// What the samples to come must belong to; nothing where there are none to join them to.
    fn joined_etag(&self) -> String {
        if self.sample > 0 { self.etag.clone() } else { String::new() }
    }

    /// Goes back to the section's beginning, since what was heard of it is no part of it any more.
    fn anew(&mut self) -> Failure {
        self.sample = 0;
        self.etag.clear();
        self.begun = false;
        self.open_from = None;
        let section = self.section;
        let message = format!(
            "section {section} was made anew while it was heard; drop what was heard of it, and listen to it from \
             its beginning"
        );
        Failure::new(Kind::Aborted, Reason::WrongState, message)
    }

    /// What a message brings that the caller was not told before.
    fn hear(&mut self, part: Part) -> Result<Option<Sound>, Failure> {
        match part {
            Part::Format(format) => match self.format {
                None => {
                    self.format = Some(format);
                    Ok(Some(Sound::Format(format)))
                }
                Some(known) if known == format => Ok(None),
                Some(_) => {
                    self.format = None;
                    Err(self.anew())
                }
            },
            Part::SectionStart(start) => self.begin(start),
            Part::Audio(audio) => self.audio(audio),
            Part::SectionEnd(end) => self.end(end),
        }
    }

    fn begin(&mut self, start: SectionStart) -> Result<Option<Sound>, Failure> {
        if start.index != self.section || start.first_sample != self.sample || self.open_from.is_some() {
            return Err(unsaid(&format!("section {} from sample {} on", self.section, self.sample)));
        }
        if self.sample > 0 && !self.etag.is_empty() && start.etag != self.etag {
            return Err(self.anew());
        }
        self.etag.clone_from(&start.etag);
        self.open_from = Some(start.first_sample);
        let told = std::mem::replace(&mut self.begun, true);
        Ok(Some(start).filter(|_| !told).map(Sound::SectionStart))
    }

    fn audio(&mut self, audio: Bytes) -> Result<Option<Sound>, Failure> {
        if self.open_from.is_none() {
            return Err(unsaid("the beginning of a section"));
        }
        let channels = self.format.map_or(1, |format| usize::try_from(format.channel_count).unwrap_or(1).max(1));
        let of_all_channels = SAMPLE_BYTES.saturating_mul(channels);
        if !audio.len().is_multiple_of(of_all_channels) {
            return Err(unsaid("whole samples"));
        }
        let samples = i64::try_from(audio.len() / of_all_channels).unwrap_or(i64::MAX);
        self.sample = self.sample.saturating_add(samples);
        Ok(Some(audio).filter(|audio| !audio.is_empty()).map(Sound::Audio))
    }

    fn end(&mut self, end: SectionEnd) -> Result<Option<Sound>, Failure> {
        let open_from = self.open_from.ok_or_else(|| unsaid("the beginning of a section"))?;
        if end.index != self.section {
            return Err(unsaid(&format!("the end of section {}", self.section)));
        }
        if end.sample_count != self.sample {
            // Of a section that one stream brought the server told another length than it sent.
            let whole = open_from == 0;
            return Err(if whole { unsaid(&format!("all of section {}", self.section)) } else { self.anew() });
        }
        self.section = self.section.saturating_add(1);
        self.sample = 0;
        self.etag.clear();
        self.begun = false;
        self.open_from = None;
        self.heard_one = true;
        Ok(Some(Sound::SectionEnd(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let format = Some(PcmFormat { sample_rate_hertz: 24_000, channel_count: 1 });
        Place { format, section: 0, sample: 0, etag: String::new(), begun: false, open_from: None, heard_one: false }
    }

    fn start(index: i32, first_sample: i64) -> Part {
        started(index, first_sample, "e1")
    }

    fn started(index: i32, first_sample: i64, etag: &str) -> Part {
        Part::SectionStart(SectionStart { index, first_sample, etag: etag.to_owned(), ..SectionStart::default() })
    }

    fn audio(bytes: &'static [u8]) -> Part {
        Part::Audio(Bytes::from_static(bytes))
    }

    fn end(index: i32, sample_count: i64) -> Part {
        Part::SectionEnd(SectionEnd { index, sample_count })
    }

    /// A section of which two samples were heard before the stream broke.
    fn broken() -> Place {
        let mut place = place();
        place.hear(start(0, 0)).unwrap();
        place.hear(audio(b"abcd")).unwrap();
        place.open_from = None;
        place
    }

    #[test]
    fn a_section_goes_on_with_the_sample_that_comes_next() {
        let mut place = broken();
        assert_eq!((place.section, place.sample), (0, 2));
        assert_eq!(place.hear(start(0, 2)), Ok(None), "its beginning was told");
        assert_eq!(place.hear(audio(b"efgh")), Ok(Some(Sound::Audio(Bytes::from_static(b"efgh")))));
        assert_eq!(place.hear(end(0, 4)), Ok(Some(Sound::SectionEnd(SectionEnd { index: 0, sample_count: 4 }))));
        assert_eq!((place.section, place.sample, place.begun, place.heard_one), (1, 0, false, true));
    }

    #[test]
    fn a_section_that_was_made_anew_is_not_joined_to_the_old_one() {
        // It tells another etag at its beginning, another length at its end, or another format.
        let mut early = broken();
        assert_eq!(early.joined_etag(), "e1");
        let other = early.hear(started(0, 2, "e2")).unwrap_err();
        let mut late = broken();
        late.hear(start(0, 2)).unwrap();
        late.hear(audio(b"ef")).unwrap();
        let longer = late.hear(end(0, 5)).unwrap_err();
        let format = PcmFormat { sample_rate_hertz: 48_000, channel_count: 1 };
        let mut faster = broken();
        let another = faster.hear(Part::Format(format)).unwrap_err();
        assert_eq!(faster.hear(Part::Format(format)), Ok(Some(Sound::Format(format))), "it is told anew");
        for (mut place, anew) in [(early, other), (late, longer), (faster, another)] {
            assert_eq!((anew.kind, anew.reason), (Kind::Aborted, Reason::WrongState));
            assert_eq!((place.section, place.sample, place.joined_etag().as_str()), (0, 0, ""));
            let again = place.hear(started(0, 0, "e2")).unwrap();
            assert!(matches!(again, Some(Sound::SectionStart(_))), "it begins again: {again:?}");
            place.hear(audio(b"efghij")).unwrap();
            assert!(place.hear(end(0, 3)).is_ok(), "and is heard to its end");
        }
    }

    #[test]
    fn a_section_of_which_nothing_was_heard_may_be_another_one_by_now() {
        let mut place = place();
        place.hear(start(0, 0)).unwrap();
        place.open_from = None;
        assert_eq!(place.joined_etag(), "", "there is nothing to join it to");
        assert_eq!(place.hear(started(0, 0, "e2")), Ok(None));
        place.hear(audio(b"ab")).unwrap();
        assert_eq!(place.joined_etag(), "e2");
    }

    #[test]
    fn what_was_heard_of_a_section_that_is_gone_is_no_end() {
        let past = |field: &str| Failure::new(Kind::OutOfRange, Reason::InvalidField, "there are fewer").at(field);
        let mut place = broken();
        assert!(place.is_gone(&past("first_section")) && place.is_gone(&past("first_sample")));
        assert!(place.is_gone(&Failure::new(Kind::Aborted, Reason::EtagMismatch, "another").at("section_etag")));
        assert!(!place.is_gone(&past("name")) && !place.is_between());
        place.hear(start(0, 2)).unwrap();
        place.hear(end(0, 2)).unwrap();
        assert!(place.is_between() && !place.is_gone(&past("first_section")), "it was the last one");
    }

    #[test]
    fn a_stream_that_keeps_no_order_is_refused() {
        assert!(place().hear(start(1, 0)).is_err(), "another section");
        assert!(place().hear(start(0, 1)).is_err(), "another sample");
        assert!(place().hear(audio(b"ab")).is_err(), "no beginning");
        assert!(place().hear(end(0, 0)).is_err(), "no beginning");
        assert!(broken().hear(audio(b"ef")).is_err(), "no beginning in this stream");
        let mut place = place();
        place.hear(start(0, 0)).unwrap();
        assert!(place.hear(start(0, 0)).is_err(), "twice");
        assert!(place.hear(audio(b"abc")).is_err(), "half a sample");
        place.hear(audio(b"abcd")).unwrap();
        assert!(place.hear(end(1, 2)).is_err(), "the end of another");
        let short = place.hear(end(0, 3)).unwrap_err();
        assert_eq!(short.kind, Kind::Internal, "one stream brought less than it says");
    }
}
