//! gRPC in: decode, call the domain, encode.

mod documents;
mod encode;
mod keys;
mod listen;
mod narrations;
mod objects;
mod voices;

pub use documents::Documents;
pub use keys::Keys;
pub use narrations::Narrations;
pub use voices::Voices;
