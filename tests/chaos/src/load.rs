//! The callers: tenants that order narrations without pause, ask again when they are not answered,
//! and change their minds now and then. And the watcher, who reads in the gateway's database what
//! became of each order.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lectern_e2e::{Client, PaidModel};
use lectern_proto::v1::{self as api, create_document_request::Source, length::Target};
use lectern_store::{Query, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::board::{Board, End, Order, now};
use crate::scale::Scale;
use crate::texts::{self, Poison};

/// Who orders.
pub const TENANTS: [&str; 3] = ["acme", "umber", "tern"];

/// How long an answer is waited for before the call is made again.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two calls of an order that was not answered.
const AGAIN: Duration = Duration::from_millis(400);
/// How long an order is insisted on.
const INSIST: Duration = Duration::from_secs(300);
/// How often the watcher looks.
const LOOK: Duration = Duration::from_millis(300);
/// One in so many callers changes their mind.
const CANCELS: usize = 10;
/// One in so many orders a dialogue in a model's words.
const DIALOGUES: usize = 4;
/// Spoken words of one: two sections.
const WORDS: i32 = 450;

/// A tenant's caller, who has a connection to every gateway and goes from one to the next with each
/// call.
#[derive(Debug, Clone)]
pub struct Caller {
    gateways: Vec<Client>,
    calls: Arc<AtomicUsize>,
}

impl Caller {
    /// A caller of these gateways, of which there is at least one.
    #[must_use]
    pub fn of(gateways: impl IntoIterator<Item = Client>) -> Self {
        Self { gateways: gateways.into_iter().collect(), calls: Arc::default() }
    }

    /// The gateway whose turn it is.
    #[must_use]
    pub fn gateway(&self) -> &Client {
        &self.gateways[self.calls.fetch_add(1, Ordering::Relaxed) % self.gateways.len()]
    }
}

/// The callers and the watcher at work.
#[derive(Debug)]
pub struct Load {
    /// What they know.
    pub board: Arc<Board>,
    callers: Vec<Caller>,
    /// Whether dialogues are ordered.
    dialogues: bool,
    /// Ends the feeding; orders that are being placed go on.
    feeding: CancellationToken,
    /// Ends everything.
    all: CancellationToken,
    /// The number of the next document.
    next: Arc<AtomicUsize>,
}

impl Load {
    /// Starts feeding and watching. `callers` are those of [`TENANTS`], in their order; some of
    /// them order `dialogues`, or none.
    #[must_use]
    pub fn start(scale: &Scale, callers: Vec<Caller>, gateway: Arc<dyn Store>, dialogues: bool) -> Self {
        let load = Self {
            board: Arc::default(),
            callers,
            dialogues,
            feeding: CancellationToken::new(),
            all: CancellationToken::new(),
            next: Arc::default(),
        };
        let (board, all) = (Arc::clone(&load.board), load.all.clone());
        tokio::spawn(async move { all.run_until_cancelled(watch(&board, &*gateway)).await });
        tokio::spawn(feed(*scale, load.feeder(), load.feeding.clone()));
        load
    }

    fn feeder(&self) -> Feeder {
        let Self { board, callers, dialogues, all, next, .. } = self;
        Feeder {
            board: Arc::clone(board),
            callers: callers.clone(),
            dialogues: *dialogues,
            all: all.clone(),
            next: Arc::clone(next),
        }
    }

    /// Orders so many narrations at once.
    pub fn order_more(&self, count: usize) {
        let feeder = self.feeder();
        (0..count).for_each(|_| feeder.order_next());
    }

    /// Takes no more orders.
    pub fn stop_feeding(&self) {
        self.feeding.cancel();
    }

    /// A tenant's client of the gateway whose turn it is.
    #[must_use]
    pub fn client(&self, tenant: usize) -> &Client {
        self.callers[tenant].gateway()
    }

    /// Orders the narration of a document with this poison, beside what is fed.
    pub fn order_poison(&self, number: usize, poison: Poison) {
        let tenant = number % TENANTS.len();
        place(
            &self.callers[tenant],
            &self.board,
            &self.all,
            Wanted { number, tenant, poison: Some(poison), cancel: false, dialogue: false },
        );
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.feeding.cancel();
        self.all.cancel();
    }
}

/// What it takes to order.
#[derive(Debug)]
struct Feeder {
    board: Arc<Board>,
    callers: Vec<Caller>,
    dialogues: bool,
    all: CancellationToken,
    next: Arc<AtomicUsize>,
}

impl Feeder {
    fn order_next(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let tenant = number % TENANTS.len();
        let dialogue = self.dialogues && number % DIALOGUES == 1;
        let wanted = Wanted { number, tenant, poison: None, cancel: number % CANCELS == CANCELS / 2, dialogue };
        place(&self.callers[tenant], &self.board, &self.all, wanted);
    }
}

async fn feed(scale: Scale, feeder: Feeder, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if feeder.board.busy() < scale.in_flight {
            feeder.order_next();
            tokio::time::sleep(scale.pace).await;
        } else {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a caller is about to order.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    number: usize,
    tenant: usize,
    poison: Option<Poison>,
    cancel: bool,
    dialogue: bool,
}

fn place(caller: &Caller, board: &Arc<Board>, all: &CancellationToken, wanted: Wanted) {
    board.placing();
    let (caller, board, all) = (caller.clone(), Arc::clone(board), all.clone());
    tokio::spawn(async move { all.run_until_cancelled(Box::pin(order(caller, board, wanted))).await });
}

/// One caller, from the document to the order and perhaps its cancellation. Every call has a
/// request id, so that one whose answer was lost is made again without a second narration.
async fn order(caller: Caller, board: Arc<Board>, wanted: Wanted) {
    let Wanted { number, tenant, poison, cancel, dialogue } = wanted;
    let text = if dialogue { texts::lecture(number) } else { texts::document(number, poison) };
    let request_id = format!("chaos-{number}");
    let document = api::CreateDocumentRequest {
        request_id: request_id.clone(),
        file_name: format!("{number}.md"),
        source: Some(Source::Text(text.markdown)),
        ..Default::default()
    };
    let created = insist(&board, || {
        let (client, document) = (caller.gateway().clone(), document.clone());
        async move { client.documents().create_document(document).await }
    });
    let document = match created.await {
        Ok(answer) => answer.document.unwrap_or_default(),
        Err(why) => return board.refuse(format!("document {number}: {why}")),
    };
    let format = if number % 3 == 0 { api::OutputFormat::Opus } else { api::OutputFormat::Wav };
    // Fast, because what is heard does not matter here.
    let plain = if dialogue { dialogue_of(&document) } else { lectern_e2e::of(&document) };
    let narration = api::Narration { formats: vec![format.into()], speed: Some(2.0), ..plain };
    let request = api::CreateNarrationRequest { request_id, narration: Some(narration) };
    let accepted = insist(&board, || {
        let (client, request) = (caller.gateway().clone(), request.clone());
        async move { client.narrations().create_narration(request).await }
    });
    let narration = match accepted.await {
        Ok(answer) => answer.narration.unwrap_or_default(),
        Err(why) => return board.refuse(format!("narration {number}: {why}")),
    };
    let id = lectern_e2e::narration_id(&narration.name).to_string();
    board.accept(Order {
        narration: id.clone(),
        document: lectern_e2e::document_id(&document.name).to_string(),
        tenant,
        blocks: text.blocks,
        dialogue,
        poison,
        accepted: now(),
        cancelled: false,
        retries: 0,
        seen: String::new(),
        progressed: 0,
        ended: None,
    });
    if cancel {
        tokio::time::sleep(Duration::from_millis(u64::try_from(number * 37 % 1_500).unwrap_or(0))).await;
        let request = api::CancelNarrationRequest { name: narration.name, etag: String::new() };
        let cancelled = insist(&board, || {
            let (client, request) = (caller.gateway().clone(), request.clone());
            async move { client.narrations().cancel_narration(request).await }
        });
        board.placing();
        // One that had succeeded stays as it is.
        if cancelled.await.is_ok_and(|answer| {
            answer.narration.is_some_and(|narration| narration.state() == api::narration::State::Cancelled)
        }) {
            board.cancel(&id);
        }
        board.placed();
    }
}

/// An order of a dialogue by the writer that costs money.
fn dialogue_of(document: &api::Document) -> api::Narration {
    let character = |name: &str| api::Character { name: name.to_owned(), ..api::Character::default() };
    api::Narration {
        style: api::Style::Dialogue.into(),
        length: Some(api::Length { target: Some(Target::WordCount(WORDS)) }),
        cast: vec![character("Ann"), character("Bo")],
        writer: PaidModel::WRITER.to_owned(),
        ..lectern_e2e::of(document)
    }
}

/// Calls until it is answered well, or refused for a reason that no repetition changes.
async fn insist<T, F>(board: &Board, mut call: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let until = now() + u64::try_from(INSIST.as_millis()).unwrap_or(u64::MAX);
    loop {
        let why = match tokio::time::timeout(ANSWER, call()).await {
            Ok(Ok(answer)) => return Ok(answer.into_inner()),
            Ok(Err(status)) => {
                let why = said(&status);
                if matches!(status.code(), Code::InvalidArgument | Code::PermissionDenied | Code::AlreadyExists) {
                    return Err(why);
                }
                why
            }
            Err(_) => "not answered".to_owned(),
        };
        if now() > until {
            return Err(format!("given up: {why}"));
        }
        board.ask_again(why);
        tokio::time::sleep(AGAIN).await;
    }
}

/// Code and reason of a refusal.
fn said(status: &Status) -> String {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    format!("{:?} {reason}", status.code()).trim_end().to_owned()
}

async fn watch(board: &Board, gateway: &dyn Store) {
    loop {
        // A database that is down is looked at again.
        let _ = tokio::time::timeout(ANSWER, look(board, gateway)).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// What became of the orders that have not ended.
async fn look(board: &Board, gateway: &dyn Store) -> Result<(), lectern_store::StoreError> {
    let orders: Vec<Order> = board.all().into_iter().filter(|order| order.ended.is_none()).collect();
    let open = gateway.find("narrations", &Query::new().eq("state.finished", Value::Null).limit(1_000)).await?;
    for order in orders {
        let body = match open.iter().find(|stored| stored.id == order.narration) {
            Some(stored) => Some(stored.body.clone()),
            None => gateway.get("narrations", &order.narration).await?.map(|stored| stored.body),
        };
        // One that was accepted and is not there is lost; the checks say so.
        let Some(body) = body else { continue };
        let phase = body["phase"].as_str().unwrap_or_default();
        if matches!(phase, "succeeded" | "failed" | "cancelled") {
            let failure = &body["state"]["failure"]["failure"];
            let text = |field: &str| failure[field].as_str().unwrap_or_default().to_owned();
            board.end(
                &order.narration,
                End { phase: phase.to_owned(), reason: text("reason"), message: text("message"), at: now() },
            );
        } else {
            let seen = json!([phase, body["run"], body["state"]]);
            board.see(&order.narration, seen.to_string());
        }
    }
    Ok(())
}
