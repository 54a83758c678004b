//! What may be asked of a block's kind, so that a question is answered in one place and a new kind
//! is thought of there.

use super::document::BlockKind;

impl BlockKind {
    /// The name of the kind as the content's JSON and the manifest write it (`list_item`).
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Heading { .. } => "heading",
            Self::Paragraph => "paragraph",
            Self::ListItem { .. } => "list_item",
            Self::Table { .. } => "table",
            Self::Code { .. } => "code",
            Self::Quote => "quote",
            Self::Caption => "caption",
            Self::Footnote { .. } => "footnote",
            Self::Formula { .. } => "formula",
            Self::Figure => "figure",
            Self::Furniture { .. } => "furniture",
        }
    }

    /// The level of a heading, 1 to 6; none for any other kind.
    #[must_use]
    pub const fn heading_level(&self) -> Option<u8> {
        if let Self::Heading { level } = self { Some(*level) } else { None }
    }

    /// Whether it is text in sentences, of the work itself: paragraphs, items of lists, quotations.
    /// Languages are told from it, and briefings choose from it.
    #[must_use]
    pub const fn is_running_text(&self) -> bool {
        matches!(self, Self::Paragraph | Self::ListItem { .. } | Self::Quote)
    }

    /// Whether it is set apart from the running text and refers to it or is referred to: captions,
    /// notes, pictures.
    #[must_use]
    pub const fn is_apparatus(&self) -> bool {
        matches!(self, Self::Caption | Self::Footnote { .. } | Self::Figure)
    }

    /// Whether its text is in no natural language: code and formulas, whatever their words look
    /// like.
    #[must_use]
    pub const fn is_notation(&self) -> bool {
        matches!(self, Self::Code { .. } | Self::Formula { .. })
    }

    /// Whether it is a footnote or endnote.
    #[must_use]
    pub const fn is_footnote(&self) -> bool {
        matches!(self, Self::Footnote { .. })
    }

    /// Whether nobody reads it aloud, whatever is ordered.
    #[must_use]
    pub const fn is_furniture(&self) -> bool {
        matches!(self, Self::Furniture { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::document::Furniture;

    #[test]
    fn a_kind_is_named_as_its_json_names_it_and_is_of_at_most_one_sort() {
        let kinds = [
            BlockKind::Heading { level: 2 },
            BlockKind::Paragraph,
            BlockKind::ListItem { ordinal: None, depth: 0 },
            BlockKind::Table { rows: Vec::new(), header_rows: 0 },
            BlockKind::Code { language: None },
            BlockKind::Quote,
            BlockKind::Caption,
            BlockKind::Footnote { label: "1".to_owned() },
            BlockKind::Formula { latex: false },
            BlockKind::Figure,
            BlockKind::Furniture { furniture: Furniture::Watermark },
        ];
        for kind in &kinds {
            assert_eq!(serde_json::to_value(kind).unwrap()["kind"], kind.name());
            let sorts = [
                kind.heading_level().is_some(),
                kind.is_running_text(),
                kind.is_apparatus(),
                kind.is_notation(),
                kind.is_furniture(),
            ];
            assert!(sorts.iter().filter(|is| **is).count() <= 1, "{kind:?}");
        }
        assert_eq!(kinds.iter().filter(|kind| kind.is_running_text()).count(), 3);
        assert_eq!(kinds.iter().filter_map(BlockKind::heading_level).collect::<Vec<_>>(), [2]);
    }
}
