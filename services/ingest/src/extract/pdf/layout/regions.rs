//! The parts of the pages that are read line by line, in reading order, and what stands beside them: labels of figures and text
//! at an angle.

use super::super::content::page::{Page, Run};
use super::lines::{self, Line};
use super::{columns, dropcaps};

/// The lines of a document.
#[derive(Debug, Default)]
pub struct Arranged {
    /// Its regions, in reading order.
    pub regions: Vec<Vec<Line>>,
    /// Lines that stand beside the text, page by page.
    pub aside: Vec<Line>,
    /// The pages, from 0, that hold text at an angle to the rest.
    pub turned: Vec<usize>,
}

/// Arranges what `pages` show.
pub fn arrange(pages: &mut [Page]) -> Arranged {
    let mut out = Arranged::default();
    for (number, page) in pages.iter_mut().enumerate() {
        let (figures, runs) = figures(std::mem::take(&mut page.runs));
        out.aside.extend(lines::by_angle(&figures, number));
        for region in columns::regions(runs) {
            let mut lines = lines::lines(dropcaps::join(region.runs), number);
            for line in &mut lines {
                line.region = out.regions.len();
                line.left = region.left;
                line.right = region.right;
            }
            out.regions.push(lines);
        }
        if !page.turned.is_empty() {
            out.aside.extend(lines::by_angle(&std::mem::take(&mut page.turned), number));
            out.turned.push(number);
        }
    }
    out
}

/// Parts the labels of figures, which stand in forms, from the page's text; a page that is one form has no figures.
fn figures(runs: Vec<Run>) -> (Vec<Run>, Vec<Run>) {
    let count = |form: bool| runs.iter().filter(|run| run.marks.form == form).map(|run| run.text.len()).sum::<usize>();
    let (inside, outside) = (count(true), count(false));
    if inside == 0 || inside > outside {
        return (Vec::new(), runs);
    }
    runs.into_iter().partition(|run| run.marks.form)
}
