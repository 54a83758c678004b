//! Files that were made to harm the service. Each is read, or refused with its reason, by what the
//! readers count themselves, and not by the limits of the sandbox (a failure that names those fails
//! the test); and beside each of them another document is read by the same reader.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::time::Duration;

use lectern_core::Reason;
use lectern_core::id::TenantId;
use lectern_ingest::extract::child::{Sandbox, SandboxLimits};
use lectern_ingest::library::Reader;

use crate::pack::zipped;

/// What shall become of a file.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Read,
    Refused(Reason),
    /// Either, as long as the reader decides it.
    Ended,
}
use Wanted::{Ended, Read, Refused};

const COMPLEX: Wanted = Refused(Reason::DocumentTooComplex);
const DAMAGED: Wanted = Refused(Reason::DocumentDamaged);

/// How failures begin that the sandbox decided.
const BY_LIMIT: &str = "reading the document takes";

/// Reads each file and, at the same time, a letter.
async fn all(cases: Vec<(&str, &str, Vec<u8>, Wanted)>) {
    // A busy machine is not the fault of a file: its processor time is what counts.
    let limits = SandboxLimits { wall: Duration::from_secs(600), ..SandboxLimits::default() };
    let reader = Reader::new(Sandbox::new(env!("CARGO_BIN_EXE_lectern-ingest"), limits), None, 2);
    let folder = tempfile::tempdir().unwrap();
    let (hostile, letter) = (folder.path().join("hostile"), folder.path().join("letter"));
    std::fs::write(&letter, "The sea rises twice a day.").unwrap();
    let (attacker, victim): (TenantId, TenantId) = ("attacker".parse().unwrap(), "victim".parse().unwrap());
    for (what, name, bytes, wanted) in cases {
        std::fs::write(&hostile, bytes).unwrap();
        let (found, neighbour) =
            tokio::join!(reader.read(&attacker, &hostile, name), reader.read(&victim, &letter, "letter.txt"));
        assert_eq!(neighbour.unwrap().blocks[0].text, "The sea rises twice a day.", "beside {what}");
        match (found, wanted) {
            (Ok(_), Read | Ended) => {}
            (Err(failure), Ended) => {
                assert!(
                    !failure.message.starts_with(BY_LIMIT) && failure.reason != Reason::Internal,
                    "{what}: {failure}"
                );
            }
            (Err(failure), Refused(reason)) => {
                assert_eq!(failure.reason, reason, "{what}: {failure}");
                assert!(!failure.message.starts_with(BY_LIMIT), "{what}: {failure}");
            }
            (Err(failure), Read) => panic!("{what}: {failure}"),
            (Ok(content), Refused(_)) => panic!("{what} was read: {} blocks", content.blocks.len()),
        }
    }
}

fn page(body: &str) -> Vec<u8> {
    format!("<!doctype html><body>{body}<p>The end.").into_bytes()
}

fn numbered(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect()
}

#[tokio::test]
async fn pages_made_to_take_the_square_of_their_length_are_read() {
    let deep = |tag: &str, count: usize| page(&tag.repeat(count));
    all(vec![
        ("3 MB of open bold", "a.html", deep("<b>", 1_000_000), Read),
        ("a million open divisions", "a.html", deep("<div>", 1_000_000), Read),
        ("lists in lists", "a.html", deep("<ul><li>x", 20_000), Read),
        ("open ruby texts", "a.html", deep("<rt>", 200_000), Ended),
        ("attributes", "a.html", page(&format!("<p {}>", numbered(200_000, |at| format!("a{at} ")))), Read),
        ("breaks", "a.html", page(&format!("a<br>b<br>{}", "<br><i></i>".repeat(200_000))), Read),
        ("a heading of breaks", "a.html", page(&format!("<h1>{}</h1>", "x<br>".repeat(200_000))), Read),
        ("raised marks", "a.html", page(&"<p><sup>1</sup>a".repeat(60_000)), Read),
        ("pages in another format", "a.html", format!("<x>{}", "<html></html>".repeat(100_000)).into_bytes(), Ended),
        ("declarations", "a.html", "<!doctype x>".repeat(200_000).into_bytes(), Ended),
        ("nested formulas", "a.html", page(&format!("<math>{}x", "<mfrac>".repeat(100_000))), Read),
    ])
    .await;
}

#[tokio::test]
async fn tables_that_claim_more_than_they_hold_are_read() {
    let huge = "<tr><td rowspan=65534 colspan=1000>x<td rowspan=65534 colspan=1000>y".repeat(10_000);
    let cells = "<td rowspan=65534 colspan=1000>x".repeat(20_000);
    let sparse = format!("<table><tr>{}{}</table>", "<td>x".repeat(30_000), "<tr><td>y".repeat(30_000));
    let word = |properties: &str| format!("<tc><tcPr>{properties}</tcPr><p><r><t>x</t></r></p></tc>");
    let wide = word("<gridSpan val='99999'/><vMerge val='restart'/>").repeat(5_000);
    let rows = format!("<tr>{}{}</tr>", word(""), word("")).repeat(5_000);
    let docx =
        |body: &str| zipped([("word/document.xml", format!("<document><body>{body}</body></document>").as_bytes())]);
    let paragraphs = "<p><r><rPr><i/></rPr><t>é</t></r></p>".repeat(30_000);
    let cell = format!("<tbl><tr><tc/><tc>{paragraphs}</tc></tr><tr>{}{}</tr></tbl>", word(""), word(""));
    let row = "<table:table-row><table:table-cell table:number-columns-spanned='1000' table:number-rows-spanned='65534'>\
               <text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>";
    let odt = |text: &str| {
        let content = format!(
            "<office:document-content><office:body><office:text>{text}</office:text></office:body></office:document-content>"
        );
        zipped([
            ("mimetype", b"application/vnd.oasis.opendocument.text".as_slice()),
            ("content.xml", content.as_bytes()),
        ])
    };
    all(vec![
        ("cells over all columns and rows", "a.html", page(&format!("<table>{huge}</table>")), Read),
        ("one row of them", "a.html", page(&format!("<table><tr>{cells}<tr><td>a<td>b</table>")), Read),
        ("one row of many cells, many rows of one", "a.html", page(&sparse), Read),
        ("spans of Word", "a.docx", docx(&format!("<tbl><tr>{wide}</tr>{rows}</tbl>")), Read),
        ("a cell of many paragraphs", "a.docx", docx(&cell), Read),
        ("spans of OpenOffice", "a.odt", odt(&format!("<table:table>{}</table:table>", row.repeat(250))), Read),
        ("more of them", "a.odt", odt(&format!("<table:table>{}</table:table>", row.repeat(20_000))), COMPLEX),
    ])
    .await;
}

#[tokio::test]
async fn text_made_to_take_the_square_of_its_length_is_read() {
    let entities = format!("<document><body><p><r><t>{}x</t></r></p></body></document>", "&amp;".repeat(200_000));
    all(vec![
        ("200,000 entities", "a.docx", zipped([("word/document.xml", entities.as_bytes())]), Read),
        ("3.5 MB of backticks", "a.md", format!("{}x", "`".repeat(3_500_000)).into_bytes(), Ended),
        (
            "a table of 1.8 MB",
            "a.md",
            format!("| a | b |\n|---|---|\n{}", "| a | b |\n".repeat(180_000)).into_bytes(),
            Read,
        ),
        ("a million quotations deep", "a.md", format!("{}x", "> ".repeat(1_000_000)).into_bytes(), Read),
        ("a million brackets", "a.md", format!("{}x", "[".repeat(1_000_000)).into_bytes(), Read),
        (
            "a sheet of 100,000 columns",
            "a.csv",
            format!("{}\n{}", numbered(100_000, |at| format!("n{at},")), numbered(100_000, |at| format!("{at},")))
                .into_bytes(),
            Read,
        ),
        (
            "as many notes as words",
            "a.md",
            format!(
                "{}{}",
                numbered(60_000, |at| format!("w[^{at}]\n\n")),
                numbered(60_000, |at| format!("[^{at}]: x\n"))
            )
            .into_bytes(),
            Read,
        ),
        ("one sentence", "a.txt", "word ".repeat(200_000).into_bytes(), Read),
    ])
    .await;
}

/// An archive whose directory names one member again and again, as `names`.
fn overlapping(archive: &[u8], names: &[String]) -> Vec<u8> {
    let directory = archive.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = archive.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap();
    let entries: Vec<&[u8]> = {
        let mut starts: Vec<usize> =
            (directory..end).filter(|at| archive.get(*at..at + 4) == Some(b"PK\x01\x02")).collect();
        starts.push(end);
        starts.windows(2).map(|pair| &archive[pair[0]..pair[1]]).collect()
    };
    let mut out = archive[..directory].to_vec();
    let (others, last) = entries.split_at(entries.len() - 1);
    let old = u16::from_le_bytes([last[0][28], last[0][29]]) as usize;
    out.extend(others.concat());
    for name in names {
        let mut entry = last[0].to_vec();
        entry[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        drop(entry.splice(46..46 + old, name.bytes()));
        out.extend(entry);
    }
    let size = u32::try_from(out.len() - directory).unwrap();
    let count = u16::try_from(others.len() + names.len()).unwrap();
    let mut tail = archive[end..].to_vec();
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    out.extend(tail);
    out
}

/// An archive in which all members claim to unpack to `size` bytes.
fn lying(mut archive: Vec<u8>, size: u32) -> Vec<u8> {
    for (mark, offset) in [(b"PK\x03\x04", 22), (b"PK\x01\x02", 24)] {
        let places: Vec<usize> = (0..archive.len() - 4).filter(|at| archive[*at..at + 4] == *mark).collect();
        for at in places {
            archive[at + offset..at + offset + 4].copy_from_slice(&size.to_le_bytes());
        }
    }
    archive
}

#[tokio::test]
async fn archives_that_unpack_to_more_than_they_say_are_refused() {
    let document =
        |text: &str| zipped([("word/document.xml", format!("<document><body>{text}</body></document>").as_bytes())]);
    let bomb = document(&" ".repeat(8 << 20));
    let words = document("<p><r><t>words</t></r></p>");
    let names: Vec<String> = (0..300).map(|at| format!("c{at}.xhtml")).collect();
    let items = numbered(300, |at| format!("<item id='c{at}' href='c{at}.xhtml' media-type='application/xhtml+xml'/>"));
    let spine = numbered(300, |at| format!("<itemref idref='c{at}'/>"));
    let package = format!("<package><metadata/><manifest>{items}</manifest><spine>{spine}</spine></package>");
    let container = b"<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>".as_slice();
    let chapter = format!("<html><body><p>word</p><!--{}--></body></html>", " ".repeat(3 << 20));
    let book = zipped([
        ("mimetype", b"application/epub+zip".as_slice()),
        ("META-INF/container.xml", container),
        ("b.opf", package.as_bytes()),
        ("c.xhtml", chapter.as_bytes()),
    ]);
    let nested = (0..20).fold(bomb.clone(), |inner, _| zipped([("word/embeddings/a.docx", inner.as_slice())]));
    all(vec![
        ("a bomb that says so", "a.docx", bomb.clone(), COMPLEX),
        ("a bomb that says it is small", "a.docx", lying(bomb, 100), Ended),
        ("a document that says it is large", "a.docx", lying(words, 4_000_000_000), Ended),
        ("one chapter three hundred times", "a.epub", overlapping(&book, &names), COMPLEX),
        ("archives in archives", "a.docx", nested, Ended),
    ])
    .await;
}

#[tokio::test]
async fn markup_that_expands_or_nests_without_end_is_refused() {
    let xml = |head: &str, body: &str| {
        zipped([("word/document.xml", format!("{head}<document><body>{body}</body></document>").as_bytes())])
    };
    let laughs = numbered(9, |at| format!("<!ENTITY a{} '{}'>", at + 1, format!("&a{at};").repeat(10)));
    let style = |id: &str, of: &str| format!("<style type='paragraph' styleId='{id}'><basedOn val='{of}'/></style>");
    let relations = b"<R><Relationship Id='a' Type='x/styles' Target='styles.xml'/></R>".as_slice();
    let looped = zipped([
        (
            "word/document.xml",
            b"<document><body><p><pPr><pStyle val='a'/></pPr><r><t>x</t></r></p></body></document>".as_slice(),
        ),
        ("word/styles.xml", format!("<styles>{}{}</styles>", style("a", "b"), style("b", "a")).as_bytes()),
        ("word/_rels/document.xml.rels", relations),
    ]);
    all(vec![
        (
            "a billion laughs",
            "a.docx",
            xml(&format!("<!DOCTYPE d [<!ENTITY a0 'ha'>{laughs}]>"), "<p><r><t>&a9;</t></r></p>"),
            DAMAGED,
        ),
        ("an entity of itself", "a.docx", xml("<!DOCTYPE d [<!ENTITY a '&a;'>]>", "<p><r><t>&a;</t></r></p>"), DAMAGED),
        (
            "an entity of a file",
            "a.docx",
            xml("<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "<p><r><t>&a;</t></r></p>"),
            DAMAGED,
        ),
        ("a million elements deep", "a.docx", xml("", &"<p>".repeat(1_000_000)), COMPLEX),
        ("styles in a circle", "a.docx", looped, Read),
    ])
    .await;
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<<{dictionary}/Length {}>>stream\n{content}\nendstream", content.len())
}

/// A PDF of one page: `objects` are numbered from 10 on.
fn pdf(content: &str, page: &str, resources: &str, catalog: &str, objects: &[String]) -> Vec<u8> {
    let fixed = [
        (1, format!("<</Type/Catalog/Pages 2 0 R{catalog}>>")),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (
            3,
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R\
                 /Resources<</Font<</F 5 0 R/T 10 0 R>>{resources}>>{page}>>"
            ),
        ),
        (4, stream("", &format!("BT /F 12 Tf 50 700 Td (The sea rises twice a day.) Tj ET {content}"))),
        (5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned()),
    ];
    let rest = objects.iter().enumerate().map(|(at, body)| (at + 10, body.clone()));
    assemble(&fixed.into_iter().chain(rest).collect::<Vec<_>>())
}

fn assemble(objects: &[(usize, String)]) -> Vec<u8> {
    let mut out = "%PDF-1.7\n".to_owned();
    for (number, body) in objects {
        out.push_str(&format!("{number} 0 obj\n{body}\nendobj\n"));
    }
    out.push_str("trailer\n<</Root 1 0 R/Size 100>>\nstartxref\n0\n%%EOF\n");
    out.into_bytes()
}

#[tokio::test]
async fn pdfs_that_lead_to_themselves_are_read() {
    let form = |content: &str, resources: &str| {
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<<{resources}>>"), content)
    };
    let glyph = "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 11 0 R>>\
                 /Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<</Font<</T 10 0 R>>>>>>";
    let composite = |encoding: &str| {
        vec![
            format!(
                "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding {encoding}/ToUnicode 11 0 R/DescendantFonts[12 0 R]>>"
            ),
            stream(
                "/Type/CMap/CMapName/X/UseCMap 11 0 R",
                "/X usecmap 1 begincodespacerange <0000><ffff> endcodespacerange 1 beginbfchar <0001><0041> endbfchar",
            ),
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 1000/FontDescriptor<</Type/FontDescriptor/Flags 4>>>>"
                .to_owned(),
        ]
    };
    let widths = |list: &str| {
        let mut objects = composite("/Identity-H");
        objects.truncate(2);
        objects.push(format!("<</Type/Font/Subtype/CIDFontType2/BaseFont/X/W[{list}]>>"));
        objects
    };
    let write = "BT /T 12 Tf 50 600 Td <0001> Tj ET";
    let itself = "11 0 R ".repeat(1_000);
    let named = format!("<</Kids[{itself}]>>");
    let outline = "/Outlines<</First 10 0 R>>/Names<</Dests 11 0 R>>";
    all(vec![
        (
            "a form of itself",
            "a.pdf",
            pdf("/X Do", "", "/XObject<</X 10 0 R>>", "", &[form("/X Do /X Do /X Do", "/XObject<</X 10 0 R>>")]),
            Read,
        ),
        (
            "a glyph of itself",
            "a.pdf",
            pdf("BT /T 12 Tf (aaa) Tj ET", "", "", "", &[glyph.to_owned(), stream("", "BT /T 1 Tf (aaa) Tj ET")]),
            Read,
        ),
        ("a map of characters that uses itself", "a.pdf", pdf(write, "", "", "", &composite("/Identity-H")), Read),
        ("an encoding that uses itself", "a.pdf", pdf(write, "", "", "", &composite("11 0 R")), Read),
        (
            "widths of all glyphs again and again",
            "a.pdf",
            pdf(write, "", "", "", &widths(&"0 4000000000 500 ".repeat(50_000))),
            Read,
        ),
        ("widths behind the last glyph", "a.pdf", pdf(write, "", "", "", &widths("4294967295 [500 500 500]")), Read),
        (
            "a font that descends from itself",
            "a.pdf",
            pdf(
                write,
                "",
                "",
                "",
                &["<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[10 0 R]>>".to_owned()],
            ),
            Read,
        ),
        (
            "a bookmark that follows itself",
            "a.pdf",
            pdf(
                "",
                "",
                "",
                "/Outlines<</First 10 0 R>>",
                &["<</Title(a)/First 10 0 R/Next 10 0 R/Dest[3 0 R/Fit]>>".to_owned()],
            ),
            Read,
        ),
        (
            "names that hold themselves a thousand times",
            "a.pdf",
            pdf("", "", "", outline, &["<</Title(a)/Dest(x)>>".to_owned(), named]),
            Read,
        ),
        (
            "a field that is its parent and its kid",
            "a.pdf",
            pdf(
                "",
                "/Annots[10 0 R 10 0 R]",
                "",
                "/AcroForm<</Fields[10 0 R]>>",
                &["<</Type/Annot/Subtype/Widget/FT/Tx/V(a)/Parent 10 0 R/Kids[10 0 R 10 0 R]/Rect[0 0 9 9]>>"
                    .to_owned()],
            ),
            Read,
        ),
        (
            "a stream as long as itself",
            "a.pdf",
            pdf(
                "/X Do",
                "",
                "/XObject<</X 10 0 R>>",
                "",
                &["<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 10 0 R>>stream\nq Q\nendstream".to_owned()],
            ),
            Ended,
        ),
        (
            "references in a circle",
            "a.pdf",
            pdf("", "/Annots 10 0 R/Rotate 10 0 R", "", "", &["11 0 R".to_owned(), "10 0 R".to_owned()]),
            Read,
        ),
    ])
    .await;
}

#[tokio::test]
async fn pdfs_that_nest_or_repeat_without_end_are_read_or_refused() {
    let pages = |kids: &str, page: &str| {
        assemble(&[
            (1, "<</Type/Catalog/Pages 2 0 R>>".to_owned()),
            (2, format!("<</Type/Pages/Kids[{kids}]/Count 9>>")),
            (3, format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 5 0 R>>>>{page}>>")),
            (4, stream("", &format!("BT /F 12 Tf 50 700 Td (The sea rises.) Tj ET{}", " ".repeat(10_000)))),
            (5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned()),
        ])
    };
    let deep = |open: &str| pdf("", "", "", "", &[open.repeat(1_000_000)]);
    let itself = format!("{}3 0 R", "2 0 R ".repeat(10_000));
    let fan: Vec<(usize, String)> = (2..34)
        .map(|at| (at, format!("<</Type/Pages/Kids[{}]/Count 9999>>", format!("{} 0 R ", at + 1).repeat(10))))
        .chain([(1, "<</Type/Catalog/Pages 2 0 R>>".to_owned()), (34, "<</Type/Page/Parent 33 0 R>>".to_owned())])
        .collect();
    all(vec![
        ("a million arrays deep", "a.pdf", deep("["), Ended),
        ("a million dictionaries deep", "a.pdf", deep("<</A"), Ended),
        ("a million arrays deep in a page", "a.pdf", pdf(&"[".repeat(1_000_000), "", "", "", &[]), Read),
        ("a million saved states", "a.pdf", pdf(&"q ".repeat(1_000_000), "", "", "", &[]), Read),
        ("pages that hold themselves", "a.pdf", pages(&itself, "/Contents 4 0 R"), Ended),
        ("pages in a tree of ten to the thirtieth leaves", "a.pdf", assemble(&fan), Ended),
        (
            "one content two hundred thousand times",
            "a.pdf",
            pages("3 0 R", &format!("/Contents[{}]", "4 0 R ".repeat(200_000))),
            Read,
        ),
        ("an object stream that holds itself", "a.pdf", object_stream(), DAMAGED),
    ])
    .await;
}

/// A file whose objects are all in an object stream that is among them.
fn object_stream() -> Vec<u8> {
    let body = "1 0 2 30 <</Type/Catalog/Pages 2 0 R>>     <</Type/Pages>>";
    let mut out =
        format!("%PDF-1.5\n5 0 obj\n{}\nendobj\n", stream("/Type/ObjStm/N 2/First 9/Extends 5 0 R", body)).into_bytes();
    let at = out.len();
    let mut entries = vec![0, 0, 0, 0];
    entries.extend([[2, 0, 5, 0], [2, 0, 5, 1], [2, 0, 5, 0], [2, 0, 5, 0], [2, 0, 5, 0]].concat());
    entries.extend([1, (at >> 8) as u8, (at & 255) as u8, 0]);
    out.extend(format!("6 0 obj\n<</Type/XRef/W[1 2 1]/Size 7/Root 1 0 R/Length {}>>stream\n", entries.len()).bytes());
    out.extend(entries);
    out.extend(format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").bytes());
    out
}
