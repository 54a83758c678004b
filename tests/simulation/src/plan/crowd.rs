//! A crowd: dozens of tenants, some hundred orders, and stages that work on few steps at once, so
//! that the dispatcher meets the limits of tenants and knows a part of the backlog alone. Nothing
//! breaks in it but two gateways, once, so that others look after their tenants: what waits for
//! longer than that takes waits by the dispatcher's own doing.

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_queue::Faults;

use super::{Crash, Draw, MOST_SKEW, Order, Plan, by_narration};
use crate::observer::MASTER;
use crate::process::Weather;

/// Tenants, at least, and how many there may be beyond.
const TENANTS: (u64, u64) = (36, 13);
/// Orders, at least, and how many there may be beyond.
const ORDERS: (u64, u64) = (100, 41);
/// When the first and the last of them are made, in milliseconds: after the gateways have known
/// each other for long enough that no step may be granted twice (I14).
const ORDERED: (u64, u64) = (10_000, 13_000);
/// When gateways die, in milliseconds. Engines are so slow that much waits still. What waits was
/// last looked at by a reconciler, whose looks get rarer, a moment before and is looked at again
/// half a minute later, which is too late: whoever looks after it then must find it himself (I11).
const CRASH: (u64, u64) = (50_000, 51_000);

impl Plan {
    /// The crowd of `seed`.
    pub(super) fn crowd(seed: u64, draw: &Draw) -> Self {
        let count = TENANTS.0 + draw.below(TENANTS.1);
        let tenants: Vec<TenantId> = (0..count).filter_map(|index| format!("tenant-{index:02}").parse().ok()).collect();
        // The first by name are the first in their lanes: half of all, and more than any page.
        let suspended = tenants[..tenants.len() / 2].to_vec();
        let limited = tenants[tenants.len() / 2..][..tenants.len() / 4].to_vec();
        let most = ORDERS.0 + draw.below(ORDERS.1);
        let orders: Vec<Order> = (0..most).filter_map(|index| order(draw, index, &tenants)).collect();
        // One of them is who looks after the tenants, where there is no third.
        let at = draw.millis(CRASH.0, CRASH.1);
        let crashes = [0, 1].map(|process| Crash { at, process, calls: 1, after: false }).to_vec();
        let skew = i64::try_from(draw.below(MOST_SKEW)).unwrap_or_default();
        Self {
            seed,
            by_narration: by_narration(&orders),
            orders,
            tenants,
            queue: Faults::default(),
            weather: Weather::default(),
            crashes,
            stops: Vec::new(),
            wipes: Vec::new(),
            outages: Vec::new(),
            blackouts: Vec::new(),
            forgets: Vec::new(),
            hold: None,
            crowd: true,
            suspended,
            limited,
            gateways: draw.gateways(),
            heals: draw.millis(80_000, 90_000),
            skews: [(skew, -skew); super::PROCESSES],
            engine: draw.millis(2_000, 3_000),
            paid: false,
            budget: None,
        }
    }
}

/// An order of a crowd: short, healthy, mostly in the standard lane, and at about the same time
/// as all others.
fn order(draw: &Draw, index: u64, tenants: &[TenantId]) -> Option<Order> {
    // Everybody has some, and some have many.
    let place = if index < tenants.len() as u64 { usize::try_from(index).ok()? } else { draw.index(tenants.len()) };
    let tenant = tenants.get(place)?.clone();
    let request = format!("request-{index}");
    let lane = match draw.below(10) {
        0 => 1,
        1 => 3,
        _ => 2,
    };
    Some(Order {
        narration: NarrationId::of(&TenantSecret::derive(MASTER, &tenant).request(&request)),
        document: format!("document-{index}").parse().ok()?,
        tenant,
        request,
        lane,
        sections: if draw.one_in(4) { 2 } else { 1 },
        at: draw.millis(ORDERED.0, ORDERED.1),
        cancel: draw.one_in(16).then(|| draw.millis(500, 20_000)),
        delete: None,
        again: None,
        limit: None,
        poison: None,
        retry: false,
        early: false,
        newer: false,
        long: false,
        held: false,
    })
}
