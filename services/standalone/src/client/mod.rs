//! The command line client: what it does, it does over the public API, against a server or an
//! instance of its own.

mod instance;
pub mod keys;
pub mod narrate;
mod order;
pub mod preview;
mod progress;
mod transfer;

use lectern_core::Failure;
use lectern_rpc::{ClientConfig, Outbound, channel};
use lectern_runtime::Secret;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// A channel whose calls carry the caller's key.
pub type Authorized = InterceptedService<Channel, Outbound>;

/// Connects to a server, under a key where there is one.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one.
pub fn connect(url: &str, key: Option<&str>) -> Result<Authorized, Failure> {
    let outbound = key.map_or_else(Outbound::anonymous, |key| Outbound::with_key(Secret::new(key)));
    Ok(outbound.over(channel(&ClientConfig::to(url))?))
}
