//! A server within this process, on a port of loopback. A thread and a runtime of its own serve it,
//! so it outlives its caller's runtime, and callers without one can start it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::daemon::StartError;

/// A port that nobody serves yet.
#[derive(Debug)]
pub(crate) struct Port {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Port {
    /// Takes this port, or a free one for 0. Failures are told of `what`.
    ///
    /// # Errors
    ///
    /// When it is taken.
    pub(crate) fn take(what: &str, port: u16) -> Result<Self, StartError> {
        let take = || -> io::Result<Self> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        take().map_err(|error| failed(what, "its port", &error))
    }
}

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Hosted {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Serves `app` on the port, in a thread of this name. Failures are told of `what`.
    ///
    /// # Errors
    ///
    /// When there is no thread or runtime for it.
    pub(crate) fn serve(what: &str, thread: &str, port: Port, app: axum::Router) -> Result<Self, StartError> {
        let Port { listener, address } = port;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| failed(what, "its runtime", &error))?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(|error| failed(what, "its port", &error))?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(thread.to_owned())
            .spawn(move || {
                // Until it is told to stop, or its owner is gone.
                runtime.block_on(async move {
                    tokio::select! {
                        served = axum::serve(listener, app) => drop(served),
                        _ = stopped => {}
                    }
                });
                runtime.shutdown_background();
            })
            .map_err(|error| failed(what, "its thread", &error))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Why a part of a server cannot be had.
pub(crate) fn failed(what: &str, part: &str, error: &io::Error) -> StartError {
    StartError(format!("{what}: {part}: {error}"))
}
