//! Kinds of faults that real documents showed, each by a small document of our own making.

#![allow(clippy::unwrap_used, reason = "a document that cannot be read fails its test")]

use lectern_core::content::document::{BlockKind, Content, Furniture, Matter};
use lectern_ingest::extract::{Hint, extract};

use crate::pack::zipped;
use crate::view;

fn read(bytes: &[u8], file_name: &str) -> Content {
    let hint = Hint { file_name: Some(file_name.to_owned()), media_type: None };
    let content = extract(bytes, &hint).unwrap_or_else(|failure| panic!("{failure}"));
    view::check(&content);
    content
}

/// The blocks, one a line, without their spans.
fn lines(content: &Content) -> Vec<String> {
    view::blocks(content).lines().filter(|line| !line.starts_with("    ")).map(str::to_owned).collect()
}

fn docx(body: &str, others: &[(&str, &str)]) -> Content {
    let document = format!("<w:document xmlns:w='w' xmlns:m='m' xmlns:r='r'><w:body>{body}</w:body></w:document>");
    let types = ["styles", "footnotes", "endnotes", "comments"]
        .map(|kind| format!("<Relationship Id='{kind}' Type='http://x/{kind}' Target='{kind}.xml'/>"));
    let relations = format!(
        "<Relationships>{}<Relationship Id='chunk' Type='http://x/aFChunk' Target='part.html'/></Relationships>",
        types.concat()
    );
    let mut members =
        vec![("word/document.xml", document.as_bytes()), ("word/_rels/document.xml.rels", relations.as_bytes())];
    members.extend(others.iter().map(|(name, text)| (*name, text.as_bytes())));
    read(&zipped(members), "a.docx")
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn tracked_changes_are_read_by_their_final_state() {
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p(text));
    let field = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    for (what, body, wanted) in [
        (
            "runs, also one within another",
            format!(
                "<w:p>{}<w:ins>{}<w:del><w:r><w:delText>never </w:delText></w:r></w:del></w:ins>{}</w:p>",
                run("We "),
                run("now "),
                run("sail.")
            ),
            vec!["p: We now sail.", "deleted: never"],
        ),
        (
            "the mark of a paragraph",
            format!(
                "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{}</w:p><w:p>{}</w:p>{}",
                run("We set "),
                run("sail."),
                p("Then we left.")
            ),
            vec!["p: We set sail.", "p: Then we left."],
        ),
        (
            "a paragraph that was moved",
            format!(
                "<w:p><w:pPr><w:rPr><w:moveFrom/></w:rPr></w:pPr><w:moveFrom>{}</w:moveFrom></w:p>{}<w:p><w:moveTo>{}</w:moveTo></w:p>",
                run("First."),
                p("Second."),
                run("First.")
            ),
            vec!["p: Second.", "p: First."],
        ),
        (
            "rows and cells",
            format!(
                "<w:tbl><w:tr>{}{}</w:tr><w:tr><w:trPr><w:del/></w:trPr>{}{}</w:tr><w:tr>{}{}<w:tc><w:tcPr><w:cellDel/></w:tcPr>{}</w:tc></w:tr></w:tbl>",
                cell("a"),
                cell("b"),
                cell("gone"),
                cell("too"),
                cell("c"),
                cell("d"),
                p("out")
            ),
            vec!["deleted: gone too", "table 2x2 head 0: a | b / c | d"],
        ),
        (
            "a field whose parts were deleted",
            format!(
                "<w:p>{}{}<w:del>{}</w:del>{}{}</w:p>",
                run("See "),
                field("begin"),
                field("separate"),
                run("page 3"),
                run(" of it.")
            ),
            vec!["p: See page 3 of it."],
        ),
    ] {
        assert_eq!(lines(&docx(&body, &[])), wanted, "{what}");
    }
}

#[test]
fn what_a_docx_does_not_show_is_listed_and_not_read() {
    let styles = "<w:styles xmlns:w='w'><w:style w:type='character' w:styleId='Hush'><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:type='paragraph' w:styleId='Back'><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:type='paragraph' w:styleId='Stage'><w:basedOn w:val='Back'/></w:style></w:styles>";
    let comments = "<w:comments xmlns:w='w'><w:comment w:id='1'><w:p><w:r><w:t>Is this so?</w:t></w:r></w:p></w:comment></w:comments>";
    let run = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let prompt = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click here.</w:t></w:r></w:sdtContent></w:sdt>";
    let body = [
        format!("<w:p>{}{}{prompt}</w:p>", run("", "Seen."), run("<w:rStyle w:val='Hush'/>", "Hidden one.")),
        format!("<w:p><w:pPr><w:pStyle w:val='Stage'/></w:pPr>{}</w:p>", run("", "Hidden two.")),
        format!("<w:p><w:pPr><w:pStyle w:val='Stage'/></w:pPr>{}</w:p>", run("<w:vanish w:val='0'/>", "Shown.")),
        format!("<w:p>{}{}</w:p>", run("<w:strike/>", "Struck."), run("", "Kept.")),
    ];
    let content = docx(&body.concat(), &[("word/styles.xml", styles), ("word/comments.xml", comments)]);
    let wanted = [
        "p: Seen.",
        "hidden: Hidden one.",
        "placeholder: Click here.",
        "hidden: Hidden two.",
        "p: Shown.",
        "p: Kept.",
        "deleted: Struck.",
        "comment: Is this so?",
    ];
    assert_eq!(lines(&content), wanted);
}

#[test]
fn tables_that_arrange_a_page_are_read_as_its_blocks() {
    let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
    let inner = format!(
        "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
        cell(&p("a")),
        cell(&p("b")),
        cell(&p("c")),
        cell(&p("d"))
    );
    let prose = "The keeper of the lamp went down to the harbour with the letter in his hand, and nobody asked him what was in it, \
        for the people of the town knew that he would not say a word.";
    for (what, body, wanted) in [
        (
            "a table in a table",
            format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell(&p("Aims")), cell(&inner)),
            vec!["p: Aims", "table 2x2 head 0: a | b / c | d"],
        ),
        (
            "one column",
            format!("<w:tbl><w:tr>{}</w:tr><w:tr>{}</w:tr></w:tbl>", cell(&p("One")), cell(&p("Two"))),
            vec!["p: One", "p: Two"],
        ),
        (
            "cells of prose",
            format!("<w:tbl>{}</w:tbl>", format!("<w:tr>{}{}</w:tr>", cell(&p(prose)), cell(&p(prose))).repeat(2)),
            vec!["p: The keeper"; 4],
        ),
        (
            "labels beside prose",
            format!("<w:tbl>{}</w:tbl>", format!("<w:tr>{}{}</w:tr>", cell(&p("Aim")), cell(&p(prose))).repeat(2)),
            vec!["p: Aim", "p: The keeper", "p: Aim", "p: The keeper"],
        ),
    ] {
        let found = lines(&docx(&body, &[]));
        assert_eq!(found.len(), wanted.len(), "{what}: {found:?}");
        assert!(found.iter().zip(&wanted).all(|(found, wanted)| found.starts_with(wanted)), "{what}: {found:?}");
    }
}

#[test]
fn formulas_that_follow_each_other_are_several_and_a_note_keeps_the_mark_its_writer_chose() {
    let math = |text: &str| format!("<m:oMath><m:r><m:t>{text}</m:t></m:r></m:oMath>");
    let notes = "<w:footnotes xmlns:w='w'><w:footnote w:id='2'><w:p><w:r><w:t>* Mostly cod.</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id='3'><w:p><w:r><w:t>And tar.</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let body = format!(
        "<w:p>{}{}</w:p><w:p><w:r><w:t>Fish</w:t></w:r><w:r><w:footnoteReference w:customMarkFollows='1' w:id='2'/><w:t>*</w:t></w:r>\
         <w:r><w:t> and rope</w:t></w:r><w:r><w:footnoteReference w:id='3'/></w:r><w:r><w:t>.</w:t></w:r></w:p>",
        math("a=b"),
        math("c=d")
    );
    let content = docx(&body, &[("word/footnotes.xml", notes)]);
    let found = view::blocks(&content);
    let wanted = "formula latex: a=b\nformula latex: c=d\np: Fish* and rope1.\n    noteref 3 = *\n    noteref 4 = 1\nnote *: Mostly cod.\nnote 1: And tar.\n";
    assert_eq!(found, wanted);
}

#[test]
fn a_part_of_html_in_a_docx_is_read_and_one_of_another_format_is_named() {
    let content =
        docx("<w:altChunk r:id='chunk'/><w:altChunk r:id='other'/>", &[("word/part.html", "<p>From a part.</p>")]);
    assert_eq!(lines(&content), ["p: From a part."]);
    assert_eq!(content.warnings[0].code, "EMBEDDED_PART_LEFT_OUT");
}

fn epub(files: &[(&str, &str)], spine: &str, others: &[(&str, &str)]) -> Content {
    let items: String = files
        .iter()
        .map(|(name, _)| format!("<item id='{name}' href='{name}' media-type='application/xhtml+xml'/>"))
        .collect();
    let package = format!(
        "<package><metadata><dc:title>A Book</dc:title><dc:language>en</dc:language></metadata><manifest>{items}\
         <item id='ncx' href='toc.ncx' media-type='application/x-dtbncx+xml'/></manifest><spine>{spine}</spine></package>"
    );
    let container = "<container><rootfiles><rootfile full-path='book.opf'/></rootfiles></container>";
    let mut members = vec![
        ("mimetype", b"application/epub+zip".as_slice()),
        ("META-INF/container.xml", container.as_bytes()),
        ("book.opf", package.as_bytes()),
    ];
    members.extend(files.iter().chain(others).map(|(name, text)| (*name, text.as_bytes())));
    read(&zipped(members), "a.epub")
}

fn page(body: &str) -> String {
    format!("<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body>{body}</body></html>")
}

#[test]
fn chapters_that_are_no_xml_are_read_and_each_is_named() {
    let broken =
        |name: &str| format!("<html><head><title/><script src='x'/></head><body><h1>{name}</h1><p>Salt & pepper.<br>");
    let (one, two) = (broken("One"), broken("Two"));
    let content =
        epub(&[("a.xhtml", &one), ("b.xhtml", &two)], "<itemref idref='a.xhtml'/><itemref idref='b.xhtml'/>", &[]);
    assert_eq!(lines(&content), ["h1: One", "p: Salt & pepper.", "h1: Two", "p: Salt & pepper."]);
    let named: Vec<&str> = content.warnings.iter().map(|warning| warning.message.split(' ').next().unwrap()).collect();
    assert_eq!(named, ["a.xhtml", "b.xhtml"]);
}

#[test]
fn pages_beside_the_order_come_after_it_and_pages_outside_of_it_are_named() {
    let (one, key, two, lost) = (page("<p>One.</p>"), page("<p>Key.</p>"), page("<p>Two.</p>"), page("<p>Lost.</p>"));
    let files = [("a.xhtml", &*one), ("key.xhtml", &key), ("b.xhtml", &two), ("lost.xhtml", &lost)];
    let spine = "<itemref idref='a.xhtml'/><itemref idref='key.xhtml' linear='no'/><itemref idref='b.xhtml'/>";
    let content = epub(&files, spine, &[]);
    assert_eq!(lines(&content), ["p: One.", "p: Two.", "p: Key."]);
    assert!(content.warnings[0].message.contains("lost.xhtml"), "{:?}", content.warnings);
}

#[test]
fn chapters_take_their_titles_from_the_anchors_of_the_contents() {
    let text = page(
        "<a id='c1'></a><p>1. The Ferry</p><p>A flat boat.</p><p id='c2'>2. The Bridge</p><p>Of iron.</p>\
         <div><a id='c3'></a><p><img src='t.png' alt=''/></p><p>It leaked.</p></div><h2 id='c4'>Four</h2><p>The end.</p>",
    );
    let points =
        ["1. The Ferry", "2. The Bridge", "3. The Tunnel", "4. The Last"].iter().enumerate().map(|(at, title)| {
            format!(
                "<navPoint><navLabel><text>{title}</text></navLabel><content src='a.xhtml#c{}'/></navPoint>",
                at + 1
            )
        });
    let ncx = format!("<ncx><navMap>{}</navMap></ncx>", points.collect::<String>());
    let content = epub(&[("a.xhtml", &text)], "<itemref idref='a.xhtml'/>", &[("toc.ncx", &ncx)]);
    let wanted = [
        "h1: 1. The Ferry",
        "p: A flat boat.",
        "h1: 2. The Bridge",
        "p: Of iron.",
        "h1: 3. The Tunnel",
        "p: It leaked.",
        "h2: Four",
        "p: The end.",
    ];
    assert_eq!(lines(&content), wanted);
}

#[test]
fn notes_that_only_links_and_signs_tell_are_bound() {
    let text = page(
        "<p id='t'>Salt was money<a href='#n'>*</a> and paid<a href='notes.xhtml#e' id='r'>2</a> soldiers.</p><p id='n'>* In cakes.</p><p>Go on.</p>",
    );
    let notes = page("<h1>Notes</h1><p id='e'><a href='a.xhtml#r'>2</a> So says Pliny.</p>");
    let content = epub(
        &[("a.xhtml", &text), ("notes.xhtml", &notes)],
        "<itemref idref='a.xhtml'/><itemref idref='notes.xhtml'/>",
        &[],
    );
    assert_eq!(
        lines(&content),
        [
            "p: Salt was money* and paid2 soldiers.",
            "note *: In cakes.",
            "p: Go on.",
            "h1 back: Notes",
            "note 2: So says Pliny."
        ]
    );
    assert!(content.blocks.iter().all(|block| block.matter != Matter::Front));
}

#[test]
fn what_note_taking_programs_write_for_themselves_is_not_read() {
    let text = "# Diary\n\n%% remind me %%\nThe [[Colony|birds]] are ==near==. ^id1\n\n- Mend the ~~blue~~ boat #todo\n\n\
        !!! note \"Before\"\n    Open it.\n\n:::tip Heat\nHot.\n:::\n\n[TOC]\n\n<!-- html -->\n\nDone. {.small}\n";
    let content = read(text.as_bytes(), "a.md");
    let wanted = [
        "h1: Diary",
        "comment: remind me",
        "p: The birds are near.",
        "li0 -: Mend the boat",
        "deleted: blue",
        "comment: #todo",
        "p: Before",
        "p: Open it.",
        "p: Heat",
        "p: Hot.",
        "comment: html",
        "p: Done.",
    ];
    let found = lines(&content);
    assert_eq!(found.iter().filter(|line| wanted.contains(&line.as_str())).count(), wanted.len(), "{found:?}");
    assert_eq!(found.len(), wanted.len(), "{found:?}");
}

#[test]
fn a_page_within_the_lines_of_another_format_is_read_alone() {
    let text =
        "<DOCUMENT>\n<TYPE>EX-1\n<TEXT>\n<HTML><BODY><P>The filing says so.</P></BODY></HTML>\n</TEXT>\n</DOCUMENT>";
    let content = read(text.as_bytes(), "a.txt");
    assert_eq!(lines(&content), ["hidden: EX-1", "p: The filing says so."]);
    assert_eq!(
        content.blocks[0].kind,
        lectern_core::content::document::BlockKind::Furniture { furniture: Furniture::Hidden }
    );
}

#[test]
fn a_row_of_pictures_that_lead_elsewhere_is_a_menu_and_a_picture_alone_is_none() {
    let badges = "[![Build](b.svg)](https://ci.example/x) [![Version](v.svg?x=1)](https://packages.example/x)";
    let text = format!(
        "# Tern\n\n{badges}\n\nWords.\n\n[![A boat](boat.png)](https://boats.example/)\n\n\
         [![Small](s.png)](large.png) [![Smaller](t.png)](LARGE.JPG?raw=1)\n"
    );
    let wanted = [
        "h1: Tern",
        "navigation: Build",
        "navigation: Version",
        "p: Words.",
        "figure: A boat",
        "figure: Small",
        "figure: Smaller",
    ];
    assert_eq!(lines(&read(text.as_bytes(), "a.md")), wanted);
    let page = "<h1>Tern</h1><p><a href='https://ci.example/x'><img src=b.svg alt=Build></a> \
        <a href='https://packages.example/x'><img src=v.svg alt=Version></a></p><p>Words.</p>\
        <p><a href='https://boats.example/'><img src=boat.png alt='A boat'></a></p>\
        <p><a href=large.png><img src=s.png alt=Small></a> <a href='LARGE.JPG?raw=1'><img src=t.png alt=Smaller></a></p>";
    assert_eq!(lines(&read(page.as_bytes(), "a.html")), wanted);
}

#[test]
fn code_in_a_list_keeps_its_own_indentation() {
    // The sign of a dialect: without one the text is handed on as it is.
    let text = "[TOC]\n\n- Type this:\n\n  ```python\n  if tide:\n      wait()\n  ```\n\n- And wait.\n";
    let content = read(text.as_bytes(), "a.md");
    let code = content.blocks.iter().find(|block| matches!(block.kind, BlockKind::Code { .. })).unwrap();
    assert_eq!(code.text, "if tide:\n    wait()");
    assert_eq!(lines(&content).last().unwrap(), "li0 -: And wait.");
}
