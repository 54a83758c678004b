//! What traces have of a call: a span of the kind CLIENT from its first byte to the last of its
//! answer. It has no URL, no header and nothing of a body.

use http::{Method, StatusCode};
use lectern_runtime::names::{http as names, span};
use tracing::Span;
use tracing::field::Empty;
use url::Url;

use crate::error::ProviderError;

/// A call that is under way, or was dropped. The context of the trace does not go to the provider:
/// it is nobody's there.
#[derive(Debug, Clone)]
pub(crate) struct CallSpan(Span);

impl CallSpan {
    pub(crate) fn begin(method: &Method, url: &Url) -> Self {
        Self(tracing::info_span!(
            "http",
            { span::NAME } = method.as_str(),
            { span::KIND } = span::CLIENT,
            { span::STATUS } = Empty,
            { span::ERROR_TYPE } = Empty,
            { span::SERVER_ADDRESS } = url.host_str().unwrap_or_default(),
            { span::SERVER_PORT } = url.port_or_known_default().map(i64::from),
            { names::METHOD } = method.as_str(),
            { names::STATUS_CODE } = Empty,
        ))
    }

    /// The span itself, to do the work of the call in.
    pub(crate) fn inner(&self) -> Span {
        self.0.clone()
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.0.record(names::STATUS_CODE, i64::from(status.as_u16()));
        if status.is_client_error() || status.is_server_error() {
            self.0.record(span::ERROR_TYPE, status.as_str());
            self.0.record(span::STATUS, span::ERROR);
        }
    }

    pub(crate) fn failed(&self, error: &ProviderError) {
        self.0.record(span::ERROR_TYPE, error.class.as_str());
        self.0.record(span::STATUS, span::ERROR);
    }
}
