//! Values as a workbook shows them: number formats (ECMA-376, part 1, clauses 18.8.30 and 18.8.31).

use super::super::dom::Element;
use super::super::opc::is_on;

mod code;
mod moment;
mod number;

use code::{Token, sections, tokens};
pub(super) use number::general;

/// How the cells of a workbook show their values.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// The format code of each cell style.
    codes: Vec<String>,
    from_1904: bool,
}

impl Formats {
    /// Reads `styles.xml`.
    pub fn read(styles: Option<&Element>, from_1904: bool) -> Self {
        let all = |name: &str| {
            styles.and_then(|root| root.child(name)).into_iter().flat_map(Element::elements).collect::<Vec<_>>()
        };
        let own = all("numFmts");
        let code = |style: &&Element| {
            let id = style.attribute("numFmtId").filter(|_| style.attribute("applyNumberFormat").is_none_or(is_on))?;
            let named = own.iter().find(|format| format.attribute("numFmtId") == Some(id));
            named.and_then(|format| format.attribute("formatCode")).or_else(|| built_in(id.parse().ok()?))
        };
        let codes = all("cellXfs").iter().map(|style| code(style).unwrap_or(GENERAL).to_owned()).collect();
        Self { codes, from_1904 }
    }

    /// A number as a cell of `style` shows it.
    pub fn number(&self, value: f64, style: usize) -> String {
        shown(value, self.codes.get(style).map_or(GENERAL, String::as_str), self.from_1904)
    }
}

const GENERAL: &str = "General";

/// The formats that have a number and no code in the file, as programs write them in English; dates
/// of the system's own format are written so that no reader mistakes the month.
fn built_in(id: u32) -> Option<&'static str> {
    Some(match id {
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        14 => "yyyy-mm-dd",
        15 => "d mmm yyyy",
        16 => "d mmm",
        17 => "mmm yyyy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "yyyy-mm-dd h:mm",
        37 | 38 => "#,##0;(#,##0)",
        39 | 40 => "#,##0.00;(#,##0.00)",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "0.0E+0",
        _ => return None,
    })
}

/// `value` by the format `code`.
fn shown(value: f64, code: &str, from_1904: bool) -> String {
    let sections = sections(code);
    let (section, value) = match (sections.as_slice(), value) {
        ([_, negative, ..], value) if value < 0.0 => (negative, -value),
        ([_, _, zero, ..], 0.0) => (zero, value),
        ([first, ..], _) => (first, value),
        ([], _) => return general(value),
    };
    let tokens = tokens(section);
    if tokens.iter().any(|token| matches!(token, Token::Date(..) | Token::Elapsed(_))) {
        return moment::written(value, &tokens, from_1904).unwrap_or_else(|| general(value));
    }
    number::written(value, &tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_their_formats_say() {
        for (value, code, wanted) in [
            (1234.5, "General", "1234.5"),
            (0.1 + 0.2, "General", "0.3"),
            (1e-5, "General", "0.00001"),
            (123_456_789_012.0, "General", "1.23457E+11"),
            (-3.0, "General", "-3"),
            (1234.567, "#,##0.00", "1,234.57"),
            (1_234_567.0, "#,##0", "1,234,567"),
            (0.256, "0%", "26%"),
            (0.256, "0.0%", "25.6%"),
            (5.0, "000", "005"),
            (0.5, "#.##", ".5"),
            (12.0, "0.0#", "12.0"),
            (12_345_678.0, "0.0,,\" million\"", "12.3 million"),
            (1234.5, "\"$\"#,##0.00_);[Red]\\(\"$\"#,##0.00\\)", "$1,234.50"),
            (-1234.5, "\"$\"#,##0.00_);[Red]\\(\"$\"#,##0.00\\)", "($1,234.50)"),
            (-7.0, "0;\"minus \"0;\"zero\"", "minus 7"),
            (0.0, "0;-0;\"none\"", "none"),
            (9.5, "#,##0.00 [$€-407]", "9.50 €"),
            (-0.001, "0.00", "0.00"),
            (12_345.0, "0.00E+00", "1.23E+04"),
            (3.0, "0\" kg\"", "3 kg"),
        ] {
            assert_eq!(shown(value, code, false), wanted, "{value} as {code}");
        }
    }

    #[test]
    fn dates_look_as_their_formats_say() {
        for (value, code, wanted) in [
            (45_352.0, "yyyy\\-mm\\-dd", "2024-03-01"),
            (45_352.75, "d mmmm yyyy, h:mm AM/PM", "1 March 2024, 6:00 PM"),
            (45_352.0, "[$-409]dddd, d mmm yy", "Friday, 1 Mar 24"),
            (0.52, "hh:mm:ss", "12:28:48"),
            (1.5, "[h]:mm", "36:00"),
            (0.000_572, "mm:ss.0", "00:49.4"),
            (45_352.0, "dd.mm.yyyy", "01.03.2024"),
            (-1.0, "yyyy", "-1"),
        ] {
            assert_eq!(shown(value, code, false), wanted, "{value} as {code}");
        }
    }

    #[test]
    fn cells_take_the_format_of_their_style() {
        let xml = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='0.0&quot; m&quot;'/></numFmts>
            <cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='14'/><xf numFmtId='9' applyNumberFormat='0'/></cellXfs></styleSheet>";
        let root = crate::extract::dom::parse_xml("styles", xml).unwrap();
        let formats = Formats::read(Some(&root), false);
        let found: Vec<String> = (0..5).map(|style| formats.number(16.0, style)).collect();
        assert_eq!(found, ["16", "16.0 m", "1900-01-16", "16", "16"]);
    }
}
