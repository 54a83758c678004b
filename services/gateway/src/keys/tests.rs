use lectern_core::clock::ManualClock;
use lectern_store::memory::MemoryStore;

use super::*;
use crate::domain::{TenantLimits as OwnLimits, TenantRecord, TenantState};
use crate::testing::records;

const ADMIN: &str = "the key of the administrator";
/// The other one while the admin key is changed.
const NEXT_ADMIN: &str = "the next key of the administrator";

struct World {
    keys: ApiKeys,
    tenants: Tenants,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
        let (collection, tenants) = records(Arc::new(MemoryStore::new(shared())), shared()).await;
        let secret = TenantSecret::derive(b"master", &"keys".parse().expect("an id"));
        let admin = [ADMIN, NEXT_ADMIN].map(Secret::new).into();
        let keys = ApiKeys::new(collection, tenants.clone(), shared(), admin, secret);
        Self { keys, tenants, clock }
    }

    async fn make(&self, new: NewKey) -> (Key, String) {
        let Draft::New(key, secret) = self.keys.draft("", new).await.expect("fits") else { panic!("it is new") };
        let (key, secret) = self.keys.insert(key, secret).await.expect("made");
        (key, secret.expect("a secret").expose().to_owned())
    }

    async fn caller(&self, secret: &str) -> Result<Caller, Failure> {
        self.keys.authenticate(&credential(secret)).await
    }
}

fn acme() -> TenantId {
    "acme".parse().expect("an id")
}

fn new(role: Role) -> NewKey {
    let tenant = (role != Role::Administrator).then(acme);
    NewKey { tenant, role, display_name: "CI".to_owned(), expires: None }
}

fn credential(secret: &str) -> Credential {
    Credential::Key(Secret::new(secret))
}

async fn audited() -> Result<(), Failure> {
    Ok(())
}

#[tokio::test]
async fn no_number_of_bad_keys_has_a_good_one_forgotten() {
    let world = World::new().await;
    let World { keys, clock, .. } = &world;
    let (made, secret) = world.make(new(Role::Editor)).await;
    assert_eq!(keys.verify(&secret).await.expect("good").id, made.id);
    for _ in 0..REMEMBERED_MOST + 10 {
        let refused = keys.verify(&ApiKey::generate().expose()).await.expect_err("nobody has it");
        assert_eq!(refused, key_invalid());
    }
    assert!(keys.remembers(&credential(&secret)));
    clock.advance(2 * REMEMBERED);
    assert!(keys.remembers(&credential(&secret)), "it is taken, and looked up again");
    assert_eq!(keys.verify(&secret).await.expect("good").id, made.id);
    assert!(keys.remembers(&credential(ADMIN)));
    let bad = ApiKey::generate().expose();
    assert!(keys.verify(&bad).await.is_err() && !keys.remembers(&credential(&bad)));

    keys.revoke(&made.id, audited()).await.expect("revoked");
    assert!(!keys.remembers(&credential(&secret)));
    assert_eq!(keys.verify(&secret).await, Err(key_invalid()));
}

#[tokio::test]
async fn a_name_is_refused_rather_than_cut() {
    let world = World::new().await;
    for name in ["x".repeat(text::LONGEST_NAME + 1), "two\nlines".to_owned()] {
        let refused =
            world.keys.draft("", NewKey { display_name: name, ..new(Role::Editor) }).await.expect_err("refused");
        assert_eq!(refused.field.as_deref(), Some("key.display_name"));
    }
    let longest = "ü".repeat(text::LONGEST_NAME);
    let (made, _) = world.make(NewKey { display_name: longest.clone(), ..new(Role::Editor) }).await;
    assert_eq!(made.display_name, longest);
}

#[tokio::test]
async fn a_request_that_is_repeated_makes_no_second_key() {
    let world = World::new().await;
    let Draft::New(key, secret) = world.keys.draft("r1", new(Role::Editor)).await.expect("fits") else {
        panic!("it is new")
    };
    let (made, shown) = world.keys.insert(key.clone(), secret.clone()).await.expect("made");
    assert!(shown.is_some());
    let Draft::Known(known) = world.keys.draft("r1", new(Role::Editor)).await.expect("the same") else {
        panic!("it is known")
    };
    assert_eq!(known, made);
    // The same at the same moment.
    let (known, shown) = world.keys.insert(key, secret).await.expect("the other was faster");
    assert_eq!((known, shown.is_some()), (made.clone(), false));
    assert_eq!(world.keys.list(Query::new()).await.expect("the store").items.len(), 1);

    for other in [new(Role::Reader), NewKey { display_name: String::new(), ..new(Role::Editor) }] {
        let reused = world.keys.draft("r1", other).await.expect_err("another body");
        assert_eq!((reused.kind, reused.reason), (Kind::AlreadyExists, Reason::RequestIdReused));
        assert_eq!(reused.field.as_deref(), Some("request_id"));
    }
    let refused = world.keys.draft("no id!", new(Role::Editor)).await.expect_err("no id");
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("request_id")));
    let Draft::New(other, _) = world.keys.draft("r2", new(Role::Editor)).await.expect("fits") else {
        panic!("another request")
    };
    assert_ne!(other.id, made.id);
}

#[tokio::test]
async fn a_key_ends_by_itself_and_is_remembered_no_longer() {
    let world = World::new().await;
    for past in [Timestamp(0), Timestamp(1_000)] {
        let refused = world.keys.draft("", NewKey { expires: Some(past), ..new(Role::Editor) }).await;
        assert_eq!(refused.expect_err("not ahead").field.as_deref(), Some("key.expire_time"));
    }
    let ends = NewKey { expires: Some(Timestamp(6_000)), ..new(Role::Editor) };
    let Draft::New(key, secret) = world.keys.draft("r1", ends.clone()).await.expect("fits") else {
        panic!("it is new")
    };
    let secret = secret.expose().to_owned();
    world.keys.insert(key, Secret::new(secret.clone())).await.expect("made");
    assert!(world.caller(&secret).await.is_ok());
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.caller(&secret).await, Err(key_invalid()), "well within the time of the memory");
    assert!(!world.keys.remembers(&credential(&secret)));
    let again = world.keys.draft("r1", ends).await.expect("a repeated request finds what it made");
    assert!(matches!(again, Draft::Known(_)));
}

#[tokio::test]
async fn a_key_opens_what_its_role_says() {
    let world = World::new().await;
    for (role, expected) in [(Role::Reader, caller::Role::Reader), (Role::Editor, caller::Role::Tenant)] {
        let (made, secret) = world.make(new(role)).await;
        let caller = world.caller(&secret).await.expect("good");
        assert_eq!((caller.role, caller.tenant.as_str(), &caller.key_id), (expected, "acme", &made.id));
        assert_eq!(caller.actor(), format!("keys/{}", made.id));
    }
    let (made, secret) = world.make(new(Role::Administrator)).await;
    let administrator = world.caller(&secret).await.expect("good");
    let installation = world.caller(ADMIN).await.expect("good");
    let during_a_change = world.caller(NEXT_ADMIN).await.expect("good");
    for caller in [&administrator, &installation, &during_a_change] {
        assert_eq!((caller.role, caller.tenant.as_str()), (caller::Role::Admin, "admin"));
    }
    assert_eq!((administrator.actor(), installation.actor()), (format!("keys/{}", made.id), "admin".to_owned()));
}

#[tokio::test]
async fn a_key_brings_its_tenants_limits_and_none_of_a_suspended_one_is_taken() {
    let world = World::new().await;
    let (_, secret) = world.make(new(Role::Reader)).await;
    let limits = OwnLimits {
        requests_per_second: Some(0.5),
        burst: Some(2),
        concurrent_calls: Some(3),
        stored_source_bytes: Some(4),
        ..OwnLimits::default()
    };
    let tenant = TenantRecord { limits, ..TenantRecord::new(acme(), Timestamp(1)) };
    world.tenants.create(&tenant, audited()).await.expect("made");
    let limits = TenantLimits {
        requests_per_second: Some(0.5),
        burst: Some(2),
        concurrent_calls: Some(3),
        stored_source_bytes: Some(4),
    };
    assert_eq!(world.caller(&secret).await.expect("good").limits, limits);

    let suspend = |tenant: &mut TenantRecord| tenant.state = TenantState::Suspended;
    world.tenants.change(&acme(), "", audited(), suspend).await.expect("suspended");
    let refused = world.caller(&secret).await.expect_err("suspended");
    assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::TenantSuspended));
    assert!(world.caller(ADMIN).await.is_ok(), "who can resume it gets in");
}

/// The hour of the last use, once the note of it is written.
async fn last_use(world: &World, id: &str) -> Option<Timestamp> {
    // The note is written beside the call.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    world.keys.get(id).await.expect("there").last_used
}

#[tokio::test]
async fn a_use_is_noted_once_an_hour() {
    let world = World::new().await;
    let (made, secret) = world.make(new(Role::Editor)).await;
    assert_eq!(last_use(&world, &made.id).await, None);
    world.caller(&secret).await.expect("good");
    assert_eq!(last_use(&world, &made.id).await, Some(Timestamp(0)));
    let revision = async || world.keys.keys.get(&made.id).await.expect("the store").expect("a key").revision;
    let noted = revision().await;
    for _ in 0..10 {
        world.clock.advance(2 * REMEMBERED);
        world.caller(&secret).await.expect("good");
        last_use(&world, &made.id).await;
    }
    assert_eq!(revision().await, noted, "once an hour");
    world.clock.advance(Duration::from_secs(3_600));
    world.caller(&secret).await.expect("good");
    assert_eq!(last_use(&world, &made.id).await, Some(Timestamp(3_600_000)));
}

#[tokio::test]
async fn a_key_is_not_revoked_without_a_record_of_it() {
    let world = World::new().await;
    let (made, secret) = world.make(new(Role::Editor)).await;
    let fails = async { Err(Failure::internal("no record can be written")) };
    assert!(world.keys.revoke(&made.id, fails).await.is_err());
    assert!(world.caller(&secret).await.is_ok());
    let revoked = world.keys.revoke(&made.id, audited()).await.expect("revoked");
    world.clock.advance(Duration::from_secs(1));
    let fails = async { Err(Failure::internal("no record can be written")) };
    let again = world.keys.revoke(&made.id, fails).await.expect("nothing to do, so nothing to record");
    assert_eq!(again.revoked, revoked.revoked);
}
