//! The files of a recording that are no audio, and what the audio's files say beside it.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use lectern_core::content::script::Speaker;
use lectern_core::content::timeline::LanguageSpokenBy;
use lectern_core::{Digest, Failure, OutputFormat};
use lectern_stage::work::no_room;
use serde::Serialize;

use super::Parts;
use crate::audio::encode::{Mark, Spec};
use crate::audio::join::Measured;
use crate::outputs::cover::cover;
use crate::outputs::{epub, listen, words};
use crate::timeline::book::book;
use crate::timeline::captions::Cue;
use crate::timeline::speakers::{Speakers, is_spoken};
use crate::timeline::{captions, chapters, manifest, srt, transcript};

/// Files that every recording has beside those that were ordered.
pub(super) const ALWAYS: [(&str, &str); 5] = [
    ("captions.vtt", "text/vtt"),
    ("chapters.json", "application/json+chapters"),
    ("script.json", "application/json"),
    ("manifest.json", "application/json"),
    (listen::FILE, "text/html"),
];

/// The folder of an EPUB's audio, on its way into the EPUB.
pub(super) const PARTS: &str = "parts";

/// What the files are told beside what they are made from.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// The voices that speak, by the place of their speakers: pinned, and as people call them.
    pub(super) voices: Vec<(String, String)>,
    /// Who would speak other languages, whether anything is in them or not.
    pub(super) languages: Vec<LanguageVoice>,
    /// What was ordered.
    pub(super) formats: Vec<OutputFormat>,
}

/// A voice that speaks another language.
#[derive(Debug, Clone)]
pub(super) struct LanguageVoice {
    /// The language, a BCP 47 tag.
    pub(super) language: String,
    /// The voice, pinned.
    pub(super) pinned: String,
    /// What people call it.
    pub(super) name: String,
}

/// What the files of audio say of the recording. Draws the cover where one of them has it.
///
/// # Errors
/// `INTERNAL` if the tracks are not those of the sections.
pub(super) fn spec(parts: &Parts, formats: &[OutputFormat], sample_rate: u32) -> Result<Spec, Failure> {
    let Parts { content, plan, sections, tracks } = parts;
    let marks = chapters::chapters(&plan.title, sections, tracks)?.chapters.into_iter();
    let chapters = marks.map(|one| Mark { title: one.title, start: one.start_sample, end: one.end_sample });
    let shows =
        formats.iter().any(|format| matches!(format, OutputFormat::Mp3 | OutputFormat::M4b | OutputFormat::Epub));
    let cover = if shows {
        let segments = tracks.iter().flat_map(|track| &track.segments);
        let lengths: Vec<u64> = segments.map(|segment| segment.samples).collect();
        Some(cover(&plan.title, &content.authors, &lengths)?.into())
    } else {
        None
    };
    Ok(Spec {
        sample_rate,
        title: plan.title.clone(),
        authors: content.authors.clone(),
        chapters: chapters.collect(),
        cover,
    })
}

/// Writes the files into `folder`, where those of audio are already.
///
/// # Errors
/// `UNAVAILABLE` if one cannot be written, `INTERNAL` if the script is not the document's.
pub(super) fn write(
    parts: &Parts,
    about: &About,
    spec: &Spec,
    measured: &Measured,
    folder: &Path,
) -> Result<(), Failure> {
    let Parts { content, plan, sections, tracks } = parts;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new).map_err(|error| no_room(&error));
    let put = |name: &str, text: &[u8]| {
        create(name)
            .and_then(|mut file| file.write_all(text).and_then(|()| file.flush()).map_err(|error| no_room(&error)))
    };
    let speakers = Speakers::of(plan, sections);
    let cues: Vec<Cue> = captions::cues(content, &speakers, sections, tracks)?;
    put("captions.vtt", captions::webvtt(&cues).as_bytes())?;
    json(folder, "chapters.json", &chapters::chapters(&plan.title, sections, tracks)?)?;
    json(folder, "script.json", &transcript::transcript(plan, sections, tracks)?)?;
    let voices: Vec<&str> = about.voices.iter().map(|(pinned, _)| pinned.as_str()).collect();
    let heard: Vec<&LanguageVoice> = about.languages.iter().filter(|one| is_spoken(sections, &one.language)).collect();
    let spoken = |one: &&LanguageVoice| LanguageSpokenBy { language: one.language.clone(), voice: one.pinned.clone() };
    let languages: Vec<LanguageSpokenBy> = heard.iter().map(spoken).collect();
    let inputs = manifest::Inputs { content, plan, sections, tracks, voices: &voices, languages: &languages, measured };
    json(folder, "manifest.json", &manifest::manifest(&inputs)?)?;

    let book = book(content, plan, sections, tracks)?;
    let id = Digest::of(format!("{}\n{}", measured.pcm_digest, plan.title).as_bytes()).to_string();
    let id = id.get(..32).unwrap_or(&id);
    let voice = readers(&about.voices, &speakers, &heard);
    let page = listen::About { id, voice: &voice, formats: &about.formats };
    let mut file = create(listen::FILE)?;
    listen::write(&mut file, &book, &page).and_then(|()| file.flush()).map_err(|error| no_room(&error))?;

    for format in &about.formats {
        match format {
            OutputFormat::Srt => put(format.file_name(), srt::srt(&cues).as_bytes())?,
            OutputFormat::Words => {
                let mut file = create(format.file_name())?;
                words::write(&mut file, content, plan, sections, tracks)?;
                file.flush().map_err(|error| no_room(&error))?;
            }
            OutputFormat::Epub => {
                let audio = folder.join(PARTS);
                let cover = spec.cover.as_deref().unwrap_or_default();
                let about = epub::About { id, voice: &voice, cover, parts: &audio };
                epub::write(create(format.file_name())?, &book, &about)?;
                // It is in the book now: room for what else is to be put.
                std::fs::remove_dir_all(&audio).map_err(|error| no_room(&error))?;
            }
            OutputFormat::Wav | OutputFormat::Flac | OutputFormat::Opus | OutputFormat::Mp3 | OutputFormat::M4b => {}
        }
    }
    Ok(())
}

/// Who reads, for people: the voice, `Kore as Ann and Puck as Bo`, or `Heart and Anna (de)` where
/// another voice than these speaks a language.
fn readers(voices: &[(String, String)], speakers: &Speakers, languages: &[&LanguageVoice]) -> String {
    let reader = |(place, (_, voice)): (usize, &(String, String))| {
        let name = u8::try_from(place).ok().and_then(|place| speakers.name(Speaker(place)));
        name.map_or_else(|| voice.clone(), |name| format!("{voice} as {name}"))
    };
    let others = languages.iter().filter(|one| voices.iter().all(|(pinned, _)| *pinned != one.pinned));
    let others = others.map(|one| format!("{} ({})", one.name, one.language));
    let mut readers: Vec<String> = voices.iter().enumerate().map(reader).chain(others).collect();
    let last = readers.pop().unwrap_or_default();
    if readers.is_empty() { last } else { format!("{} and {last}", readers.join(", ")) }
}

/// Writes a file of JSON, piece by piece: that of a script is large.
fn json<T: Serialize>(folder: &Path, name: &str, value: &T) -> Result<(), Failure> {
    let mut file = File::create(folder.join(name)).map(BufWriter::new).map_err(|error| no_room(&error))?;
    serde_json::to_writer_pretty(&mut file, value).map_err(|error| match error.io_error_kind() {
        Some(kind) => no_room(&kind.into()),
        None => Failure::internal(format!("a file cannot be written as JSON: {error}")),
    })?;
    file.flush().map_err(|error| no_room(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::encode::parts as audio_parts;
    use crate::timeline::fixture::{content, of, plan, quoted, tracks};
    use lectern_core::content::Range;

    #[test]
    fn what_was_ordered_and_what_is_always_made_lies_in_the_folder() {
        let content = content(&["Water runs.", "And ends."]);
        let mut sections = vec![
            of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))]),
            of(1, vec![quoted(&content, 0, 1, Range::new(0, 9))]),
        ];
        sections[1].utterances[0].language = Some("de".to_owned());
        let (plan, tracks) = (plan(&sections), tracks(&sections));
        let parts = Parts { content, plan, sections, tracks };
        let formats = vec![OutputFormat::Opus, OutputFormat::Epub, OutputFormat::Srt, OutputFormat::Words];
        let spec = spec(&parts, &formats, 24_000).unwrap();
        assert_eq!(spec.chapters.len(), 2);
        assert!(spec.cover.is_some() && super::spec(&parts, &[OutputFormat::Opus], 24_000).unwrap().cover.is_none());
        let folder = tempfile::tempdir().unwrap();
        let mut audio = audio_parts(&folder.path().join(PARTS), &spec).unwrap();
        let samples: u64 = parts.tracks.iter().map(|track| track.samples).sum();
        audio.write(&vec![0; samples as usize]).unwrap();
        audio.finish().unwrap();
        let measured = Measured {
            sample_rate: 24_000,
            samples,
            pcm_digest: Digest::of(b"pcm"),
            loudness: Some(-16.0),
            true_peak: Some(-2.0),
        };
        let voices = vec![("engines/tone/voices/sine@2".to_owned(), "Sine".to_owned())];
        let language = |tag: &str, name: &str| LanguageVoice {
            language: tag.to_owned(),
            pinned: format!("engines/{name}/voices/v@1"),
            name: name.to_owned(),
        };
        let languages = vec![language("de", "Anna"), language("fr", "Zoe")];
        let about = About { voices, languages, formats };
        write(&parts, &about, &spec, &measured, folder.path()).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let expected = [
            "book.epub",
            "captions.srt",
            "captions.vtt",
            "chapters.json",
            "listen.html",
            "manifest.json",
            "script.json",
            "words.json",
        ];
        assert_eq!(names, expected, "the EPUB's audio is in the EPUB");
        for (name, _) in ALWAYS {
            assert!(names.iter().any(|found| found == name), "{name}");
        }
        let page = std::fs::read_to_string(folder.path().join("listen.html")).unwrap();
        assert!(page.contains("\"audio\":[\"opus\"]") && page.contains("read by Sine and Anna (de)"));
        let made = std::fs::read(folder.path().join("manifest.json")).unwrap();
        let made: lectern_core::content::timeline::Manifest = serde_json::from_slice(&made).unwrap();
        let spoken: Vec<_> = made.languages.iter().map(|one| (one.language.as_str(), one.voice.as_str())).collect();
        assert_eq!(spoken, [("de", "engines/Anna/voices/v@1")], "nothing is heard in French");
    }

    #[test]
    fn several_readers_are_named_with_whom_they_read() {
        let voices = ["Kore", "Puck", "Leda"].map(|name| (format!("engines/e/voices/{name}@1"), name.to_owned()));
        let named = Speakers::named(&["Ann", "Bo", "Cy"]);
        assert_eq!(readers(&voices[..1], &Speakers::default(), &[]), "Kore");
        assert_eq!(readers(&voices[..2], &named, &[]), "Kore as Ann and Puck as Bo");
        assert_eq!(readers(&voices, &named, &[]), "Kore as Ann, Puck as Bo and Leda as Cy");
        assert_eq!(readers(&voices[..2], &Speakers::default(), &[]), "Kore and Puck", "one of whom does not talk");
        let speaks = |(pinned, name): &(String, String)| LanguageVoice {
            language: "de".to_owned(),
            pinned: pinned.clone(),
            name: name.clone(),
        };
        let [kore, leda] = [&voices[0], &voices[2]].map(speaks);
        assert_eq!(readers(&voices[..1], &Speakers::default(), &[&leda]), "Kore and Leda (de)");
        assert_eq!(readers(&voices[..1], &Speakers::default(), &[&kore]), "Kore", "who is named already");
    }
}
