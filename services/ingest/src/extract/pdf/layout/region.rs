//! A part of a page that is read line by line.

use super::lines::{self, Line};
use super::{columns, dropcaps};

/// Lines that are read together.
#[derive(Debug, Default, Clone)]
pub struct Region {
    /// The part of the structure that they are.
    pub part: Option<u32>,
    /// Its page, from 0.
    pub page: usize,
    /// What of the first line is the part's marker.
    pub label: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// The lines of a long part as white space parts them, should it be no part.
    pub apart: Vec<Vec<Line>>,
}

impl Region {
    /// The lines of a region that its white space tells.
    pub fn of(region: columns::Region, page: usize) -> Self {
        let mut lines = lines::lines(dropcaps::join(region.runs), page);
        for line in &mut lines {
            (line.left, line.right) = (region.left, region.right);
        }
        Self { lines, page, ..Self::default() }
    }
}
