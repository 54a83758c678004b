//! Letters as strokes of a pen, so that a cover has its title in every place without a font.
//!
//! A glyph is lines; a line is points, each of two hexadecimal digits: how far right, and how far
//! up. Letters stand on 4, small ones reach 10, large ones 14; what hangs below reaches 0.

/// Where letters stand, and how high small and large ones are.
pub(super) const BASE: i16 = 4;
pub(super) const SMALL: i16 = 10;
pub(super) const LARGE: i16 = 14;
/// How wide a space is, and how far apart two letters are.
pub(super) const SPACE: i16 = 3;
pub(super) const APART: i16 = 3;

/// Points of a line.
pub(super) type Line = Vec<(i16, i16)>;

/// The lines of a letter; none where it has none here.
pub(super) fn letter(letter: char) -> Option<Vec<Line>> {
    let strokes = strokes(letter)?;
    Some(strokes.split(' ').map(line).collect())
}

fn line(points: &str) -> Line {
    let digit =
        |byte: u8| char::from(byte).to_digit(16).and_then(|digit| i16::try_from(digit).ok()).unwrap_or_default();
    points.as_bytes().as_chunks::<2>().0.iter().map(|[right, up]| (digit(*right), digit(*up))).collect()
}

/// How wide a letter is.
pub(super) fn width(lines: &[Line]) -> i16 {
    lines.iter().flatten().map(|(right, _)| *right).max().unwrap_or_default()
}

/// How high it reaches.
pub(super) fn height(lines: &[Line]) -> i16 {
    lines.iter().flatten().map(|(_, up)| *up).max().unwrap_or(SMALL)
}

/// The lines of a mark over a letter, about its middle and over its top.
pub(super) fn accent(mark: char) -> Option<&'static [&'static [(i16, i16)]]> {
    Some(match mark {
        '\u{300}' => &[&[(-1, 3), (1, 1)]],
        '\u{301}' => &[&[(-1, 1), (1, 3)]],
        '\u{302}' => &[&[(-2, 1), (0, 3), (2, 1)]],
        '\u{303}' => &[&[(-2, 1), (-1, 2), (1, 1), (2, 2)]],
        '\u{304}' => &[&[(-2, 2), (2, 2)]],
        '\u{306}' => &[&[(-2, 3), (0, 1), (2, 3)]],
        '\u{307}' => &[&[(0, 2), (0, 2)]],
        '\u{308}' => &[&[(-2, 2), (-2, 2)], &[(2, 2), (2, 2)]],
        '\u{30A}' => &[&[(-1, 1), (-1, 3), (1, 3), (1, 1), (-1, 1)]],
        '\u{30B}' => &[&[(-2, 1), (-1, 3)], &[(1, 1), (2, 3)]],
        '\u{30C}' => &[&[(-2, 3), (0, 1), (2, 3)]],
        _ => return None,
    })
}

fn strokes(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "044E84 2868",
        'B' => "040E5E7C7B5909 5987866404",
        'C' => "8C6E2E0B07246486",
        'D' => "040E5E8B875404",
        'E' => "8E0E0484 0969",
        'F' => "8E0E04 0969",
        'G' => "8C6E2E0B072464868959",
        'H' => "0E04 8E84 0989",
        'I' => "0E04",
        'J' => "6E66442406",
        'K' => "0E04 8E0984",
        'L' => "0E0474",
        'M' => "040E478E84",
        'N' => "040E848E",
        'O' => "2E0B072464878B6E2E",
        'P' => "040E5E7C7A5808",
        'Q' => "2E0B072464878B6E2E 5783",
        'R' => "040E5E7C7A5808 4884",
        'S' => "7C5E2E0C0B29597876542406",
        'T' => "0E8E 4E44",
        'U' => "0E072464878E",
        'V' => "0E448E",
        'W' => "0E244B648E",
        'X' => "0E84 048E",
        'Y' => "0E498E 4944",
        'Z' => "0E8E0484",
        'a' => "684A2A0806244466 6A64",
        'b' => "0E04 082A4A6866442406",
        'c' => "684A2A0806244466",
        'd' => "6E64 684A2A0806244466",
        'e' => "0767684A2A0806244466",
        'f' => "5E4E2C24 0A4A",
        'g' => "684A2A0806244466 6A62402001",
        'h' => "0E04 082A4A6864",
        'i' => "0A04 0D0D",
        'j' => "2A221000 2D2D",
        'k' => "0E04 6A07 2864",
        'l' => "0E04",
        'm' => "0A04 082A3A4844 486A7A8884",
        'n' => "0A04 082A4A6864",
        'o' => "2A0806244466684A2A",
        'p' => "0A00 082A4A6866442406",
        'q' => "6A60 684A2A0806244466",
        'r' => "0A04 082A4A",
        's' => "594A1A090817475655441405",
        't' => "2D263454 0A4A",
        'u' => "0A06244466 6A64",
        'v' => "0A346A",
        'w' => "0A244A648A",
        'x' => "0A64 046A",
        'y' => "0A34 6A2000",
        'z' => "0A6A0464",
        '0' => "2E0B072444676B4E2E",
        '1' => "0B3E34",
        '2' => "0C2E4E6C6A0464",
        '3' => "0C2E4E6C6B4929 496766442406",
        '4' => "4E0767 4B44",
        '5' => "6E0E092A4A6866442406",
        '6' => "5E2C0806244466684A2A08",
        '7' => "0E6E24",
        '8' => "290B0C2E4E6C6B4929 2908062444666849",
        '9' => "14466A6C4E2E0C0A28486A",
        '.' => "0404",
        ',' => "1402",
        ':' => "0404 0909",
        ';' => "1402 1919",
        '!' => "0E08 0404",
        '?' => "0C2E4E6C6B3937 3434",
        '-' => "0848",
        '–' => "0868",
        '—' => "0888",
        '(' => "2F0C0623",
        ')' => "0F2C2603",
        '’' => "1E0C",
        '‘' => "0E1C",
        '“' => "0E1C 3E4C",
        '”' => "1E0C 4E3C",
        '„' => "1402 4432",
        '"' => "0E0C 3E3C",
        '\'' => "0E0C",
        '&' => "842B2D3E4E5D5C0706244488",
        '/' => "046E",
        '+' => "0868 3B35",
        '=' => "0A6A 0666",
        'ß' => "040C2E4E5D5C3A 3A5A68664424",
        '…' => "0404 3434 6464",
        '·' => "0909",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_english_and_german_are_there_and_stand_on_the_line() {
        for one in ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(".,:;!?-–()’“”„&/ß".chars()) {
            let lines = letter(one).unwrap_or_else(|| panic!("{one:?} has no strokes"));
            assert!(lines.iter().all(|line| line.len() >= 2), "{one:?}");
            assert!(lines.iter().flatten().all(|(right, up)| (0..=8).contains(right) && (0..=15).contains(up)));
            if one.is_ascii_uppercase() {
                assert!(height(&lines) == LARGE, "{one:?}");
            }
        }
        assert_eq!(letter('水'), None);
        assert_eq!((width(&letter('M').unwrap()), height(&letter('x').unwrap())), (8, SMALL));
        assert_eq!(letter('L').unwrap(), [[(0, 14), (0, 4), (7, 4)]]);
    }
}
