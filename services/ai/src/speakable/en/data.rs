//! The tables of English, read once.

use std::sync::LazyLock;

use crate::speakable::table::Table;

/// All tables of English; each is a file under `data/en`.
#[derive(Debug)]
pub(crate) struct Data {
    /// Abbreviations that end in a full stop: what they are read as, and whether they may end a sentence.
    pub(crate) abbreviations: Table,
    /// Names after which a Roman numeral is an ordinal.
    pub(crate) rulers: Table,
    /// Words after which a Roman numeral, or a number with a letter, is a label.
    pub(crate) labels: Table,
    /// Words that often begin a sentence and are no names.
    pub(crate) starters: Table,
    /// Emoji and their names.
    pub(crate) emoji: Table,
}

static DATA: LazyLock<Data> = LazyLock::new(|| Data {
    abbreviations: Table::parse(include_str!("../../../data/en/abbreviations.txt")),
    rulers: Table::parse(include_str!("../../../data/en/rulers.txt")),
    labels: Table::parse(include_str!("../../../data/en/labels.txt")),
    starters: Table::parse(include_str!("../../../data/en/starters.txt")),
    emoji: Table::parse(include_str!("../../../data/en/emoji.txt")),
});

impl Data {
    /// The tables.
    pub(crate) fn get() -> &'static Self {
        &DATA
    }

    /// Whether `I` after this label is a numeral even in running text.
    pub(crate) fn strong_label(&self, label: &str) -> bool {
        self.labels.get(&label.to_lowercase()) == Some("strong")
    }
}
