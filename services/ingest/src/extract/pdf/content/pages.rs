//! Pages, read in parallel.

use std::num::NonZero;

use lopdf::ObjectId;

use super::annotations;
use super::file::File;
use super::interpreter::{MOST_CONTENT, Machine, Shared};
use super::matrix::Matrix;
use super::page::Page;

/// Threads at most; a document is not worth more.
const MOST_THREADS: usize = 8;
/// Fewer pages than this are read by one thread.
const FEW: usize = 8;
/// The page's size where the file does not tell, in points: US letter, as viewers take it.
const USUAL_PAGE: [f32; 4] = [0.0, 0.0, 612.0, 792.0];

/// Reads `pages` of `file`, in their order.
pub fn read(file: &File, shared: &Shared, pages: &[ObjectId]) -> Vec<Page> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let share = pages.len().div_ceil(threads).max(1);
    if threads == 1 || pages.len() < FEW {
        return pages.iter().map(|page| one(file, shared, *page)).collect();
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = pages
            .chunks(share)
            .map(|part| {
                (part.len(), scope.spawn(move || part.iter().map(|page| one(file, shared, *page)).collect::<Vec<_>>()))
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

fn one<'a>(file: &'a File, shared: &'a Shared, id: ObjectId) -> Page {
    let Ok(page) = file.document().get_dictionary(id) else { return Page { cut: true, ..Page::default() } };
    let area = |key: &[u8]| -> Option<[f32; 4]> {
        let array = file.inherited(page, key)?.as_array().ok()?;
        let numbers: Vec<f32> = array.iter().map(|item| file.resolve(item).as_float().unwrap_or(0.0)).collect();
        let [a, b, c, d] = numbers[..] else { return None };
        let area = [a.min(c), b.min(d), a.max(c), b.max(d)];
        (area[2] - area[0] > 1.0 && area[3] - area[1] > 1.0 && area.iter().all(|edge| edge.abs() < 1e6)).then_some(area)
    };
    let [left, low, right, high] = area(b"CropBox").or_else(|| area(b"MediaBox")).unwrap_or(USUAL_PAGE);
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
    let (content, whole) = contents(file, id);
    let mut machine = Machine::new(file, shared, base, width, height);
    machine.read(id, &content, resources);
    annotations::read(file, page, base, &mut machine);
    let page = machine.finish();
    Page { cut: page.cut || !whole, ..page }
}

/// The content of a page, from all of its streams, and whether that is all of it. A file may list
/// one stream a million times, so what is unpacked is counted as what comes out of it.
fn contents(file: &File, page: ObjectId) -> (Vec<u8>, bool) {
    let (mut content, mut packed) = (Vec::new(), 0_usize);
    for id in file.document().get_page_contents(page) {
        let Ok(object) = file.document().get_object(id) else { continue };
        packed += object.as_stream().map_or(0, |stream| stream.content.len());
        let Some(bytes) = file.data(object) else { continue };
        if content.len() + bytes.len() + packed > MOST_CONTENT {
            return (content, false);
        }
        content.extend_from_slice(&bytes);
        content.push(b'\n');
    }
    (content, true)
}
