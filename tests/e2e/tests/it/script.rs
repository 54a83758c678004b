//! A script is read page by page, also while it is written.

use std::time::Duration;

use lectern_e2e::{Link, PATIENCE, Profile, Servers, chapters, join, of, refusal};
use lectern_proto::v1 as api;
use lectern_testkit::Fault;
use tonic::Code;

/// Each write of the service that writes scripts takes this long at least.
const SLOW: Duration = Duration::from_millis(150);
const SECTIONS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_still_written_is_read_to_its_end_without_gaps() {
    let setup =
        Profile::Stack.setup().own_mongo(Servers::One).proxied("ai", Link::Store).env("ai", "LECTERN_PERMITS", "1");
    let instance = setup.start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(SECTIONS, 90)).await;
    instance.proxy("ai", Link::Store).set(Fault::Delay(SLOW));
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.written_section_count > 0)).await;

    let mut sections = Vec::new();
    let mut waited = 0;
    let mut request = api::GetScriptRequest { name: name.clone(), page_size: 5, ..api::GetScriptRequest::default() };
    let reading = async {
        loop {
            let page = client.narrations().get_script(request.clone()).await.expect("a page").into_inner();
            assert!(page.sections.len() <= 5, "{} sections", page.sections.len());
            assert_eq!(usize::try_from(page.section_count).ok(), Some(SECTIONS));
            let nothing_new = page.sections.is_empty();
            join(&mut sections, page.sections);
            if page.next_page_token.is_empty() {
                assert_eq!(page.next_section, None);
                return;
            }
            // Every section that is begun here is whole, so the next is the one that follows.
            assert_eq!(page.next_section, i32::try_from(sections.len()).ok());
            request.page_token = page.next_page_token;
            if nothing_new {
                waited += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the script is written to its end");
    assert!(waited > 0, "it was read while it was written");
    instance.proxy("ai", Link::Store).set(Fault::None);

    client.finished(&name).await;
    assert_eq!(sections, client.script(&name).await, "the same as is read afterwards");
    assert!(sections.iter().enumerate().all(|(at, section)| usize::try_from(section.index).ok() == Some(at)));

    // From a section on, which a page token goes before.
    let last = i32::try_from(SECTIONS - 1).expect("a number");
    let from = api::GetScriptRequest { name: name.clone(), first_section: last, ..api::GetScriptRequest::default() };
    let page = client.narrations().get_script(from.clone()).await.expect("a page").into_inner();
    assert_eq!((page.sections.as_slice(), page.next_page_token.as_str()), (&sections[SECTIONS - 1..], ""));
    let first = api::GetScriptRequest { page_size: 1, first_section: 0, ..from.clone() };
    let page_token = client.narrations().get_script(first).await.expect("a page").into_inner().next_page_token;
    let second = api::GetScriptRequest { page_size: 1, page_token, ..from.clone() };
    let page = client.narrations().get_script(second).await.expect("a page").into_inner();
    assert_eq!(page.sections.as_slice(), &sections[1..2], "the first section is not looked at");
    let made_up = api::GetScriptRequest { page_token: "AAAA".to_owned(), ..from };
    let refused = refusal(&client.narrations().get_script(made_up).await.expect_err("nobody made it"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
}
