//! Words that are not the document's own, put onto their page where they are heard.

use std::collections::{HashMap, HashSet};

use super::{Aloud, Item, Page, Sentence};

/// Puts the paragraphs of such words between the blocks of a page: before the block that they are
/// about where nothing of it was heard yet (`Table with three columns`), behind it where something
/// was, and else behind what was heard last.
pub(super) fn put(sentences: &[Sentence<'_>], page: &mut Page<'_>) {
    let mut blocks: HashMap<u32, usize> = HashMap::new();
    for (at, item) in page.items.iter().enumerate() {
        if let Item::Part(part) = item {
            blocks.entry(part.block.id).or_insert(at);
        }
    }
    let mut heard: HashSet<u32> = HashSet::new();
    // Where each paragraph goes: before the item of this place.
    let mut put: Vec<(usize, Aloud)> = Vec::new();
    let (mut place, mut goes_on) = (0, false);
    for at in page.sentences.clone() {
        let Some(sentence) = sentences.get(at) else { continue };
        let utterance = sentence.utterance;
        if !utterance.added {
            goes_on = false;
            for source in &utterance.sources {
                heard.insert(source.block);
                place = blocks.get(&source.block).map_or(place, |at| at + 1);
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| sentences.get(before));
        let is_of_one = before.is_some_and(|before| {
            let last = before.utterance;
            last.speaker == utterance.speaker && last.role == utterance.role && !last.ends_block
        });
        match put.last_mut() {
            Some((_, paragraph)) if goes_on && is_of_one => paragraph.sentences.push(at),
            _ => {
                let about =
                    utterance.sources.iter().find_map(|source| Some((source.block, blocks.get(&source.block)?)));
                place = match about {
                    Some((block, at)) if heard.contains(&block) => at + 1,
                    Some((_, at)) => *at,
                    None => place,
                };
                put.push((place, Aloud { sentences: vec![at] }));
            }
        }
        goes_on = true;
    }
    // The order of those that go to one place stays.
    put.sort_by_key(|(place, _)| *place);
    let mut paragraphs = put.into_iter().peekable();
    let blocks = std::mem::take(&mut page.items);
    for (at, item) in blocks.into_iter().enumerate() {
        while let Some((_, paragraph)) = paragraphs.next_if(|(place, _)| *place <= at) {
            page.items.push(Item::Aloud(paragraph));
        }
        page.items.push(item);
    }
    page.items.extend(paragraphs.map(|(_, paragraph)| Item::Aloud(paragraph)));
}
