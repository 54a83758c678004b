//! One function for each parser: takes any bytes and panics where the parser, or what comes after
//! it, breaks a promise.
//!
//! [`TARGETS`] is the table of them. `libfuzzer/` drives them with cargo-fuzz, by hand; `tests/it`
//! replays `corpus/<target>/` and mutations of it as ordinary tests. A file that once broke
//! something stays in the corpus.

#![allow(clippy::panic, reason = "to panic is how a target tells that a promise is broken")]

pub mod mutate;
mod package;
mod pdf;
mod promises;

use std::path::{Path, PathBuf};

use lectern_ai::speakable::{self, Emoji, Language, Mark, MarkKind};
use lectern_core::content::Range;
use lectern_ingest::extract::Hint;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&[u8]),
}

/// Every parser. A new format gets a line here, a binary in `libfuzzer/`, and a folder in
/// `corpus/`.
pub const TARGETS: &[Target] = &[
    Target { name: "pdf", run: |bytes| promises::read(bytes, &named("a.pdf")) },
    Target { name: "pdf_content", run: |bytes| promises::read(&pdf::with_content(bytes), &named("a.pdf")) },
    Target { name: "pdf_cmap", run: |bytes| promises::read(&pdf::with_character_map(bytes), &named("a.pdf")) },
    Target { name: "pdf_font", run: |bytes| promises::read(&pdf::with_font_program(bytes), &named("a.pdf")) },
    Target {
        name: "docx",
        run: |bytes| promises::read(&package::office(bytes, "word/document.xml"), &named("a.docx")),
    },
    Target { name: "epub", run: |bytes| promises::read(&package::epub(bytes), &named("a.epub")) },
    Target { name: "odt", run: |bytes| promises::read(&package::odt(bytes), &named("a.odt")) },
    Target {
        name: "pptx",
        run: |bytes| promises::read(&package::office(bytes, "ppt/slides/slide1.xml"), &named("a.pptx")),
    },
    Target {
        name: "xlsx",
        run: |bytes| promises::read(&package::office(bytes, "xl/worksheets/sheet1.xml"), &named("a.xlsx")),
    },
    Target { name: "csv", run: |bytes| promises::read(bytes, &named("a.csv")) },
    Target { name: "html", run: |bytes| promises::read(&[b"<!doctype html><body>", bytes].concat(), &named("a.html")) },
    Target { name: "markdown", run: |bytes| promises::read(bytes, &named("a.md")) },
    Target { name: "text", run: |bytes| promises::read(bytes, &named("a.txt")) },
    Target { name: "sniff", run: |bytes| promises::read(bytes, &Hint::default()) },
    Target { name: "speakable", run: speakable },
    Target { name: "speak", run: speak },
];

/// The kept files of a target, by name.
///
/// # Panics
/// Where there are none, or one cannot be read.
#[must_use]
pub fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => (path, bytes),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty or not there", folder.display());
    files.into_iter().map(read).collect()
}

/// Runs the target of that name. It is never inlined: `tests/it/growth.rs` counts what happens
/// between its beginning and its end, and finds it by its name.
#[inline(never)]
pub fn run(name: &str, bytes: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => (target.run)(bytes),
        None => panic!("no target is named {name}"),
    }
}

/// Has the tables loaded that are loaded once in a process, past [`run`]: else the first input that
/// needs one would be counted with it.
pub fn load() {
    for language in (0_u8..).take(Language::ALL.len()) {
        speak(&[language, 0, 0, 0, b'a']);
    }
    for target in TARGETS {
        (target.run)(b"It was shown (Smith, 2016).");
    }
}

fn named(file_name: &str) -> Hint {
    Hint { file_name: Some(file_name.to_owned()), media_type: None }
}

/// Text of any language with a mark anywhere: what a voice gets is in its alphabet, and each word
/// of it is mapped to a place in the text. The first byte chooses the language, the next three the
/// mark and whether emoji are said; the rest is the text.
fn speak(bytes: &[u8]) {
    const KINDS: [MarkKind; 5] =
        [MarkKind::Code, MarkKind::Latex, MarkKind::Raised, MarkKind::Lowered, MarkKind::Number];
    let Some(([language, start, length, kind], rest)) = bytes.split_first_chunk::<4>() else { return };
    let text = String::from_utf8_lossy(rest);
    let language = Language::ALL[usize::from(*language) % Language::ALL.len()];
    let start = u32::from(*start);
    let mark =
        Mark { range: Range::new(start, start + u32::from(*length)), kind: KINDS[usize::from(*kind) % KINDS.len()] };
    let marks = if *length == 0 { Vec::new() } else { vec![mark] };
    let emoji = if *kind < 128 { Emoji::Named } else { Emoji::Dropped };
    let spoken = speakable::speak(&text, &marks, language, emoji);
    promises::in_the_alphabet(&spoken.text);
    promises::mapped(&spoken, &text);
    let mut at = 0;
    for range in speakable::sentences(&text, language) {
        assert!(range.start >= at && range.end > range.start, "{range:?} of {text:?}");
        at = range.end;
    }
    assert!(at as usize <= text.chars().count(), "{at} of {text:?}");
}

/// Words and formulas: whatever is written, what a voice gets is in its alphabet.
fn speakable(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let spoken = speakable::speak(&text, &[], Language::English, Emoji::Named);
    promises::in_the_alphabet(&spoken.text);
    if let Some(words) = speakable::formula(&text, Language::English) {
        promises::in_the_alphabet(&words);
    }
    promises::in_the_alphabet(&speakable::ordinal_label(&text, Language::English));
    for part in speakable::formula_parts(&text, 200, Language::English) {
        assert!(part.end as usize <= text.chars().count(), "{part:?} of {text:?}");
    }
}
