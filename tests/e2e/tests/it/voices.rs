//! The list of voices, page by page and language by language.

use lectern_e2e::{Client, Profile, refusal};
use lectern_proto::v1::{self as api, OutputFormat};
use tonic::{Code, Status};

on_both_profiles!(voices_come_in_pages_and_by_language);

async fn page(client: &Client, request: api::ListVoicesRequest) -> Result<api::ListVoicesResponse, Status> {
    client.voices().list_voices(request).await.map(tonic::Response::into_inner)
}

async fn voices_come_in_pages_and_by_language(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let all = page(&client, api::ListVoicesRequest::default()).await.expect("voices");
    assert!(!all.voices.is_empty() && all.next_page_token.is_empty(), "{all:?}");
    assert!(all.formats().any(|format| format == OutputFormat::Opus), "{all:?}");

    let english = api::ListVoicesRequest { language_code: "en".to_owned(), ..Default::default() };
    for request in [api::ListVoicesRequest::default(), english.clone()] {
        let whole = page(&client, request.clone()).await.expect("voices").voices;
        let (mut request, mut found) = (api::ListVoicesRequest { page_size: 1, ..request }, Vec::new());
        loop {
            let page = page(&client, request.clone()).await.expect("a page");
            assert!(page.voices.len() <= 1 && page.formats == all.formats, "formats are on every page: {page:?}");
            found.extend(page.voices);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, whole);
    }
    let nobody = api::ListVoicesRequest { language_code: "fi".to_owned(), ..Default::default() };
    let nobody = page(&client, nobody).await.expect("a page");
    assert!(nobody.voices.is_empty() && nobody.next_page_token.is_empty(), "{nobody:?}");

    for (what, request, reason) in [
        ("a page below none", api::ListVoicesRequest { page_size: -1, ..Default::default() }, "INVALID_FIELD"),
        ("no tag", api::ListVoicesRequest { language_code: "english".to_owned(), ..english }, "INVALID_FIELD"),
        (
            "a token that was made up",
            api::ListVoicesRequest { page_token: "made up".to_owned(), ..Default::default() },
            "PAGE_TOKEN_INVALID",
        ),
    ] {
        let refused = refusal(&page(&client, request).await.expect_err(what));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, reason), "{what}");
    }
}
