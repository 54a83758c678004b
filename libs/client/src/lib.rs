//! A client of Lectern's public API for Rust services: what the command line does, as a crate.
//!
//! Networks break, replicas are replaced, and servers are busy for a while. The generated clients
//! of `lectern-proto` report each of these to their caller; this crate goes on instead, where that
//! is safe:
//!
//! | call | after a break |
//! | --- | --- |
//! | [`Client::upload`] | asks how much of the source is safe, and sends the rest |
//! | [`Client::import`], [`Client::create`], [`Client::order`], [`Client::retry`] | repeats the call under the same request id |
//! | [`Client::erase`] | repeats the call, and fetches the receipt that was lost |
//! | [`Client::delete_narration`] | repeats the call, and tells whether the one that was lost did it |
//! | [`Client::find_document`], [`Client::list_documents`], [`Client::list_narrations`], [`Client::narrations_of`], [`Client::voices`], [`Client::writers`] | repeats the call of the page |
//! | [`Client::preview`], [`Client::estimate`] | begins again; nothing is stored by it |
//! | [`Client::script`], [`Client::approve_script`] | repeats the call |
//! | [`Client::update_script`] | answers the failure; read the script again |
//! | [`Client::watch`] | opens the stream again with the last resume token |
//! | [`Client::listen`] | asks again from the first sample that was not heard; says so where the section was made anew |
//! | [`Client::download`], [`Client::download_as`] | asks again from the last byte that is good; the file appears whole or not at all |
//!
//! Which failures are repeated, how often and after how long is decided in [`retry`], for all calls
//! alike. What remains is a [`lectern_core::Failure`], whose message says what to do.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use lectern_client::{Client, ClientConfig, Upload};
//! use lectern_core::Failure;
//! use lectern_proto::v1::{Narration, Style};
//! use lectern_runtime::Secret;
//!
//! async fn narrate(url: &str, key: Secret, file: &Path) -> Result<(), Failure> {
//!     let client = Client::connect(&ClientConfig::to(url), Some(key))?;
//!     let document = client.upload(&Upload::file(file)).await?;
//!     let style = Style::Narration.into();
//!     let order = Narration { documents: vec![document.name], style, ..Narration::default() };
//!     let accepted = client.order(order).await?;
//!     let ended = client.watch(&accepted.name).terminal().await?;
//!     for artifact in &ended.artifacts {
//!         client.download(artifact, Path::new("out")).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! `examples/narrate.rs` and `examples/listen.rs` are programs of this kind, to run against a
//! server.
//!
//! **Deadlines.** Calls that the handler of a service makes inherit what is left of its own
//! deadline ([`lectern_rpc::deadline`]), and are not repeated past it. Beyond that, a short call
//! has the time of [`Retry::call_timeout`], and a stream has none: wrap it in
//! [`tokio::time::timeout`]. Every future of this crate may be dropped at any await; what an
//! interrupted download had written is removed.
//!
//! **What is not here.** Keys, tenants and manifests need no more than a call: make it by
//! the generated client over [`Client::channel`], which repeats by itself what the published
//! service config lists.

mod client;
mod download;
mod listen;
mod lists;
mod preview;
pub mod retry;
mod script;
mod upload;
mod watch;

pub use client::{Authorized, Client};
pub use lectern_rpc::{ClientConfig, ClientTls};
pub use listen::{Listen, Sound};
pub use preview::Preview;
pub use retry::Retry;
pub use upload::Upload;
pub use watch::{Watch, is_terminal};
