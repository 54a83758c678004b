//! Books that are written, read back by the rules of EPUB 3.3, and books with a fault each, which
//! the rules find.

mod rules;
mod xml;

use std::io::{Cursor, Read as _, Write as _};

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, Content, Furniture, Span, SpanKind};
use lectern_core::content::script::{Plan, Role, Section, SkipReason, Skipped, Source, Utterance};
use lectern_core::content::timeline::Track;
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

use self::rules::broken;
use super::*;
use crate::audio::encode::{Mark, Spec, parts};
use crate::outputs::cover::cover;
use crate::timeline::book::book;
use crate::timeline::chapters::chapters;
use crate::timeline::fixture::{content, of, plan, quoted, tracks, utterance};

/// A document of every kind, with what is skipped, words of ours, a note, and a page that nobody
/// reads.
fn world() -> (Content, Plan, Vec<Section>) {
    let texts = [
        "Salt & <water>",
        "7",
        "It is sold [3] by weight. So it is.",
        "First",
        "Second",
        "kind | price\nfine | 2",
        "let salt = 1;\n",
        "Said by others.",
        "Adjusted.",
        "x = y",
        "Then the end\u{1}.",
        "Colophon.",
    ];
    let mut content = content(&texts);
    content.authors = vec!["Ann <Lee>".to_owned()];
    let rows = vec![vec!["kind".to_owned(), "price".to_owned()], vec!["fine".to_owned(), "2".to_owned()]];
    let kinds = [
        BlockKind::Heading { level: 1 },
        BlockKind::Furniture { furniture: Furniture::PageNumber },
        BlockKind::Paragraph,
        BlockKind::ListItem { ordinal: Some("1.".to_owned()), depth: 0 },
        BlockKind::ListItem { ordinal: None, depth: 1 },
        BlockKind::Table { rows, header_rows: 1 },
        BlockKind::Code { language: None },
        BlockKind::Quote,
        BlockKind::Footnote { label: "*".to_owned() },
        BlockKind::Formula { latex: false },
        BlockKind::Paragraph,
        BlockKind::Paragraph,
    ];
    for ((block, kind), page) in content.blocks.iter_mut().zip(kinds).zip([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5]) {
        block.kind = kind;
        block.page = Some(page);
    }
    content.blocks[7].language = Some("de".to_owned());
    content.blocks[2].spans = vec![Span {
        range: Range::new(3, 5),
        kind: SpanKind::Link { target: "https://example.com/?a=1&b=2".to_owned() },
    }];
    let r = Range::new;
    let whole = |id, block: u32| {
        let range = Range::all(&content.blocks[block as usize].text);
        quoted(&content, id, block, range)
    };
    let cited = Utterance {
        sources: vec![Source { block: 2, range: r(0, 10) }, Source { block: 2, range: r(14, 25) }],
        ..utterance(1, Role::Body, false, "It is sold by weight.")
    };
    let row = |id, from, to| Utterance {
        sources: vec![Source { block: 5, range: from }, Source { block: 5, range: to }],
        ..utterance(id, Role::TableRow, true, &format!("{} {}", from.of(texts[5]), to.of(texts[5])))
    };
    let code = Utterance { added: true, ..utterance(7, Role::Announcement, true, "Code, one line.") };
    let mut first = of(
        0,
        vec![
            whole(0, 0),
            cited,
            quoted(&content, 2, 2, r(26, 35)),
            whole(3, 3),
            whole(4, 4),
            row(5, r(0, 4), r(7, 12)),
            row(6, r(13, 17), r(20, 21)),
            code,
        ],
    );
    first.title = "Salt & <water>".to_owned();
    first.skipped = vec![skip(2, Some(r(11, 14)), SkipReason::Citation), skip(6, None, SkipReason::CodeBody)];
    let mut second = of(1, vec![whole(0, 7), whole(1, 8), whole(2, 9), whole(3, 10)]);
    second.level = 2;
    let sections = vec![first, second];
    let mut plan = plan(&sections);
    plan.title = "Salt & <water>".to_owned();
    plan.skipped = vec![skip(1, None, SkipReason::PageNumber), skip(11, None, SkipReason::BackMatter)];
    (content, plan, sections)
}

fn skip(block: u32, range: Option<Range>, reason: SkipReason) -> Skipped {
    Skipped { block, range, reason }
}

/// The EPUB of a recording, whose audio is silence.
fn written(content: &Content, plan: &Plan, sections: &[Section], tracks: &[Track]) -> Vec<u8> {
    let book = book(content, plan, sections, tracks).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let marks = chapters(&plan.title, sections, tracks).unwrap().chapters.into_iter();
    let chapters = marks.map(|one| Mark { title: one.title, start: one.start_sample, end: one.end_sample }).collect();
    let spec = Spec { chapters, ..Spec::plain(24_000, &plan.title) };
    let mut audio = parts(folder.path(), &spec).unwrap();
    audio.write(&vec![0; usize::try_from(book.samples).unwrap()]).unwrap();
    audio.finish().unwrap();
    let cover = cover(book.title, book.authors, &[1]).unwrap();
    let id = "00112233445566778899aabbccddeeff";
    let about = About { id, voice: "Heart & co.", cover: &cover, parts: folder.path() };
    let mut out = Cursor::new(Vec::new());
    write(&mut out, &book, &about).unwrap();
    out.into_inner()
}

/// A book of the world.
fn made() -> Vec<u8> {
    let (content, plan, sections) = world();
    let tracks = tracks(&sections);
    written(&content, &plan, &sections, &tracks)
}

/// A file of a book.
fn file(epub: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(epub)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The book with the content of a file changed; without it where that is emptied.
fn changed(epub: &[u8], name: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(epub)).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut file = from.by_index(at).unwrap();
        let (of, method) = (file.name().unwrap().into_owned(), file.compression());
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if of == name {
            let text = String::from_utf8(content).unwrap();
            content = change(&text).into_bytes();
            assert_ne!(text.as_bytes(), content, "the fault is planted in {name}");
            if content.is_empty() {
                continue;
            }
        }
        to.start_file(of, SimpleFileOptions::default().compression_method(method)).unwrap();
        to.write_all(&content).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn a_book_keeps_the_rules_of_epub_3() {
    let epub = made();
    assert_eq!(broken(&epub), Vec::<String>::new());
    assert_eq!(epub, made(), "equal recordings have equal books");
}

#[test]
fn every_block_stands_in_the_book_and_what_is_not_read_says_why() {
    let epub = made();
    let (content, ..) = world();
    let text = file(&epub, "EPUB/s0001.xhtml") + &file(&epub, "EPUB/s0002.xhtml");
    for block in &content.blocks {
        assert_eq!(text.matches(&format!(" id=\"b{}\"", block.id)).count(), 1, "block {}", block.id);
    }
    for why in ["page number", "code, which is announced", "back matter"] {
        assert!(text.contains(&format!(">Not read: {why}<")), "{why}");
    }
    assert!(text.contains("<span class=\"skip\" title=\"Not read: citation\">[3]</span>"), "{text}");
    assert!(text.contains("lang=\"de\" xml:lang=\"de\""));
    assert!(text.contains("Then the end\u{FFFD}."), "XML has no such character");
    // A row's cells are lit one after the other.
    let smil = file(&epub, "EPUB/s0001.smil");
    assert!(smil.contains("#u5\"") && smil.contains("#u5-1\"") && smil.contains("epub:type=\"table\""), "{smil}");
    assert!(file(&epub, "EPUB/s0002.smil").contains("epub:type=\"footnote\""));
    let nav = file(&epub, "EPUB/nav.xhtml");
    assert!(nav.contains("<a href=\"s0001.xhtml#page\">Salt &amp; &lt;water&gt;</a>\n<ol>"), "{nav}");
    assert!(nav.contains("<a href=\"s0002.xhtml#page5\">5</a>"), "{nav}");
}

#[test]
fn words_of_a_model_are_heard_and_the_document_stands_behind_them() {
    let content = content(&["Salt is sold by weight."]);
    let said = |id, text| Utterance {
        added: true,
        sources: vec![Source { block: 0, range: Range::new(0, 23) }],
        ..utterance(id, Role::Body, true, text)
    };
    let mut section = of(0, vec![said(0, "By weight, so."), said(1, "And no other way.")]);
    section.skipped = vec![skip(0, None, SkipReason::Summarised)];
    let sections = [section];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let epub = written(&content, &plan, &sections, &tracks);
    assert_eq!(broken(&epub), Vec::<String>::new());
    let document = file(&epub, "EPUB/s0002.xhtml");
    assert!(document.contains("epub:type=\"backmatter\"") && document.contains("Not read: covered in other words"));
    let package = file(&epub, "EPUB/package.opf");
    assert_eq!(package.matches("media-overlay=").count(), 1, "the document is not heard: {package}");
}

#[test]
fn the_rules_find_each_fault() {
    let epub = made();
    let replaced = |name: &str, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        changed(&epub, name, move |text| text.replacen(&from, &to, 1))
    };
    let package = "EPUB/package.opf";
    let faults: [(&str, Vec<u8>); 20] = [
        ("4.2.6.3", replaced("META-INF/container.xml", "package.opf", "other.opf")),
        ("5.4", replaced(package, "unique-identifier=\"id\"", "unique-identifier=\"no\"")),
        ("5.4", replaced(package, "version=\"3.0\"", "version=\"2.0\"")),
        ("5.5.3.2", replaced(package, "1980-01-01T00:00:00Z", "1980-01-01")),
        ("5.5.3: no dc:language", replaced(package, "<dc:language>en</dc:language>", "")),
        (
            "5.6: the manifest",
            replaced(package, "<item id=\"style\" href=\"style.css\" media-type=\"text/css\"/>\n", ""),
        ),
        ("5.6.2", replaced(package, "href=\"cover.png\"", "href=\"picture.png\"")),
        ("5.6.2.1", replaced(package, " properties=\"nav\"", "")),
        ("3.2", replaced(package, "audio/ogg; codecs=opus", "audio/x-speex")),
        ("5.7.2", replaced(package, "idref=\"text-0002\"", "idref=\"text-0009\"")),
        ("9.4", replaced(package, " media-overlay=\"overlay-0001\"", "")),
        ("9.4", replaced(package, "refines=\"#overlay-0001\"", "refines=\"#overlay-0009\"")),
        ("6.1", replaced("EPUB/s0001.xhtml", "</section>", "")),
        ("6.1", replaced("EPUB/s0001.xhtml", "id=\"b0\"", "id=\"b2\"")),
        ("6.1.2", replaced("EPUB/s0002.xhtml", "<title>Part 2</title>", "<title></title>")),
        ("7.3", replaced("EPUB/nav.xhtml", "<h1>Contents</h1>", "")),
        ("3.5", replaced("EPUB/nav.xhtml", "s0002.xhtml#page\"", "s0002.xhtml#pages\"")),
        ("3.5", replaced("EPUB/s0001.smil", "#u1\"", "#x1\"")),
        ("a clip begins", replaced("EPUB/s0001.smil", "clipBegin=\"0:00:00.000\"", "clipBegin=\"0:00:00.001\"")),
        ("5.6.2", changed(&epub, "EPUB/style.css", |_| String::new())),
    ];
    for (number, (rule, faulty)) in faults.iter().enumerate() {
        let found = broken(faulty);
        assert!(
            found.iter().any(|one| one.starts_with(rule) || one.contains(rule)),
            "fault {number}, {rule}: {found:?}"
        );
    }
    // The first file has to be the first.
    let mut cut = epub.clone();
    cut[30] = b'M';
    assert!(broken(&cut).iter().any(|one| one.contains("4.3")));
}
