//! A short document of our own, for checks that have a model write about it.

use std::fs;

use anyhow::{Context, Result};
use lectern_core::content::document::{Block, Content, SCHEMA};
use serde_json::{Map, Value};

use crate::repo;

/// Lists of blocks, by name.
const BODIES: &str = "tests/fixtures/hostile/bodies.json";
/// The one of them that is written about.
const NAME: &str = "lighthouse";

/// The document as it comes from the extractor.
pub fn content() -> Result<Content> {
    let blocks = blocks()?;
    let title = blocks.first().map(|block| block.text.clone());
    Ok(Content {
        schema: SCHEMA,
        title,
        authors: Vec::new(),
        language: "en".to_owned(),
        media_type: "text/markdown".to_owned(),
        extractor: "xtask/1".to_owned(),
        pages: None,
        blocks,
        warnings: Vec::new(),
    })
}

/// The document as a file of Markdown.
pub fn markdown() -> Result<String> {
    let paragraph = |block: Block| {
        let level = block.kind.heading_level().map_or(0, usize::from);
        let marks = "#".repeat(level);
        format!("{marks} {}", block.text).trim().to_owned()
    };
    let paragraphs: Vec<String> = blocks()?.into_iter().map(paragraph).collect();
    Ok(paragraphs.join("\n\n") + "\n")
}

fn blocks() -> Result<Vec<Block>> {
    let text = fs::read_to_string(repo::path(BODIES)).context(BODIES)?;
    let mut bodies: Map<String, Value> = serde_json::from_str(&text).context(BODIES)?;
    let body = bodies.remove(NAME).with_context(|| format!("{BODIES} has no {NAME}"))?;
    let values: Vec<Value> = serde_json::from_value(body).context(BODIES)?;
    let block = |(mut value, id): (Value, u32)| {
        value["id"] = id.into();
        serde_json::from_value(value).context(BODIES)
    };
    values.into_iter().zip(0..).map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_headings_and_paragraphs_and_its_numbers() {
        let content = content().unwrap();
        assert_eq!(content.title.as_deref(), Some("The lighthouse at Cape Marrow"));
        assert!(content.blocks.iter().zip(0..).all(|(block, id)| block.id == id));
        let text = markdown().unwrap();
        assert!(text.starts_with("# The lighthouse") && text.contains("\n\n## The lamp\n\n"), "{text}");
    }
}
