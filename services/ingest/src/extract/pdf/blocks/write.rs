//! Drafts to the content that is stored: texts, ids, references to notes, title and language.

use std::collections::HashMap;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, SCHEMA, Span, SpanKind, Warning};

use super::super::EXTRACTOR;
use super::super::content::file::File;
use super::super::content::outline::Outline;
use super::super::content::page::Link;
use super::super::layout::furniture::Piece;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::draft::Draft;
use super::inline::{self, Inline};
use super::{classify, headings, notes};
use crate::clean;
use crate::clean::hyphens::Words;

/// A document's drafts in reading order, with what is needed to write them.
#[derive(Debug)]
pub struct Laid {
    /// The drafts.
    pub drafts: Vec<Draft>,
    /// What is usual in it.
    pub metrics: Metrics,
    /// All its lines, for its vocabulary.
    pub lines: Vec<Line>,
    /// The links of each page.
    pub links: Vec<Vec<Link>>,
}

/// The finished content.
pub fn content(file: &File, laid: Laid, furniture: Vec<Piece>, warnings: Vec<Warning>, pages: usize) -> Content {
    let Laid { mut drafts, metrics, lines, links } = laid;
    let outline = Outline::read(file);
    classify::captions(&mut drafts, &metrics);
    let title = headings::mark(&mut drafts, &metrics, &outline);
    classify::settle(&mut drafts, &metrics);
    let mut words = Words::default();
    let mut divided = false;
    for line in &lines {
        let text = line.text();
        words.add_line(&text, divided);
        divided = clean::hyphens::ends_divided(&text);
    }
    let heading = title.map(|at| inline::write(&drafts[at], &words, &links).text);
    let drafts = with_furniture(drafts, furniture);
    let mut blocks: Vec<Block> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if let Some(block) = block(draft, &words, &links, blocks.len()) {
            blocks.push(block);
        }
    }
    refer(&mut blocks);
    refer_flush(&mut blocks);
    let language = languages(&mut blocks, file);
    let info = file.document().trailer.get(b"Info").ok().and_then(|info| file.dict(info));
    let named = info.and_then(|info| file.text(info, b"Title")).filter(|title| speaks(title));
    let first = blocks
        .iter()
        .find(|block| matches!(block.kind, BlockKind::Heading { level: 1 }))
        .map(|block| block.text.clone());
    Content {
        schema: SCHEMA,
        title: named.or(heading).or(first),
        authors: info.and_then(|info| file.text(info, b"Author")).map(|text| authors(&text)).unwrap_or_default(),
        language,
        media_type: "application/pdf".to_owned(),
        extractor: EXTRACTOR.to_owned(),
        pages: u32::try_from(pages).ok(),
        blocks,
        warnings,
    }
}

/// Whether a title in the metadata is one, and not a file's name.
fn speaks(title: &str) -> bool {
    let lower = title.to_lowercase();
    let file = [".dvi", ".doc", ".docx", ".tex", ".odt", ".pdf", ".ps", ".xml", ".fm", ".indd"]
        .iter()
        .any(|end| lower.ends_with(end));
    !file
        && !lower.starts_with("microsoft word - ")
        && lower != "untitled"
        && title.chars().filter(|char| char.is_alphabetic()).count() >= 3
}

fn authors(text: &str) -> Vec<String> {
    text.split([';', '|'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| {
            if part.matches(',').count() == 1 && !part.trim().contains(' ') {
                vec![part]
            } else {
                part.split(", ").collect()
            }
        })
        .map(|name| name.trim().trim_end_matches(',').to_owned())
        .filter(|name| name.chars().any(char::is_alphabetic))
        .collect()
}

fn with_furniture(drafts: Vec<Draft>, furniture: Vec<Piece>) -> Vec<Draft> {
    let mut out = Vec::with_capacity(drafts.len() + furniture.len());
    let ready =
        |piece: Piece| Draft::ready(BlockKind::Furniture { furniture: piece.furniture }, piece.text, piece.page, 1.0);
    let mut pieces = furniture.into_iter().peekable();
    for draft in drafts {
        while let Some(piece) =
            pieces.next_if(|piece| piece.page < draft.page || (piece.page == draft.page && piece.top))
        {
            out.push(ready(piece));
        }
        out.push(draft);
    }
    out.extend(pieces.map(ready));
    out
}

fn block(draft: Draft, words: &Words, links: &[Vec<Link>], id: usize) -> Option<Block> {
    let Inline { text, spans } = match &draft.text {
        Some(text) => Inline { text: text.clone(), spans: Vec::new() },
        None => inline::write(&draft, words, links),
    };
    if text.is_empty() {
        return None;
    }
    let page = u32::try_from(draft.page + 1).ok();
    let page_end = u32::try_from(draft.page_end + 1).ok().filter(|_| draft.page_end != draft.page);
    let id = u32::try_from(id).ok()?;
    Some(Block {
        id,
        kind: draft.kind,
        text,
        page,
        page_end,
        confidence: draft.confidence,
        language: None,
        matter: draft.matter,
        spans,
    })
}

/// Turns raised marks into references to the notes that they name, nearest note first.
fn refer(blocks: &mut [Block]) {
    let mut by_label: HashMap<String, Vec<(u32, u32)>> = HashMap::new();
    for block in blocks.iter() {
        if let BlockKind::Footnote { label } = &block.kind {
            by_label.entry(label.clone()).or_default().push((block.page.unwrap_or(0), block.id));
        }
    }
    for block in blocks.iter_mut() {
        if matches!(block.kind, BlockKind::Footnote { .. } | BlockKind::Furniture { .. }) {
            continue;
        }
        let (from, to) = (block.page.unwrap_or(0), block.page_end.or(block.page).unwrap_or(0));
        let text = block.text.clone();
        for span in &mut block.spans {
            if span.kind != SpanKind::Superscript {
                continue;
            }
            let label = span.range.of(&text).trim();
            if !notes::is_label(label) {
                continue;
            }
            let Some(places) = by_label.get(label) else { continue };
            let near = places
                .iter()
                .find(|(page, _)| from <= *page && *page <= to)
                .or_else(|| if places.len() == 1 { places.first() } else { None });
            // A page's own note, or the only one of that number: else an exponent.
            if let Some((page, id)) = near
                && (from <= *page && *page <= to + 1 || label.parse::<u32>().is_err())
            {
                span.kind = SpanKind::NoteReference { note: Some(*id) };
            }
        }
    }
}

/// References to notes whose marks are not raised but drawn by raised figures of their own: `wave.1 Every`. A note's number must
/// stand so in exactly one place of its page.
fn refer_flush(blocks: &mut [Block]) {
    let referred: Vec<u32> = blocks
        .iter()
        .flat_map(|block| &block.spans)
        .filter_map(|span| if let SpanKind::NoteReference { note } = span.kind { note } else { None })
        .collect();
    let missing: Vec<(u32, u32, String)> = blocks
        .iter()
        .filter_map(|block| match &block.kind {
            BlockKind::Footnote { label } if !referred.contains(&block.id) && label.parse::<u32>().is_ok() => {
                Some((block.id, block.page?, label.clone()))
            }
            BlockKind::Footnote { .. }
            | BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Table { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Formula { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => None,
        })
        .collect();
    for (note, page, label) in missing {
        let mut places = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            let on_page = block.page.is_some_and(|from| from <= page && page <= block.page_end.unwrap_or(from));
            let text = matches!(block.kind, BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote);
            if on_page && text {
                places.extend(flush_marks(&block.text, &label).into_iter().map(|range| (at, range)));
            }
        }
        if let [(at, range)] = places[..] {
            let spans = &mut blocks[at].spans;
            spans.push(Span { range, kind: SpanKind::NoteReference { note: Some(note) } });
            spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
        }
    }
}

/// Where `label` stands right behind a letter or a stop and before white space or the end.
fn flush_marks(text: &str, label: &str) -> Vec<Range> {
    let chars: Vec<char> = text.chars().collect();
    let label: Vec<char> = label.chars().collect();
    (1..chars.len().saturating_sub(label.len() - 1))
        .filter(|at| {
            let end = at + label.len();
            chars[*at..end] == label
                && (chars[at - 1].is_alphabetic()
                    || matches!(chars[at - 1], '.' | ',' | ';' | ')' | '”' | '’' | '?' | '!'))
                && chars.get(end).is_none_or(|next| next.is_whitespace())
        })
        .filter_map(|at| Some(Range::new(u32::try_from(at).ok()?, u32::try_from(at + label.len()).ok()?)))
        .collect()
}

/// The document's language; blocks that are surely in another are marked.
fn languages(blocks: &mut [Block], file: &File) -> String {
    let mut sample = String::new();
    for block in blocks.iter() {
        if matches!(block.kind, BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote)
            && sample.len() < 20_000
        {
            sample.push_str(&block.text);
            sample.push(' ');
        }
    }
    let declared = file.document().catalog().ok().and_then(|catalog| file.text(catalog, b"Lang"));
    let declared = declared
        .and_then(|tag| tag.split(['-', '_']).next().map(str::to_lowercase))
        .filter(|tag| (2..=3).contains(&tag.len()));
    let main = clean::language(&sample).map(str::to_owned).or(declared).unwrap_or_else(|| "en".to_owned());
    for block in blocks.iter_mut() {
        let running = matches!(block.kind, BlockKind::Paragraph | BlockKind::Quote);
        if running
            && block.text.chars().count() > 200
            && let Some(language) = clean::language(&block.text)
            && language != main
        {
            block.language = Some(language.to_owned());
        }
    }
    main
}
