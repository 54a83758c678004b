//! The tables of English, read once.

use std::sync::LazyLock;

use crate::speakable::table::Table;

/// All tables of English; each is a file under `data/en`.
#[derive(Debug)]
pub(crate) struct Data {
    /// Abbreviations that end in a full stop: what they are read as, and whether they may end a
    /// sentence.
    pub(crate) abbreviations: Table,
    /// Names after which a Roman numeral is an ordinal.
    pub(crate) rulers: Table,
    /// Words after which a Roman numeral, or a number with a letter, is a label.
    pub(crate) labels: Table,
    /// Words that often begin a sentence and are no names.
    pub(crate) starters: Table,
    /// Acronyms that are said as words; a value says how.
    pub(crate) spoken_acronyms: Table,
    /// Words of capitals that are spelt although they look like words.
    pub(crate) spelt_acronyms: Table,
    /// Short words that are lowered when written in capitals.
    pub(crate) shouted: Table,
    /// Names that are not said as they are written.
    pub(crate) words: Table,
    /// Symbols of units: one, many, and whether prefixes go before them.
    pub(crate) units: Table,
    /// Prefixes of units.
    pub(crate) prefixes: Table,
    /// Emoji and their names.
    pub(crate) emoji: Table,
}

static DATA: LazyLock<Data> = LazyLock::new(|| Data {
    abbreviations: Table::parse(include_str!("../../../data/en/abbreviations.txt")),
    rulers: Table::parse(include_str!("../../../data/en/rulers.txt")),
    labels: Table::parse(include_str!("../../../data/en/labels.txt")),
    starters: Table::parse(include_str!("../../../data/en/starters.txt")),
    spoken_acronyms: Table::parse(include_str!("../../../data/en/spoken_acronyms.txt")),
    spelt_acronyms: Table::parse(include_str!("../../../data/en/spelt_acronyms.txt")),
    shouted: Table::parse(include_str!("../../../data/en/shouted.txt")),
    words: Table::parse(include_str!("../../../data/en/words.txt")),
    units: Table::parse(include_str!("../../../data/en/units.txt")),
    prefixes: Table::parse(include_str!("../../../data/en/prefixes.txt")),
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
