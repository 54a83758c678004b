//! Pages of what may be larger than a message: a script's sections and a manifest's blocks, cut
//! between their parts.

use lectern_proto::{convert, v1 as api};
use prost::Message;
use serde::{Deserialize, Serialize};

/// A page of the script or the manifest ends before it is larger than this: clients take messages
/// of 4 MiB unless told otherwise.
pub(super) const MESSAGE: usize = 3 * 1024 * 1024;
/// Bytes of an item beside its title and its parts, and of what frames a part: more than there are.
const FRAME: usize = 64;
/// What frames a part in its item: a tag and a length.
const PART_FRAME: usize = 8;

/// Where a page ended: before this part of this item. A section's parts are its utterances, then
/// what it leaves out, then what was written and is not heard; a block's are what is heard of it
/// and then what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Which item.
    pub item: u32,
    part: u32,
}

impl Place {
    /// Before an item.
    pub const fn at(item: u32) -> Self {
        Self { item, part: 0 }
    }
}

/// A list of an item's parts, of which a page may take a stretch.
trait Parts {
    /// What each part takes in a message.
    fn sizes(&self) -> Vec<usize>;
    /// Leaves the parts from the place `first` up to and without `end`.
    fn leave(&mut self, first: usize, end: usize);
}

impl<M: Message> Parts for Vec<M> {
    fn sizes(&self) -> Vec<usize> {
        self.iter().map(Message::encoded_len).collect()
    }

    fn leave(&mut self, first: usize, end: usize) {
        self.truncate(end);
        self.drain(..first.min(self.len()));
    }
}

/// Takes from the lists of an item's parts, one after the other, those before `part` and those that
/// do not fit into `room` bytes; how many bytes are left in them, and where the rest begins, if
/// there is one. With `alone`, one part is left whatever its size, so that pages come to an end. No
/// part is larger than a message: an utterance is a breath, at most some 1,200 characters and a
/// place in the source for each, what is heard or left out is a place and a short excerpt, and a
/// sentence of a model is within its answer's limit.
fn fit(lists: &mut [&mut dyn Parts], part: u32, room: usize, alone: bool) -> (usize, Option<u32>) {
    let sizes: Vec<Vec<usize>> = lists.iter().map(|list| list.sizes()).collect();
    let total = sizes.iter().map(Vec::len).sum();
    let start = (part as usize).min(total);
    let (mut end, mut size) = (start, 0);
    for part in sizes.iter().flatten().skip(start) {
        let larger = size + part + PART_FRAME;
        if larger > room && !(alone && end == start) {
            break;
        }
        (end, size) = (end + 1, larger);
    }
    let mut before = 0;
    for (list, sizes) in lists.iter_mut().zip(&sizes) {
        list.leave(start.saturating_sub(before), end.saturating_sub(before));
        before += sizes.len();
    }
    (size, (end < total).then(|| u32::try_from(end).unwrap_or(u32::MAX)))
}

/// A page in the making.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// Whole items and parts of items.
    pub items: Vec<T>,
    size: usize,
    /// Whether nothing more fits.
    pub full: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), size: 0, full: false }
    }
}

impl<T> Page<T> {
    /// Adds what [`fit`] left of the item at `at`; where the page goes on.
    fn add(&mut self, item: T, frame: usize, (size, rest): (usize, Option<u32>), at: Place) -> Place {
        self.full = rest.is_some();
        // Nothing of it fits: it is not begun.
        if rest == Some(at.part) {
            return at;
        }
        self.size += frame + size;
        self.items.push(item);
        rest.map_or(Place::at(at.item + 1), |part| Place { item: at.item, part })
    }

    fn room(&self, frame: usize) -> usize {
        MESSAGE.saturating_sub(self.size + frame)
    }
}

impl Page<api::ScriptSection> {
    /// Adds the parts of a section from `at` on that fit; where the page goes on.
    pub fn section(&mut self, mut section: api::ScriptSection, at: Place) -> Place {
        section.title = convert::title(&section.title);
        section.continued = at.part > 0;
        let frame = FRAME + section.title.len();
        let parts: &mut [&mut dyn Parts] = &mut [&mut section.utterances, &mut section.skipped, &mut section.dropped];
        let fitted = fit(parts, at.part, self.room(frame), self.items.is_empty());
        self.add(section, frame, fitted, at)
    }
}

impl Page<api::BlockFate> {
    /// Adds the parts of a block from `at` on that fit; where the page goes on.
    pub fn block(&mut self, mut block: api::BlockFate, at: Place) -> Place {
        block.continued = at.part > 0;
        let parts: &mut [&mut dyn Parts] = &mut [&mut block.spoken, &mut block.skipped];
        let fitted = fit(parts, at.part, self.room(FRAME), self.items.is_empty());
        self.add(block, FRAME, fitted, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(index: i32, utterances: i32, skipped: usize, dropped: usize) -> api::ScriptSection {
        let utterance = |id| api::Utterance { id, spoken: "It is said. ".repeat(20), ..Default::default() };
        let part = Some(api::SourcePart { block: index, start: 1, end: 2 });
        let left = api::SkippedPart { part, reason: api::SkipReason::Citation.into(), excerpt: String::new() };
        api::ScriptSection {
            index,
            title: "A long heading ".repeat(1_000_000),
            level: 1,
            utterances: (0..utterances).map(utterance).collect(),
            skipped: vec![left; skipped],
            continued: false,
            dropped: vec![api::DroppedSentence { text: "It is not said. ".repeat(20), ..Default::default() }; dropped],
        }
    }

    #[test]
    fn a_section_of_any_size_is_read_in_pages_that_stock_clients_take() {
        let script =
            [section(0, 30_000, 0, 20_000), section(1, 3, 2, 1), section(2, 0, 0, 0), section(3, 5, 400_000, 2)];
        let (mut at, mut pages) = (Place::at(0), 0);
        let mut read: Vec<api::ScriptSection> = Vec::new();
        while (at.item as usize) < script.len() {
            let (before, mut page) = (at, Page::<api::ScriptSection>::default());
            while let Some(section) = script.get(at.item as usize).filter(|_| !page.full) {
                at = page.section(section.clone(), at);
            }
            assert_ne!(at, before, "each page goes on");
            let response = api::GetScriptResponse { sections: page.items, ..Default::default() };
            assert!(response.encoded_len() <= MESSAGE, "{} bytes", response.encoded_len());
            for section in response.sections {
                match read.last_mut().filter(|_| section.continued) {
                    Some(last) => {
                        assert_eq!(last.index, section.index);
                        last.utterances.extend(section.utterances);
                        last.skipped.extend(section.skipped);
                        last.dropped.extend(section.dropped);
                    }
                    None => read.push(section),
                }
            }
            pages += 1;
        }
        assert!(pages > 3, "{pages} pages");
        for (read, whole) in read.iter().zip(&script) {
            assert_eq!((&read.utterances, &read.skipped), (&whole.utterances, &whole.skipped), "{}", whole.index);
            assert_eq!(read.dropped, whole.dropped, "{}", whole.index);
            assert_eq!(read.title.chars().count(), convert::TITLE_CHARS);
        }
        assert_eq!(read.len(), script.len());
    }
}
