use std::time::Duration;

use lectern_core::{Kind, Reason};

use super::*;

async fn parse(url: &str, options: &ConnectOptions) -> Result<ClientOptions, Failure> {
    parsed(&StoreUrl::parse(url).unwrap(), options).await
}

#[tokio::test]
async fn the_read_preference_of_the_uri_is_not_followed() {
    let options = ConnectOptions::default();
    let uri = "mongodb://h/d?readPreference=nearest&readConcernLevel=local&w=1&journal=false&retryWrites=false";
    let client = parse(uri, &options).await.unwrap();
    assert_eq!(client.selection_criteria, Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)));
    assert_eq!(client.read_concern, Some(ReadConcern::majority()));
    let concern = client.write_concern.unwrap();
    assert_eq!((concern.w, concern.journal), (WriteConcern::majority().w, Some(true)));
    assert_eq!((concern.w_timeout, client.retry_writes), (Some(options.operation_within), Some(true)));
}

#[tokio::test]
async fn a_name_that_dns_does_not_know_says_so_and_may_be_tried_again() {
    let options = ConnectOptions { connect_within: Duration::from_secs(5), ..ConnectOptions::default() };
    let uri = "mongodb+srv://user:secret@nowhere.lectern.invalid/d?authSource=admin";
    let refused = parse(uri, &options).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, Reason::StoreUnavailable), "{refused}");
    assert!(refused.message.contains("SRV") && refused.message.contains("nowhere.lectern.invalid"), "{refused}");
    assert!(!refused.message.contains("secret"), "{refused}");
}

#[tokio::test]
async fn limits_and_credentials_reach_the_driver() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "p/w\n").unwrap();
    let credentials = Credentials { username: "ai".to_owned(), password: String::new(), password_file: Some(file) };
    let options = ConnectOptions {
        max_pool_size: 7,
        min_pool_size: 2,
        connect_within: Duration::from_secs(3),
        select_within: Duration::from_secs(4),
        credentials: Some(credentials),
        ..ConnectOptions::default()
    };
    let client = parse("mongodb://h/lectern_ai?authSource=users", &options).await.unwrap();
    assert_eq!((client.max_pool_size, client.min_pool_size), (Some(7), Some(2)));
    assert_eq!(client.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(client.server_selection_timeout, Some(Duration::from_secs(4)));
    let credential = client.credential.unwrap();
    assert_eq!((credential.username.as_deref(), credential.password.as_deref()), (Some("ai"), Some("p/w")));
    assert_eq!(credential.source.as_deref(), Some("users"));
    let own = parse("mongodb://h/lectern_ai", &options).await.unwrap().credential.unwrap();
    assert_eq!(own.source.as_deref(), Some("lectern_ai"), "a user of the database itself, as in a URI");
    let twice = parse("mongodb://u:p@h/d", &options).await.unwrap_err();
    assert_eq!(twice.field.as_deref(), Some("store.username"));
}

#[tokio::test]
async fn x509_and_oidc_are_passed_to_the_driver() {
    let options = ConnectOptions::default();
    let x509 = parse("mongodb://h/d?tls=true&authMechanism=MONGODB-X509", &options).await.unwrap();
    assert_eq!(x509.credential.unwrap().source.as_deref(), Some("$external"));
    let uri = "mongodb://h/d?tls=true&authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s";
    let oidc = parse(uri, &options).await.unwrap().credential.unwrap();
    assert_eq!(oidc.mechanism_properties.unwrap().get_str("ENVIRONMENT").unwrap(), "k8s");
}

#[tokio::test]
async fn certificates_turn_tls_on_and_a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "x").unwrap();
    let with = |files: TlsFiles| ConnectOptions { tls: Some(files), ..ConnectOptions::default() };
    let secured = parse("mongodb://h/d", &with(TlsFiles { ca: Some(file.clone()), certificate: None })).await.unwrap();
    let Some(Tls::Enabled(tls)) = secured.tls else { panic!("TLS is off") };
    assert_eq!(tls.ca_file_path, Some(file));
    let absent = TlsFiles { ca: None, certificate: Some(folder.path().join("absent.pem")) };
    let refused = parse("mongodb://h/d", &with(absent)).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("store.tls.certificate"));
    for option in ["tlsInsecure", "tlsAllowInvalidCertificates"] {
        let url = format!("mongodb://h/d?tls=true&{option}=true");
        let refused = parse(&url, &with(TlsFiles::default())).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("store.tls"), "{option}");
        assert!(believes_anyone(&parse(&url, &ConnectOptions::default()).await.unwrap()), "warned of: {option}");
    }
    let refused = parse("mongodb://h/d?tls=false", &with(TlsFiles::default())).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("store.tls"));
}

#[test]
fn pools_are_compared_with_what_the_server_takes() {
    let status = doc! { "current": 20_i32, "available": 80_i32 };
    let connections = Connections::of(&status).unwrap();
    let options = |max_pool_size, processes| ConnectOptions { max_pool_size, processes, ..ConnectOptions::default() };
    assert_eq!(connections.too_few(&options(10, 8)), None);
    assert!(connections.too_few(&options(10, 9)).unwrap().contains("may need 108"));
    assert_eq!(connections.too_few(&options(78, 0)), None);
    assert!(connections.too_few(&options(79, 0)).unwrap().contains("80 of 100"));
    assert_eq!(Connections::of(&doc! {}), None);
}
