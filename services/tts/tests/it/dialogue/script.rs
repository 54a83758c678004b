//! A dialogue of two people, each of whose turns is said once.

use lectern_core::Digest;
use lectern_core::content::document::{self, Block, BlockKind, Content, Matter};
use lectern_core::content::script::{
    self, Character, Mapping, Order, Plan, PlannedSection, Role, Section, SkipReason, Skipped, Speaker, Style,
    Utterance,
};
use lectern_core::content::{Range, length};

/// Who talks.
pub const NAMES: [&str; 2] = ["Ann", "Bo"];
/// Sections, and turns of each: 585 seconds at the pace of the fakes, and half a minute of pauses.
pub const SECTIONS: usize = 4;
const TURNS: usize = 18;

/// How each of them begins to talk: words of unlike pitch, by which they are told apart.
const OPENINGS: [&str; 2] = ["Remember that", "Certainly, and"];
const SUBJECTS: [&str; 7] = [
    "the oldest mill of the valley",
    "a narrow bridge of wood",
    "the harbour behind the dunes",
    "every lighthouse on this coast",
    "the salt road over the hills",
    "a quiet village near the border",
    "the northern wall of the town",
];
const VERBS: [&str; 4] = [
    "was built by people who came from",
    "still belongs to families of",
    "had to be given up for",
    "was paid for by merchants of",
];
const OBJECTS: [&str; 6] = [
    "a distant island",
    "the five lower parishes",
    "another country",
    "the old capital",
    "twenty small towns",
    "the fishing villages",
];
const ENDINGS: [&str; 5] = [
    "long before anybody wrote it down",
    "until the winter of the great flood",
    "as far as the older maps tell us",
    "although nobody remembers why",
    "when the river took its present course",
];

/// Whose turn it is, by the place in [`NAMES`].
pub const fn speaker(turn: usize) -> usize {
    turn % 2
}

/// What is said in a turn.
fn line(turn: usize) -> String {
    let (opening, subject) = (OPENINGS[speaker(turn)], SUBJECTS[turn % SUBJECTS.len()]);
    let (verb, object) = (VERBS[turn / 2 % VERBS.len()], OBJECTS[turn / 3 % OBJECTS.len()]);
    format!("{opening} {subject} {verb} {object} {}.", ENDINGS[turn % ENDINGS.len()])
}

/// All turns in order: who says what.
pub fn turns() -> Vec<(String, String)> {
    (0..SECTIONS * TURNS).map(|turn| (NAMES[speaker(turn)].to_owned(), line(turn))).collect()
}

fn utterance(id: usize, turn: usize) -> Utterance {
    let text = line(turn);
    let mut at = 0;
    let mut map = Vec::new();
    for word in text.split(' ') {
        let range = Range::new(at, at + length(word));
        map.push(Mapping { spoken: range, original: range });
        at = range.end + 1;
    }
    Utterance {
        id: id as u32,
        speaker: Speaker(speaker(turn) as u8),
        role: Role::Body,
        ends_block: true,
        sources: Vec::new(),
        added: true,
        original: text.clone(),
        spoken: text,
        map,
        marks: Vec::new(),
        language: None,
    }
}

/// A section of the dialogue.
pub fn section(index: usize) -> Section {
    Section {
        schema: script::SCHEMA,
        index: index as u32,
        title: format!("Part {}", index + 1),
        level: 1,
        utterances: (0..TURNS).map(|id| utterance(id, index * TURNS + id)).collect(),
        skipped: Vec::new(),
        dropped: Vec::new(),
        engine: String::new(),
        edited: Vec::new(),
    }
}

/// The plan of it, from the content of this key.
pub fn plan(content: Digest) -> Plan {
    let planned = |index: usize| PlannedSection {
        index: index as u32,
        title: format!("Part {}", index + 1),
        level: 1,
        blocks: Vec::new(),
        chosen: Vec::new(),
        words: 0,
        brief: String::new(),
    };
    let character = |name: &str| Character { name: name.to_owned(), role: String::new(), manner: String::new() };
    Plan {
        schema: script::SCHEMA,
        content,
        order: Order { cast: NAMES.map(character).to_vec(), ..Order::of(Style::Dialogue) },
        engine: "openai/model+prompts/1".to_owned(),
        title: "The coast".to_owned(),
        language: "en".to_owned(),
        sections: (0..SECTIONS).map(planned).collect(),
        skipped: vec![Skipped { block: 0, range: None, reason: SkipReason::Summarised }],
        notes: Vec::new(),
    }
}

/// The document that they talk about.
pub fn content() -> Content {
    let block = Block {
        id: 0,
        kind: BlockKind::Paragraph,
        text: "Of the towns of the coast, and of what was built there.".to_owned(),
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: Vec::new(),
    };
    Content {
        schema: document::SCHEMA,
        title: None,
        authors: Vec::new(),
        language: "en".to_owned(),
        media_type: "text/plain".to_owned(),
        extractor: "text/1".to_owned(),
        pages: None,
        blocks: vec![block],
        warnings: Vec::new(),
    }
}
