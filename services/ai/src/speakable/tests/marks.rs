//! What the marks of a document, and the choice about emoji, change.

use lectern_core::content::Range;

use crate::speakable::{Emoji, Language, Mark, MarkKind, speak};

#[test]
fn emoji_are_dropped_where_the_caller_chose_so() {
    for (written, said) in
        [("Well done 🎉, all.", "Well done, all."), ("A 👩🏽‍💻 and a 🇩🇪 here", "A and a here"), ("1️⃣ first", "first")]
    {
        assert_eq!(speak(written, &[], Language::English, Emoji::Dropped).text, said);
    }
}

#[test]
fn code_and_raised_text_are_read_by_their_marks() {
    let mark = |start, end, kind| Mark { range: Range::new(start, end), kind };
    for (text, marks, said) in [
        ("Call get_user_id() now", vec![mark(5, 18, MarkKind::Code)], "Call get user I D now"),
        ("Use std::io::Read here", vec![mark(4, 17, MarkKind::Code)], "Use S T D I O Read here"),
        ("if a == b", vec![mark(3, 9, MarkKind::Code)], "if A equals B"),
        ("in C++ code", vec![mark(3, 6, MarkKind::Code)], "in C plus plus code"),
        ("the typedefs here", vec![mark(4, 11, MarkKind::Code)], "the typedefs here"),
        ("all of R's core", vec![mark(7, 8, MarkKind::Code)], "all of R's core"),
        ("at https://www.example.org/a_b today", vec![mark(3, 30, MarkKind::Code)], "at example dot org today"),
        ("where \\alpha^2 is", vec![mark(6, 14, MarkKind::Latex)], "where alpha squared is"),
        ("an area of 5 m2 here", vec![mark(14, 15, MarkKind::Raised)], "an area of five square metres here"),
        ("the term x2 is", vec![mark(10, 11, MarkKind::Raised)], "the term x squared is"),
        ("about 106 cells", vec![mark(8, 9, MarkKind::Raised)], "about ten to the power of six cells"),
        ("the H2O molecule", vec![mark(5, 6, MarkKind::Lowered)], "the H two O molecule"),
    ] {
        assert_eq!(speak(text, &marks, Language::English, Emoji::Named).text, said, "{text}");
    }
}

#[test]
fn a_range_of_money_between_two_dollars_is_no_formula() {
    for (written, said) in [
        ("It costs $150–$250 a night.", "It costs one hundred fifty dollars to two hundred fifty dollars a night."),
        ("from $5 to $7 and on", "from five dollars to seven dollars and on"),
    ] {
        assert_eq!(speak(written, &[], Language::English, Emoji::Named).text, said);
    }
}
