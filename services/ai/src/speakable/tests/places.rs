//! What is said of a text as a block of a document, by the composer that asks the rules.

use lectern_core::Digest;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::content::script::{Order, Style};
use lectern_testkit::speech::Carriers;

use crate::compose::{Stop, plan, write_section};
use crate::speakable::Language;

/// A kind of block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The second item of a numbered list.
    ListItem,
    /// A cell in the first row below the heads.
    TableCell,
    /// The end of a heading.
    Heading,
}

impl Place {
    pub(super) const ALL: [Self; 3] = [Self::ListItem, Self::TableCell, Self::Heading];

    /// All that is said of a document in which the text stands here.
    pub(super) fn said(self, text: &str, carriers: Carriers, language: Language) -> String {
        let content = content(self.blocks(text, carriers), language);
        let stop = Stop::default();
        let plan = plan(&content, Digest::of(b"case"), &Order::of(Style::Narration), &stop).unwrap();
        let sections =
            plan.sections.iter().map(|section| write_section(&content, &plan, section.index, &stop).unwrap());
        let utterances = sections.flat_map(|section| section.utterances);
        utterances.map(|utterance| utterance.spoken).collect::<Vec<_>>().join(" ")
    }

    fn blocks(self, text: &str, carriers: Carriers) -> Vec<(BlockKind, String)> {
        match self {
            Self::ListItem => {
                let item = |ordinal: &str| BlockKind::ListItem { ordinal: Some(ordinal.to_owned()), depth: 0 };
                vec![(item("1."), "A B".to_owned()), (item("2."), text.to_owned())]
            }
            Self::TableCell => {
                let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
                let rows = vec![row(["A", "B"]), row([text, "C"])];
                let derived = rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
                vec![(BlockKind::Table { rows, header_rows: 1 }, derived)]
            }
            Self::Heading => vec![
                (BlockKind::Heading { level: 1 }, carriers.heading(text)),
                (BlockKind::Paragraph, carriers.inside("A")),
            ],
        }
    }
}

fn content(blocks: Vec<(BlockKind, String)>, language: Language) -> Content {
    let block = |(id, (kind, text))| Block {
        id,
        kind,
        text,
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: Vec::new(),
    };
    Content {
        schema: SCHEMA,
        title: None,
        authors: Vec::new(),
        language: language.tag().to_owned(),
        media_type: "text/markdown".to_owned(),
        extractor: "test/1".to_owned(),
        pages: None,
        blocks: (0..).zip(blocks).map(block).collect(),
        warnings: Vec::new(),
    }
}
