//! What the paid providers of engines have in common, for whoever writes or speaks by one: calls by
//! HTTP, credentials, streams, and what their errors mean.
//!
//! | file | what |
//! | --- | --- |
//! | `access.rs`, `near.rs` | [`Access`]: how a provider is reached, as settings have it |
//! | `client.rs` | [`Http`]: one attempt at a call, within its [`Limits`] |
//! | `endpoint.rs` | [`Endpoint`] and [`Credential`]: where a provider is, and who we are there |
//! | `events.rs`, `splitter.rs`, `bare.rs` | [`Events`] of a streamed answer, read from its bytes |
//! | `error.rs` | [`ProviderError`] and [`Class`]: what it means to a step |
//! | `google.rs`, `openai.rs`, `transport.rs` | from an answer, or none, to an error |
//! | `gemini.rs` | [`gemini::Host`]: where Gemini's models are |
//! | `delay.rs`, `pacific.rs` | when a provider wants to be called again |
//! | `money.rs`, `day.rs`, `usage.rs`, `prices.rs` | [`MicroUsd`], [`Day`], [`Usage`], and [`Price`] by dated rows |
//! | `ledger.rs` | [`Ledger`]: a record of every attempt, what it cost, and sums of that |
//! | `budget.rs` | [`Budgets`] of tenants and narrations |
//! | `shares.rs` | [`Shares`]: what a provider allows, shared by all replicas |
//! | `cashier/` | [`Cashier`]: all of that around each call that costs money |
//! | `wire.rs` | [`wire`]: money in commands, events and calls between services |
//!
//! Three rules hold for all of it. An endpoint is **chosen by the operator**: nothing of a
//! document, a model's answer or a caller's request gets into one, so that a private address may be
//! called. A call is made **once**: who pays for it decides whether there is another. **No words of
//! a provider's** get into an error, a log or a span, for they may quote what was sent.
//!
//! The cashier puts a call together from these: a share, a reservation of its maximum from the
//! budgets, an attempt in the ledger, the call itself, and then the same the other way round. How,
//! and what is not known of a bill: docs/payments.md.
//!
//! Not done here: what is asked and what an answer says (each engine's own adapter), which prices
//! there are, fallbacks.

mod access;
mod bare;
mod budget;
mod cashier;
mod client;
mod day;
mod delay;
mod endpoint;
mod error;
mod events;
pub mod gemini;
pub mod google;
mod identifier;
mod ledger;
mod money;
mod near;
pub mod openai;
mod pacific;
mod prices;
mod shares;
mod span;
mod splitter;
mod transport;
mod usage;
pub mod wire;

pub use access::Access;
pub use budget::{BudgetConfig, BudgetKind, BudgetRecord, Budgets, Limits as BudgetLimits, Reservation};
pub use cashier::{CallEnd, CallRecord, Cashier, Claim, Claimed, Paid, PaidCall, StepPayments, Terms, claim_or_find};
pub use client::{Answer, Http, Limits, Opened, Streamed};
pub use day::{Day, NotADay};
pub use endpoint::{Credential, Endpoint, GOOGLE_KEY};
pub use error::{Billed, Class, ProviderError, TOO_LONG};
pub use events::Events;
pub use identifier::identifier_of;
pub use ledger::{Attempt, AttemptRecord, AttemptState, DaySpending, Ledger, Settled, Settlement, Spent};
pub use money::{MicroUsd, NotAnAmount};
pub use prices::{Place, Price, PriceRow, days_left};
pub use shares::{Permit, Rates, Request as ShareRequest, ShareRecord, Shares};
pub use splitter::{Event, Splitter};
pub use usage::Usage;
