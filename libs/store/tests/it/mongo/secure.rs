//! Who may come in, and how: passwords, certificates, and a database for each service.

use std::path::{Path, PathBuf};

use lectern_core::Kind;
use lectern_store::{ConnectOptions, Credentials, StoreError, TlsFiles, connect};
use lectern_testkit::certificates::{Authority, Subject, write};
use lectern_testkit::{MongoServer, MongoTls};
use mongodb::bson::doc;
use serde_json::json;

use super::BY_N;

const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];

/// Makes a user who may read and write one database.
async fn make_user(server: &MongoServer, home: &str, user: &str, database: &str) {
    let admin = format!("mongodb://u:p@{}/admin?directConnection=true", server.address());
    let client = mongodb::Client::with_uri_str(admin).await.unwrap();
    let role = doc! { "role": "readWrite", "db": database };
    let mut command = doc! { "createUser": user, "roles": [role] };
    if home != "$external" {
        command.insert("pwd", format!("{user}-pw"));
    }
    client.database(home).run_command(command).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_signs_in_as_its_uri_says() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "right")).await.unwrap();
    let uri = |user: &str| format!("mongodb://{user}{}/d?authSource=admin&directConnection=true", server.address());
    let store = connect(&uri("u:right@"), ConnectOptions::default()).await.unwrap();
    store.insert("c", "1", &json!({"n": 1})).await.unwrap();
    let refused = connect(&uri("u:wrong@"), ConnectOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::InvalidArgument, "{refused}");
    assert!(refused.message.contains("user name and password") && !refused.message.contains("wrong@"), "{refused}");
    let stranger = connect(&uri(""), ConnectOptions::default()).await;
    assert!(match stranger {
        Ok(store) => store.insert("c", "2", &json!({"n": 2})).await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_in_its_database_is_told_which_to_grant() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "p")).await.unwrap();
    let uri = |user: &str, database: &str| {
        format!("mongodb://{user}:{user}-pw@{}/{database}?authSource=admin&directConnection=true", server.address())
    };
    make_user(&server, "admin", "narrow", "own").await;
    let open = |database: &str| {
        let uri = uri("narrow", database);
        async move { connect(&uri, ConnectOptions::default()).await.unwrap() }
    };
    open("own").await.ensure(&BY_N).await.unwrap();
    let refused = open("foreign").await.ensure(&BY_N).await.unwrap_err();
    let told = matches!(&refused, StoreError::Setup(why) if why.contains("readWrite on the database foreign"));
    assert!(told, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_has_a_user_of_its_own_who_cannot_read_another_database() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "p")).await.unwrap();
    let mut stores = Vec::new();
    for service in SERVICES {
        let database = format!("lectern_{service}");
        // Each is kept in the database that it may use, where it is looked for without authSource.
        make_user(&server, &database, service, &database).await;
        let credentials =
            Credentials { username: service.to_owned(), password: format!("{service}-pw"), password_file: None };
        let url = |database: &str| format!("mongodb://{}/{database}?directConnection=true", server.address());
        let options = ConnectOptions { credentials: Some(credentials), ..ConnectOptions::default() };
        let own = connect(&url(&database), options.clone()).await.unwrap();
        own.ensure(&BY_N).await.unwrap();
        own.insert("c", "1", &json!({"n": service})).await.unwrap();
        stores.push((database, options, own));
    }
    for (at, (database, options, own)) in stores.iter().enumerate() {
        assert_eq!(own.get("c", "1").await.unwrap().unwrap().body, json!({"n": SERVICES[at]}));
        for (other, _, _) in stores.iter().filter(|(other, _, _)| other != database) {
            let url = format!("mongodb://{}/{other}?directConnection=true&authSource={database}", server.address());
            let foreign = connect(&url, options.clone()).await.unwrap();
            let refused = foreign.get("c", "1").await.unwrap_err();
            assert!(refused.to_string().contains("not authorized"), "{database} in {other}: {refused}");
            let refused = foreign.insert("c", "2", &json!({})).await.unwrap_err();
            assert!(matches!(refused, StoreError::Unavailable { .. }), "{database} in {other}: {refused:?}");
        }
    }
}

/// Signs a certificate for loopback, and writes it with its key into one file.
fn sign(authority: &Authority, folder: &Path, organization: &str, common_name: &str) -> PathBuf {
    let subject = Subject { organization: Some(organization), common_name, ..Subject::default() };
    write(folder, &format!("{common_name}.pem"), &authority.sign(&subject).joined())
}

/// A server that can be reached by TLS, its authority's certificate, and the folder of both.
async fn secured(authority: &Authority) -> (MongoServer, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ca = write(folder.path(), "ca.pem", authority.pem());
    let certificate = sign(authority, folder.path(), "Lectern servers", "server");
    let tls = MongoTls { ca: ca.clone(), certificate };
    let server = tokio::task::spawn_blocking(move || MongoServer::start_with_tls(tls, "u", "p")).await.unwrap();
    (server, ca, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_an_authority_of_ones_own_is_believed_and_another_is_not() {
    let (server, ca, folder) = secured(&Authority::new("ours")).await;
    let uri = format!("mongodb://u:p@localhost:{}/d?authSource=admin&directConnection=true", server.address().port());
    let options = |ca: Option<PathBuf>| ConnectOptions {
        tls: Some(TlsFiles { ca, certificate: None }),
        select_within: std::time::Duration::from_secs(3),
        ..ConnectOptions::default()
    };
    let store = connect(&uri, options(Some(ca))).await.unwrap();
    store.insert("c", "1", &json!({"n": 1})).await.unwrap();
    let stranger = write(folder.path(), "stranger.pem", Authority::new("others").pem());
    for other in [Some(stranger), None] {
        let refused = connect(&uri, options(other)).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_is_a_user() {
    let authority = Authority::new("ours");
    let (server, ca, folder) = secured(&authority).await;
    make_user(&server, "$external", "CN=ai,O=Lectern services", "lectern_ai").await;
    let uri = |database: &str| {
        let port = server.address().port();
        format!("mongodb://localhost:{port}/{database}?directConnection=true&authMechanism=MONGODB-X509")
    };
    let options = |certificate: Option<PathBuf>| ConnectOptions {
        tls: Some(TlsFiles { ca: Some(ca.clone()), certificate }),
        ..ConnectOptions::default()
    };
    let own = sign(&authority, folder.path(), "Lectern services", "ai");
    let store = connect(&uri("lectern_ai"), options(Some(own.clone()))).await.unwrap();
    store.ensure(&BY_N).await.unwrap();
    store.insert("c", "1", &json!({"n": 1})).await.unwrap();
    let foreign = connect(&uri("lectern_tts"), options(Some(own))).await.unwrap();
    assert!(foreign.get("c", "1").await.unwrap_err().to_string().contains("not authorized"));
    let unknown = sign(&authority, folder.path(), "Lectern services", "other");
    let refused = connect(&uri("lectern_ai"), options(Some(unknown))).await.unwrap_err();
    assert_eq!(refused.kind, Kind::InvalidArgument, "{refused}");
    assert!(refused.message.contains("certificate"), "{refused}");
}
