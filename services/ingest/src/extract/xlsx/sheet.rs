//! The cells of one sheet (ECMA-376, part 1, clause 18.3.1), read in one pass.

use lectern_core::Failure;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::archive::too_complex;
use super::super::encoding::decode;
use super::super::opc::is_on;
use super::super::sheet::too_many_cells;
use super::format::Formats;
use super::strings::{broken, push_reference};

/// Columns that a sheet can have (ECMA-376 gives no limit; programs have this one).
const COLUMNS: usize = 16_384;

/// The most bytes of text in the cells of one sheet: many cells may share one long text.
const TEXT_BYTES: usize = 64 << 20;

/// The texts of a sheet's cells.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The rows that have cells, with their number from 0, in the order of the file.
    rows: Vec<Row>,
    /// Columns that are hidden, as ranges from 0, the last included.
    hidden_columns: Vec<(usize, usize)>,
}

#[derive(Debug, Default)]
struct Row {
    number: usize,
    hidden: bool,
    cells: Vec<String>,
}

/// The cell that is being read.
#[derive(Debug, Default)]
struct Cell {
    column: usize,
    style: usize,
    kind: String,
    value: String,
}

impl Sheet {
    /// Reads a sheet of at most `limit` cells.
    ///
    /// # Errors
    /// `DOCUMENT_DAMAGED` where it is not well-formed, `DOCUMENT_TOO_COMPLEX` past the limit.
    pub fn read(
        name: &str,
        bytes: &[u8],
        strings: &[String],
        formats: &Formats,
        limit: usize,
    ) -> Result<Self, Failure> {
        let text = decode(bytes).text;
        let mut reader = Reader::from_str(&text);
        let mut sheet = Self::default();
        let (mut left, mut bytes) = (limit, 0);
        let mut row = Row::default();
        let mut cell = Cell::default();
        // Text is read within a value, and within the text of a cell that holds its own.
        let mut inside = false;
        loop {
            match reader.read_event().map_err(|error| broken(name, &error))? {
                Event::Start(start) => match start.local_name().as_ref() {
                    "row" => row = sheet.next_row(&start),
                    "c" => cell = next_cell(&start, row.cells.len()),
                    "v" | "t" => inside = true,
                    _ => {}
                },
                Event::Empty(start) if start.local_name().as_ref() == "col" => sheet.column(&start),
                Event::End(end) => match end.local_name().as_ref() {
                    "c" => {
                        let Cell { column, .. } = cell;
                        let text = std::mem::take(&mut cell).shown(strings, formats);
                        bytes += text.len();
                        if bytes > TEXT_BYTES {
                            return Err(too_complex(format!(
                                "a sheet has more than {TEXT_BYTES} bytes of text; split it"
                            )));
                        }
                        left = row.put(column, text, left)?;
                    }
                    "row" => sheet.rows.push(std::mem::take(&mut row)),
                    "v" | "t" => inside = false,
                    _ => {}
                },
                Event::Text(text) if inside => cell.value.push_str(&text.xml10_content()),
                Event::CData(text) if inside => cell.value.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) if inside => push_reference(&reference, &mut cell.value),
                Event::Eof => return Ok(sheet),
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
        }
    }

    fn next_row(&self, start: &BytesStart<'_>) -> Row {
        let next = self.rows.last().map_or(0, |row| row.number + 1);
        let number = attribute(start, "r").and_then(|number| number.parse::<usize>().ok());
        let number = number.and_then(|number| number.checked_sub(1)).unwrap_or(next);
        let hidden = attribute(start, "hidden").is_some_and(|hidden| is_on(&hidden));
        Row { number, hidden, cells: Vec::new() }
    }

    fn column(&mut self, start: &BytesStart<'_>) {
        let place = |key: &str| attribute(start, key).and_then(|place| place.parse::<usize>().ok());
        if let (Some(first), Some(last), true) =
            (place("min"), place("max"), attribute(start, "hidden").is_some_and(|hidden| is_on(&hidden)))
        {
            self.hidden_columns.push((first.max(1) - 1, last.clamp(1, COLUMNS) - 1));
        }
    }

    /// How many cells there are, empty ones between others counted.
    pub fn cells(&self) -> usize {
        self.rows.iter().map(|row| row.cells.len()).sum()
    }

    /// The rows that are shown, an empty one where rows were left out, and the texts of rows and
    /// columns that are hidden.
    pub fn into_rows(self) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
        let is_hidden =
            |column: usize| self.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&column));
        let filled = |cells: Vec<String>| cells.into_iter().filter(|cell| !cell.trim().is_empty()).collect::<Vec<_>>();
        let width = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); width];
        let (mut shown, mut hidden) = (Vec::new(), Vec::new());
        let mut next = None;
        for row in self.rows {
            if row.hidden {
                hidden.push(filled(row.cells));
                // A row that is hidden leaves no gap.
                next = next.map(|next: usize| if next == row.number { next + 1 } else { next });
                continue;
            }
            if next.is_some_and(|next| row.number > next) {
                shown.push(Vec::new());
            }
            next = Some(row.number + 1);
            let mut cells = Vec::new();
            for (column, cell) in row.cells.into_iter().enumerate() {
                match columns.get_mut(column) {
                    Some(hidden) if is_hidden(column) => hidden.push(cell),
                    Some(_) | None => cells.push(cell),
                }
            }
            shown.push(cells);
        }
        hidden.extend(columns.into_iter().map(filled));
        hidden.retain(|cells| !cells.is_empty());
        (shown, hidden)
    }
}

impl Row {
    fn put(&mut self, column: usize, text: String, left: usize) -> Result<usize, Failure> {
        if text.is_empty() || column >= COLUMNS {
            return Ok(left);
        }
        let before = self.cells.len();
        if column >= before {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        left.checked_sub(self.cells.len() - before).ok_or_else(too_many_cells)
    }
}

impl Cell {
    /// The value as people see it.
    fn shown(self, strings: &[String], formats: &Formats) -> String {
        let value = self.value.trim();
        match self.kind.as_str() {
            "s" => value.parse::<usize>().ok().and_then(|index| strings.get(index)).cloned().unwrap_or_default(),
            "b" if value == "1" => "TRUE".to_owned(),
            "b" if value == "0" => "FALSE".to_owned(),
            "str" | "inlineStr" | "e" | "d" => self.value,
            _ => match value.parse::<f64>() {
                Ok(number) => formats.number(number, self.style),
                Err(_) => self.value,
            },
        }
    }
}

fn next_cell(start: &BytesStart<'_>, next: usize) -> Cell {
    Cell {
        column: attribute(start, "r").and_then(|place| column(&place)).unwrap_or(next),
        style: attribute(start, "s").and_then(|style| style.parse().ok()).unwrap_or(0),
        kind: attribute(start, "t").unwrap_or_default(),
        value: String::new(),
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == name)?;
    Some(found.value.to_string())
}

/// The column of a cell's place, from 0: 27 of `AB12`.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number =
        letters.take(4).fold(0, |number, letter| number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_in_their_columns_and_rows_that_are_left_out_divide() {
        let xml = b"<worksheet><cols><col min='3' max='3' hidden='1'/></cols><sheetData>
            <row r='2'><c r='A2' t='s'><v>0</v></c><c r='C2' t='inlineStr'><is><t>secret</t></is></c><c r='D2'><v>2</v></c></row>
            <row r='3' hidden='1'><c r='A3' t='b'><v>1</v></c></row>
            <row r='4'><c r='B4' t='str'><f>x</f><v>a &lt; b</v></c></row>
            <row r='9'><c t='e'><v>#N/A</v></c><c><v>7</v></c><c/></row></sheetData></worksheet>";
        let strings = ["Bay".to_owned()];
        let sheet = Sheet::read("s", xml, &strings, &Formats::default(), 100).unwrap();
        assert_eq!(sheet.cells(), 9);
        let (shown, hidden) = sheet.into_rows();
        let shown: Vec<String> = shown.into_iter().map(|row| row.join("|")).collect();
        assert_eq!(shown, ["Bay||2", "|a < b", "", "#N/A|7"]);
        assert_eq!(hidden, [vec!["TRUE"], vec!["secret"]]);
        assert!(Sheet::read("s", xml, &strings, &Formats::default(), 3).is_err());
    }

    #[test]
    fn columns_are_counted_in_letters() {
        for (place, wanted) in
            [("A1", Some(0)), ("Z9", Some(25)), ("AB12", Some(27)), ("XFD1", Some(16_383)), ("7", None)]
        {
            assert_eq!(column(place), wanted, "{place}");
        }
    }
}
