//! What all gateways have to do, whichever of them is asked.

use super::fleet::{Fleet, step, turn_of};
use super::*;
use crate::domain::Lane;

#[tokio::test(start_paused = true)]
async fn whichever_gateway_is_asked_it_tells_what_all_of_them_have_to_do() {
    // With 40 permits both gateways dispatch, with 2 one alone.
    for permits in [2, 40] {
        let fleet = Fleet::new().await;
        let gateways = fleet.start_all(2, permits, DispatchOptions { per_tenant: 10 }).await;
        let told = || gateways.iter().map(|gateway| gateway.dispatcher.demanded(Service::Tts)).collect::<Vec<_>>();
        assert_eq!(told(), [Some(0), Some(0)]);
        for tenant in 0..20 {
            let turn = turn_of(&format!("t{tenant:02}"), Lane::Standard, "tone");
            let ordered = fleet.insert(&format!("t{tenant:02}"), &turn, 3).await;
            gateways[tenant % 2].dispatcher.schedule(&ordered);
        }
        // One tenant that may have ten steps at once and wants twenty.
        let mut busy = Vec::new();
        for order in 0..5 {
            let ordered = fleet.insert(&format!("busy-{order}"), &turn_of("busy", Lane::Bulk, "tone"), 4).await;
            gateways[0].dispatcher.schedule(&ordered);
            busy.push(ordered.record.id);
        }
        tokio::time::sleep(EVERY * 3).await;
        let (first, second) = (gateways[0].granted().len(), gateways[1].granted().len());
        assert!(first + second < 70, "more waits than is granted: {first} and {second}");
        assert_eq!(permits == 40, first > 0 && second > 0, "{first} and {second} are granted");
        assert_eq!(told(), [Some(70), Some(70)]);

        for id in &busy {
            gateways[1].dispatcher.schedule(&fleet.end(id).await);
        }
        tokio::time::sleep(EVERY * 3).await;
        assert_eq!(told(), [Some(60), Some(60)], "what is over is no work");
        for gateway in &gateways {
            assert_eq!(gateway.dispatcher.permits_of_one(Service::Tts), Some(if permits == 2 { 2.0 } else { 40.0 }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_holds_up_asks_for_no_workers() {
    let fleet = Fleet::new().await;
    let gateways = fleet.start_all(1, 2, DispatchOptions::default()).await;
    let dispatcher = &gateways[0].dispatcher;
    for (tenant, engine) in [("acme", "tone"), ("other", "tone"), ("other", "cloud")] {
        let turn = turn_of(tenant, Lane::Standard, engine);
        dispatcher.schedule(&fleet.insert(&format!("{tenant}-{engine}"), &turn, 4).await);
    }
    tokio::time::sleep(EVERY * 3).await;
    assert_eq!(dispatcher.demanded(Service::Tts), Some(12));
    for (what, left) in [("tenants/acme", 8), ("engines/cloud", 8), ("services/tts", 0)] {
        let what: Paused = what.parse().expect("a pause");
        dispatcher.pauses().pause(what.clone(), String::new()).await.expect("paused");
        tokio::time::sleep(EVERY * 3).await;
        assert_eq!(dispatcher.demanded(Service::Tts), Some(left), "{what} is paused");
        assert!(dispatcher.pauses().resume(&what).await.expect("resumed"));
        tokio::time::sleep(EVERY * 3).await;
        assert_eq!(dispatcher.demanded(Service::Tts), Some(12), "{what} is resumed");
    }
}

#[tokio::test(start_paused = true)]
async fn until_it_was_read_who_waits_nothing_is_told() {
    let fleet = Fleet::new().await;
    let turn = turn_of("acme", Lane::Standard, "tone");
    fleet.insert("before", &turn, 3).await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    assert_eq!(dispatcher.demanded(Service::Tts), None, "nothing would be a guess");
    while dispatcher.demanded(Service::Tts).is_none() {
        dispatcher.pass(Service::Tts).await.expect("a pass");
    }
    assert!(dispatcher.granted(Service::Tts).contains(&step("before", 0)));
    assert_eq!(dispatcher.demanded(Service::Tts), Some(3));
}
