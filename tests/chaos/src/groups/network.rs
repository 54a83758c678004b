//! Connections between every service and nats, and between every service and its database: cut,
//! half-open, slowed to 1 KB/s, and delayed by 500 ms.

use std::time::Duration;

use lectern_e2e::{Link, Setup};
use lectern_testkit::Fault as Disturb;

use crate::run::{Run, SERVICES};

/// Bytes a second of a connection that is slowed, in each direction.
const SLOW: u32 = 1_000;
/// How long every chunk of a connection waits that is delayed.
const LATE: Duration = Duration::from_millis(500);

/// A proxy in every connection.
pub fn setup(setup: Setup) -> Setup {
    SERVICES.into_iter().fold(setup, |setup, service| setup.proxied(service, Link::Queue).proxied(service, Link::Store))
}

/// The faults.
pub async fn faults(run: &mut Run) {
    let kinds = [
        ("cut", Disturb::Cut, run.scale.seconds(3, 10)),
        ("half-open", Disturb::HalfOpen, run.scale.seconds(6, 25)),
        ("slowed to 1 KB/s", Disturb::Throttle(SLOW), run.scale.seconds(6, 25)),
        ("delayed by 500 ms", Disturb::Delay(LATE), run.scale.seconds(6, 25)),
    ];
    for (name, kind, lasts) in kinds {
        if run.scale.quick {
            disturb(run, &format!("all connections {name}"), &[Link::Queue, Link::Store], kind, lasts).await;
        } else {
            disturb(run, &format!("connections to nats {name}"), &[Link::Queue], kind, lasts).await;
            disturb(run, &format!("connections to databases {name}"), &[Link::Store], kind, lasts).await;
        }
    }
}

async fn disturb(run: &mut Run, name: &str, links: &[Link], kind: Disturb, lasts: Duration) {
    let mut fault = run.begin(format!("{name} for {} s", lasts.as_secs())).await;
    let proxies = || SERVICES.into_iter().flat_map(|service| links.iter().map(move |link| (service, *link)));
    let before: Vec<(u64, u64, u64)> = proxies().map(|(service, link)| counts(run, service, link)).collect();
    for (service, link) in proxies() {
        run.stack.proxy(service, link).set(kind);
    }
    run.hold(lasts).await;
    for ((service, link), before) in proxies().zip(before) {
        let proxy = run.stack.proxy(service, link);
        let after = (proxy.disturbed(), proxy.passed(), proxy.accepted());
        proxy.set(Disturb::None);
        let (disturbed, passed, accepted) = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        let evidence = format!(
            "{service} {link:?}: {disturbed} streams or chunks disturbed, {passed} bytes passed, {accepted} connections tried"
        );
        fault.hit(disturbed, evidence);
        // Half-open means that no byte passes but what was on its way.
        if disturbed == 0 {
            run.problem(format!("{name}: {service}'s connections ({link:?}) did not feel it"));
        }
    }
    run.end(fault).await;
}

fn counts(run: &Run, service: &'static str, link: Link) -> (u64, u64, u64) {
    let proxy = run.stack.proxy(service, link);
    (proxy.disturbed(), proxy.passed(), proxy.accepted())
}
