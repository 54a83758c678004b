//! A stand-in for the API of Kubernetes, on one port of loopback: it stores objects, and runs none.
//!
//! It is enough for the real Helm to install, upgrade, roll back, test and uninstall a chart, and
//! for clients that read and watch. Controllers are played at once: a Job completes, a Deployment
//! becomes available, a claim is bound, unless a test says that one fails. It refuses what a chart
//! gets wrong in its life (`refusals.rs`): what is immutable, names, labels, namespaces that are
//! not there, fields that two managers fight over. It proves order, hooks, waiting, rollback and
//! immutability. It does not prove schemas, admission, the scheduler or the network.

mod controllers;
mod discovery;
mod fields;
mod kinds;
mod protobuf;
mod refusals;
mod select;
mod serve;
mod store;
#[cfg(test)]
mod tests;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

pub use store::Write;

use crate::daemon::StartError;
use crate::hosted::{Hosted, Port};
use discovery::Discovery;
use refusals::text;
use store::{Place, Store, Verb};

/// What failures call it.
const WHAT: &str = "the stand-in for Kubernetes";
/// The manager of what tests write themselves.
const TEST: &str = "test";

/// A running stand-in. It ends when it is dropped.
#[derive(Debug)]
pub struct Kubernetes {
    server: Hosted,
    store: Arc<Store>,
}

impl Kubernetes {
    /// Starts one with these namespaces, and with all kinds that it knows.
    ///
    /// # Panics
    ///
    /// When it has no port or thread.
    #[must_use]
    pub fn start(namespaces: &[&str]) -> Self {
        Self::open(namespaces, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same without the kinds of some groups (`keda.sh`), as where nobody has installed them.
    ///
    /// # Errors
    ///
    /// When it has no port or thread.
    pub fn open(namespaces: &[&str], without: &[&str]) -> Result<Self, StartError> {
        let port = Port::take(WHAT, 0)?;
        let without = without.iter().map(|group| (*group).to_owned()).collect();
        let store = Arc::new(Store::new(Discovery::without(without)));
        let server = Hosted::serve(WHAT, "kubernetes", port, serve::app(Arc::clone(&store)))?;
        let cluster = Self { server, store };
        for namespace in namespaces {
            cluster.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        Ok(cluster)
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A file for clients that says where it is: their `KUBECONFIG`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "stand-in", "cluster": {"server": self.url()}}],
            "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "stand-in", "context": {"cluster": "stand-in", "user": "test"}}],
            "current-context": "stand-in",
        });
        config.to_string()
    }

    /// Everything that there is, ordered by kind, namespace and name.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        let (found, _) = self.store.list(|_, _| true);
        found.into_iter().map(|(_, object)| object).collect()
    }

    /// One object; none where it is not there. An object of the cluster has the namespace "".
    #[must_use]
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.store.get(&place(kind, namespace, name))
    }

    /// What was written since the start, or tried to be, in its order.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.store.writes()
    }

    /// Lets the next Job, Pod or Deployment of this name that is written fail, once.
    pub fn fail_next(&self, kind: &str, name: &str) {
        self.store.fail_next(kind, name);
    }

    /// Makes an object, as somebody does who is no part of what is tested.
    ///
    /// # Panics
    ///
    /// When it is refused, or is of a kind that is not known here.
    pub fn create(&self, object: &Value) {
        let text = |path: &str| text(object, path);
        let place = place(text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
        if let Err(refusal) = self.store.write(Verb::Create, &place, object, TEST, false) {
            panic!("{}", refusal.message);
        }
    }

    /// Sets the replicas of a Deployment or StatefulSet as an autoscaler does; `manager` owns the
    /// field from then on (`kube-controller-manager`, `keda`).
    ///
    /// # Panics
    ///
    /// When there is none of this name.
    pub fn scale(&self, kind: &str, namespace: &str, name: &str, replicas: u32, manager: &str) {
        let patch = json!({"spec": {"replicas": replicas}});
        if let Err(refusal) = self.store.write(Verb::Merge, &place(kind, namespace, name), &patch, manager, false) {
            panic!("{}", refusal.message);
        }
    }
}

fn place(kind: &str, namespace: &str, name: &str) -> Place {
    match kinds::named(kind) {
        Some(kind) => Place { kind, namespace: namespace.to_owned(), name: name.to_owned() },
        None => panic!("{WHAT} knows no {kind}; add it to kinds.rs"),
    }
}
