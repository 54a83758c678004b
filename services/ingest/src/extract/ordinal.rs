//! Numbers of list items as they are printed.

/// `number` in the style `1`, `a`, `A`, `i` or `I` of HTML; numbers that a style cannot write come
/// out as digits.
pub(super) fn printed(number: i64, style: char) -> String {
    let written = match style {
        'a' => letters(number),
        'A' => letters(number).map(|text| text.to_uppercase()),
        'i' => roman(number),
        'I' => roman(number).map(|text| text.to_uppercase()),
        _ => None,
    };
    written.unwrap_or_else(|| number.to_string())
}

/// `a` to `z`, `aa` to `zz`, and so on.
fn letters(number: i64) -> Option<String> {
    let mut rest = u32::try_from(number).ok().filter(|number| *number > 0)?;
    let mut out = Vec::new();
    while rest > 0 {
        rest -= 1;
        out.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    Some(out.into_iter().rev().collect())
}

fn roman(number: i64) -> Option<String> {
    let mut rest = u32::try_from(number).ok().filter(|number| (1..4000).contains(number))?;
    let mut out = String::new();
    for (value, sign) in [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ] {
        while rest >= value {
            out.push_str(sign);
            rest -= value;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::printed;

    #[test]
    fn ordinals_are_printed_in_their_style() {
        for (number, style, wanted) in [
            (3, '1', "3"),
            (1, 'a', "a"),
            (28, 'A', "AB"),
            (14, 'i', "xiv"),
            (0, 'i', "0"),
            (-2, 'a', "-2"),
            (1994, 'I', "MCMXCIV"),
        ] {
            assert_eq!(printed(number, style), wanted);
        }
    }
}
