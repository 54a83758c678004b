//! A crowd: dozens of tenants, some hundred orders, and stages that work on few steps at once, so
//! that the dispatcher meets the limits of tenants and knows a part of the backlog alone. Nothing
//! breaks in it but two gateways, once, so that others look after their tenants: what waits for
//! longer than that takes waits by the dispatcher's own doing.

use std::time::Duration;

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
        let at = draw.millis(16_000, 20_000);
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
            heals: draw.millis(40_000, 60_000),
            skews: [(skew, -skew); super::PROCESSES],
            engine: draw.millis(100, 500),
        }
    }
}

/// An order of a crowd: short, healthy, mostly in the standard lane, and soon after the start.
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
        at: Duration::from_secs(3) + draw.millis(0, 3_000),
        cancel: draw.one_in(16).then(|| draw.millis(500, 20_000)),
        delete: None,
        again: None,
        limit: None,
        poison: None,
        retry: false,
        early: false,
        newer: false,
        long: false,
    })
}
