//! What traces have of a call.

use std::fmt::Debug;
use std::sync::Arc;

use lectern_provider::{Credential, Endpoint, Limits};
use lectern_runtime::Secret;
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::server::{Server, answer, client, no_headers, prompt};

/// Writes down every field of spans and events.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.lock().push(format!("{field}={value:?}"));
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lectern_provider")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_call_is_a_span_without_its_url_its_key_and_its_text() {
    let (server, _seen) = Server::new(|_| answer("429 No", "", "{\"error\":\"the canary sings\"}"));
    let base = server.listen().await;
    let port = base.port().unwrap();
    let to = Endpoint { base, credential: Credential::Bearer(Secret::new("sk-secret")) };
    let notes = Notes::default();
    let guard = tracing::subscriber::set_default(notes.clone());
    client().post(&to, "v1/the-model:x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    drop(guard);
    let noted = notes.0.lock().clone();
    for field in [
        "otel.kind=\"client\"".to_owned(),
        "http.request.method=\"POST\"".to_owned(),
        "server.address=\"127.0.0.1\"".to_owned(),
        format!("server.port={port}"),
        "http.response.status_code=429".to_owned(),
        "error.type=\"429\"".to_owned(),
    ] {
        assert!(noted.contains(&field), "{field} is not in {noted:?}");
    }
    let all = noted.join("\n");
    for hidden in ["sk-secret", "canary", "the-model", "http://"] {
        assert!(!all.contains(hidden), "{hidden} is in {all}");
    }
}
