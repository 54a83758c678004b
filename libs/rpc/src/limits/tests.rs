use lectern_core::Timestamp;
use lectern_core::clock::ManualClock;

use super::*;
use crate::caller::TenantLimits;

#[test]
fn a_tenant_with_limits_of_its_own_is_held_to_them() {
    let clock = Arc::new(ManualClock::at(Timestamp(0)));
    let config = LimitsConfig { calls_in_flight: 10, calls_per_tenant: 2, ..LimitsConfig::default() };
    let limits = CallLimits::new(&config, clock);
    let caller = |tenant: &str, limits| Caller {
        tenant: tenant.parse().unwrap(),
        role: Role::Tenant,
        key_id: "k".to_owned(),
        limits,
    };
    let enter = |caller: &Caller| (0..9).map_while(|_| limits.enter(caller).ok()).collect::<Vec<_>>();

    let common = enter(&caller("common", TenantLimits::default()));
    let own = caller("own", TenantLimits { concurrent_calls: Some(4), ..TenantLimits::default() });
    let held = enter(&own);
    assert_eq!((common.len(), held.len()), (2, 4));
    let refused = limits.enter(&own).err().unwrap();
    assert_eq!(refused.reason, Reason::LimitExceeded);
    assert!(refused.message.starts_with("4 calls of this tenant"), "{refused}");

    let slow = TenantLimits { requests_per_second: Some(0.5), burst: Some(1), ..TenantLimits::default() };
    let slow = caller("slow", slow);
    drop(limits.enter(&slow).unwrap());
    let refused = limits.enter(&slow).err().unwrap();
    assert_eq!((refused.reason, refused.retry_after), (Reason::RateLimited, Some(Duration::from_secs(2))));
    assert!(refused.message.starts_with("more than 0.5 requests a second"), "{refused}");
}

#[test]
fn a_service_has_as_many_calls_in_flight_for_a_tenant_as_the_gateway_lets_in() {
    let clock = Arc::new(ManualClock::at(Timestamp(0)));
    let config = LimitsConfig { calls_in_flight: 10, calls_per_tenant: 2, ..LimitsConfig::default() };
    let limits = CallLimits::new(&config, clock);
    let (tenant, key_id) = ("acme".parse().unwrap(), "gateway".to_owned());
    let gateway = Caller { tenant, role: Role::Service, key_id, limits: TenantLimits::default() };
    let held: Vec<_> = (0..99).map_while(|_| limits.enter(&gateway).ok()).collect();
    assert_eq!(held.len(), 10);
    let refused = limits.enter(&gateway).err().unwrap();
    assert_eq!(refused.kind, Kind::Unavailable, "the replica is full, and the tenant not at its limit");
}

#[test]
fn one_administrators_script_does_not_hold_up_another() {
    let clock = Arc::new(ManualClock::at(Timestamp(0)));
    let config = LimitsConfig { calls_per_tenant: 2, burst: 3, ..LimitsConfig::default() };
    let limits = CallLimits::new(&config, clock);
    let caller = |tenant: &str, role, key_id: &str| Caller {
        tenant: tenant.parse().unwrap(),
        role,
        key_id: key_id.to_owned(),
        limits: TenantLimits::default(),
    };
    let script = caller("admin", Role::Admin, "0123456789abcdef");
    let held: Vec<_> = (0..9).map_while(|_| limits.enter(&script).ok()).collect();
    assert_eq!(held.len(), 2);
    let refused = limits.enter(&script).err().unwrap();
    assert_eq!(refused.reason, Reason::RateLimited);
    assert_eq!(refused.resource.as_deref(), Some("keys/0123456789abcdef"));
    for other in [
        caller("admin", Role::Admin, "fedcba9876543210"),
        caller("admin", Role::Admin, crate::caller::ADMIN_KEY),
        // A tenant may be called as a key is.
        caller("0123456789abcdef", Role::Tenant, "k"),
    ] {
        assert!(limits.enter(&other).is_ok(), "{other:?}");
    }
}

#[test]
fn limits_that_let_nothing_through_are_refused() {
    assert!(LimitsConfig::default().check().is_ok());
    assert!(LimitsConfig { requests_per_second: 0.0, ..LimitsConfig::default() }.check().is_err());
    assert!(LimitsConfig { burst: 0, ..LimitsConfig::default() }.check().is_err());
    assert!(LimitsConfig { connections: 0, ..LimitsConfig::default() }.check().is_err());
}
