//! A MongoDB of one's own: mongod as a replica set of one ([`MongoServer`]), or of three
//! ([`MongoReplicaSet`]); and a look into one ([`MongoReader`]).

mod json;
mod launch;
mod reader;
mod replica_set;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use reader::{Find, MongoReader};
pub use replica_set::MongoReplicaSet;
pub use server::MongoServer;
