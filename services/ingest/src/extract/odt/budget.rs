//! What tables may still use of the room for repetitions.

use lectern_core::Failure;

use super::super::archive::too_complex;

/// The most cells that all tables of a document may have once repetitions are written out. A table
/// of 20 columns and 10,000 rows, which is already some thirty hours of speech, has a fifth of it.
const CELLS: usize = 1_000_000;
/// The most bytes of text that repetitions may add.
const REPEATED_BYTES: usize = 16 << 20;

/// What tables may still use.
#[derive(Debug)]
pub(super) struct Budget {
    cells: usize,
    repeated_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cells: CELLS, repeated_bytes: REPEATED_BYTES }
    }
}

impl Budget {
    /// Takes what is used off.
    ///
    /// # Errors
    /// `DOCUMENT_TOO_COMPLEX` where there is not as much left.
    pub fn spend(&mut self, cells: usize, bytes: usize) -> Result<(), Failure> {
        match (self.cells.checked_sub(cells), self.repeated_bytes.checked_sub(bytes)) {
            (Some(cells), Some(bytes)) => {
                (self.cells, self.repeated_bytes) = (cells, bytes);
                Ok(())
            }
            (None, _) | (_, None) => Err(too_complex(format!(
                "the tables of the document repeat cells to more than {CELLS} cells or {REPEATED_BYTES} bytes; delete rows and \
                 columns that are not used"
            ))),
        }
    }

    /// Writes out what is repeated, without what is empty at the end.
    pub fn expand<T: Clone>(
        &mut self,
        mut items: Vec<(T, usize)>,
        is_empty: impl Fn(&T) -> bool,
        size: impl Fn(&T) -> (usize, usize),
    ) -> Result<Vec<T>, Failure> {
        while items.last().is_some_and(|(item, _)| is_empty(item)) {
            items.pop();
        }
        let mut out = Vec::new();
        for (item, times) in items {
            let (cells, bytes) = size(&item);
            self.spend(cells.saturating_mul(times), bytes.saturating_mul(times - 1))?;
            out.extend(std::iter::repeat_n(item, times));
        }
        Ok(out)
    }
}
