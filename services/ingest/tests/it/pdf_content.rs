//! What a page's content says besides its words: what can be seen, what was filled in, what is no
//! content. The files are written here, operator by operator.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use lectern_core::content::document::{Block, BlockKind, Content, Furniture};
use lectern_ingest::extract::pdf::extract;

/// A file of these pages; `extra` are objects from number 10 on, `page` and `catalog` entries of
/// their dictionaries.
fn file(contents: &[&str], extra: &[&str], page: &str, catalog: &str) -> Vec<u8> {
    use std::fmt::Write as _;

    let mut out = format!("%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R {catalog}>>\nendobj\n");
    let first = 100;
    let kids: String = (0..contents.len()).map(|at| format!("{} 0 R ", first + 2 * at)).collect();
    write!(out, "2 0 obj\n<</Type/Pages/Kids[{kids}]/Count {}>>\nendobj\n", contents.len()).unwrap();
    out.push_str("3 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n");
    for (at, body) in extra.iter().enumerate() {
        write!(out, "{} 0 obj\n{body}\nendobj\n", 10 + at).unwrap();
    }
    for (at, content) in contents.iter().enumerate() {
        let number = first + 2 * at;
        write!(
            out,
            "{number} 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {} 0 R\
             /Resources<</Font<</F 3 0 R>>/Properties<</L 10 0 R>>>>{page}>>\nendobj\n\
             {} 0 obj\n<</Length {}>>\nstream\n{content}\nendstream\nendobj\n",
            number + 1,
            number + 1,
            content.len()
        )
        .unwrap();
    }
    out.push_str("trailer\n<</Root 1 0 R/Size 200>>\nstartxref\n0\n%%EOF\n");
    out.into_bytes()
}

const TEXT: &str = "BT /F 12 Tf 72 700 Td (The keeper of the light went down to the harbour in the morning.) Tj \
    0 -15 Td (He counted the boats that had come in, and wrote them into his book.) Tj \
    0 -15 Td (There were nine of them, which was two more than on the day before.) Tj ET ";

fn read(content: &str) -> Content {
    extract(&file(&[&format!("{TEXT}{content}")], &["<</Type/OCG/Name(Layer)>>"], "", "")).unwrap()
}

fn spoken(content: &Content) -> String {
    let is = |block: &&Block| !matches!(block.kind, BlockKind::Furniture { .. });
    content.blocks.iter().filter(is).map(|block| format!("{}\n", block.text)).collect()
}

fn listed(content: &Content, wanted: Furniture) -> Vec<&str> {
    content
        .blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Furniture { furniture } if furniture == wanted))
        .map(|block| block.text.as_str())
        .collect()
}

#[test]
fn what_cannot_be_seen_is_listed_and_not_spoken() {
    for (name, drawing, seen) in [
        ("white on paper", "BT 1 g /F 12 Tf 72 500 Td (secret words) Tj ET", false),
        ("white by three lights", "BT 1 1 1 rg /F 12 Tf 72 500 Td (secret words) Tj ET", false),
        ("white by four inks", "BT 0 0 0 0 k /F 12 Tf 72 500 Td (secret words) Tj ET", false),
        ("white on a dark bar", "0 g 60 490 300 30 re f BT 1 g /F 12 Tf 72 500 Td (secret words) Tj ET", true),
        ("white on a broad stroke", "30 w 60 505 m 360 505 l S BT 1 g /F 12 Tf 72 500 Td (secret words) Tj ET", true),
        ("grey", "BT 0.6 g /F 12 Tf 72 500 Td (secret words) Tj ET", true),
        ("outside the page", "BT /F 12 Tf 72 -80 Td (secret words) Tj ET", false),
        ("outside the clip", "q 0 0 50 50 re W n BT /F 12 Tf 72 500 Td (secret words) Tj ET Q", false),
        ("inside the clip", "q 0 400 500 300 re W n BT /F 12 Tf 72 500 Td (secret words) Tj ET Q", true),
        ("without ink below text", "BT 3 Tr /F 12 Tf 72 500 Td (secret words) Tj ET", false),
        ("on a layer that is on", "/OC /L BDC BT /F 12 Tf 72 500 Td (secret words) Tj ET EMC", true),
    ] {
        let content = read(drawing);
        assert_eq!(spoken(&content).contains("secret words"), seen, "{name}");
        assert_eq!(listed(&content, Furniture::Hidden), if seen { vec![] } else { vec!["secret words"] }, "{name}");
    }
}

#[test]
fn a_layer_that_is_off_is_not_spoken() {
    let drawing = format!("{TEXT}/OC /L BDC BT /F 12 Tf 72 500 Td (secret words) Tj ET EMC");
    let layers = "/OCProperties<</OCGs[10 0 R]/D<</OFF[10 0 R]>>>>";
    let content = extract(&file(&[&drawing], &["<</Type/OCG/Name(Layer)>>"], "", layers)).unwrap();
    assert!(!spoken(&content).contains("secret"));
    assert_eq!(listed(&content, Furniture::Hidden), ["secret words"]);
}

#[test]
fn text_without_ink_is_read_where_there_is_no_other() {
    let scan = TEXT.replace("/F 12 Tf", "3 Tr /F 12 Tf");
    let content = extract(&file(&[&scan], &[], "", "")).unwrap();
    assert!(spoken(&content).contains("nine of them"));
}

#[test]
fn watermarks_are_listed_whatever_their_angle_and_mark() {
    let leaning = "BT 0.7 g 0.7 0.7 -0.7 0.7 150 200 Tm /F 60 Tf (DRAFT COPY) Tj ET";
    let marked = "/Artifact <</Type/Pagination/Subtype/Watermark>> BDC BT /F 12 Tf 200 400 Td (DRAFT COPY) Tj ET EMC";
    let plain = "/Artifact BMC BT /F 12 Tf 200 400 Td (DRAFT COPY) Tj ET EMC";
    let over = "BT 0.9 g /F 60 Tf 80 680 Td (DRAFT COPY) Tj ET";
    let beside = "BT 0 1 -1 0 30 200 Tm /F 9 Tf (DRAFT COPY) Tj ET";
    for (name, mark) in
        [("leaning", leaning), ("marked", marked), ("plain", plain), ("over text", over), ("at the edge", beside)]
    {
        let page = format!("{mark} {TEXT}");
        let content = extract(&file(&[&page, &page, &page], &[], "", "")).unwrap();
        assert!(!spoken(&content).contains("DRAFT"), "{name}: {}", spoken(&content));
        assert_eq!(listed(&content, Furniture::Watermark), ["DRAFT COPY"; 3], "{name}");
    }
}

#[test]
fn marks_around_all_of_a_document_say_nothing() {
    let content = read("").blocks.len();
    let all = format!("/Artifact BMC {TEXT} EMC");
    let marked = extract(&file(&[&all], &[], "", "")).unwrap();
    assert_eq!(marked.blocks.len(), content);
    assert!(spoken(&marked).contains("nine of them"));
}

#[test]
fn heads_and_numbers_that_the_file_marks_are_listed_wherever_they_stand() {
    let page = |number: &str| {
        format!(
            "{TEXT}/Artifact <</Type/Pagination/Subtype/Header>> BDC BT /F 12 Tf 72 600 Td (The Harbour) Tj ET EMC \
             /Artifact <</Type/Pagination/Attached[/Bottom]>> BDC BT /F 12 Tf 300 300 Td ({number}) Tj ET EMC"
        )
    };
    let content = extract(&file(&[&page("7"), &page("19")], &[], "", "")).unwrap();
    assert!(!spoken(&content).contains("Harbour\n"), "{}", spoken(&content));
    assert_eq!(listed(&content, Furniture::RunningHead), ["The Harbour"; 2]);
    assert_eq!(listed(&content, Furniture::PageNumber), ["7", "19"]);
}

#[test]
fn what_was_filled_in_stands_beside_its_label() {
    let labels = "BT /F 12 Tf 72 500 Td (Name of the boat:) Tj 0 -40 Td (Engine:) Tj 0 -40 Td (Insured:) Tj \
        0 -40 Td (Remarks:) Tj ET";
    let fields = [
        "<</Type/OCG>>",
        "<</Subtype/Widget/FT/Tx/T(a)/V(Grey Lady)/DA(/F 12 Tf)/Rect[220 496 420 514]>>",
        "<</Subtype/Widget/FT/Ch/T(b)/V(d)/Opt[[(d)(Diesel)][(p)(Petrol)]]/DA(/F 0 Tf)/Rect[220 456 420 474]>>",
        "<</Subtype/Widget/FT/Btn/T(c)/AS/Yes/V/Yes/Rect[220 416 238 434]>>",
        "<</Subtype/Widget/FT/Tx/T(d)/V(secret)/Ff 8192/Rect[220 300 420 320]>>",
        "<</Subtype/Widget/Parent 16 0 R/Rect[220 376 420 394]>>",
        "<</FT/Tx/T(e)/V(None so far)>>",
        "<</Subtype/FreeText/Contents(Berth 9 is broken.)/DA(/F 11 Tf)/Rect[72 200 292 220]>>",
        "<</Subtype/Text/Contents(Ask Tess about this.)/Rect[500 600 520 620]>>",
    ];
    let annotations = "/Annots[11 0 R 12 0 R 13 0 R 14 0 R 15 0 R 17 0 R 18 0 R]";
    let content = extract(&file(&[&format!("{TEXT}{labels}")], &fields, annotations, "")).unwrap();
    let text = spoken(&content).replace(" | ", " ");
    for line in
        ["Name of the boat: Grey Lady", "Engine: Diesel", "Insured: ✔", "Remarks: None so far", "Berth 9 is broken."]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("secret"), "a password");
    assert_eq!(listed(&content, Furniture::Comment), ["Ask Tess about this."]);
}

#[test]
fn letters_that_are_struck_twice_are_read_once() {
    for (name, drawing) in [
        (
            "shadow",
            "BT /F 24 Tf 78 494 Td (Ports can be ill lit) Tj ET BT /F 24 Tf 72 500 Td (Ports can be ill lit) Tj ET",
        ),
        ("bold", "BT /F 24 Tf 72 500 Td (Ports can be ill lit) Tj 0.4 0 Td (Ports can be ill lit) Tj ET"),
        ("seams", "BT /F 24 Tf 72 500 Td (Ports) Tj 48.1 0 Td (s can be ill lit) Tj ET"),
    ] {
        let text = spoken(&read(drawing));
        assert!(text.contains("Ports can be ill lit"), "{name}: {text}");
        assert_eq!(text.matches("lit").count(), 1, "{name}: {text}");
    }
}

#[test]
fn letter_spaced_words_are_words() {
    let by_gaps = "BT /F 16 Tf 6 Tc 72 500 Td (THE SALT ROAD) Tj ET";
    let by_spaces = "BT /F 16 Tf 72 500 Td (T H E  S A L T  R O A D) Tj ET";
    for drawing in [by_gaps, by_spaces] {
        let text = spoken(&read(drawing));
        assert!(text.contains("THE SALT ROAD"), "{text}");
    }
}

#[test]
fn spaces_that_are_taken_back_part_no_words() {
    let text = spoken(&read("BT /F 12 Tf 72 500 Td (Speak) Tj -3.3 Tw ( ) Tj 0 Tw (able) Tj ET"));
    assert!(text.contains("Speakable"), "{text}");
}

#[test]
fn raised_letters_of_a_name_are_letters() {
    let name = "BT /F 12 Tf 72 500 Td (Set in L) Tj /F 8.4 Tf 32.7 2.5 Td (A) Tj /F 12 Tf 3.9 -2.5 Td (T) Tj 5.3 -2.6 Td (E) Tj 6.5 2.6 Td (X) Tj ET";
    let content = read(name);
    assert!(spoken(&content).contains("Set in LATEX"), "{}", spoken(&content));
    assert!(content.blocks.iter().all(|block| block.spans.is_empty()));
}

#[test]
fn a_form_that_is_drawn_a_million_times_ends() {
    let form = format!(
        "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length {}>>\nstream\n{}\nendstream",
        40_000,
        " ".repeat(40_000)
    );
    let page = "/Resources<</Font<</F 3 0 R>>/XObject<</X 10 0 R>>>>";
    let content = format!("{TEXT}{}", "/X Do ".repeat(50_000));
    let whole = String::from_utf8(file(&[&content], &[&form], "", "")).unwrap();
    let whole = whole.replace("/Resources<</Font<</F 3 0 R>>/Properties<</L 10 0 R>>>>", page);
    let content = extract(whole.as_bytes()).unwrap();
    assert!(spoken(&content).contains("nine of them"));
    assert!(content.warnings.iter().any(|warning| warning.code == "PAGE_CUT"));
}

#[test]
fn a_file_without_an_identifier_opens_with_the_empty_password() {
    use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, StringFormat};

    let mut document = Document::load_mem(&file(&[TEXT], &[], "", "")).unwrap();
    let empty = || Object::String(Vec::new(), StringFormat::Literal);
    document.trailer.set("ID", Object::Array(vec![empty(), empty()]));
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "",
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    let at = bytes.windows(3).rposition(|window| window == b"/ID").unwrap();
    let end = at + bytes[at..].iter().position(|byte| *byte == b']').unwrap();
    bytes[at..=end].fill(b' ');
    assert!(Document::load_mem(&bytes).unwrap().encryption_state.is_none(), "the parser alone cannot open it");
    assert!(spoken(&extract(&bytes).unwrap()).contains("nine of them"));
}
