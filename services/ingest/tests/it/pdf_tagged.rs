//! Tagged PDFs: what the structure tree gives where it is sound, and that it gives nothing where it
//! is not. The files are written here; all their text is set alike, so that nothing but the tree
//! tells one block from another.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write as _;

use lectern_core::content::document::{BlockKind, Content};
use lectern_ingest::extract::pdf::extract;

/// A node of the tree.
#[derive(Debug, Clone)]
enum Node {
    /// An element: its type, further entries, what stands in it.
    Element(&'static str, &'static str, Vec<Node>),
    /// Marked content of a page, from 0.
    Marked(usize, u32),
    /// The element that was written first.
    First,
}

fn e(name: &'static str, kids: Vec<Node>) -> Node {
    Node::Element(name, "", kids)
}

/// An element of one piece of content on the first page.
fn one(name: &'static str, mcid: u32) -> Node {
    e(name, vec![Node::Marked(0, mcid)])
}

/// A line: its marked content, left edge, baseline from the top, text.
type Set = (Option<u32>, u32, u32, &'static str);

/// Adds the element to `out` and says its number.
fn write(node: &Node, parent: usize, out: &mut Vec<String>) -> String {
    match node {
        Node::Marked(page, mcid) => format!("<</Type/MCR/Pg {} 0 R/MCID {mcid}>>", 20 + 2 * page),
        Node::First => "100 0 R".to_owned(),
        Node::Element(name, entries, kids) => {
            let at = out.len();
            out.push(String::new());
            let kids: Vec<String> = kids.iter().map(|kid| write(kid, at, out)).collect();
            out[at] = format!("<</S/{name}{entries}/P {} 0 R/K[{}]>>", 100 + parent, kids.join(" "));
            format!("{} 0 R", 100 + at)
        }
    }
}

/// A file of these pages, whose structure is `tree`; `root` is put into the tree's root, `info`
/// into what is said of it.
fn file(pages: &[Vec<Set>], tree: &Node, root: &str, info: &str) -> Vec<u8> {
    let mut elements = Vec::new();
    let document = write(tree, 0, &mut elements);
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 20 + 2 * page)).collect();
    let mut bodies = vec![
        (1, format!("<</Type/Catalog/Pages 2 0 R/StructTreeRoot 4 0 R/MarkInfo<</Marked true{info}>>>>")),
        (2, format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), pages.len())),
        (3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned()),
        (4, format!("<</Type/StructTreeRoot/K {document}{root}>>")),
    ];
    for (page, lines) in pages.iter().enumerate() {
        let mut content = String::new();
        for (mcid, x, y, text) in lines {
            let mark = mcid.map(|mcid| format!("/Span<</MCID {mcid}>>BDC\n")).unwrap_or_default();
            let end = if mcid.is_some() { "EMC\n" } else { "" };
            writeln!(content, "{mark}BT /F 10 Tf 1 0 0 1 {x} {} Tm ({text}) Tj ET\n{end}", 600 - y).unwrap();
        }
        bodies.push((
            20 + 2 * page,
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 600]/Contents {} 0 R/Resources<</Font<</F 3 0 R>>>>>>",
                21 + 2 * page
            ),
        ));
        bodies.push((21 + 2 * page, format!("<</Length {}>>\nstream\n{content}\nendstream", content.len())));
    }
    bodies.extend((100..).zip(elements));
    let mut out = "%PDF-1.7\n".to_owned();
    let mut table = "xref\n0 1\n0000000000 65535 f \n".to_owned();
    for (number, body) in bodies {
        write!(table, "{number} 1\n{:010} 00000 n \n", out.len()).unwrap();
        write!(out, "{number} 0 obj\n{body}\nendobj\n").unwrap();
    }
    let start = out.len();
    write!(out, "{table}trailer\n<</Root 1 0 R/Size 400>>\nstartxref\n{start}\n%%EOF\n").unwrap();
    out.into_bytes()
}

/// The blocks, furniture aside: kind, text.
fn blocks(content: &Content) -> Vec<String> {
    let one = |kind: &BlockKind| match kind {
        BlockKind::Heading { level } => format!("h{level}"),
        BlockKind::Paragraph => "p".to_owned(),
        BlockKind::ListItem { ordinal, depth } => format!("li{depth} {}", ordinal.as_deref().unwrap_or("-")),
        BlockKind::Table { header_rows, .. } => format!("table {header_rows}"),
        BlockKind::Code { .. } => "code".to_owned(),
        BlockKind::Quote => "quote".to_owned(),
        BlockKind::Caption => "caption".to_owned(),
        BlockKind::Footnote { label } => format!("note {label}"),
        BlockKind::Formula { .. } => "formula".to_owned(),
        BlockKind::Figure => "figure".to_owned(),
        BlockKind::Furniture { .. } => "furniture".to_owned(),
    };
    let text = |text: &str| text.replace('\n', " / ");
    content.blocks.iter().map(|block| format!("{}: {}", one(&block.kind), text(&block.text))).collect()
}

fn read(pages: &[Vec<Set>], tree: &Node) -> Vec<String> {
    blocks(&extract(&file(pages, tree, "", "")).unwrap())
}

const A: &str = "The lamp is lit at dusk and burns until the morning of the next day.";
const B: &str = "When the fog comes in from the sea, the horn sounds twice a minute.";
const C: &str = "A boat brings bread, letters and coal on every second Tuesday of it.";
const D: &str = "In autumn the birds fly against the light, and nobody knows why so.";

/// A page of the text in lines that are all alike, with marked content from 0 on.
fn plain(texts: &[&'static str]) -> Vec<Set> {
    (0..).zip(texts).map(|(at, text)| (Some(at), 40, 60 + 14 * at, *text)).collect()
}

#[test]
fn kinds_are_those_of_the_tree() {
    let mut page =
        plain(&["About the light", A, B, "-", "oil and a wick", "1.", "of linen", C, "wind lens", "Fig. A lens"]);
    page.extend([
        (Some(10), 40, 220, "Month"),
        (Some(11), 90, 220, "Oil"),
        (Some(12), 40, 234, "June"),
        (Some(13), 90, 234, "forty"),
        (Some(14), 40, 260, "2"),
        (Some(15), 50, 260, "So it is said on the island."),
        (Some(16), 40, 274, D),
    ]);
    // Markers stand beside their text.
    for (label, text) in [(3, 4), (5, 6)] {
        page[text].1 = 55;
        page[text].2 = page[label].2;
    }
    let inner = e("L", vec![e("LI", vec![one("Lbl", 5), e("LBody", vec![one("P", 6)])])]);
    let row = |name, cells: [u32; 2]| e("TR", cells.map(|cell| one(name, cell)).to_vec());
    let tree = e(
        "Document",
        vec![
            one("H2", 0),
            e(
                "P",
                vec![
                    Node::Marked(0, 1),
                    Node::Element("Figure", "/Alt(A keeper on the stairs)", vec![Node::Marked(0, 99)]),
                ],
            ),
            one("BlockQuote", 2),
            e("L", vec![e("LI", vec![one("Lbl", 3), e("LBody", vec![Node::Marked(0, 4), inner])])]),
            e("P", vec![Node::Marked(0, 7), e("Note", vec![one("Lbl", 14), one("P", 15)]), Node::Marked(0, 16)]),
            one("Code", 8),
            e("Table", vec![row("TH", [10, 11]), row("TD", [12, 13]), one("Caption", 9)]),
        ],
    );
    let found = read(&[page], &tree);
    let wanted = [
        "h2: About the light",
        &format!("p: {A}"),
        "figure: A keeper on the stairs",
        &format!("quote: {B}"),
        "li0 -: oil and a wick",
        "li1 1.: of linen",
        &format!("p: {C} {D}"),
        "code: wind lens",
        "table 1: Month | Oil / June | forty",
        "caption: Fig. A lens",
        "note 2: So it is said on the island.",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn the_tree_joins_what_a_page_parts_and_orders_what_stands_beside() {
    // A sentence ends with the first page, and the paragraph does not; the short words at the top
    // are read last.
    let mut first = plain(&["An aside", A, B, C, D]);
    first[0].1 = 300;
    let second = plain(&[C, D, A]);
    let tree = e(
        "Document",
        vec![
            one("H1", 1),
            one("P", 2),
            e("P", vec![Node::Marked(0, 3), Node::Marked(0, 4), Node::Marked(1, 0)]),
            e("P", vec![Node::Marked(1, 1)]),
            e("P", vec![Node::Marked(1, 2)]),
            one("P", 0),
        ],
    );
    let found = read(&[first, second], &tree);
    // An aside is read at the end of its page.
    let wanted = [
        format!("h1: {A}"),
        format!("p: {B}"),
        format!("p: {C} {D} {C}"),
        "p: An aside".to_owned(),
        format!("p: {D}"),
        format!("p: {A}"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn names_of_the_file_s_own_are_followed_to_standard_ones() {
    let tree = e("Document", vec![one("Kopf", 0), one("Kreis", 1), one("Sonst", 2), e("Sonst", vec![one("P", 3)])]);
    let map = "/RoleMap<</Kopf/Titel/Titel/H3/Kreis/Rund/Rund/Kreis/P/P>>";
    let found = blocks(&extract(&file(&[plain(&[A, B, C, D])], &tree, map, "")).unwrap());
    let wanted = [format!("h3: {A}"), format!("p: {B}"), format!("p: {C}"), format!("p: {D}")];
    assert_eq!(found, wanted);
}

#[test]
fn a_table_that_only_places_text_is_none() {
    let page = vec![(Some(0), 40, 60, "A heading"), (Some(1), 40, 74, A), (Some(2), 40, 88, B), (Some(3), 40, 102, C)];
    let cell = |kids| e("TR", vec![e("TD", kids)]);
    let rows = vec![cell(vec![one("H1", 0), one("P", 1)]), cell(vec![one("P", 2), one("P", 3)])];
    let found = read(&[page], &e("Document", vec![e("Table", rows)]));
    assert_eq!(found, ["h1: A heading".to_owned(), format!("p: {A}"), format!("p: {B}"), format!("p: {C}")]);
}

#[test]
fn what_has_no_tag_on_a_tagged_page_is_not_lost() {
    let mut page = plain(&[A, B, C, D, A, B, C, D, A]);
    page.insert(3, (None, 40, 250, "A stamp of the harbour."));
    // A mark that its program forgot to tag stands beside its text.
    page.push((None, 30, 60, "x"));
    let mut kids: Vec<Node> = (1..9).map(|mcid| one("P", mcid)).collect();
    kids.insert(0, one("H1", 0));
    // Nobody tags the number of a page.
    page.push((None, 200, 560, "7"));
    let found = read(&[page], &e("Document", kids));
    assert_eq!(found[found.len() - 1], "furniture: 7");
    assert_eq!(found[0], format!("h1: x {A}"));
    assert_eq!(found[2..4], [format!("p: {C}"), "p: A stamp of the harbour.".to_owned()]);
}

/// A tree is not believed where it lies: the heading of which it tells is none to any reader.
#[test]
fn a_tree_that_lies_is_not_believed() {
    let texts = [A, B, C, D, A, B, C, D];
    let page = plain(&texts);
    let sound: Vec<Node> = std::iter::once(one("H1", 0)).chain((1..8).map(|mcid| one("P", mcid))).collect();
    let reversed: Vec<Node> = sound.iter().rev().cloned().collect();
    let mixed: Vec<Node> = [0, 5, 2, 7, 4, 1, 6, 3].map(|at: usize| sound[at].clone()).to_vec();
    let few: Vec<Node> = sound[..5].to_vec();
    let unknown: Vec<Node> = std::iter::once(one("H1", 0)).chain((1..8).map(|mcid| one("P", mcid + 90))).collect();
    let looped: Vec<Node> = sound.iter().cloned().chain([Node::First]).collect();
    let twice: Vec<Node> = vec![e("Sect", vec![Node::First])];
    let headings: Vec<Node> = (0..8).map(|mcid| one("H1", mcid)).collect();
    let deep = (0..400).fold(e("Div", sound.clone()), |inner, _| e("Div", vec![inner]));
    for (name, kids, info, believed) in [
        ("a sound tree", sound.clone(), "", true),
        ("it says that it is doubtful", sound.clone(), "/Suspects true", false),
        ("it is in reverse", reversed, "", false),
        ("it is in any order", mixed, "", false),
        ("it covers half of the page", few, "", false),
        ("its content is not on the page", unknown, "", false),
        ("it leads back to its beginning", looped, "", false),
        ("it is its own child", twice, "", false),
        ("it is deeper than any document", vec![deep], "", false),
        ("all of it are headings", headings, "", false),
    ] {
        let content = extract(&file(std::slice::from_ref(&page), &e("Document", kids), "", info)).unwrap();
        let found = blocks(&content);
        assert_eq!(found[0] == format!("h1: {A}"), believed, "{name}: {found:?}");
        let words: Vec<&str> = content.blocks.iter().flat_map(|block| block.text.split_whitespace()).collect();
        let wanted: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
        assert_eq!(words, wanted, "{name}");
    }
}

#[test]
fn lines_whose_words_belong_to_two_blocks_are_torn() {
    let mut page = vec![(Some(0), 40, 60, A)];
    for line in 0..6 {
        page.extend([
            (Some(1), 40, 74 + 14 * line, "The one half of"),
            (Some(2), 110, 74 + 14 * line, "a line and the other."),
        ]);
    }
    let found = read(&[page], &e("Document", vec![one("H1", 0), one("P", 1), one("P", 2)]));
    assert!(!found[0].starts_with("h1") && found.concat().contains("The one half of a line"), "{found:?}");
}

#[test]
fn a_page_that_is_tagged_as_one_paragraph_is_read_as_if_it_had_no_tags() {
    let at = |top: u32, texts: &[&'static str]| -> Vec<Set> {
        (0..).zip(texts).map(|(at, text)| (Some(0), 40, top + 12 * at, *text)).collect()
    };
    let page: Vec<Set> = (0..6).flat_map(|at_| at(60 + 60 * at_, &[A, B, C])).collect();
    let untagged: Vec<Set> = page.iter().map(|line| (None, line.1, line.2, line.3)).collect();
    let tree = e("Document", vec![one("P", 0)]);
    let found = read(&[page], &tree);
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found, read(&[untagged], &tree));
}
