//! A MongoDB of one's own: mongod as a replica set of one ([`MongoServer`]), or of three
//! ([`MongoSet`]); a look into one ([`MongoReader`], and `MongoSession` where it demands a user),
//! and a copy of its databases ([`MongoDump`]).

mod dump;
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

pub use dump::MongoDump;
pub use launch::MongoTls;
pub use reader::{Find, MongoReader};
pub use server::MongoServer;
#[cfg(feature = "sign-in")]
pub use session::MongoSession;
pub use set::MongoSet;
