//! Which connection a call takes: the addresses of a service as they are known, in turn.
//!
//! Addresses are connected to in the background, all of them, from the first call on. One that
//! cannot be reached is left out and tried again with growing pauses; one whose server says that it
//! does not serve is left out for as long as there is another. A call that finds no connection has
//! every address tried soon, and waits for the first that can be reached, or for all of them to
//! have failed.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lectern_core::Random;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

use super::keeper::Keeper;
use super::line::Line;
use super::resolve::Resolve;
use crate::tls::dial::{Dial, Unreachable};

/// What connections are kept by.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    /// How often the names of hosts are looked up again.
    pub(crate) resolve_every: Duration,
    /// How long a look-up, a connection and the first word of health may take, each.
    pub(crate) patience: Duration,
    /// How often an idle connection is asked whether it is there.
    pub(crate) keepalive: Duration,
    /// The service whose health is watched; none where no health is.
    pub(crate) health: Option<String>,
}

/// The connections to one service. They are closed when it is dropped.
pub(crate) struct Balancer {
    shared: Arc<Shared>,
    /// Until the first call.
    keeper: Mutex<Option<Keeper>>,
    _stop: DropGuard,
}

/// What calls and the tasks that keep connections share.
pub(crate) struct Shared {
    pub(crate) table: watch::Sender<Table>,
    turn: AtomicUsize,
    /// Told when an address fails: the name may have others by now.
    pub(crate) look_up: Notify,
}

/// The addresses as they are known.
#[derive(Default)]
pub(crate) struct Table {
    addresses: BTreeMap<SocketAddr, Entry>,
    /// Look-ups that brought nothing.
    unresolved: u64,
    /// Why the last failure was one.
    why: Option<Unreachable>,
}

/// One address.
struct Entry {
    /// Of the task that keeps its connection.
    id: u64,
    line: Option<Line>,
    /// What its server says of itself.
    serves: bool,
    /// Tries that brought no connection.
    failures: u64,
    /// Shortens the pause before the next try.
    try_now: Arc<Notify>,
    /// Ends its task.
    _stop: DropGuard,
}

impl Balancer {
    pub(crate) fn new(hosts: Vec<Dial>, keeping: Keeping, resolve: Arc<dyn Resolve>, random: Arc<dyn Random>) -> Self {
        let stop = CancellationToken::new();
        // Not every process begins with the same address.
        #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
        let turn = AtomicUsize::new((random.next() >> 1) as usize);
        let shared = Arc::new(Shared { table: watch::Sender::new(Table::default()), turn, look_up: Notify::new() });
        let keeper = Keeper::new(Arc::clone(&shared), hosts, keeping, resolve, random, stop.clone());
        Self { shared, keeper: Mutex::new(Some(keeper)), _stop: stop.drop_guard() }
    }

    /// The connection for the next call.
    ///
    /// # Errors
    /// UNAVAILABLE when no address can be reached.
    pub(crate) async fn pick(&self) -> Result<Line, Status> {
        if let Some(line) = self.shared.table.borrow().next(&self.shared.turn) {
            return Ok(line);
        }
        let first = self.keeper.lock().take();
        if let Some(keeper) = first {
            tokio::spawn(keeper.run());
        }
        let mut changes = self.shared.table.subscribe();
        let mut since: Option<Tried> = None;
        loop {
            {
                let table = changes.borrow_and_update();
                if let Some(line) = table.next(&self.shared.turn) {
                    return Ok(line);
                }
                match &since {
                    Some(since) => {
                        if let Some(why) = table.failed_since(since) {
                            return Err(why.clone().into_status());
                        }
                    }
                    None => {
                        since = Some(table.tried());
                        table.try_all_soon();
                        if table.unresolved > 0 {
                            self.shared.look_up.notify_one();
                        }
                    }
                }
            }
            // The sender is ours.
            if changes.changed().await.is_err() {
                return Err(Status::unavailable("the connections are closed"));
            }
        }
    }

    /// A call found that this connection takes no more: no other call takes it, and another one is
    /// opened, though what is under way over this one may last for long. One that was opened in its
    /// place meanwhile stays.
    pub(crate) fn gone(&self, line: &Line) {
        let close = |entry: &mut Entry| entry.line = entry.line.take().filter(|other| !other.is(line));
        self.shared.change(line.address, line.id, close);
        line.leave();
    }
}

/// How often what was tried at some moment.
struct Tried {
    addresses: HashMap<SocketAddr, u64>,
    unresolved: u64,
}

impl Table {
    /// The line whose turn it is: of those that serve, or of all where none does.
    fn next(&self, turn: &AtomicUsize) -> Option<Line> {
        let open = || self.addresses.values().filter(|entry| entry.line.is_some());
        let serving = open().filter(|entry| entry.serves).count();
        let count = if serving > 0 { serving } else { open().count() };
        if count == 0 {
            return None;
        }
        let at = turn.fetch_add(1, Ordering::Relaxed) % count;
        open().filter(|entry| serving == 0 || entry.serves).nth(at).and_then(|entry| entry.line.clone())
    }

    /// The entry of an address, if it is still that of this task.
    fn entry(&mut self, address: SocketAddr, id: u64) -> Option<&mut Entry> {
        self.addresses.get_mut(&address).filter(|entry| entry.id == id)
    }

    fn tried(&self) -> Tried {
        let addresses = self.addresses.iter().map(|(address, entry)| (*address, entry.failures)).collect();
        Tried { addresses, unresolved: self.unresolved }
    }

    fn try_all_soon(&self) {
        for entry in self.addresses.values() {
            entry.try_now.notify_one();
        }
    }

    /// Why nothing can be reached, if every address has failed since.
    fn failed_since(&self, since: &Tried) -> Option<&Unreachable> {
        let again = |(address, entry): (&SocketAddr, &Entry)| {
            entry.failures > since.addresses.get(address).copied().unwrap_or_default()
        };
        let failed = if self.addresses.is_empty() {
            self.unresolved > since.unresolved
        } else {
            self.addresses.iter().all(again)
        };
        self.why.as_ref().filter(|_| failed)
    }

    /// Whether there is more than one address.
    pub(crate) fn has_several(&self) -> bool {
        self.addresses.len() > 1
    }
}

/// An address that is new: what keeps its connection is to be started.
pub(crate) struct New {
    pub(crate) address: SocketAddr,
    pub(crate) id: u64,
    pub(crate) try_now: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// A look-up brought nothing where nothing was known.
    pub(crate) fn unresolved(&self, why: Unreachable) {
        self.table.send_modify(|table| {
            table.unresolved = table.unresolved.saturating_add(1);
            table.why = Some(why);
        });
    }

    /// These are the addresses now. Those that are gone get no more calls; what is under way over
    /// their connections goes on. Returns those that are new, under ids from `id` on.
    pub(crate) fn known(&self, addresses: &[SocketAddr], mut id: u64) -> Vec<New> {
        let mut fresh = Vec::new();
        self.table.send_if_modified(|table| {
            let before = table.addresses.len();
            table.addresses.retain(|address, _| addresses.contains(address));
            let mut changed = before != table.addresses.len();
            for address in addresses {
                if table.addresses.contains_key(address) {
                    continue;
                }
                let (stop, try_now) = (CancellationToken::new(), Arc::new(Notify::new()));
                fresh.push(New { address: *address, id, try_now: Arc::clone(&try_now), stop: stop.clone() });
                let entry = Entry { id, line: None, serves: true, failures: 0, try_now, _stop: stop.drop_guard() };
                table.addresses.insert(*address, entry);
                id = id.saturating_add(1);
                changed = true;
            }
            changed
        });
        fresh
    }

    /// A connection is open.
    pub(crate) fn opened(&self, line: Line, serves: bool) {
        self.change(line.address, line.id, |entry| {
            entry.line = Some(line.clone());
            entry.serves = serves;
        });
    }

    /// What the server at an address says of itself.
    pub(crate) fn serves(&self, address: SocketAddr, id: u64, serves: bool) {
        self.change(address, id, |entry| entry.serves = serves);
    }

    /// The connection takes no more calls.
    pub(crate) fn closed(&self, address: SocketAddr, id: u64) {
        self.change(address, id, |entry| entry.line = None);
    }

    /// There is no connection to an address, and why.
    pub(crate) fn failed(&self, address: SocketAddr, id: u64, why: Unreachable) {
        self.table.send_if_modified(|table| {
            let Some(entry) = table.entry(address, id) else { return false };
            entry.line = None;
            entry.failures = entry.failures.saturating_add(1);
            table.why = Some(why);
            true
        });
    }

    /// Changes an entry, if it is still the one of this task.
    fn change(&self, address: SocketAddr, id: u64, change: impl FnOnce(&mut Entry)) {
        self.table.send_if_modified(|table| table.entry(address, id).map(change).is_some());
    }
}
