use lectern_core::content::Range;
use lectern_core::content::script::{Role, SkipReason, Skipped, Utterance};

use super::*;
use crate::timeline::book::book;
use crate::timeline::fixture::{content, of, plan, quoted, tracks, utterance};

/// A page over two chapters.
fn page() -> String {
    let mut content = content(&["Water & <salt>.", "Then the end.", "12"]);
    content.authors = vec!["Ann <Lee>".to_owned()];
    let mut first = of(0, vec![quoted(&content, 0, 0, Range::new(0, 15))]);
    first.title = "</script><b>One</b>".to_owned();
    let announced = Utterance { added: true, ..utterance(1, Role::Announcement, true, "That was it.") };
    let second = of(1, vec![quoted(&content, 0, 1, Range::new(0, 13)), announced]);
    let sections = [first, second];
    let mut plan = plan(&sections);
    plan.title = "Salt & \"water\"".to_owned();
    plan.skipped = vec![Skipped { block: 2, range: None, reason: SkipReason::PageNumber }];
    let tracks = tracks(&sections);
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let formats = [OutputFormat::Mp3, OutputFormat::Srt, OutputFormat::Opus];
    let mut out = Vec::new();
    write(&mut out, &book, &About { id: "n1", voice: "Heart", formats: &formats }).unwrap();
    String::from_utf8(out).unwrap()
}

/// The page's data.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"timeline\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_has_the_document_and_its_data() {
    let page = page();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"));
    assert!(page.ends_with("</html>\n"));
    assert!(page.contains("<title>Salt &amp; &quot;water&quot;</title>"));
    assert!(page.contains("<span class=\"s\" data-s=\"0\">Water &amp; &lt;salt&gt;.</span>"));
    assert!(page.contains("Ann &lt;Lee&gt; · read by Heart · 1 min"));
    assert!(page.contains("Not read: page number</span> 12"));
    assert!(page.contains("<section id=\"c1\" aria-label=\"Part 2\">"));
    let data = data(&page);
    assert_eq!(data["audio"], serde_json::json!(["opus", "mp3"]), "the exact one first");
    assert_eq!(data["chapters"][0][2], "</script><b>One</b>");
    assert_eq!(data["chapters"].as_array().unwrap().len(), 2);
    assert_eq!(data["sentences"].as_array().unwrap().len(), 3);
}

#[test]
fn words_are_counted_in_visible_characters_and_timed_from_their_sentence() {
    let data = data(&page());
    let sentence = &data["sentences"][0];
    // The fixture speaks a character in 62.5 ms.
    assert_eq!(sentence[0], 200);
    assert_eq!(sentence[2], serde_json::json!([0, 5, 0, 312, 5, 6, 375, 437, 6, 13, 500, 937]));
    assert_eq!(sentence[1].as_u64().unwrap(), 200 + 937);
}

#[test]
fn nothing_runs_but_the_page_s_own_script() {
    let page = page();
    let hashed = |before: &str, after: &str, content: &str| {
        let (_, rest) = page.split_once(before).unwrap();
        let digest = rest.split_once(after).unwrap().0;
        assert_eq!(digest, hash(content));
    };
    hashed("script-src '", "'", SCRIPT);
    hashed("style-src '", "'", STYLE);
    assert!(page.contains(&format!("<script>{SCRIPT}</script>")) && page.contains(&format!("<style>{STYLE}</style>")));
    assert_eq!(page.matches("<script").count(), 2, "the data and the script: {page}");
    for outside in ["http://", "https://", "url(", "@import", " src=", "<link"] {
        assert!(!page.contains(outside), "{outside} leads outside");
    }
    assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("fetch(") && !SCRIPT.contains("XMLHttp"));
    assert!(!SCRIPT.contains("</script"), "it would end the element");
}

#[test]
fn a_place_that_nobody_fills_is_a_defect_and_there_is_none() {
    for name in PAGE.split('{').skip(1).map(|after| after.split_once('}').unwrap().0) {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name:?} is no place");
    }
    assert_eq!(clock(3_599_000), "59:59");
    assert_eq!(clock(36_061_000), "10:01:01");
}
