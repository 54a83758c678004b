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

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tokio::sync::oneshot;

pub use store::Write;

use crate::daemon::StartError;
use discovery::Discovery;
use store::{Place, Store, Verb};

/// The manager of what tests write themselves.
const TEST: &str = "test";

/// A running stand-in. It ends when it is dropped.
#[derive(Debug)]
pub struct Kubernetes {
    address: SocketAddr,
    store: Arc<Store>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
        let failed =
            |what: &str, error: std::io::Error| StartError(format!("the stand-in for Kubernetes: {what}: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed("its port", error))?;
        listener.set_nonblocking(true).map_err(|error| failed("its port", error))?;
        let address = listener.local_addr().map_err(|error| failed("its port", error))?;
        let without = without.iter().map(|group| (*group).to_owned()).collect();
        let store = Arc::new(Store::new(Discovery::without(without)));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| failed("its runtime", error))?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&store);
        let thread = std::thread::Builder::new()
            .name("kubernetes".to_owned())
            .spawn(move || {
                runtime.block_on(serve::run(listener, shared, stopped));
                runtime.shutdown_background();
            })
            .map_err(|error| failed("its thread", error))?;
        let cluster = Self { address, store, stop: Some(stop), thread: Some(thread) };
        for namespace in namespaces {
            cluster.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        Ok(cluster)
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
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
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
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

impl Drop for Kubernetes {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn place(kind: &str, namespace: &str, name: &str) -> Place {
    match kinds::named(kind) {
        Some(kind) => Place { kind, namespace: namespace.to_owned(), name: name.to_owned() },
        None => panic!("the stand-in for Kubernetes knows no {kind}; add it to kinds.rs"),
    }
}
