//! What must hold for any input: hostile archives are refused with their reason, and no text makes an extractor panic or a
//! span point outside of its text.

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
        ("a workbook", zipped([("[Content_Types].xml", b"spreadsheetml".as_slice())]), Reason::FormatUnsupported),
        ("a protected book", epub("META-INF/encryption.xml", drm), Reason::DocumentEncrypted),
        ("a book of Apple's", epub("META-INF/sinf.xml", "<s/>"), Reason::DocumentEncrypted),
        ("a book without a package", epub("x", "y"), Reason::DocumentDamaged),
        ("marks without words", b"--- *** !!!".to_vec(), Reason::DocumentEmpty),
    ] {
        assert_eq!(reason(&bytes), wanted, "{what}");
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
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = extract(&bytes, &Hint::default());
    }
}
