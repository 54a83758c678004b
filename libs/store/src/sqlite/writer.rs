//! The one connection that writes, on a thread of its own. Writes that wait are committed together:
//! one sync to disk for all of them, and each is answered only after it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::error::StoreError;

/// Most writes in one commit.
const MOST: usize = 128;

/// Tells a caller the result of its write, or why the commit failed.
type Settle = Box<dyn FnOnce(Option<StoreError>) + Send>;
/// Carries a write out, if there is a transaction to do it in, and keeps its result for after the
/// commit.
type Write = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Settle + Send>;

/// The handle of the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    writes: Option<Sender<Write>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. `kept` lives as long as it does.
    pub(super) fn start(connection: Connection, kept: impl Send + 'static) -> std::io::Result<Self> {
        let (writes, waiting) = channel();
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            serve(connection, &waiting);
            drop(kept);
        })?;
        Ok(Self { writes: Some(writes), thread: Some(thread) })
    }

    /// Carries out one statement and waits until it is durable.
    pub(super) async fn write<R: Send + 'static>(
        &self,
        what: &'static str,
        run: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (answer, answered) = oneshot::channel();
        let write: Write = Box::new(move |connection| {
            let result = connection.and_then(run);
            Box::new(move |failed| {
                // A refusal falls with the commit as well: it may be due to a write that was to be
                // committed with it. The caller may have gone away.
                let _ = answer.send(failed.map_or(result, Err));
            })
        });
        let sent = self.writes.as_ref().is_some_and(|writes| writes.send(write).is_ok());
        if !sent {
            return Err(StoreError::unavailable(what, "its writing thread has ended"));
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::ambiguous(what, "its writing thread has ended")))
    }
}

impl Drop for Writer {
    /// Waits for the writes in hand, so that the file may be opened again at once.
    fn drop(&mut self) {
        self.writes = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread of the store panicked");
        }
    }
}

fn serve(mut connection: Connection, waiting: &Receiver<Write>) {
    while let Ok(first) = waiting.recv() {
        let writes = std::iter::once(first).chain(waiting.try_iter().take(MOST - 1));
        commit(&mut connection, writes);
    }
}

fn commit(connection: &mut Connection, writes: impl Iterator<Item = Write>) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = StoreError::unavailable("begin to write", error);
            tracing::error!(%error, "store not writable");
            return writes.for_each(|write| write(Err(error.clone()))(None));
        }
    };
    let mut rolled_back = None;
    let settle: Vec<Settle> = writes
        .map(|write| match &rolled_back {
            Some(error) => write(Err(StoreError::clone(error))),
            None => {
                let settle = write(Ok(&transaction));
                // A full disk or a damaged file ends the transaction by itself. Whatever is written
                // on this connection from then on would be committed at once, each alone.
                if transaction.is_autocommit() {
                    rolled_back =
                        Some(StoreError::unavailable("write", "the file system refused; nothing was written"));
                }
                settle
            }
        })
        .collect();
    let failed = rolled_back.or_else(|| transaction.commit().err().map(|error| StoreError::ambiguous("write", error)));
    if let Some(error) = &failed {
        tracing::error!(%error, writes = settle.len(), "commit failed");
    }
    for settle in settle {
        settle(failed.clone());
    }
}

#[cfg(test)]
mod tests;
