//! Credentials of Google Cloud, for whoever calls it: object storage, and the models of the Agent
//! Platform.
//!
//! [`Credentials`] are found by Google's own crate, as Application Default Credentials or in any
//! other of its ways, and hand out the header fields of each call. What that crate leaves to its
//! caller is here: credentials that went dead are made anew.
//!
//! Not done here: calls of an API, retries of a call, signatures.

mod application_default;
mod credentials;
mod tls;

pub use application_default::Options;
pub use credentials::{Credentials, TokenError};
pub use tls::install_provider;

#[cfg(test)]
mod tests;
