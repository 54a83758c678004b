//! gRPC in: decode, call the domain, encode.

mod admin;
mod credentials;
mod documents;
mod encode;
mod keys;
mod listen;
mod narrations;
mod objects;
mod preview;
mod quota;
mod tenants;
mod voices;
mod watch;

use lectern_core::Failure;
use lectern_rpc::page;

pub use admin::{Admin, AdminParts};
pub use credentials::Credentials;
pub use documents::Documents;
pub use keys::Keys;
pub use narrations::Narrations;
pub use quota::Quota;
pub use tenants::Tenants;
pub use voices::Voices;

/// How many items a page has.
fn page_size(asked: i32, default: usize, largest: usize) -> Result<u32, Failure> {
    page::size(asked, default, largest).map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}
