//! A MongoDB of one's own: mongod as a replica set of one ([`MongoServer`]), or of three
//! ([`MongoSet`]); and a look into one ([`MongoReader`], and `MongoSession` where it demands a
//! user).

mod json;
mod launch;
mod reader;
mod server;
#[cfg(feature = "sign-in")]
mod session;
mod set;
#[cfg(test)]
mod tests;
mod wire;

pub use launch::MongoTls;
pub use reader::{Find, MongoReader};
pub use server::MongoServer;
#[cfg(feature = "sign-in")]
pub use session::MongoSession;
pub use set::MongoSet;
