//! A narration's name for people and its labels: the caller's own words, by which he finds it.

use std::collections::BTreeMap;

use lectern_e2e::{Client, Profile, of, refusal};
use lectern_proto::v1 as api;
use tonic::Code;

on_both_profiles!(narrations_are_found_by_their_labels, labels_and_names_are_short_and_control_nothing);

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The names of the narrations with all of these labels, the newest first, in pages of one.
async fn found(client: &Client, pairs: &[(&str, &str)]) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            api::ListNarrationsRequest { page_size: 1, page_token, labels: labels(pairs), ..Default::default() };
        let page = client.narrations().list_narrations(request).await.expect("a page").into_inner();
        names.extend(page.narrations.into_iter().map(|narration| narration.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

async fn narrations_are_found_by_their_labels(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Labels\n\nThey are the caller's own words.").await;
    let mut names = Vec::new();
    let orders: [&[(&str, &str)]; 3] =
        [&[], &[("course", "tides"), ("week", "1")], &[("course", "tides"), ("week", "2")]];
    for pairs in orders {
        let display_name = format!("With {} labels", pairs.len());
        let order = api::Narration { display_name: display_name.clone(), labels: labels(pairs), ..of(&document) };
        let accepted = client.order(order).await.expect("accepted");
        let read = client.narration(&accepted.name).await.expect("it");
        assert_eq!((&read.display_name, &read.labels), (&display_name, &labels(pairs)));
        names.push(accepted.name);
    }
    let [plain, first, second] = &names[..] else { unreachable!("three were ordered") };
    assert_eq!(found(&client, &[]).await, [second.clone(), first.clone(), plain.clone()]);
    assert_eq!(found(&client, &[("course", "tides")]).await, [second.clone(), first.clone()]);
    assert_eq!(found(&client, &[("week", "1"), ("course", "tides")]).await, std::slice::from_ref(first));
    for none in [("course", "ebb"), ("week", ""), ("term", "1")] {
        assert!(found(&client, &[none]).await.is_empty(), "{none:?}");
    }

    // A page token is for the filter that it was made with.
    let request = |pairs: &[(&str, &str)], page_token: String| {
        let mut narrations = client.narrations();
        let request =
            api::ListNarrationsRequest { page_size: 1, page_token, labels: labels(pairs), ..Default::default() };
        async move { narrations.list_narrations(request).await.map(tonic::Response::into_inner) }
    };
    let token = request(&[("course", "tides")], String::new()).await.expect("a page").next_page_token;
    let refused = refusal(&request(&[("week", "1")], token).await.expect_err("another filter"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
}

async fn labels_and_names_are_short_and_control_nothing(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Labels\n\nThey are short.").await;
    let many: Vec<(String, String)> = (0..17).map(|at| (format!("k{at}"), String::new())).collect();
    let (long_key, long_value) = ("k".repeat(64), "v".repeat(64));
    let (good_key, good_value) = ("k".repeat(63), "é".repeat(63));
    let named = |display_name: &str| api::Narration { display_name: display_name.to_owned(), ..of(&document) };
    let labelled = |key: &str, value: &str| api::Narration { labels: labels(&[(key, value)]), ..of(&document) };
    for (what, order) in [
        ("17 labels", api::Narration { labels: many.into_iter().collect(), ..of(&document) }),
        ("no key", labelled("", "v")),
        ("a long key", labelled(&long_key, "v")),
        ("a capital", labelled("Course", "v")),
        ("a digit first", labelled("1st", "v")),
        ("a space", labelled("a b", "v")),
        ("a long value", labelled("k", &long_value)),
        ("a value with a line end", labelled("k", "a\nb")),
        ("a long name", named(&"a".repeat(201))),
        ("a name with an escape", named("\u{1b}[31mred")),
    ] {
        let refused = refusal(&client.order(order).await.expect_err(what));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
        assert!(refused.message.len() < 1_000, "{what}: it is not said again");
    }
    assert!(client.list_narrations().await.is_empty());
    client.order(labelled(&good_key, &good_value)).await.expect("as long as it may be");
}
