//! What a font tells of its letters and of their face.

use super::*;

fn simple(widths: &[(char, f32)]) -> Codes {
    let mut texts = vec![String::new(); 256];
    let mut advances = vec![0.0; 256];
    for (code, (char, width)) in widths.iter().enumerate() {
        texts[code + 1] = char.to_string();
        advances[code + 1] = *width;
    }
    Codes::Simple { texts, advances, told: 1..1 + widths.len() }
}

#[test]
fn widths_of_missing_letters_tell_nothing_of_a_face() {
    let Codes::Simple { mut texts, mut advances, told } = simple(&[('C', 0.64), ('R', 0.65)]) else {
        panic!("simple codes")
    };
    for (code, letter) in [(100, "i"), (101, "m")] {
        texts[code] = letter.to_owned();
        advances[code] = 0.28;
    }
    assert_eq!(equal_widths(&Codes::Simple { texts, advances, told }), None);
}

#[test]
fn a_bar_is_no_suit_of_cards() {
    for (mapped, named, wanted) in
        [("\u{2663}", "|", true), ("\u{2663}", "\u{2663}", false), ("|", "|", false), ("\u{2663}", "j", false)]
    {
        assert_eq!(mistaken(mapped, named), wanted, "{mapped} {named}");
    }
}

#[test]
fn only_narrow_and_wide_letters_together_tell_a_fixed_width() {
    for (widths, wanted) in [
        (vec![('i', 0.6), ('m', 0.6), ('a', 0.6)], Some(true)),
        (vec![('i', 0.28), ('m', 0.83), ('a', 0.56)], Some(false)),
        (vec![('A', 0.67), ('B', 0.67), ('S', 0.67), ('R', 0.67)], None),
        (vec![('I', 0.28), ('M', 0.83)], Some(false)),
    ] {
        assert_eq!(equal_widths(&simple(&widths)), wanted, "{widths:?}");
    }
}
