//! `listen.html`: the document as a page in which what is heard is lit. One file that needs no
//! server and no network; the audio lies beside it, under the page's own name.
//!
//! The page is whole without its script: all text stands in it. The script (`listen.js`) finds the
//! audio, lights sentences and words by the times in the page's data, and plays from where one
//! clicks. The document's text is a stranger's: it is escaped wherever it goes, and a policy in the
//! page runs this one script and loads nothing but audio.

use std::fmt::Write as _;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lectern_core::{Digest, OutputFormat};
use serde::Serialize;

use super::escape::{direction, escaped};
use super::markup::{Markup, Names};
use crate::timeline::book::{Book, Page, Part, PieceRef, Sentence};
use crate::timeline::milliseconds;
use crate::timeline::written::shown;

/// The name of the file.
pub const FILE: &str = "listen.html";

const PAGE: &str = include_str!("listen/listen.html");
const STYLE: &str = include_str!("listen/listen.css");
const SCRIPT: &str = include_str!("listen/listen.js");

/// What a browser is offered, the best first: those whose times are exact to the sample, then what
/// needs a decoder that not every browser has.
const PLAYED: [OutputFormat; 5] =
    [OutputFormat::Opus, OutputFormat::Flac, OutputFormat::Wav, OutputFormat::M4b, OutputFormat::Mp3];

/// What the page says of a recording beside what it shows.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Tells this recording's page from others in what a browser keeps of it.
    pub id: &'a str,
    /// Who speaks, as people call the voice.
    pub voice: &'a str,
    /// The formats that the recording is made in.
    pub formats: &'a [OutputFormat],
}

/// Writes the page.
///
/// # Errors
/// What `out` answers.
pub fn write(out: &mut impl Write, book: &Book<'_>, about: &About<'_>) -> io::Result<()> {
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once('{') {
        out.write_all(before.as_bytes())?;
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        part(out, name, book, about)?;
        rest = behind;
    }
    out.write_all(rest.as_bytes())
}

/// Writes what stands at a place of the page.
fn part(out: &mut impl Write, name: &str, book: &Book<'_>, about: &About<'_>) -> io::Result<()> {
    let text = match name {
        "lang" => escaped(book.language),
        "dir" => direction(book.language).to_owned(),
        "title" => escaped(book.title),
        "byline" => escaped(&byline(book, about)),
        "script_hash" => hash(SCRIPT),
        "style_hash" => hash(STYLE),
        "style" => STYLE.to_owned(),
        "script" => SCRIPT.to_owned(),
        "chapters" => chapters(book),
        "text" => return text_of(out, book),
        "timeline" => return timeline(out, book, about),
        _ => return Err(io::Error::other(format!("listen.html has a place {name:?} that nobody fills"))),
    };
    out.write_all(text.as_bytes())
}

/// What a policy calls a script or style that stands in the page.
fn hash(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Digest::of(content.as_bytes()).0))
}

fn byline(book: &Book<'_>, about: &About<'_>) -> String {
    let minutes = milliseconds(book.samples, book.sample_rate).div_ceil(60_000);
    let length = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    let voice = if about.voice.is_empty() { String::new() } else { format!("read by {}", about.voice) };
    let parts = [book.authors.join(", "), voice, length];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The list of chapters: the pages that are heard.
fn chapters(book: &Book<'_>) -> String {
    let mut list = String::new();
    for (at, page) in book.pages.iter().filter(|page| page.section.is_some()).enumerate() {
        let title = escaped(page.title);
        let time = clock(milliseconds(page.start, book.sample_rate));
        // Writing to a string cannot fail.
        let _ = write!(
            list,
            "<li><a class=\"l{}\" href=\"#c{at}\" data-c=\"{at}\"><span>{title}</span><span class=\"at\">{time}</span></a></li>",
            page.level
        );
    }
    list
}

fn clock(milliseconds: u64) -> String {
    let (hours, minutes, seconds) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60, milliseconds / 1000 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A sentence is called by its number, so that the script finds it; nothing else has to be found.
struct Numbers;

impl Names for Numbers {
    fn piece(&mut self, piece: PieceRef) -> String {
        format!(" data-s=\"{}\"", piece.sentence)
    }

    fn block(&mut self, _: &Part<'_>) -> String {
        String::new()
    }

    fn source_page(&mut self, page: u32) -> String {
        format!(" title=\"Page {page}\" data-page=\"{page}\"")
    }

    fn language(&mut self, language: &str) -> String {
        format!(" lang=\"{}\"", escaped(language))
    }
}

fn text_of(out: &mut impl Write, book: &Book<'_>) -> io::Result<()> {
    let mut markup = Markup::new(book, Numbers);
    for (at, page) in book.pages.iter().enumerate() {
        writeln!(out, "<section id=\"c{at}\" aria-label=\"{}\">", escaped(page.title))?;
        if page.section.is_none() {
            writeln!(out, "<h1>{}</h1>", escaped(page.title))?;
        }
        out.write_all(markup.page(page).as_bytes())?;
        writeln!(out, "</section>")?;
    }
    Ok(())
}

/// What the script reads. Times are milliseconds; those of words count from their sentence's.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    duration: u64,
    audio: Vec<&'static str>,
    chapters: Vec<(u64, u64, &'a str)>,
}

/// Writes the page's data: the head, and behind it the sentences one by one, since there are many.
fn timeline(out: &mut impl Write, book: &Book<'_>, about: &About<'_>) -> io::Result<()> {
    let ms = |samples| milliseconds(samples, book.sample_rate);
    let chapter = |page: &&Page<'_>| page.section.is_some();
    let chapters = book.pages.iter().filter(chapter).map(|page| (ms(page.start), ms(page.end), page.title));
    let audio = PLAYED.into_iter().filter(|format| about.formats.contains(format)).map(OutputFormat::as_str);
    let head = Head { id: about.id, duration: ms(book.samples), audio: audio.collect(), chapters: chapters.collect() };
    let head = in_script(&serde_json::to_string(&head)?);
    let open = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{open},\"sentences\":[")?;
    for (at, sentence) in book.sentences.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let words = words(sentence, book.sample_rate);
        let start = ms(sentence.start);
        write!(out, "{comma}\n{}", serde_json::to_string(&(start, ms(sentence.end), words))?)?;
    }
    write!(out, "]}}")
}

/// The words of a sentence, four numbers each: the visible characters of the sentence before its
/// first and after its last, and when it begins and ends.
fn words(sentence: &Sentence<'_>, sample_rate: u32) -> Vec<u64> {
    let chars: Vec<char> = shown(sentence.utterance).chars().collect();
    let mut before: Vec<u64> = Vec::with_capacity(chars.len() + 1);
    let mut count = 0;
    before.push(count);
    for c in &chars {
        count += u64::from(!c.is_whitespace());
        before.push(count);
    }
    let visible = |at: u32| before.get(at as usize).copied().unwrap_or(count);
    let first = milliseconds(sentence.start, sample_rate);
    let ms = |samples: u64| milliseconds(sentence.start + samples, sample_rate).saturating_sub(first);
    let word = |word: &crate::timeline::written::Written| {
        [visible(word.original.start), visible(word.original.end), ms(word.start), ms(word.end)]
    };
    sentence.words.iter().flat_map(word).collect()
}

/// JSON as it may stand in a script's element, which ends at the first `</script`.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests;
