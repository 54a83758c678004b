//! A MongoDB of one's own: mongod as a replica set of one ([`MongoServer`]), or of three
//! ([`MongoSet`]); and a look into one ([`MongoReader`]).

mod json;
mod launch;
mod reader;
mod server;
mod set;
#[cfg(test)]
mod tests;
mod wire;

pub use launch::MongoTls;
pub use reader::{Find, MongoReader};
pub use server::MongoServer;
pub use set::MongoSet;
