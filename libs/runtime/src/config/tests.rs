use std::io::Write;
use std::time::Duration;

use serde::Deserialize;

use super::*;

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Store {
    url: String,
    pool: u32,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Fast,
    VerySafe,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Tls {
    cert: String,
    port: u16,
}

#[derive(Debug, Serialize, Deserialize)]
struct Sample {
    listen: String,
    store: Store,
    #[serde(with = "duration")]
    lease: Duration,
    limit: ByteSize,
    key: Secret,
    other_key: Option<Secret>,
    tls: Option<Tls>,
    mode: Mode,
    ports: Vec<u16>,
    debug: bool,
    ratio: Option<f64>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            store: Store { url: "memory:".to_owned(), pool: 10 },
            lease: Duration::from_secs(15),
            limit: ByteSize::mib(64),
            key: Secret::default(),
            other_key: None,
            tls: None,
            mode: Mode::Fast,
            ports: vec![1],
            debug: false,
            ratio: None,
        }
    }
}

fn loader(variables: &[(&str, &str)]) -> Loader {
    Loader::with_environment("LECTERN", variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn defaults_stand_when_nothing_is_set() {
    let sample: Sample = loader(&[("PATH", "/bin"), ("LECTERNX", "1")]).load().unwrap();
    assert_eq!((sample.store.pool, sample.lease, sample.limit), (10, Duration::from_secs(15), ByteSize(64 << 20)));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let file = file(
        "lease = \"30s\"\nports = [4, 5]\n[store]\nurl = \"sqlite:x\"\npool = 20\n[tls]\ncert = \"c\"\nport = 7\n",
    );
    let sample: Sample = loader(&[
        ("LECTERN_STORE__POOL", "30"),
        ("LECTERN_DEBUG", "true"),
        ("LECTERN_LIMIT", "1KiB"),
        ("LECTERN_KEY", "12345"),
        ("LECTERN_OTHER_KEY", "true"),
        ("LECTERN_MODE", "very-safe"),
        ("LECTERN_RATIO", "0.5"),
        ("LECTERN_TLS__PORT", "8"),
    ])
    .file(Some(file.path().to_owned()))
    .load()
    .unwrap();
    assert_eq!(sample.store, Store { url: "sqlite:x".to_owned(), pool: 30 });
    assert_eq!(sample.lease, Duration::from_secs(30));
    assert_eq!((sample.debug, sample.limit, sample.mode), (true, ByteSize(1024), Mode::VerySafe));
    assert_eq!((sample.key.expose(), sample.ratio, sample.ports), ("12345", Some(0.5), vec![4, 5]));
    assert_eq!(sample.other_key.as_ref().map(Secret::expose), Some("true"));
    assert_eq!(sample.tls, Some(Tls { cert: "c".to_owned(), port: 8 }));
}

#[test]
fn variables_make_lists_and_tables_that_have_no_default() {
    let variables = [("LECTERN_PORTS", "1, 2,3"), ("LECTERN_TLS__CERT", "a"), ("LECTERN_TLS__PORT", "443")];
    let sample: Sample = loader(&variables).load().unwrap();
    assert_eq!(sample.ports, [1, 2, 3]);
    assert_eq!(sample.tls, Some(Tls { cert: "a".to_owned(), port: 443 }));
}

#[test]
fn wrong_settings_say_where_and_what() {
    for (variable, value, says) in [
        ("LECTERN_STORE__POOL", "many", "LECTERN_STORE__POOL is not right: \"many\" is not a whole number"),
        ("LECTERN_LEASE", "15", "LECTERN_LEASE is not right: \"15\" is not a duration"),
        ("LECTERN_MODE", "slow", "LECTERN_MODE is not right: unknown variant `slow`"),
        ("LECTERN_PORTS", "1,x", "LECTERN_PORTS is not right: \"x\""),
        ("LECTERN_STORE__URI", "x", "did you mean store.url (variable LECTERN_STORE__URL)?"),
        ("LECTERN_LISTENN", "x", "did you mean listen (variable LECTERN_LISTEN)?"),
        ("LECTERN_POOL", "x", "did you mean store.pool"),
        ("LECTERN_ENTIRELY_DIFFERENT", "x", "--print-config shows"),
    ] {
        let failure = loader(&[(variable, value)]).load::<Sample>().unwrap_err();
        assert!(failure.message.contains(says), "{failure}");
        assert_eq!(failure.reason, Reason::InvalidField);
    }
    for (text, says) in [
        ("lease = 15", "configuration key lease is not right: invalid type"),
        ("[store]\npol = 1", "did you mean store.pool"),
        ("[store\n", "is not TOML"),
    ] {
        let file = file(text);
        let failure = loader(&[("LECTERN_CONFIG", &file.path().display().to_string())]).load::<Sample>().unwrap_err();
        assert!(failure.message.contains(says), "{failure}");
    }
    let failure = loader(&[]).file(Some("no/such/file".into())).load::<Sample>().unwrap_err();
    assert!(failure.message.contains("cannot be read"), "{failure}");
}

/// What one service has beside what all share, in the same table.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    own: u8,
}

fn both(loader: &Loader) -> Result<(Sample, Own), Failure> {
    loader.load_both()
}

#[test]
fn two_structs_read_the_variables_of_one_table() {
    let variables = [
        ("LECTERN_STORE__POOL", "7"),
        ("LECTERN_STORE__URL", "1234"),
        ("LECTERN_DEBUG", "true"),
        ("LECTERN_LEASE", "30s"),
        ("LECTERN_LIMIT", "1KiB"),
        ("LECTERN_KEY", "12345"),
        ("LECTERN_MODE", "very-safe"),
        ("LECTERN_PORTS", "1, 2"),
        ("LECTERN_OWN", "9"),
    ];
    let (sample, own) = both(&loader(&variables)).unwrap();
    assert_eq!(sample.store, Store { url: "1234".to_owned(), pool: 7 });
    assert_eq!((sample.debug, sample.lease, sample.limit), (true, Duration::from_secs(30), ByteSize(1024)));
    assert_eq!((sample.key.expose(), sample.mode, sample.ports), ("12345", Mode::VerySafe, vec![1, 2]));
    assert_eq!((own.own, sample.ratio), (9, None));

    // What is unset by default: a number, a secret, a table.
    let (sample, _) = both(&loader(&[("LECTERN_RATIO", "0.5")])).unwrap();
    assert_eq!(sample.ratio, Some(0.5));
    let (sample, _) = both(&loader(&[("LECTERN_OTHER_KEY", "12345")])).unwrap();
    assert_eq!(sample.other_key.as_ref().map(Secret::expose), Some("12345"));
    let (sample, _) = both(&loader(&[("LECTERN_TLS__CERT", "a"), ("LECTERN_TLS__PORT", "443")])).unwrap();
    assert_eq!(sample.tls, Some(Tls { cert: "a".to_owned(), port: 443 }));

    let file = file("own = 3\nlease = \"30s\"\n[store]\npool = 20\n");
    let (sample, own) = both(&loader(&[("LECTERN_OWN", "4")]).file(Some(file.path().to_owned()))).unwrap();
    assert_eq!((sample.store.pool, sample.lease, own.own), (20, Duration::from_secs(30), 4));
}

#[test]
fn wrong_variables_of_two_structs_are_named() {
    for (variable, value, says) in [
        ("LECTERN_STORE__POOL", "many", "LECTERN_STORE__POOL is not right: \"many\" is not a whole number"),
        ("LECTERN_STORE__POOL", "-1", "LECTERN_STORE__POOL is not right: \"-1\" is not a whole number of 0 or more"),
        ("LECTERN_DEBUG", "yes", "LECTERN_DEBUG is not right: \"yes\" is not true or false"),
        ("LECTERN_LEASE", "15", "LECTERN_LEASE is not right: \"15\" is not a duration"),
        ("LECTERN_MODE", "slow", "LECTERN_MODE is not right: unknown variant `slow`"),
        ("LECTERN_OWN", "300", "LECTERN_OWN is not right: \"300\" is not a whole number of 0 to 255"),
        ("LECTERN_STORE__URI", "x", "did you mean store.url (variable LECTERN_STORE__URL)?"),
        ("LECTERN_OWNN", "1", "did you mean own (variable LECTERN_OWN)?"),
    ] {
        let failure = both(&loader(&[(variable, value), ("LECTERN_LISTEN", "x")])).unwrap_err();
        assert!(failure.message.contains(says), "{failure}");
        assert_eq!(failure.reason, Reason::InvalidField);
    }
    for (text, field, says) in [
        ("owned = 1", "owned", "did you mean own (variable LECTERN_OWN)?"),
        ("[store]\npol = 1", "store.pol", "did you mean store.pool"),
        ("[own]\nown = 1", "own", "configuration key own is not right: invalid type"),
        ("own = 300", "own", "configuration key own is not right: invalid value"),
    ] {
        let file = file(text);
        let failure = both(&loader(&[]).file(Some(file.path().to_owned()))).unwrap_err();
        assert!(failure.message.contains(says), "{failure}");
        assert_eq!(failure.field.as_deref(), Some(field));
    }
}

#[test]
fn two_structs_are_printed_as_one_and_share_no_key() {
    let printed = print_both(&Sample { key: Secret::new("hunter2"), ..Sample::default() }, &Own { own: 7 }).unwrap();
    for line in ["key = \"***\"", "own = 7", "lease = \"15s\""] {
        assert!(printed.lines().any(|found| found == line), "{line} in\n{printed}");
    }
    let (_, own) = both(&loader(&[]).file(Some(file(&printed).path().to_owned()))).unwrap();
    assert_eq!(own.own, 7);
    assert!(print_both(&Own::default(), &Own::default()).is_err());
    assert!(loader(&[]).load_both::<Own, Own>().is_err());
}

#[test]
fn a_broken_file_is_not_quoted() {
    let file = file("listen = \"x\"\nkey = \"hunter2\n");
    let failure = loader(&[]).file(Some(file.path().to_owned())).load::<Sample>().unwrap_err();
    assert!(failure.message.contains("is not TOML: line 2: ") && !failure.message.contains("hunter2"), "{failure}");
}

#[test]
fn a_secret_without_quotes_is_not_quoted() {
    for text in ["key = 31337", "key = 313.37", "other_key = 31337"] {
        let file = file(text);
        let loader = loader(&[]).file(Some(file.path().to_owned()));
        for failure in [loader.load::<Sample>().unwrap_err(), both(&loader).unwrap_err()] {
            assert!(failure.message.contains("put it in quotes") && !failure.message.contains("313"), "{failure}");
        }
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    let variables = [("LECTERN_VOICE_DIR", "x"), ("LECTERN_TEST_SEED", "1")];
    assert!(loader(&variables).load::<Sample>().is_err());
    assert!(loader(&variables).ignore(&["VOICE_DIR", "TEST_*"]).load::<Sample>().is_ok());
}

#[test]
fn a_secret_may_stand_beside_the_configuration() {
    let loader = loader(&[("LECTERN_CALLER", " lk_1\n")]).ignore(&["CALLER"]);
    assert!(loader.load::<Sample>().is_ok());
    assert_eq!((loader.secret("CALLER").expose(), loader.secret("OTHER").expose()), ("lk_1", ""));
}

#[test]
fn keys_that_tools_of_others_are_given_are_found_in_their_order_and_shown_to_nobody() {
    let variables = [("GEMINI_API_KEY", "g-2"), ("GOOGLE_API_KEY", " "), ("OPENAI_API_KEY", " sk-1\n"), ("KEY", "k")];
    let loader = loader(&variables);
    assert!(loader.load::<Sample>().is_ok(), "they are no keys of the configuration");
    assert_eq!(loader.api_key(&["GOOGLE_API_KEY", "GEMINI_API_KEY"]).expose(), "g-2", "an empty one is none");
    assert_eq!(loader.api_key(&["OPENAI_API_KEY"]).expose(), "sk-1");
    assert!(loader.api_key(&["KEY"]).is_empty() && loader.api_key(&[]).is_empty());
    assert!(!format!("{loader:?}").contains("sk-1"));
}

#[test]
fn printed_configuration_keeps_secrets() {
    let sample = Sample {
        key: Secret::new("hunter2"),
        store: Store { url: "mongodb://me:hunter2@db/x".to_owned(), pool: 1 },
        ..Sample::default()
    };
    let printed = print(&sample).unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
    for line in ["key = \"***\"", "url = \"mongodb://***@db/x\"", "lease = \"15s\"", "limit = \"64MiB\""] {
        assert!(printed.lines().any(|found| found == line), "{line} in\n{printed}");
    }
    let read: Sample = loader(&[]).file(Some(file(&printed).path().to_owned())).load().unwrap();
    assert_eq!(read.lease, sample.lease);
}
