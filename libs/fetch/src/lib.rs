//! Guarded outgoing HTTP. Whatever of Lectern calls a URL calls it through a [`Client`] of this
//! crate, and nothing else opens such a connection.
//!
//! A URL that somebody else chose can lead anywhere: to the metadata service of the cloud, to a
//! database of the same network, to this process itself (server-side request forgery). A client
//! therefore has a [`Policy`] that says **who chose the URL**:
//!
//! | policy | who chose | what may be called |
//! | --- | --- | --- |
//! | [`Policy::Public`] | a caller, a document, an answer | `https`, allowed ports, public addresses |
//! | [`Policy::Operator`] | the configuration | `http` and `https`, any host; no other origin |
//!
//! The order of one call, which is the order of the files: [`target`] reads and judges the URL;
//! [`guard`] resolves its name, checks *every* address ([`address`]) and pins the checked ones;
//! [`exchange`] connects to a pinned address, verifies the certificate against the name, sends, and
//! reads the head of the answer; [`client`] follows redirects, each of which begins again at the
//! first step; [`body`] hands the answer on within its limits.
//!
//! What reaches the outside, the [`Resolver`] and the [`Connector`], is injected. A connector takes
//! a [`Pinned`] address, which only the guard can make, and never a name, so a name is resolved
//! once and what was checked is what is called.
//!
//! Not done here: cookies, caches, proxies (of the environment or otherwise), compression, HTTP/2,
//! connections that are kept.

pub mod address;
pub mod body;
pub mod client;
mod error;
mod exchange;
pub mod guard;
mod outside;
pub mod policy;
pub mod request;
mod resolver;
mod target;
mod tls;

pub use address::Network;
pub use body::Body;
pub use client::{Client, Response};
pub use error::{AddressFault, FetchError, Phase, UrlFault};
pub use guard::Pinned;
pub use outside::{Connector, Outside, Stream, SystemConnector};
pub use policy::Policy;
pub use request::{FetchLimits, Request};
pub use resolver::{Resolver, SystemResolver};
pub use tls::Roots;
