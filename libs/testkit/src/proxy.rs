//! A TCP proxy on loopback that misbehaves on request.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

const TICK: Duration = Duration::from_millis(20);
const CHUNK: usize = 16 * 1024;

/// What the proxy does to the connections that run through it, those already open included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes pass.
    None,
    /// Open connections are reset and new ones closed at once.
    Cut,
    /// Connections stay open, new ones are accepted, and no byte passes in either direction: what a
    /// partition looks like. Bytes that were sent meanwhile arrive when the fault ends.
    HalfOpen,
    /// Every chunk waits this long, in each direction.
    Delay(Duration),
    /// At most so many bytes a second, per connection and direction; at least 1.
    Throttle(u32),
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    fault: Mutex<Fault>,
    open: Mutex<BTreeMap<u64, (TcpStream, TcpStream)>>,
    accepted: AtomicU64,
    passed: AtomicU64,
    disturbed: AtomicU64,
    done: AtomicBool,
}

/// A proxy in front of one address. Ends, with its connections, when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts one on a free port in front of `target`.
    ///
    /// # Panics
    ///
    /// When no port of loopback can be had.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) = match bound {
            Ok(bound) => bound,
            Err(error) => panic!("no port for the proxy: {error}"),
        };
        let shared = Arc::new(Shared {
            target,
            fault: Mutex::new(Fault::None),
            open: Mutex::new(BTreeMap::new()),
            accepted: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            disturbed: AtomicU64::new(0),
            done: AtomicBool::new(false),
        });
        let acceptor = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &acceptor));
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does, from now on.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock() = fault;
        if fault == Fault::Cut {
            self.shared.close_all();
        }
    }

    /// Closes all open connections once; new ones pass.
    pub fn drop_connections(&self) {
        self.shared.close_all();
    }

    /// Connections accepted since the start.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Bytes passed since the start, in both directions.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// How often a fault was felt since the start: connections that it closed or refused, streams
    /// whose bytes it held back, chunks that it slowed.
    #[must_use]
    pub fn disturbed(&self) -> u64 {
        self.shared.disturbed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        self.shared.close_all();
        // Wakes the acceptor, which sees that it is done.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn close_all(&self) {
        for (client, server) in std::mem::take(&mut *self.open.lock()).into_values() {
            // One that its own ends closed just now is not hit.
            if client.shutdown(Shutdown::Both).is_ok() {
                self.hit();
            }
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn hit(&self) {
        self.disturbed.fetch_add(1, Ordering::SeqCst);
    }

    fn fault(&self) -> Fault {
        *self.fault.lock()
    }

    fn done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.done() {
            return;
        }
        let Ok(client) = client else { continue };
        let id = shared.accepted.fetch_add(1, Ordering::SeqCst);
        if shared.fault() == Fault::Cut {
            shared.hit();
            let _ = client.shutdown(Shutdown::Both);
            continue;
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // A target that cannot be reached shows as a connection closed at once.
            if let Ok(server) = TcpStream::connect(shared.target) {
                let _ = join(id, &client, &server, &shared);
                // Its copies here would keep the sockets open.
                drop(shared.open.lock().remove(&id));
            }
            let _ = client.shutdown(Shutdown::Both);
        });
    }
}

/// Copies both ways until both are done.
fn join(id: u64, client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    for stream in [client, server] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
    }
    shared.open.lock().insert(id, (client.try_clone()?, server.try_clone()?));
    // A cut that came while the target was being reached did not find this connection in the list.
    if shared.fault() == Fault::Cut {
        shared.close_all();
    }
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let upstream = Arc::clone(shared);
    let up = thread::spawn(move || copy(from, to, &upstream));
    copy(server.try_clone()?, client.try_clone()?, shared);
    let _ = up.join();
    Ok(())
}

/// Copies one way until the end, then passes the end on.
fn copy(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = [0_u8; CHUNK];
    let mut holding = false;
    while !shared.done() {
        let size = match shared.fault() {
            Fault::HalfOpen => {
                if !holding && from.peek(&mut buffer[..1]).is_ok_and(|waiting| waiting > 0) {
                    holding = true;
                    shared.hit();
                }
                thread::sleep(TICK);
                continue;
            }
            Fault::Throttle(rate) => usize::try_from(rate / 20).unwrap_or(CHUNK).clamp(1, CHUNK),
            Fault::None | Fault::Cut | Fault::Delay(_) => CHUNK,
        };
        holding = false;
        let read = match from.read(&mut buffer[..size]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        // One that began while this waited for bytes counts.
        let fault = shared.fault();
        match fault {
            Fault::Delay(delay) => {
                shared.hit();
                thread::sleep(delay);
            }
            Fault::Throttle(_) => shared.hit(),
            Fault::None | Fault::Cut | Fault::HalfOpen => {}
        }
        // A partition that began while the bytes were on their way holds them back too.
        while shared.fault() == Fault::HalfOpen && !shared.done() {
            if !holding {
                holding = true;
                shared.hit();
            }
            thread::sleep(TICK);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
        shared.passed.fetch_add(read as u64, Ordering::SeqCst);
        if let Fault::Throttle(rate) = fault {
            thread::sleep(Duration::from_secs_f64(read as f64 / f64::from(rate.max(1))));
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = listener.local_addr().expect("address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let (mut from, mut to) = (stream.try_clone().expect("clone"), stream);
                    let _ = io::copy(&mut from, &mut to);
                });
            }
        });
        address
    }

    fn ask(stream: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
        stream.write_all(text)?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn bytes_pass_stop_and_pass_again() {
        let proxy = Proxy::start(echo());
        let mut stream = TcpStream::connect(proxy.address()).expect("connect");
        assert_eq!(ask(&mut stream, b"one").expect("passes"), b"one");

        proxy.set(Fault::HalfOpen);
        stream.set_read_timeout(Some(Duration::from_millis(150))).expect("timeout");
        stream.write_all(b"two").expect("the peer seems to be there");
        let mut answer = [0; 3];
        assert!(stream.read_exact(&mut answer).is_err(), "nothing passes a partition");
        assert_eq!((proxy.disturbed(), proxy.passed()), (1, 6), "one stream is held back");

        proxy.set(Fault::None);
        stream.set_read_timeout(None).expect("timeout");
        stream.read_exact(&mut answer).expect("what was sent meanwhile arrives");
        assert_eq!(&answer, b"two");

        proxy.set(Fault::Delay(Duration::from_millis(1)));
        assert_eq!(ask(&mut stream, b"three").expect("delayed"), b"three");
        proxy.set(Fault::Throttle(100_000));
        assert_eq!(ask(&mut stream, &[7; 10_000]).expect("throttled"), [7; 10_000]);
        assert!(proxy.disturbed() >= 5, "{} chunks were slowed", proxy.disturbed());
    }

    #[test]
    fn a_cut_ends_open_connections_and_refuses_new_ones_until_it_heals() {
        let proxy = Proxy::start(echo());
        let mut stream = TcpStream::connect(proxy.address()).expect("connect");
        assert_eq!(ask(&mut stream, b"one").expect("passes"), b"one");
        proxy.set(Fault::Cut);
        assert!(ask(&mut stream, b"two").is_err());
        if let Ok(mut late) = TcpStream::connect(proxy.address()) {
            assert!(ask(&mut late, b"three").is_err());
            assert_eq!(proxy.disturbed(), 2, "one connection was closed and one refused");
        }
        proxy.set(Fault::None);
        let mut stream = TcpStream::connect(proxy.address()).expect("connect");
        assert_eq!(ask(&mut stream, b"four").expect("passes"), b"four");
        assert!(proxy.accepted() >= 2);
    }
}
