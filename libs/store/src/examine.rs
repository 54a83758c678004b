//! What an operator's checks find out of a service's database, from where the service runs and with
//! what it has.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Finding};

use crate::mongo::MongoStore;
use crate::port::{CollectionSpec, Store};
use crate::sqlite::SqliteStore;
use crate::url::{Adapter, StoreUrl};
use crate::{ConnectOptions, clock_skew};

/// The name of the check that all others need.
const DATABASE: &str = "database";
/// The name of the check of the clock.
const CLOCK: &str = "clock and database";
/// Takeovers of leases count on a clock that is at most this far off.
const SKEW: Duration = Duration::from_secs(2);
/// A clock that is further off than this is not kept in time.
const DRIFT: Duration = Duration::from_millis(500);

/// Looks at the database that `url` names as a service would use it, whose collections these are.
///
/// Of a MongoDB: whether it answers, is one that can be worked with, takes and gives what is
/// written, lets the user write its own alone, has the collections and indexes, and agrees about
/// the time. It writes one record into a collection of its own, and removes both. Of a file:
/// whether it is there and can be opened, and no more; one that is not there is not made.
pub async fn examine(
    url: &str,
    options: ConnectOptions,
    specs: &[CollectionSpec],
    clock: Arc<dyn Clock>,
) -> Vec<Finding> {
    let url = match StoreUrl::parse(url) {
        Ok(url) => url,
        Err(failure) => return vec![unusable(&failure)],
    };
    match url.adapter() {
        Adapter::Mongo => match MongoStore::open(&url, options).await {
            Ok(store) => {
                let mut findings = vec![Finding::ok(DATABASE, format!("{url} answers"))];
                findings.extend(store.examine(specs).await);
                findings.push(agrees(&store, &*clock).await);
                findings
            }
            Err(failure) => vec![unusable(&failure)],
        },
        Adapter::Sqlite => vec![examine_file(&url, options.clock).await],
        Adapter::Memory => vec![Finding::warning(
            DATABASE,
            "memory: keeps nothing when the process ends",
            "name a MongoDB or a file in store.url, unless this is a test",
        )],
    }
}

async fn examine_file(url: &StoreUrl, clock: Arc<dyn Clock>) -> Finding {
    let path = Path::new(url.rest());
    if !path.exists() {
        let advice = "mend store.url if it should be there";
        return Finding::warning(DATABASE, format!("{url} is not there; the first start makes it"), advice);
    }
    match SqliteStore::open(path, clock).await {
        Ok(_) => Finding::ok(DATABASE, format!("{url} can be opened")),
        Err(error) => unusable(&error.into()),
    }
}

fn unusable(failure: &Failure) -> Finding {
    let advice = "bring the database back, or mend store.url, store.username, store.password_file and store.tls";
    Finding::broken(DATABASE, failure.message.clone(), advice)
}

async fn agrees(store: &dyn Store, clock: &dyn Clock) -> Finding {
    match clock_skew(store, clock).await {
        Ok(off) => judge(off),
        Err(error) => Finding::broken(CLOCK, error.to_string(), "look at the database first"),
    }
}

/// What a clock is like that is so far off.
fn judge(off: Duration) -> Finding {
    let found = format!("the clock of this machine is {} ms off the database's", off.as_millis());
    let advice = "synchronise both clocks (chrony, systemd-timesyncd)";
    if off > SKEW {
        Finding::broken(CLOCK, format!("{found}, and a service is not ready beyond {} ms", SKEW.as_millis()), advice)
    } else if off > DRIFT {
        Finding::warning(CLOCK, found, advice)
    } else {
        Finding::ok(CLOCK, found)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;
    use lectern_core::{Timestamp, Verdict};

    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off() {
        for (millis, verdict) in [
            (0, Verdict::Ok),
            (500, Verdict::Ok),
            (501, Verdict::Warning),
            (2_000, Verdict::Warning),
            (2_001, Verdict::Broken),
        ] {
            assert_eq!(judge(Duration::from_millis(millis)).verdict, verdict, "{millis}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_off_the_databases_is_broken() {
        let theirs: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let store = MemoryStore::new(theirs);
        let right = agrees(&store, &ManualClock::at(Timestamp(1_000_100))).await;
        assert_eq!(right.verdict, Verdict::Ok);
        let wrong = agrees(&store, &ManualClock::at(Timestamp(1_009_000))).await;
        assert_eq!(wrong.verdict, Verdict::Broken);
        assert!(wrong.found.contains("9000 ms") && wrong.advice.contains("synchronise"), "{wrong:?}");
    }

    #[tokio::test]
    async fn a_url_and_a_file_that_cannot_be_used_are_broken() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1)));
        let verdict = async |url: &str| {
            let found = examine(url, ConnectOptions::default(), &[], Arc::clone(&clock)).await;
            let [finding] = &found[..] else { panic!("{found:?}") };
            finding.verdict
        };
        assert_eq!(verdict("postgres://h/d").await, Verdict::Broken);
        assert_eq!(verdict("memory:").await, Verdict::Warning);
        let file = folder.path().join("deep/a.db");
        let url = format!("sqlite:{}", file.display());
        assert_eq!(verdict(&url).await, Verdict::Warning);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
        drop(SqliteStore::open(&file, Arc::clone(&clock)).await.unwrap());
        assert_eq!(verdict(&url).await, Verdict::Ok);
        let no_file = folder.path().join("b.db");
        std::fs::create_dir(&no_file).unwrap();
        assert_eq!(verdict(&format!("sqlite:{}", no_file.display())).await, Verdict::Broken);
    }
}
