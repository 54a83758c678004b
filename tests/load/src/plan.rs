//! Which rounds there are, and doing them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lectern_work::WorkerOptions;

use crate::floor::Floor;
use crate::lectern::{Lectern, Setup};
use crate::old_way::OldWay;
use crate::round::{self, Round, Times};
use crate::servers::Servers;

/// The most narrations that the old way is given: it opens three connections for each of their
/// steps.
const OLD_WAY_MOST: usize = 100;
/// The most narrations of the rounds with TLS.
const TLS_MOST: usize = 100;
/// Tenants of the rounds with several.
const TENANTS: [usize; 2] = [5, 50];
/// The most narrations of the round with slow steps.
const SLOW_MOST: usize = 100;
/// How much longer a slow step takes than one that takes no lease.
const LONGER: Duration = Duration::from_millis(500);
/// Unfinished narrations that are taken, where nobody is to be sent away.
const BACKLOG: u64 = 1_000_000;

/// How narrations are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lectern with so many tenants and gateways.
    Lectern { tenants: usize, gateways: usize },
    /// Lectern whose steps take so long that each takes a lease.
    LecternSlow,
    /// The floor; gathered, its writes share operations as Lectern's do.
    Floor { gathered: bool },
    /// The way that was replaced.
    OldWay,
}

impl Kind {
    /// Lectern with one tenant and one gateway.
    pub const LECTERN: Self = Self::Lectern { tenants: 1, gateways: 1 };
    /// The floor, each write an operation of its own: what the targets are about.
    pub const FLOOR: Self = Self::Floor { gathered: false };
}

/// A round that is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// How narrations are made.
    pub kind: Kind,
    /// How many are queued at once.
    pub queued: usize,
    /// Whether database and queue are reached by TLS.
    pub tls: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Lectern { tenants, gateways } => {
                f.write_str("Lectern")?;
                if tenants > 1 {
                    write!(f, ", {tenants} tenants")?;
                }
                if gateways > 1 {
                    write!(f, ", {gateways} gateways")?;
                }
            }
            Kind::LecternSlow => write!(f, "Lectern, steps of {:.1} s", slow_step().as_secs_f64())?,
            Kind::Floor { gathered: false } => f.write_str("floor")?,
            Kind::Floor { gathered: true } => f.write_str("floor, gathered")?,
            Kind::OldWay => f.write_str("old way")?,
        }
        if self.tls { f.write_str(", TLS") } else { Ok(()) }
    }
}

/// All rounds, in their order: every way at each of these sizes; several tenants and two gateways
/// at the largest; slow steps, and TLS, at one.
pub fn cases(sizes: &[usize]) -> Vec<Case> {
    let largest = sizes.iter().copied().max().unwrap_or(1);
    let mut cases = Vec::new();
    let mut every_way = |queued: usize, tls: bool, gathered: bool| {
        let mut kinds = vec![Kind::LECTERN, Kind::FLOOR];
        if gathered {
            kinds.push(Kind::Floor { gathered });
        }
        if queued <= OLD_WAY_MOST {
            kinds.push(Kind::OldWay);
        }
        cases.extend(kinds.into_iter().map(|kind| Case { kind, queued, tls }));
    };
    for size in sizes {
        every_way(*size, false, true);
    }
    every_way(largest.min(TLS_MOST), true, false);
    let more = TENANTS.map(|tenants| Kind::Lectern { tenants, gateways: 1 });
    let more = more.into_iter().chain([Kind::Lectern { tenants: 1, gateways: 2 }]);
    cases.extend(more.map(|kind| Case { kind, queued: largest, tls: false }));
    cases.push(Case { kind: Kind::LecternSlow, queued: largest.min(SLOW_MOST), tls: false });
    cases
}

/// How long a step takes that takes a lease.
fn slow_step() -> Duration {
    WorkerOptions::default().lease_after + LONGER
}

/// Does one round, on servers of its own.
pub async fn run(case: Case, permits: usize, times: Times) -> Result<Round> {
    let servers = Arc::new(Servers::start(case.tls).await?);
    let done = match case.kind {
        Kind::Lectern { tenants, gateways } => {
            let setup = Setup { permits, step: Duration::ZERO, backlog: BACKLOG, tenants, gateways };
            Box::pin(lectern(&servers, setup, case.queued, times)).await
        }
        Kind::LecternSlow => {
            let setup = Setup { permits, step: slow_step(), backlog: BACKLOG, tenants: 1, gateways: 1 };
            Box::pin(lectern(&servers, setup, case.queued, times)).await
        }
        Kind::Floor { gathered } => {
            let floor = Box::pin(Floor::start(&servers, gathered, permits)).await?;
            Box::pin(round::measure(&servers, &floor, case.queued, times)).await
        }
        Kind::OldWay => {
            let old_way = Box::pin(OldWay::start(&servers, permits)).await?;
            let done = Box::pin(round::measure(&servers, &old_way, case.queued, times)).await;
            old_way.stop().await?;
            done
        }
    };
    done.with_context(|| format!("{case}, {} queued", case.queued))
}

async fn lectern(servers: &Arc<Servers>, setup: Setup, queued: usize, times: Times) -> Result<Round> {
    let lectern = Box::pin(Lectern::start(servers, setup)).await?;
    let done = Box::pin(round::measure(servers, &lectern, queued, times)).await;
    lectern.stop().await?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_way_and_tls_have_no_large_rounds_and_tenants_and_gateways_have_the_largest() {
        let cases = cases(&[1, 1_000]);
        let of = |name: &str| -> Vec<usize> {
            cases.iter().filter(|case| case.to_string() == name).map(|case| case.queued).collect()
        };
        for name in ["Lectern", "floor", "floor, gathered"] {
            assert_eq!(of(name), [1, 1_000], "{name}");
        }
        assert_eq!(of("old way"), [1]);
        assert_eq!(cases.iter().filter(|case| case.kind == Kind::LecternSlow).count(), 1);
        for name in ["Lectern, TLS", "floor, TLS", "old way, TLS"] {
            assert_eq!(of(name), [100], "{name}");
        }
        for name in ["Lectern, 5 tenants", "Lectern, 50 tenants", "Lectern, 2 gateways"] {
            assert_eq!(of(name), [1_000], "{name}");
        }
        assert_eq!(cases.len(), 14);
    }
}
