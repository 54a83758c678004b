//! Import by URL where the operator allows it, over the system's own resolver and sockets: what a
//! caller sends leads to loopback alone, so that nothing else would be called if the guard were
//! broken.

use lectern_e2e::{Profile, refusal};
use lectern_proto::v1::create_document_request::Source;
use tonic::Code;

on_both_profiles!(urls_that_lead_inside_are_refused_where_import_is_allowed);

async fn urls_that_lead_inside_are_refused_where_import_is_allowed(profile: Profile) {
    let instance = profile
        .setup()
        .env("ingest", "LECTERN_IMPORT__ENABLED", "true")
        .env("ingest", "LECTERN_IMPORT__PORTS", "443,8443")
        .env("ingest", "LECTERN_IMPORT__CLOSED", "203.0.114.0/24,2001:db9::/32")
        .start()
        .await;
    let client = instance.client();
    for url in [
        "https://127.0.0.1/a.pdf",
        "https://127.0.0.1:8443/a.pdf",
        "https://127.0.0.1:7400/a.pdf",
        "https://2130706433/a.pdf",
        "https://[::1]/a.pdf",
        "https://[::ffff:127.0.0.1]/a.pdf",
        "https://localhost/a.pdf",
        "http://127.0.0.1/a.pdf",
        "file:///etc/hostname",
        "a.pdf",
        "",
    ] {
        let refused = client.create(Source::Uri(url.to_owned()), "").await.expect_err(url);
        let refusal = refusal(&refused);
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::InvalidArgument, "URL_REFUSED"),
            "{url}: {refused:?}"
        );
    }
    assert!(client.list_documents().await.is_empty());
    assert!(instance.object_names().is_empty(), "nothing is left behind");
}
