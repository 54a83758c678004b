//! What runs behind a channel: looks names up, opens connections and opens them again, and listens
//! to what each server says of its health.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::Random;
use lectern_core::backoff::Backoff;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};
use tonic_health::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::balance::{Keeping, New, Shared, Table};
use super::line::{Line, Opened};
use super::resolve::Resolve;
use crate::tls::dial::{Dial, Unreachable};

/// Names are not looked up more often.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(500);
/// How long an address that cannot be reached is left alone.
const PAUSES: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(20) };
/// How long it is left alone at least where a call finds no other: those who call a service that is
/// not there do not call it in a tight loop. The bound is the pause; it is not drawn.
const LEAST_PAUSES: Backoff = Backoff { base: Duration::from_millis(50), cap: Duration::from_secs(1) };
/// A connection that ends sooner counts as a failure to open one.
const LASTED: Duration = Duration::from_secs(1);
/// So many connections in a row may end sooner, without an answer, in the way in which servers end
/// them.
const LEFT_AT_ONCE: u32 = 2;
/// When a stream of health that ended is opened again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// Keeps the connections of a channel.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    hosts: Vec<Arc<Dial>>,
    keeping: Keeping,
    resolve: Arc<dyn Resolve>,
    random: Arc<dyn Random>,
    stop: CancellationToken,
    /// By host, what was found last.
    found: Vec<Vec<SocketAddr>>,
    next_id: u64,
}

impl Keeper {
    pub(crate) fn new(
        shared: Arc<Shared>,
        hosts: Vec<Dial>,
        keeping: Keeping,
        resolve: Arc<dyn Resolve>,
        random: Arc<dyn Random>,
        stop: CancellationToken,
    ) -> Self {
        let found = vec![Vec::new(); hosts.len()];
        let hosts = hosts.into_iter().map(Arc::new).collect();
        Self { shared, hosts, keeping, resolve, random, stop, found, next_id: 0 }
    }

    /// Runs until the channel is dropped.
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.keep()).await;
    }

    async fn keep(&mut self) -> Infallible {
        loop {
            self.look_up().await;
            self.due().await;
        }
    }

    /// Waits until names are to be looked up again.
    async fn due(&self) {
        tokio::time::sleep(LOOK_UP_PAUSE).await;
        let rest = self.keeping.resolve_every.saturating_sub(LOOK_UP_PAUSE);
        // In time, also where many addresses fail.
        let _ = tokio::time::timeout(rest, self.shared.look_up.notified()).await;
    }

    async fn look_up(&mut self) {
        let look_up = |dial: &Arc<Dial>| {
            let (resolve, dial, patience) = (Arc::clone(&self.resolve), Arc::clone(dial), self.keeping.patience);
            async move {
                let answer = tokio::time::timeout(patience, resolve.resolve(&dial.host().name, dial.host().port)).await;
                answer.unwrap_or_else(|_| Err(std::io::Error::other("nobody answered in time")))
            }
        };
        let answers = futures::future::join_all(self.hosts.iter().map(look_up)).await;
        let mut why = None;
        for ((answer, dial), found) in answers.into_iter().zip(&self.hosts).zip(&mut self.found) {
            match answer {
                Ok(addresses) if !addresses.is_empty() => *found = addresses,
                // What was known before is better than nothing.
                Ok(_) => why = Some(dial.unresolved(&std::io::Error::other("there is none"))),
                Err(error) => why = Some(dial.unresolved(&error)),
            }
        }
        let all: Vec<SocketAddr> = self.found.iter().flatten().copied().collect();
        match why {
            Some(why) if all.is_empty() => self.shared.unresolved(why),
            Some(why) => tracing::debug!(error = %why, "what was known before stays in use"),
            None => {}
        }
        let fresh = self.shared.known(&all, self.next_id);
        self.next_id = self.next_id.saturating_add(u64::try_from(fresh.len()).unwrap_or(u64::MAX));
        for new in fresh {
            let of = self.found.iter().zip(&self.hosts).find(|(found, _)| found.contains(&new.address));
            let Some((_, dial)) = of else { continue };
            let address = Address {
                shared: Arc::clone(&self.shared),
                dial: Arc::clone(dial),
                keeping: self.keeping.clone(),
                random: Arc::clone(&self.random),
                new,
            };
            let (gone, stop) = (address.new.stop.clone(), self.stop.clone());
            tokio::spawn(async move {
                stop.run_until_cancelled(gone.run_until_cancelled(address.keep())).await;
            });
        }
    }
}

/// What keeps the connection to one address.
struct Address {
    shared: Arc<Shared>,
    dial: Arc<Dial>,
    keeping: Keeping,
    random: Arc<dyn Random>,
    new: New,
}

/// What listens to a server's health, and what it said first.
struct Health {
    serves: bool,
    /// None: it has not been asked, or does not say.
    stream: Option<Streaming<HealthCheckResponse>>,
    /// Whether its server has no such service, and is not asked again.
    silent: bool,
}

impl Health {
    /// What does not say is taken to serve.
    const fn unsaid() -> Self {
        Self { serves: true, stream: None, silent: false }
    }
}

impl Address {
    async fn keep(self) -> Infallible {
        let (mut failed, mut left) = (0_u32, 0_u32);
        loop {
            let why = match self.open().await {
                Ok((opened, health)) => {
                    let (began, line) = (Instant::now(), opened.line.clone());
                    let why = self.follow(opened, health).await;
                    self.shared.look_up.notify_one();
                    // A connection that lasted is opened again at once, and others after a pause.
                    if began.elapsed() >= LASTED {
                        (failed, left) = (0, 0);
                        continue;
                    }
                    left = if why.is_some() || line.has_answered() { 0 } else { left.saturating_add(1) };
                    match why {
                        Some(why) => why,
                        // The server ended it as servers do.
                        None if left <= LEFT_AT_ONCE => {
                            tokio::time::sleep(LEAST_PAUSES.base).await;
                            continue;
                        }
                        None => line.unreachable("it takes connections and ends each at once"),
                    }
                }
                Err(why) => {
                    self.shared.look_up.notify_one();
                    why
                }
            };
            failed = failed.saturating_add(1);
            self.shared.failed(self.new.address, self.new.id, why);
            self.pause(failed).await;
        }
    }

    /// Waits until the address is to be tried again.
    async fn pause(&self, failed: u32) {
        tokio::time::sleep(LEAST_PAUSES.bound(failed)).await;
        let pause = PAUSES.delay(failed, &*self.random);
        let _ = tokio::time::timeout(pause, self.new.try_now.notified()).await;
    }

    /// Opens a connection, and asks what its server says of itself where there are others.
    async fn open(&self) -> Result<(Opened, Health), Unreachable> {
        let New { address, id, .. } = self.new;
        let opened = Line::open(Arc::clone(&self.dial), address, id, self.keeping.keepalive).await?;
        if !self.shared.table.borrow().has_several() {
            // It would get the calls whatever it says.
            return Ok((opened, Health::unsaid()));
        }
        let health = tokio::time::timeout(self.keeping.patience, self.listen(&opened.line)).await;
        let late = || opened.line.unreachable(&format!("no answer within {} s", self.keeping.patience.as_secs_f32()));
        let health = health.unwrap_or_else(|_| Err(late()))?;
        Ok((opened, health))
    }

    /// Gives calls to the connection until it takes no more; says why that is, unless its server
    /// went away as servers do.
    async fn follow(&self, opened: Opened, health: Health) -> Option<Unreachable> {
        let Opened { line, ended } = opened;
        self.shared.opened(line.clone(), health.serves);
        let why = tokio::select! {
            why = ended => why.ok().flatten(),
            // It goes on with what is under way, and another takes its place.
            () = line.leaves() => None,
            never = self.hear(&line, health) => match never {},
        };
        self.shared.closed(line.address, line.id);
        why.map(|why| line.unreachable(&why))
    }

    /// Notes what the server says of its health.
    async fn hear(&self, line: &Line, health: Health) -> Infallible {
        if self.keeping.health.is_none() || health.silent {
            return std::future::pending().await;
        }
        let mut stream = health.stream;
        loop {
            if let Some(stream) = &mut stream {
                while let Ok(Some(news)) = stream.message().await {
                    self.shared.serves(line.address, line.id, serves(&news));
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
            // One address alone is not asked.
            let mut changes = self.shared.table.subscribe();
            if changes.wait_for(Table::has_several).await.is_err() {
                return std::future::pending().await;
            }
            match self.listen(line).await {
                Ok(health) if health.silent => {
                    self.shared.serves(line.address, line.id, true);
                    return std::future::pending().await;
                }
                Ok(health) if health.stream.is_some() => {
                    self.shared.serves(line.address, line.id, health.serves);
                    stream = health.stream;
                }
                Err(_) if line.is_closed() => line.leave(),
                // It does not say, so it stays as it is.
                Ok(_) | Err(_) => {
                    stream = None;
                    tokio::time::sleep(LISTEN_AGAIN).await;
                }
            }
        }
    }

    /// Asks the server what it says of itself.
    ///
    /// # Errors
    /// When the connection does not even carry that. A server that does not answer such questions
    /// serves.
    async fn listen(&self, line: &Line) -> Result<Health, Unreachable> {
        let Some(service) = self.keeping.health.clone() else { return Ok(Health::unsaid()) };
        let mut client = HealthClient::new(line.clone());
        let asked = Box::pin(client.watch(HealthCheckRequest { service })).await;
        let mut stream = match asked {
            Ok(answer) => answer.into_inner(),
            Err(status) => return unheard(line, &status),
        };
        match stream.message().await {
            Ok(Some(news)) => Ok(Health { serves: serves(&news), stream: Some(stream), silent: false }),
            Ok(None) => Ok(Health::unsaid()),
            Err(status) => unheard(line, &status),
        }
    }
}

/// What it means that the question of health is answered with this status.
///
/// # Errors
/// Why the connection cannot be used, if the status is of the connection and not the server's.
fn unheard(line: &Line, status: &Status) -> Result<Health, Unreachable> {
    let Some(source) = std::error::Error::source(status) else {
        // A server without health says so, and is not asked again (gRFC A17).
        return Ok(Health { silent: status.code() == Code::Unimplemented, ..Health::unsaid() });
    };
    Err(source.downcast_ref::<Unreachable>().cloned().unwrap_or_else(|| line.unreachable(status.message())))
}

fn serves(news: &HealthCheckResponse) -> bool {
    news.status == ServingStatus::Serving as i32
}
