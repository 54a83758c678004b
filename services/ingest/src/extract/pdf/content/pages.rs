//! Pages, read in parallel.

use std::num::NonZero;

use lopdf::ObjectId;

use super::file::File;
use super::interpreter::{Fonts, Machine};
use super::matrix::Matrix;
use super::page::{Link, Page, Rule};

/// Threads at most; a document is not worth more.
const MOST_THREADS: usize = 8;
/// Annotations that are looked at on one page.
const MOST_LINKS: usize = 2_000;

/// Reads `pages` of `file`, in their order.
pub fn read(file: &File, pages: &[ObjectId]) -> Vec<Page> {
    let fonts = Fonts::default();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let share = pages.len().div_ceil(threads).max(1);
    if threads == 1 || pages.len() < 8 {
        return pages.iter().map(|page| one(file, &fonts, *page)).collect();
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = pages
            .chunks(share)
            .map(|part| {
                let fonts = &fonts;
                (part.len(), scope.spawn(move || part.iter().map(|page| one(file, fonts, *page)).collect::<Vec<_>>()))
            })
            .collect();
        running
            .into_iter()
            .flat_map(|(count, thread)| {
                // A page that could not be read is an empty one, and is counted as cut.
                thread.join().unwrap_or_else(|_| (0..count).map(|_| Page { cut: true, ..Page::default() }).collect())
            })
            .collect()
    })
}

fn one(file: &File, fonts: &Fonts, id: ObjectId) -> Page {
    let Ok(page) = file.document().get_dictionary(id) else { return Page { cut: true, ..Page::default() } };
    let area = |key: &[u8]| -> Option<[f32; 4]> {
        let array = file.inherited(page, key)?.as_array().ok()?;
        let numbers: Vec<f32> = array.iter().map(|item| file.resolve(item).as_float().unwrap_or(0.0)).collect();
        let [a, b, c, d] = numbers[..] else { return None };
        let area = [a.min(c), b.min(d), a.max(c), b.max(d)];
        (area[2] - area[0] > 1.0 && area[3] - area[1] > 1.0 && area.iter().all(|edge| edge.abs() < 1e6)).then_some(area)
    };
    let [left, low, right, high] = area(b"CropBox").or_else(|| area(b"MediaBox")).unwrap_or([0.0, 0.0, 612.0, 792.0]);
    let (width, height) = (right - left, high - low);
    let turn = file.inherited(page, b"Rotate").and_then(|object| object.as_float().ok()).unwrap_or(0.0);
    let turn = ((turn / 90.0).round() as i64).rem_euclid(4);
    // To points from the top left, y downwards, the page turned as it is shown.
    let (base, width, height) = match turn {
        0 => (Matrix([1.0, 0.0, 0.0, -1.0, -left, high]), width, height),
        1 => (Matrix([0.0, 1.0, 1.0, 0.0, -low, -left]), height, width),
        2 => (Matrix([-1.0, 0.0, 0.0, 1.0, right, -low]), width, height),
        _ => (Matrix([0.0, -1.0, -1.0, 0.0, high, right]), height, width),
    };
    let resources = file.inherited(page, b"Resources").and_then(|object| file.dict(object));
    let mut content = Vec::new();
    for id in file.document().get_page_contents(id) {
        if let Ok(object) = file.document().get_object(id)
            && let Some(bytes) = file.data(object)
        {
            content.extend_from_slice(&bytes);
            content.push(b'\n');
        }
    }
    let mut read = Machine::new(file, fonts, base, width, height).read(&content, resources);
    links(file, page, base, &mut read);
    read
}

fn links(file: &File, page: &lopdf::Dictionary, base: Matrix, read: &mut Page) {
    let Some(annotations) = file.get(page, b"Annots").and_then(|object| object.as_array().ok()) else { return };
    for annotation in annotations.iter().take(MOST_LINKS) {
        let Some(annotation) = file.dict(annotation) else { continue };
        let Some(action) = file.get(annotation, b"A").and_then(|action| file.dict(action)) else { continue };
        let Some(target) = file.text(action, b"URI") else { continue };
        let Some(area) = file.get(annotation, b"Rect").and_then(|area| area.as_array().ok()) else { continue };
        let numbers: Vec<f32> = area.iter().map(|item| file.resolve(item).as_float().unwrap_or(0.0)).collect();
        let [x0, y0, x1, y1] = numbers[..] else { continue };
        let (a, b) = (base.apply(x0, y0), base.apply(x1, y1));
        let area = Rule { x0: a.0.min(b.0), y0: a.1.min(b.1), x1: a.0.max(b.0), y1: a.1.max(b.1) };
        read.links.push(Link { area, target });
    }
}
