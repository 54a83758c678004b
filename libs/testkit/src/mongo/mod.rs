//! A MongoDB of one's own: mongod as a replica set of one ([`MongoServer`]), or of three
//! ([`MongoReplicaSet`]).

mod launch;
mod replica_set;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use replica_set::MongoReplicaSet;
pub use server::MongoServer;
