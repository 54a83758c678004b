use lectern_core::content::Range;
use lectern_core::content::document::{Content, Furniture, Span, SpanKind};
use lectern_core::content::script::{Plan, Section, SkipReason, Skipped, Source, Speaker, Utterance};
use lectern_core::content::timeline::Track;

use super::*;
use crate::timeline::book::book;
use crate::timeline::fixture::{content, of, plan, quoted, tracks, utterance};

/// Names by numbers.
struct Plain;

impl Names for Plain {
    fn piece(&mut self, piece: PieceRef) -> String {
        format!(" data-s=\"{}.{}\"", piece.sentence, piece.piece)
    }

    fn block(&mut self, part: &Part<'_>) -> String {
        format!(" id=\"b{}\"", part.block.id)
    }

    fn source_page(&mut self, page: u32) -> String {
        format!(" id=\"page{page}\"")
    }

    fn language(&mut self, language: &str) -> String {
        format!(" lang=\"{}\"", escaped(language))
    }
}

fn skip(block: u32, range: Option<Range>, reason: SkipReason) -> Skipped {
    Skipped { block, range, reason }
}

/// What stands on the first page.
fn written(content: &Content, plan: &Plan, sections: &[Section], tracks: &[Track]) -> String {
    let book = book(content, plan, sections, tracks).unwrap();
    let mut markup = Markup::new(&book, Plain);
    book.pages.iter().map(|page| markup.page(page)).collect::<Vec<_>>().join("---\n")
}

/// A page of blocks that are spoken as a whole.
fn spoken(content: &Content) -> String {
    let utterances = content.blocks.iter().filter(|block| !block.text.is_empty()).zip(0..).map(|(block, id)| {
        let sources = vec![Source { block: block.id, range: Range::all(&block.text) }];
        Utterance { sources, ..utterance(id, Role::Body, true, &block.text) }
    });
    let sections = [of(0, utterances.collect())];
    written(content, &plan(&sections), &sections, &tracks(&sections))
}

#[test]
fn a_citation_stands_in_its_sentence_and_is_marked() {
    let content = content(&["He said [3] <that>. More."]);
    let sources = vec![Source { block: 0, range: Range::new(0, 7) }, Source { block: 0, range: Range::new(11, 19) }];
    let one = Utterance { sources, ..utterance(0, Role::Body, false, "He said <that>.") };
    let mut section = of(0, vec![one, quoted(&content, 1, 0, Range::new(20, 25))]);
    section.skipped = vec![skip(0, Some(Range::new(8, 11)), SkipReason::Citation)];
    let sections = [section];
    let html = written(&content, &plan(&sections), &sections, &tracks(&sections));
    let expected = "<p id=\"b0\"><span class=\"pagebreak\" id=\"page1\"></span><span class=\"s\" data-s=\"0.0\">He said \
                    <span class=\"skip\" title=\"Not read: citation\">[3]</span> &lt;that&gt;.</span> \
                    <span class=\"s\" data-s=\"1.0\">More.</span></p>\n";
    assert_eq!(html, expected);
}

#[test]
fn what_is_left_out_says_why() {
    let mut content = content(&["7", "Said.", "a | b", "let x = 1;"]);
    content.blocks[0].kind = BlockKind::Furniture { furniture: Furniture::PageNumber };
    content.blocks[2].kind = BlockKind::Table { rows: vec![vec!["a".to_owned(), "b".to_owned()]], header_rows: 0 };
    content.blocks[3].kind = BlockKind::Code { language: None };
    let mut section = of(0, vec![quoted(&content, 0, 1, Range::new(0, 5))]);
    section.skipped = vec![
        skip(0, None, SkipReason::PageNumber),
        skip(2, None, SkipReason::TableBody),
        skip(3, None, SkipReason::CodeBody),
    ];
    let sections = [section];
    let html = written(&content, &plan(&sections), &sections, &tracks(&sections));
    assert!(
        html.contains("<p class=\"furniture left-out\" id=\"b0\">")
            && html.contains(">Not read: page number</span> 7</p>")
    );
    assert!(html.contains("<p class=\"why\">Not read: table, which is announced</p>\n<div class=\"scroll left-out\""));
    assert!(html.contains("<tr><td>a</td><td>b</td></tr>"), "{html}");
    assert!(html.contains("<pre class=\"left-out\" id=\"b3\"><code>let x = 1;</code></pre>"), "{html}");
    assert!(!html.contains("class=\"skip\""), "the block says it once: {html}");
}

#[test]
fn each_kind_of_block_is_what_it_is() {
    let texts = ["Title", "First", "Second", "Quoted", "A figure", "Noted", "x = y"];
    let mut content = content(&texts);
    let kinds = [
        BlockKind::Heading { level: 2 },
        BlockKind::ListItem { ordinal: Some("1.".to_owned()), depth: 0 },
        BlockKind::ListItem { ordinal: None, depth: 9 },
        BlockKind::Quote,
        BlockKind::Caption,
        BlockKind::Footnote { label: "*".to_owned() },
        BlockKind::Formula { latex: false },
    ];
    for (block, kind) in content.blocks.iter_mut().zip(kinds) {
        block.kind = kind;
        block.page = None;
    }
    content.blocks[3].language = Some("de".to_owned());
    let html = spoken(&content);
    let s = |at: usize, text: &str| format!("<span class=\"s\" data-s=\"{at}.0\">{text}</span>");
    let expected = [
        format!("<h2 id=\"b0\">{}</h2>", s(0, "Title")),
        "<ul class=\"list\">".to_owned(),
        format!("<li class=\"d0\" id=\"b1\"><span class=\"label\">1.</span>{}</li>", s(1, "First")),
        format!("<li class=\"d3\" id=\"b2\"><span class=\"label\">•</span>{}</li>", s(2, "Second")),
        "</ul>".to_owned(),
        format!("<blockquote id=\"b3\" lang=\"de\"><p>{}</p></blockquote>", s(3, "Quoted")),
        format!("<p class=\"caption\" id=\"b4\">{}</p>", s(4, "A figure")),
        format!("<div class=\"note\" id=\"b5\"><p><span class=\"label\">*</span>{}</p></div>", s(5, "Noted")),
        format!("<p class=\"formula\" id=\"b6\">{}</p>", s(6, "x = y")),
    ];
    assert_eq!(html.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_set_otherwise_is_so_within_its_sentence() {
    let mut content = content(&["An important link here."]);
    content.blocks[0].page = None;
    let span = |start, end, kind| Span { range: Range::new(start, end), kind };
    let target = |target: &str| SpanKind::Link { target: target.to_owned() };
    content.blocks[0].spans = vec![
        span(3, 17, SpanKind::Emphasis),
        span(13, 17, target("https://example.com/a?b&c")),
        span(13, 17, target("https://example.com/twice")),
        span(18, 22, target("javascript:alert(1)")),
    ];
    let expected = "<p id=\"b0\"><span class=\"s\" data-s=\"0.0\">An <em>important </em><em>\
                    <a href=\"https://example.com/a?b&amp;c\" rel=\"noopener noreferrer\">link</a></em> here.</span></p>\n";
    assert_eq!(spoken(&content), expected);
}

#[test]
fn words_of_others_say_whose_they_are() {
    let content = content(&["Unsaid"]);
    let said = |id, speaker, ends_block, text| Utterance {
        added: true,
        speaker: Speaker(speaker),
        ..utterance(id, Role::Body, ends_block, text)
    };
    let table = Utterance { added: true, ..utterance(3, Role::Announcement, true, "Code omitted.") };
    let utterances = vec![said(0, 0, false, "Why?"), said(1, 0, true, "I ask."), said(2, 1, true, "So."), table];
    let sections = [of(0, utterances)];
    let html = written(&content, &plan(&sections), &sections, &tracks(&sections));
    let expected = "<p class=\"aloud said\"><span class=\"who\">Speaker 1</span><span class=\"s\" data-s=\"0.0\">Why?</span> \
                    <span class=\"s\" data-s=\"1.0\">I ask.</span></p>\n\
                    <p class=\"aloud said\"><span class=\"who\">Speaker 2</span><span class=\"s\" data-s=\"2.0\">So.</span></p>\n\
                    <p class=\"aloud\"><span class=\"who\">Speaker 1</span><span class=\"s\" data-s=\"3.0\">Code omitted.</span></p>\n";
    assert!(html.starts_with(expected), "{html}");
    assert!(html.contains("---\n"), "the document stands behind it: {html}");
}
