//! What an operator's checks find out of a MongoDB.

use std::future::IntoFuture;

use lectern_core::{Finding, OsRandom, Random as _};
use mongodb::bson::{Bson, Document, doc};

use super::{MongoStore, error};
use crate::port::{CollectionSpec, Store as _};
use crate::query::Query;
use crate::record::ID;

/// The oldest release that is worked with.
const LEAST: (u32, u32) = (4, 4);
/// How the name of the collection begins whose record is written for a try.
const TRY: &str = "doctor_";
/// The collection of migrations.
const MIGRATIONS: &str = "migrations";

impl MongoStore {
    /// What there is to be said of the database, a finding for each check.
    pub(crate) async fn examine(&self, specs: &[CollectionSpec]) -> Vec<Finding> {
        vec![
            self.version().await,
            self.replica_set().await,
            self.write_and_read().await,
            self.permissions().await,
            self.collections(specs).await,
            self.migrations().await,
        ]
    }

    async fn command(&self, command: Document) -> Result<Document, String> {
        match self.limited(self.database.run_command(command).into_future()).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(error.to_string()),
            None => Err(self.too_long()),
        }
    }

    async fn version(&self) -> Finding {
        match self.command(doc! { "buildInfo": 1 }).await {
            Ok(info) => judge_version(info.get_str("version").unwrap_or_default()),
            Err(why) => Finding::warning("database version", format!("not told: {why}"), "let the user run buildInfo"),
        }
    }

    async fn replica_set(&self) -> Finding {
        match self.command(doc! { "hello": 1 }).await {
            Ok(hello) => judge_set(&hello),
            Err(why) => Finding::broken("database replica set", why, "look at the server's log"),
        }
    }

    /// Writes a record as services do, acknowledged by a majority and its journal, reads it as a
    /// majority has it, and removes it. It is in a collection of this try's own, so that no other
    /// try meets it, and that is dropped however the try ends.
    async fn write_and_read(&self) -> Finding {
        const CHECK: &str = "database writes";
        let name = format!("{TRY}{:016x}", OsRandom.next());
        let handle = self.collection(&name);
        let trying = async {
            handle.insert_one(doc! { ID: "try" }).await?;
            let found = handle.find_one(doc! { ID: "try" }).await?;
            Ok::<bool, mongodb::error::Error>(found.is_some())
        };
        let tried = self.limited(trying).await;
        let left = match self.limited(handle.drop().into_future()).await {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error.to_string()),
            None => Some(self.too_long()),
        };
        let database = self.database.name();
        // What was not answered may still be written.
        let advice = || format!("see that a majority of the set is up, and drop the collection {name} if it is there");
        match tried {
            Some(Ok(true)) => match left {
                None => Finding::ok(CHECK, "a majority takes a write, and gives it back"),
                Some(why) => {
                    let advice = format!("drop it, and grant the user the role readWrite on the database {database}");
                    Finding::warning(CHECK, format!("the collection {name} could not be dropped: {why}"), advice)
                }
            },
            Some(Ok(false)) => {
                let advice = "look for another program that deletes there, and at the set's members";
                Finding::broken(CHECK, "what was written was not there", advice)
            }
            Some(Err(error)) if error::is_forbidden(&error) => {
                let advice = format!("grant the user the role readWrite on the database {database}");
                Finding::broken(CHECK, format!("the user may not write to {database}: {error}"), advice)
            }
            Some(Err(error)) => Finding::broken(CHECK, error.to_string(), advice()),
            None => Finding::broken(CHECK, self.too_long(), advice()),
        }
    }

    async fn permissions(&self) -> Finding {
        match self.command(doc! { "connectionStatus": 1, "showPrivileges": true }).await {
            Ok(status) => judge_permissions(&status, self.database.name()),
            Err(why) => {
                Finding::warning("database permissions", format!("not told: {why}"), "look at db.getUser(...) yourself")
            }
        }
    }

    async fn collections(&self, specs: &[CollectionSpec]) -> Finding {
        const CHECK: &str = "collections and indexes";
        let advice = "run the service's binary with `migrate`, or start it: it makes them";
        let mut missing = Vec::new();
        for spec in specs {
            match self.missing(spec).await {
                Ok(names) => missing.extend(names.into_iter().map(|name| format!("{}.{name}", spec.name))),
                Err(error) => return Finding::broken(CHECK, error.to_string(), "let the user list indexes"),
            }
        }
        if missing.is_empty() {
            return Finding::ok(CHECK, format!("those of {} collections are there", specs.len()));
        }
        Finding::broken(CHECK, format!("not there: {}", missing.join(", ")), advice)
    }

    async fn migrations(&self) -> Finding {
        const CHECK: &str = "migrations";
        match self.find(MIGRATIONS, &Query::new().eq("state.at", "running").limit(10)).await {
            Ok(running) if running.is_empty() => Finding::ok(CHECK, "none is under way"),
            Ok(running) => {
                let names: Vec<&str> = running.iter().map(|found| found.id.as_str()).collect();
                let found = format!("not done yet: {}", names.join(", "));
                Finding::warning(CHECK, found, "wait; whoever takes one over goes on where it was")
            }
            Err(error) => Finding::broken(CHECK, error.to_string(), "look at the database first"),
        }
    }
}

fn judge_version(version: &str) -> Finding {
    const CHECK: &str = "database version";
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return Finding::warning(CHECK, format!("{version:?} is no version"), "see which server this is");
    };
    if (major, minor) < LEAST {
        let advice = format!("upgrade to {}.{} or later", LEAST.0, LEAST.1);
        return Finding::broken(CHECK, format!("{version} is too old"), advice);
    }
    Finding::ok(CHECK, version)
}

/// A lone server without a set takes no retryable writes, and one that is behind a router is as
/// good as a set.
fn judge_set(hello: &Document) -> Finding {
    const CHECK: &str = "database replica set";
    if hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid") {
        return Finding::ok(CHECK, "a router of a sharded cluster");
    }
    let Ok(name) = hello.get_str("setName") else {
        let advice = "start mongod with --replSet and call rs.initiate(); a set of one member is enough for a trial";
        return Finding::broken(CHECK, "the server is of no replica set", advice);
    };
    match hello.get_array("hosts").map_or(0, Vec::len) {
        0..=2 => Finding::warning(
            CHECK,
            format!("the set {name} has fewer than three members, so nothing is written while one is away"),
            "give it three members where it is for production",
        ),
        members => Finding::ok(CHECK, format!("the set {name} of {members} members")),
    }
}

/// Whether whoever signed in may write anything but its own.
fn judge_permissions(status: &Document, own: &str) -> Finding {
    const CHECK: &str = "database permissions";
    let info = status.get_document("authInfo");
    let list = |name: &str| info.as_ref().ok().and_then(|info| info.get_array(name).ok());
    if list("authenticatedUsers").is_none_or(Vec::is_empty) {
        return Finding::warning(
            CHECK,
            "nobody has to sign in: whoever reaches the server may change everything",
            "switch authorization on, and give each service a user of its own (docs/runbook.md)",
        );
    }
    let privileges = list("authenticatedUserPrivileges").into_iter().flatten().filter_map(Bson::as_document);
    let may_insert = |privilege: &&Document| {
        let actions = privilege.get_array("actions");
        actions.is_ok_and(|actions| actions.iter().any(|action| action.as_str() == Some("insert")))
    };
    let elsewhere = privileges.filter(may_insert).filter_map(|privilege| privilege.get_document("resource").ok());
    let mut elsewhere: Vec<String> = elsewhere
        .filter_map(|resource| match resource.get_str("db") {
            Ok(db) if db == own => None,
            Ok("") => Some("every database".to_owned()),
            Ok(db) => Some(db.to_owned()),
            Err(_) => resource.get_bool("anyResource").is_ok_and(|any| any).then(|| "everything".to_owned()),
        })
        .collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    if elsewhere.is_empty() {
        return Finding::ok(CHECK, format!("the user writes to {own} alone"));
    }
    let advice = format!("give the service a user with the role readWrite on {own} and no other");
    Finding::warning(CHECK, format!("the user may also write to {}", elsewhere.join(", ")), advice)
}

#[cfg(test)]
mod tests {
    use lectern_core::Verdict;

    use super::*;

    #[test]
    fn a_version_is_judged_by_its_first_two_numbers() {
        for (version, verdict) in [
            ("4.4.0", Verdict::Ok),
            ("8.0.1-rc1", Verdict::Ok),
            ("4.2.24", Verdict::Broken),
            ("3.6.1", Verdict::Broken),
            ("", Verdict::Warning),
            ("new", Verdict::Warning),
        ] {
            assert_eq!(judge_version(version).verdict, verdict, "{version}");
        }
    }

    #[test]
    fn a_server_of_no_set_is_broken_and_a_small_set_of_concern() {
        let members = |count: usize| doc! { "setName": "rs", "hosts": vec!["h"; count] };
        assert_eq!(judge_set(&doc! {}).verdict, Verdict::Broken);
        assert_eq!(judge_set(&members(1)).verdict, Verdict::Warning);
        assert_eq!(judge_set(&members(3)).verdict, Verdict::Ok);
        assert_eq!(judge_set(&doc! { "msg": "isdbgrid" }).verdict, Verdict::Ok);
    }

    #[test]
    fn a_user_of_its_own_database_is_the_only_one_that_is_well() {
        let status = |privileges: Vec<Document>| {
            let users = vec![doc! { "user": "tts" }];
            doc! { "authInfo": { "authenticatedUsers": users, "authenticatedUserPrivileges": privileges } }
        };
        let on = |db: &str, action: &str| doc! { "resource": { "db": db, "collection": "" }, "actions": [action] };
        let verdict = |privileges| judge_permissions(&status(privileges), "lectern_tts").verdict;
        assert_eq!(verdict(vec![on("lectern_tts", "insert"), on("", "find")]), Verdict::Ok);
        assert_eq!(verdict(vec![on("lectern_tts", "insert"), on("lectern_ai", "insert")]), Verdict::Warning);
        assert_eq!(verdict(vec![on("", "insert")]), Verdict::Warning);
        let any = doc! { "resource": { "anyResource": true }, "actions": ["insert"] };
        assert_eq!(verdict(vec![any]), Verdict::Warning);
        let open = doc! { "authInfo": { "authenticatedUsers": [], "authenticatedUserPrivileges": [] } };
        assert_eq!(judge_permissions(&open, "lectern_tts").verdict, Verdict::Warning);
    }
}
