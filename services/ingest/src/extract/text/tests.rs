//! Plain texts, and the blocks that they are read as.

use super::*;

fn blocks(text: &str) -> Vec<(String, String)> {
    let decoded = super::super::encoding::decode(text.as_bytes());
    let content = extract(decoded).unwrap();
    content
        .blocks
        .into_iter()
        .map(|block| {
            let kind = match block.kind {
                BlockKind::Heading { level } => format!("h{level}"),
                BlockKind::Paragraph => "p".to_owned(),
                BlockKind::ListItem { ordinal, depth } => format!("li{depth}{}", ordinal.unwrap_or_default()),
                BlockKind::Quote => "quote".to_owned(),
                BlockKind::Code { .. } => "code".to_owned(),
                BlockKind::Furniture { .. } => format!("furniture@{}", block.page.unwrap_or(0)),
                BlockKind::Table { .. }
                | BlockKind::Caption
                | BlockKind::Footnote { .. }
                | BlockKind::Formula { .. }
                | BlockKind::Figure => "other".to_owned(),
            };
            (kind, block.text)
        })
        .collect()
}

fn expect(text: &str, wanted: &[(&str, &str)]) {
    let found = blocks(text);
    let found: Vec<(&str, &str)> = found.iter().map(|(kind, text)| (kind.as_str(), text.as_str())).collect();
    assert_eq!(found, wanted);
}

#[test]
fn structure_is_found_without_markup() {
    expect(
        "The Tides\n=========\n\nThe sea rises and falls twice in a little more than a day, and\nthe well-\nknown cause is the moon.\n\n1.1 Spring tides\n\nCAUSES AND EFFECTS\n\n- one thing\n  that goes on\n  - a nested thing\n- another\n\n(a) first\n(b) second\n\n> quoted words\n> over two lines\n",
        &[
            ("h1", "The Tides"),
            ("p", "The sea rises and falls twice in a little more than a day, and the well-known cause is the moon."),
            ("h3", "1.1 Spring tides"),
            ("h2", "CAUSES AND EFFECTS"),
            ("li0", "one thing that goes on"),
            ("li1", "a nested thing"),
            ("li0", "another"),
            ("li0(a)", "first"),
            ("li0(b)", "second"),
            ("quote", "quoted words over two lines"),
        ],
    );
}

#[test]
fn commands_behind_a_prompt_are_code() {
    expect(
        "Build the mill:\n\n$ make\nmill: done\n\nThen start it with\n    $ mill start\n\n# mill stop\n\nIt cost\n$ 5 in all.\n",
        &[
            ("p", "Build the mill:"),
            ("code", "$ make\nmill: done"),
            ("p", "Then start it with"),
            ("code", "    $ mill start"),
            ("code", "# mill stop"),
            ("p", "It cost $ 5 in all."),
        ],
    );
}

#[test]
fn the_marks_of_asciidoc_are_no_words_of_it() {
    expect(
        ":toc:\n\n= The mill\n\n[source,bash]\n----\nmill start\n\nmill wait\n----\n\nifdef::old[]\n.The yard\nimage::yard.png[The yard]\nendif::[]\n\nIt turns.\n",
        &[
            ("furniture@0", ":toc:"),
            ("h1", "The mill"),
            ("furniture@0", "[source,bash]"),
            ("code", "mill start\n\nmill wait"),
            ("furniture@0", "ifdef::old[]"),
            ("other", "The yard"),
            ("other", "The yard"),
            ("furniture@0", "endif::[]"),
            ("p", "It turns."),
        ],
    );
    // One or two of the marks come in other texts.
    expect(":toc: says so.\n\n----\n\nIt turns.\n", &[("p", ":toc: says so."), ("p", "It turns.")]);
}

#[test]
fn a_book_of_a_free_library_reads_as_a_book() {
    expect(
        "The Free Shelf presents\n\nTitle: The Lamp\n\n*** START OF THE EBOOK THE LAMP ***\n\nCONTENTS\n\n  I.  The Wick    1\n  II. The Oil     7\n\n\
             CHAPTER I.\n\nThe Wick\n\nIt was _quite_ dark and no-\nbody came to the half-\nopen door of the house on the hill.[1] Nobody.\n\n\
             [Illustration: The door]\n\nCHAPTER II.\nTHE OIL\n\nThe end came soon after that, as it often does.\n\n[1] There were two doors.\n\n\
             *** END OF THE EBOOK THE LAMP ***\n\nLicence text.\n",
        &[
            ("p", "The Free Shelf presents"),
            ("p", "Title: The Lamp"),
            ("p", "*** START OF THE EBOOK THE LAMP ***"),
            ("furniture@0", "CONTENTS"),
            ("furniture@0", "I. The Wick 1 II. The Oil 7"),
            ("h1", "CHAPTER I. The Wick"),
            ("p", "It was quite dark and nobody came to the half-open door of the house on the hill.[1] Nobody."),
            ("other", "The door"),
            ("h1", "CHAPTER II. THE OIL"),
            ("p", "The end came soon after that, as it often does."),
            ("other", "There were two doors."),
            ("p", "*** END OF THE EBOOK THE LAMP ***"),
            ("p", "Licence text."),
        ],
    );
}

#[test]
fn what_a_library_puts_around_a_book_is_front_and_back_matter() {
    let text = "Shelf\n\nTitle: The Lamp\nAuthor: A. Keeper\n\n*** START OF THIS TEXT ***\n\nWords of it.\n\n*** END OF THIS TEXT ***\n\nLicence.";
    let content = extract(super::super::encoding::decode(text.as_bytes())).unwrap();
    use lectern_core::content::document::Matter::{Back, Body, Front};
    let matters: Vec<_> = content.blocks.iter().map(|block| block.matter).collect();
    assert_eq!(matters, [Front, Front, Front, Body, Back, Back]);
    assert_eq!((content.title.as_deref(), content.authors), (Some("The Lamp"), vec!["A. Keeper".to_owned()]));
}

#[test]
fn form_feeds_count_pages_and_their_numbers_are_furniture() {
    expect(
        "Words of the first page.\n\n1\n\u{c}Words of the second.\n\n- 2 -\n",
        &[
            ("p", "Words of the first page."),
            ("furniture@1", "1"),
            ("p", "Words of the second."),
            ("furniture@2", "- 2 -"),
        ],
    );
}

#[test]
fn long_lines_are_paragraphs_of_their_own() {
    let long = "word ".repeat(40);
    let text = format!("{long}\n{long}\n");
    assert_eq!(blocks(&text).len(), 2);
}
