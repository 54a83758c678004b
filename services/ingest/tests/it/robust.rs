//! What must hold for any input: hostile archives are refused with their reason, and no text makes
//! an extractor panic or a span point outside of its text.

use lectern_core::Reason;
use lectern_ingest::extract::{Hint, extract};
use proptest::prelude::*;

use crate::pack::{packed, zipped};
use crate::view;

fn reason(bytes: &[u8]) -> Reason {
    match extract(bytes, &Hint::default()) {
        Ok(content) => panic!("extracted {}", view::blocks(&content)),
        Err(failure) => failure.reason,
    }
}

#[test]
fn hostile_and_broken_packages_are_refused_with_their_reason() {
    let document = |xml: &[u8]| zipped([("word/document.xml", xml)]);
    let bomb = vec![b' '; 80 << 20];
    let deep = format!("<w:document><w:body>{}", "<w:p>".repeat(1_000));
    let entities = b"<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><document><body><p><r><t>&b;</t></r></p></body></document>";
    let mut cut = packed("docx/report");
    cut.truncate(cut.len() / 2);
    let mut many = Vec::new();
    for number in 0..20_001 {
        many.push(format!("{number}"));
    }
    let many = zipped(many.iter().map(|name| (name.as_str(), b"".as_slice())));
    let epub = |name: &str, xml: &str| {
        zipped([
            ("mimetype", b"application/epub+zip".as_slice()),
            ("META-INF/container.xml", b"<container/>"),
            (name, xml.as_bytes()),
        ])
    };
    let drm = "<encryption><EncryptedData><EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/></EncryptedData></encryption>";
    for (what, bytes, wanted) in [
        ("a ZIP bomb", document(&bomb), Reason::DocumentTooComplex),
        ("deep XML", document(deep.as_bytes()), Reason::DocumentTooComplex),
        ("entities", document(entities), Reason::DocumentDamaged),
        ("broken XML", document(b"<w:document><w:body></w:p>"), Reason::DocumentDamaged),
        ("a document without words", document(b"<document><body><p/></body></document>"), Reason::DocumentEmpty),
        ("half an archive", cut, Reason::DocumentDamaged),
        ("too many members", many, Reason::DocumentTooComplex),
        ("some archive", zipped([("a.txt", b"text".as_slice())]), Reason::FormatUnsupported),
        (
            "a workbook without sheets",
            zipped([("[Content_Types].xml", b"spreadsheetml".as_slice())]),
            Reason::DocumentDamaged,
        ),
        ("a protected book", epub("META-INF/encryption.xml", drm), Reason::DocumentEncrypted),
        ("a book of Apple's", epub("META-INF/sinf.xml", "<s/>"), Reason::DocumentEncrypted),
        ("a book without a package", epub("x", "y"), Reason::DocumentDamaged),
        ("marks without words", b"--- *** !!!".to_vec(), Reason::DocumentEmpty),
    ] {
        assert_eq!(reason(&bytes), wanted, "{what}");
    }
}

fn odt(content: &str) -> Vec<u8> {
    let mimetype = b"application/vnd.oasis.opendocument.text".as_slice();
    zipped([("mimetype", mimetype), ("content.xml", content.as_bytes())])
}

fn odt_text(text: &str) -> Vec<u8> {
    odt(&format!(
        "<office:document-content><office:body><office:text>{text}</office:text></office:body></office:document-content>"
    ))
}

#[test]
fn prose_that_a_table_of_an_odt_arranges_is_read_as_its_blocks() {
    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let row = |one: &str, two: &str| format!("<table:table-row>{}{}</table:table-row>", cell(one), cell(two));
    let long = "The lamp is lit at dusk and put out at dawn. ".repeat(4);
    let kinds = |rows: &[String]| {
        let table = format!("<table:table>{}</table:table>", rows.concat());
        let blocks = extract(&odt_text(&table), &Hint::default()).unwrap().blocks;
        blocks.iter().map(|block| block.kind.name()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[row("Aim", &long), row("End", &long)]), ["paragraph"; 4]);
    assert_eq!(kinds(&[row("Aim", "light"), row("End", "dark")]), ["table"]);
}

fn xlsx(sheet: &str, strings: &str) -> Vec<u8> {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id='{id}' Type='http://x/{kind}' Target='{target}'/>")
    };
    let relations = relation("r1", "worksheet", "s.xml") + &relation("r2", "sharedStrings", "t.xml");
    zipped([
        ("[Content_Types].xml", b"spreadsheetml".as_slice()),
        ("xl/workbook.xml", b"<workbook><sheets><sheet name='S' r:id='r1'/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", format!("<Relationships>{relations}</Relationships>").as_bytes()),
        ("xl/s.xml", sheet.as_bytes()),
        ("xl/t.xml", strings.as_bytes()),
    ])
}

#[test]
fn a_presentation_that_holds_a_workbook_is_a_presentation() {
    let list = "<p><sldIdLst><sldId id='256' r:id='r1'/></sldIdLst></p>";
    let bytes = zipped([
        ("[Content_Types].xml", b"presentationml.presentation.main+xml spreadsheetml.sheet".as_slice()),
        ("ppt/presentation.xml", list.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", b"<R><Relationship Id='r1' Type='x/slide' Target='s.xml'/></R>"),
        ("ppt/s.xml", b"<sld><cSld><spTree><sp><txBody><p><r><t>word</t></r></p></txBody></sp></spTree></cSld></sld>"),
        ("ppt/embeddings/Sheet1.xlsx", b"PK"),
    ]);
    let content = extract(&bytes, &Hint::default()).unwrap();
    assert_eq!((content.pages, content.blocks[0].text.as_str()), (Some(1), "word"));
    assert_eq!(reason(&pptx("<sld/>", 0)), Reason::DocumentEmpty, "no slides");
}

fn pptx(slide: &str, times: usize) -> Vec<u8> {
    let list = "<p:sldId id='256' r:id='r1'/>".repeat(times);
    zipped([
        ("[Content_Types].xml", b"presentationml".as_slice()),
        ("ppt/presentation.xml", format!("<p><sldIdLst>{list}</sldIdLst></p>").as_bytes()),
        ("ppt/_rels/presentation.xml.rels", b"<R><Relationship Id='r1' Type='x/slide' Target='s.xml'/></R>"),
        ("ppt/s.xml", slide.as_bytes()),
    ])
}

#[test]
fn office_files_that_grow_when_they_are_read_are_bounded() {
    let wide = |cell: &str| {
        format!(
            "<table:table><table:table-row table:number-rows-repeated='1048576'><table:table-cell table:number-columns-repeated=\
             '16384'>{cell}</table:table-cell><table:table-cell><text:p>end</text:p></table:table-cell></table:table-row></table:table>"
        )
    };
    let word = "<text:p>word</text:p>";
    let deep = (0..60)
        .fold(word.to_owned(), |inner, _| format!("<text:list><text:list-item>{inner}</text:list-item></text:list>"));
    let deeper = format!("{}x{}", "<text:span>".repeat(500), "</text:span>".repeat(500));
    let long = "word ".repeat(20_000);
    let many = "<c t='s'><v>0</v></c>".repeat(1_000);
    let far = "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>";
    let rows = "<row><c r='XFD1'><v>1</v></c></row>".repeat(100);
    let slide = "<sld><cSld><spTree><sp><txBody><p><r><t>word</t></r></p></txBody></sp></spTree></cSld></sld>";
    for (what, bytes, wanted) in [
        ("repeated cells", odt_text(&wide(word)), Some(Reason::DocumentTooComplex)),
        ("repeated empty cells before one", odt_text(&wide("")), Some(Reason::DocumentTooComplex)),
        ("repeated cells within repeated cells", odt_text(&wide(&wide(word))), Some(Reason::DocumentTooComplex)),
        ("a million spaces", odt_text("<text:p>a<text:s text:c='4000000000'/>b</text:p>"), None),
        ("lists within lists", odt_text(&deep), None),
        ("spans within spans", odt_text(&format!("<text:p>{deeper}</text:p>")), Some(Reason::DocumentTooComplex)),
        ("a text that is a bomb", odt_text(&" ".repeat(80 << 20)), Some(Reason::DocumentTooComplex)),
        ("one cell far away", xlsx(&format!("<w><sheetData>{far}</sheetData></w>"), "<sst/>"), None),
        (
            "wide rows",
            xlsx(&format!("<w><sheetData>{rows}</sheetData></w>"), "<sst/>"),
            Some(Reason::DocumentTooComplex),
        ),
        (
            "one long text in many cells",
            xlsx(
                &format!("<w><sheetData><row>{many}</row></sheetData></w>"),
                &format!("<sst><si><t>{long}</t></si></sst>"),
            ),
            Some(Reason::DocumentTooComplex),
        ),
        ("a slide shown twice", pptx(slide, 2), None),
        ("a slide shown too often", pptx(slide, 10_001), Some(Reason::DocumentTooComplex)),
    ] {
        match (extract(&bytes, &Hint::default()), wanted) {
            (Ok(content), None) => view::check(&content),
            (Err(failure), Some(wanted)) => assert_eq!(failure.reason, wanted, "{what}: {failure}"),
            (found, _) => panic!("{what}: {:?}", found.map(|content| content.blocks.len())),
        }
    }
}

#[test]
fn encrypted_open_documents_are_refused_as_encrypted() {
    let manifest = "<manifest:manifest><manifest:file-entry manifest:full-path='content.xml'><manifest:encryption-data/>\
                    </manifest:file-entry></manifest:manifest>";
    let bytes = zipped([
        ("mimetype", b"application/vnd.oasis.opendocument.text".as_slice()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
        ("content.xml", b"\x01\x02"),
    ]);
    assert_eq!(reason(&bytes), Reason::DocumentEncrypted);
}

#[test]
fn files_that_were_cut_short_are_damaged_or_what_is_left_of_them() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["odt/harbour.odt", "pptx/talk.pptx", "xlsx/pilots.xlsx", "csv/pilots.csv", "generate/harbour.fodt"] {
        let whole = std::fs::read(fixtures.join(name)).unwrap();
        for sixteenth in 1..16 {
            let cut = &whole[..whole.len() * sixteenth / 16];
            let hint = Hint { file_name: Some(name.to_owned()), media_type: None };
            match extract(cut, &hint) {
                Ok(content) => {
                    assert!(name.starts_with("csv"), "{name} at {sixteenth}/16 was read");
                    view::check(&content);
                }
                Err(failure) => assert!(
                    matches!(
                        failure.reason,
                        Reason::DocumentDamaged | Reason::DocumentEmpty | Reason::FormatUnsupported
                    ),
                    "{name} at {sixteenth}/16: {failure}"
                ),
            }
        }
    }
}

#[test]
fn obfuscated_fonts_are_no_protection() {
    let fonts = "<encryption><EncryptedData><EncryptionMethod Algorithm='http://www.idpf.org/2008/embedding'/></EncryptedData></encryption>";
    let bytes =
        zipped([("META-INF/container.xml", b"<container/>".as_slice()), ("META-INF/encryption.xml", fonts.as_bytes())]);
    assert_eq!(reason(&bytes), Reason::DocumentDamaged);
}

fn survives(text: &str, file_name: &str) {
    let hint = Hint { file_name: Some(file_name.to_owned()), media_type: None };
    match extract(text.as_bytes(), &hint) {
        Ok(content) => view::check(&content),
        Err(failure) => assert!(
            matches!(failure.reason, Reason::DocumentEmpty | Reason::FormatUnsupported | Reason::DocumentDamaged),
            "{failure}"
        ),
    }
}

/// Text made of the pieces that a syntax is made of, so that structure is common in it.
fn pieces(list: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(list).prop_map(str::to_owned),
        1 => "[a-zà-ÿ\u{300}-\u{304}\u{1100}-\u{11ff}\u{200d}😀 \u{a0}]{0,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|parts| parts.concat())
}

const MARKDOWN: &[&str] = &[
    "# ",
    "\n",
    "\n\n",
    "*",
    "**",
    "_",
    "`",
    "```\n",
    "[",
    "](x)",
    "![",
    "> ",
    "- ",
    "1. ",
    "  ",
    "    ",
    "| a | b |\n|---|---|\n",
    "|",
    "[^1]",
    "[^1]: ",
    "$",
    "$$",
    "<sup>",
    "</sup>",
    "<br>",
    "<div>",
    "</div>",
    "~~",
    "\\",
    "word",
    " ",
    "---\n",
    ": ",
    "<!--",
    "&amp;",
    "\t",
];

const HTML: &[&str] = &[
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<ul>",
    "<ol type=a>",
    "<li>",
    "</ul>",
    "</ol>",
    "<table>",
    "<tr>",
    "<td colspan=3>",
    "<th rowspan=2>",
    "</table>",
    "<a href='#n'>",
    "<a href='x'>",
    "</a>",
    "<sup>",
    "</sup>",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<q>",
    "</q>",
    "<pre>",
    "</pre>",
    "<h1>",
    "</h1>",
    "<h2>",
    "<img alt='pic ture'>",
    "<img alt=o>",
    "<aside role=doc-footnote id=n>",
    "</aside>",
    "<blockquote>",
    "<figure>",
    "<figcaption>",
    "<math><mi>x</mi></math>",
    "<nav>",
    "<main>",
    "<header>",
    "<dl><dt>",
    "<dd>",
    "<br>",
    "<section class=footnotes>",
    "<span lang=fr>",
    "</span>",
    "word",
    " ",
    "1",
    "&nbsp;",
    "<caption>",
    "<svg>",
    "</svg>",
    "<template>",
];

const CSV: &[&str] = &[",", ";", "\t", "|", "\n", "\r\n", "\"", "\"\"", "a", "1", "2024-01-01", " ", "name", "sep=;\n"];

/// Whole elements, so that most of what is made of them is well-formed.
const ODF: &[&str] = &[
    "<text:p>word</text:p>",
    "<text:h text:outline-level='2'>head</text:h>",
    "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>",
    "<text:list text:continue-numbering='true'><text:list-header><text:p>x</text:p></text:list-header></text:list>",
    "<text:list><text:list-item>",
    "</text:list-item></text:list>",
    "<text:p>",
    "</text:p>",
    "<text:s text:c='9'/>",
    "<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body><text:p>n</text:p></text:note-body></text:note>",
    "<text:a xlink:href='x'>",
    "</text:a>",
    "<table:table><table:table-row><table:table-cell table:number-columns-spanned='3'><text:p>c</text:p></table:table-cell><table:table-cell><text:p>d</text:p></table:table-cell></table:table-row></table:table>",
    "<text:section text:display='none'>",
    "</text:section>",
    "<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>",
    "<draw:frame><draw:image/><svg:desc>seen</svg:desc></draw:frame>",
    "<office:annotation><text:p>remark</text:p></office:annotation>",
    "word",
    " ",
];

#[test]
fn html_that_ends_within_a_link_marks_nothing_across_it() {
    survives("<sup>*[> </sup>a](x)**", "a.md");
    survives("[<sup>a](x)b</sup> c", "a.md");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_markdown_gives_valid_blocks(text in pieces(MARKDOWN)) {
        survives(&text, "a.md");
    }

    #[test]
    fn any_html_gives_valid_blocks(text in pieces(HTML)) {
        survives(&format!("<!doctype html><body>{text}"), "a.html");
    }

    #[test]
    fn any_text_gives_valid_blocks(text in pieces(MARKDOWN)) {
        survives(&text, "a.txt");
    }

    #[test]
    fn any_table_gives_valid_blocks(text in pieces(CSV)) {
        survives(&text, "a.csv");
    }

    #[test]
    fn any_open_document_gives_valid_blocks(text in pieces(ODF)) {
        let flat = format!(
            "<?xml version='1.0'?><office:document office:mimetype='application/vnd.oasis.opendocument.text'><office:body>\
             <office:text>{text}</office:text></office:body></office:document>"
        );
        survives(&flat, "a.fodt");
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = extract(&bytes, &Hint::default());
    }
}
