//! What fakes of models and of services that speak have in common: how one is started, how a
//! request meets it, what strikes a call whatever its wire, and how an answer gets out.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request as HttpRequest, Response};
use http_body_util::BodyExt as _;

use super::ledger::{Calls, Entry, Ticket};
use super::switches::{Fault, Faults};
use super::wire::Answer;
use crate::daemon::StartError;
use crate::hosted::{Hosted, Port};

/// The faults of the calls of a service.
type FaultOf<K> = <<K as Service>::Call as Entry>::Fault;

/// What is faked, with all that the parts of a fake share.
pub trait Service: Debug + Send + Sync + Sized + 'static {
    /// How it is started.
    type Options;
    /// What is written down of a request.
    type Call: Entry;
    /// What it says where it does not answer.
    type Refusal: Send;

    /// What failures call it.
    const WHAT: &str;
    /// The name of its thread.
    const THREAD: &str;
    /// What stands behind the port in its address, as such services are configured.
    const PATH: &str = "";

    /// One that was called for nothing yet.
    fn new(options: Self::Options) -> Self;

    /// The port on 127.0.0.1; 0 for a free one.
    fn port(_: &Self::Options) -> u16 {
        0
    }

    /// What goes wrong.
    fn faults(&self) -> &Faults<FaultOf<Self>>;

    /// What it was called for.
    fn ledger(&self) -> &Calls<Self::Call>;

    /// Answers a request, and writes `call` down. A call that is refused is written down elsewhere,
    /// as far as it is known by then.
    fn handle(
        &self,
        head: &Parts,
        body: &Bytes,
        call: &mut Self::Call,
    ) -> impl Future<Output = Result<Response<Body>, Self::Refusal>> + Send;

    /// A refusal as the service says it.
    fn refused(&self, refusal: &Self::Refusal) -> Answer;
}

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct Fake<K> {
    server: Hosted,
    pub(super) state: Arc<K>,
}

impl<K: Service> Fake<K> {
    /// Starts one. It has a thread and a runtime of its own, so it outlives the caller's.
    ///
    /// # Panics
    ///
    /// When its port is taken, or it has no port or thread.
    #[must_use]
    pub fn start(options: K::Options) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for callers that go on without it.
    ///
    /// # Errors
    ///
    /// When its port is taken, or it has no port or thread.
    pub fn open(options: K::Options) -> Result<Self, StartError> {
        let port = Port::take(K::WHAT, K::port(&options))?;
        let state = Arc::new(K::new(options));
        let app = axum::Router::new().fallback(any::<K>).with_state(Arc::clone(&state));
        let server = Hosted::serve(K::WHAT, K::THREAD, port, app)?;
        Ok(Self { server, state })
    }

    /// `http://127.0.0.1:PORT`, in place of the address of any of the real hosts; with `/v1` for
    /// what speaks the protocol of OpenAI, as such servers are configured.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address(), K::PATH)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What goes wrong; at first nothing.
    #[must_use]
    pub fn faults(&self) -> &Faults<FaultOf<K>> {
        self.state.faults()
    }

    /// What it was called for.
    #[must_use]
    pub fn ledger(&self) -> &Calls<K::Call> {
        self.state.ledger()
    }
}

async fn any<K: Service>(Shared(fake): Shared<Arc<K>>, request: HttpRequest<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // The client broke off: nobody reads this.
        return Answer::none().send(None);
    };
    let mut call = K::Call::new(head.uri.path());
    match fake.handle(&head, &body.to_bytes(), &mut call).await {
        Ok(answer) => answer,
        Err(refusal) => send(&*fake, call, fake.refused(&refusal)),
    }
}

/// What a request says that its body is, with all that stands behind it.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Writes down a call that costs nothing, and sends its answer.
pub(super) fn send<K: Service>(fake: &K, call: K::Call, answer: Answer) -> Response<Body> {
    let ticket = fake.ledger().enter(call.answered(answer.status.as_u16()));
    answer.send(Some(ticket))
}

/// What strikes a call before anything is done, whatever its wire. Nothing where it goes on.
pub(super) async fn struck<K: Service>(fake: &K, call: &K::Call) -> Option<Response<Body>> {
    let fault = call.fault()?;
    if fault == FaultOf::<K>::SLOW {
        tokio::time::sleep(fake.faults().slowness()).await;
        None
    } else if fault == FaultOf::<K>::HANG {
        fake.ledger().enter(call.clone());
        std::future::pending().await
    } else if fault == FaultOf::<K>::DEAD {
        let ticket = fake.ledger().enter(call.clone());
        Some(Answer::none().send(Some(ticket)))
    } else if fault == FaultOf::<K>::PAGE {
        Some(send(fake, call.clone(), Answer::page()))
    } else {
        None
    }
}

/// The status that work is written down with: 0 where its answer will be lost.
pub(super) fn status<F: Fault>(fault: Option<F>) -> u16 {
    if fault == Some(F::LOST) { 0 } else { 200 }
}

/// Sends the answer to work that is written down, as its fault lets it out. One that does not say
/// what was used does not count as delivered.
pub(super) async fn let_out<K: Service>(
    fake: &K,
    fault: Option<FaultOf<K>>,
    answer: Answer,
    says_usage: bool,
    ticket: Ticket,
) -> Response<Body> {
    if fault == Some(FaultOf::<K>::LATE) {
        tokio::time::sleep(fake.faults().slowness()).await;
    }
    if fault == Some(FaultOf::<K>::LOST) {
        Answer::none().send(Some(ticket))
    } else if fault == Some(FaultOf::<K>::CUT) {
        answer.cut().send(Some(ticket))
    } else {
        answer.send(says_usage.then_some(ticket))
    }
}
