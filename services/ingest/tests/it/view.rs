//! A content as lines of text that a test can compare.

use lectern_core::content::document::{BlockKind, Content, Matter, Span, SpanKind};

/// One line a block: what it is, then its text with its spans.
pub fn blocks(content: &Content) -> String {
    let mut out = String::new();
    for block in &content.blocks {
        let mut kind = match &block.kind {
            BlockKind::Heading { level } => format!("h{level}"),
            BlockKind::Paragraph => "p".to_owned(),
            BlockKind::ListItem { ordinal, depth } => format!("li{depth} {}", ordinal.as_deref().unwrap_or("-")),
            BlockKind::Table { rows, header_rows } => {
                format!("table {}x{} head {header_rows}", rows.len(), rows[0].len())
            }
            BlockKind::Code { language } => format!("code {}", language.as_deref().unwrap_or("-")),
            BlockKind::Quote => "quote".to_owned(),
            BlockKind::Caption => "caption".to_owned(),
            BlockKind::Footnote { label } => format!("note {label}"),
            BlockKind::Formula { latex } => format!("formula {}", if *latex { "latex" } else { "text" }),
            BlockKind::Figure => "figure".to_owned(),
            BlockKind::Furniture { furniture } => format!("{furniture:?}").to_lowercase(),
        };
        match block.matter {
            Matter::Body => {}
            Matter::Front => kind.push_str(" front"),
            Matter::Back => kind.push_str(" back"),
            Matter::References => kind.push_str(" references"),
        }
        if let Some(language) = &block.language {
            kind.push_str(&format!(" {language}"));
        }
        out.push_str(&format!("{kind}: {}\n", block.text.replace('\n', " / ")));
        for span in &block.spans {
            out.push_str(&format!("    {} = {}\n", name(span), span.range.of(&block.text).replace('\n', " / ")));
        }
    }
    out
}

fn name(span: &Span) -> String {
    match &span.kind {
        SpanKind::Emphasis => "em".to_owned(),
        SpanKind::Code => "code".to_owned(),
        SpanKind::Link { target } => format!("link {target}"),
        SpanKind::NoteReference { note } => format!("noteref {}", note.map_or("?".to_owned(), |note| note.to_string())),
        SpanKind::Citation => "cite".to_owned(),
        SpanKind::Formula { latex } => format!("formula {latex}"),
        SpanKind::Superscript => "sup".to_owned(),
        SpanKind::Subscript => "sub".to_owned(),
        SpanKind::Quote => "q".to_owned(),
    }
}

/// What holds of every content: ids are places, ranges lie within their text and hold something,
/// marks are sorted and do not cross, notes that are referred to are notes.
pub fn check(content: &Content) {
    for (place, block) in content.blocks.iter().enumerate() {
        assert_eq!(block.id as usize, place);
        let length = lectern_core::content::length(&block.text);
        for span in &block.spans {
            assert!(span.range.start < span.range.end && span.range.end <= length, "{span:?} of {:?}", block.text);
            if let SpanKind::NoteReference { note: Some(note) } = span.kind {
                assert!(matches!(content.blocks[note as usize].kind, BlockKind::Footnote { .. }));
            }
        }
        for pair in block.spans.windows(2) {
            assert!(pair[0].range.start <= pair[1].range.start, "{:?}", block.spans);
        }
        for (index, outer) in block.spans.iter().enumerate() {
            for inner in &block.spans[index + 1..] {
                let crosses = inner.range.start < outer.range.end && inner.range.end > outer.range.end;
                assert!(!crosses || inner.range.start == outer.range.start, "{outer:?} {inner:?}");
            }
        }
        if !matches!(block.kind, BlockKind::Code { .. } | BlockKind::Table { .. } | BlockKind::Formula { .. }) {
            assert_eq!(block.text, block.text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
