//! gRPC in: decode, call the domain, encode.

mod admin;
mod credentials;
mod documents;
mod encode;
mod estimate;
mod keys;
mod lexicons;
mod listen;
mod narrations;
mod objects;
mod preview;
mod quota;
mod script;
mod tenants;
mod voices;
mod watch;
mod writers;

use lectern_core::{Failure, Timestamp};
use lectern_rpc::page;

pub use admin::{Admin, AdminParts};
pub use credentials::Credentials;
pub use documents::Documents;
pub use keys::Keys;
pub use lexicons::Lexicons;
pub use narrations::Narrations;
pub use quota::Quota;
pub use tenants::Tenants;
pub use voices::Voices;
pub use writers::Writers;

/// How many items a page has.
fn page_size(asked: i32, default: usize, largest: usize) -> Result<u32, Failure> {
    page::size(asked, default, largest).map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

/// A moment that a request names; none for what is no moment after 1970.
fn moment(wire: &prost_types::Timestamp) -> Option<Timestamp> {
    let (seconds, nanos) = (u64::try_from(wire.seconds).ok()?, u64::try_from(wire.nanos).ok()?);
    let millis = seconds.checked_mul(1_000)?.checked_add(nanos / 1_000_000)?;
    // Stores keep whole numbers of 64 bits with a sign.
    (nanos < 1_000_000_000 && i64::try_from(millis).is_ok()).then_some(Timestamp(millis))
}
