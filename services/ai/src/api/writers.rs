//! `ListWriters`: who can be chosen to write, and what each can do.

use lectern_core::Failure;
use lectern_core::keys::TenantSecret;
use lectern_proto::{convert, v1 as api};
use lectern_rpc::page;

use super::styles_to_wire;
use crate::engine::{Engines, Writer};

/// Writers on a page where nobody says how many.
const PAGE: usize = 50;
/// The most writers on a page.
const LARGEST_PAGE: usize = 1_000;
/// The purpose of page tokens, which are places in the list.
const PURPOSE: &str = "ListWriters";

/// A page of the writers, the default first.
///
/// # Errors
/// `INVALID_FIELD`, `PAGE_TOKEN_INVALID`.
pub(super) async fn list(
    engines: &Engines,
    secret: &TenantSecret,
    request: &api::ListWritersRequest,
) -> Result<api::ListWritersResponse, Failure> {
    let size = page::size(request.page_size, PAGE, LARGEST_PAGE)?;
    let first: usize = page::open(secret, PURPOSE, &request.page_token)?.unwrap_or(0);
    let default = engines.default_writer();
    let others = engines.list().iter().filter(|writer| writer.name != default.name);
    let all: Vec<&Writer> = std::iter::once(default).chain(others).collect();
    let next = first.saturating_add(size);
    let next_page_token = if next < all.len() { page::seal(secret, PURPOSE, &next)? } else { String::new() };
    let shown = all.into_iter().skip(first).take(size);
    let writers = futures::future::join_all(shown.map(|writer| described(writer, request.check_ready))).await;
    Ok(api::ListWritersResponse { writers, next_page_token })
}

/// A writer, asked whether it could write where that is to be known.
async fn described(writer: &Writer, check_ready: bool) -> api::Writer {
    let capabilities = writer.engine.capabilities();
    let failure = if check_ready { writer.engine.ready().await.err() } else { None };
    api::Writer {
        name: writer.name.clone(),
        engine: writer.engine.pin().to_string(),
        styles: styles_to_wire(&capabilities.styles),
        language_codes: capabilities.languages.clone(),
        own_words: capabilities.own_words(),
        paid: capabilities.paid,
        failure: failure.map(|failure| convert::failure_to_wire(&failure, None)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::Reason;

    use super::*;
    use crate::engine::{DEFAULT_WRITER, Extractive};

    fn engines(default: &str) -> Engines {
        let writer = |name: &str, pin: &str| Writer {
            name: name.to_owned(),
            engine: Arc::new(Extractive::pinned(pin.parse().unwrap())),
        };
        let all = vec![writer(DEFAULT_WRITER, "extractive/5"), writer("a", "a/1"), writer("b", "b/1")];
        Engines::new(all, default).unwrap()
    }

    fn secret() -> TenantSecret {
        TenantSecret::derive(b"master", &"acme".parse().unwrap())
    }

    #[tokio::test]
    async fn a_writer_says_what_it_can_do_and_that_it_is_ready() {
        let writer = Writer { name: DEFAULT_WRITER.to_owned(), engine: Arc::new(Extractive::new()) };
        let expected = api::Writer {
            name: "extractive".to_owned(),
            engine: crate::compose::pin().to_string(),
            styles: vec![api::Style::Narration.into(), api::Style::Briefing.into()],
            language_codes: ["en", "de", "fr", "es"].map(str::to_owned).to_vec(),
            own_words: false,
            paid: false,
            failure: None,
        };
        assert_eq!(described(&writer, true).await, expected);
    }

    #[tokio::test]
    async fn the_default_comes_first_and_pages_go_on() {
        let engines = engines("b");
        let mut request = api::ListWritersRequest { page_size: 2, check_ready: true, ..Default::default() };
        let mut found = Vec::new();
        loop {
            let page = list(&engines, &secret(), &request).await.unwrap();
            assert!(page.writers.len() <= 2 && page.writers.iter().all(|writer| writer.failure.is_none()));
            found.extend(page.writers.into_iter().map(|writer| (writer.name, writer.engine, writer.own_words)));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let named = |name: &str, pin: &str| (name.to_owned(), pin.to_owned(), false);
        assert_eq!(found, [named("b", "b/1"), named("extractive", "extractive/5"), named("a", "a/1")]);
        request.page_token = "made up".to_owned();
        assert_eq!(list(&engines, &secret(), &request).await.unwrap_err().reason, Reason::PageTokenInvalid);
    }
}
