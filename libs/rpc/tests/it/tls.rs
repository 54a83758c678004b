//! TLS between services: own authorities, client certificates, and all of them replaced while calls
//! go on.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use lectern_core::Failure;
use lectern_rpc::{ClientConfig, ClientTls, Outbound, TlsConfig, channel, failure};
use lectern_runtime::Secret;
use lectern_testkit::certificates::{Authority, Signed, Subject};
use tempfile::TempDir;

use crate::{Fixture, probe};

/// How often files are looked at here.
const RELOAD: Duration = Duration::from_millis(20);
/// How often something is tried that happens soon: far longer than any machine takes.
const TRIES: usize = 3_000;
/// Until when certificates are good that are good.
const LONG: i32 = 3_000;
/// Until when one was that is not.
const PAST: i32 = 2_001;

/// A certificate for a name or address, and its key.
fn issue(authority: &Authority, name: &str, until: i32) -> Signed {
    authority.sign(&Subject { names: &[name], until, ..Subject::default() })
}

/// Files of one side, all replaced at once by turning a link, as a volume of Kubernetes does it.
struct Volume {
    folder: TempDir,
    versions: AtomicU32,
}

impl Volume {
    fn new(signed: &Signed, ca: &str) -> Self {
        let volume = Self { folder: tempfile::tempdir().unwrap(), versions: AtomicU32::new(0) };
        volume.put(signed, ca);
        volume
    }

    fn put(&self, signed: &Signed, ca: &str) {
        let version = self.folder.path().join(self.versions.fetch_add(1, Ordering::SeqCst).to_string());
        std::fs::create_dir(&version).unwrap();
        for (name, text) in [("tls.crt", signed.certificate.as_str()), ("tls.key", &signed.key), ("ca.crt", ca)] {
            std::fs::write(version.join(name), text).unwrap();
        }
        let turned = self.folder.path().join("turned");
        symlink(&version, &turned).unwrap();
        std::fs::rename(&turned, self.folder.path().join("current")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("current").join(name)
    }

    /// A server with these files, which demands client certificates.
    fn serve(&self) -> Fixture {
        Fixture::start(|config| {
            let client_ca = Some(self.path("ca.crt"));
            let tls = TlsConfig::new(self.path("tls.crt"), self.path("tls.key"));
            config.tls = Some(TlsConfig { client_ca, reload: RELOAD, ..tls });
            config.limits.requests_per_second = 100_000.0;
            config.limits.burst = 100_000;
        })
    }

    /// What a client with these files is told.
    fn client(&self) -> ClientTls {
        let [ca, certificate, key] = ["ca.crt", "tls.crt", "tls.key"].map(|name| Some(self.path(name)));
        ClientTls { ca, certificate, key, reload: RELOAD, ..ClientTls::default() }
    }
}

/// A client of the probe behind TLS.
fn client(fixture: &Fixture, tls: ClientTls) -> Result<probe::Client, Failure> {
    let config = ClientConfig { tls, ..ClientConfig::to(format!("https://{}", fixture.serving.addr)) };
    let outbound = Outbound::with_key(Secret::new(fixture.key.expose()));
    Ok(probe::Client::new(outbound.over(channel(&config)?)))
}

/// What becomes of one call over a new connection.
async fn call(fixture: &Fixture, tls: ClientTls) -> Result<(), Failure> {
    client(fixture, tls)?.check("tenant t1", None).await.map_err(|status| failure(&status))
}

/// Waits until calls over new connections succeed, or do not any more.
async fn until(expected: bool, fixture: &Fixture, tls: &ClientTls) {
    for _ in 0..TRIES {
        if call(fixture, tls.clone()).await.is_ok() == expected {
            return;
        }
        tokio::time::sleep(RELOAD).await;
    }
    panic!("calls should be answered: {expected}, and it stays otherwise");
}

#[tokio::test]
async fn both_sides_prove_themselves_by_an_own_authority() {
    let ours = Authority::new("ours");
    let server = Volume::new(&issue(&ours, "127.0.0.1", LONG), ours.pem());
    let gateway = Volume::new(&issue(&ours, "gateway", LONG), ours.pem());
    let fixture = server.serve();
    assert_eq!(call(&fixture, gateway.client()).await, Ok(()));
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_in_words_with_the_url() {
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let (good, gateway) = (issue(&ours, "127.0.0.1", LONG), issue(&ours, "gateway", LONG));
    for (server, client, trusts, says) in [
        (&good, &gateway, &others, "is of an authority that is not trusted here"),
        (&issue(&ours, "127.0.0.1", PAST), &gateway, &ours, "its certificate has expired"),
        (&issue(&ours, "tts.internal", LONG), &gateway, &ours, "set client.tls.name"),
        (&good, &issue(&others, "gateway", LONG), &ours, "does not trust the authority of our client certificate"),
        (&good, &issue(&ours, "gateway", PAST), &ours, "our client certificate has expired"),
    ] {
        let (server, client) = (Volume::new(server, ours.pem()), Volume::new(client, trusts.pem()));
        refused(&server.serve(), &client.client(), says).await;
    }
    let (server, client) = (Volume::new(&good, ours.pem()), Volume::new(&gateway, ours.pem()));
    let nobody = ClientTls { certificate: None, key: None, ..client.client() };
    refused(&server.serve(), &nobody, "demands a client certificate").await;
}

/// Calls are refused with these words. A connection that ends while a call is sent may take its
/// reason along, so that is tried some times.
async fn refused(fixture: &Fixture, tls: &ClientTls, says: &str) {
    let mut told = String::new();
    for _ in 0..50 {
        told = call(fixture, tls.clone()).await.unwrap_err().message;
        if told.contains(says) {
            let url = format!("https://{}", fixture.serving.addr);
            assert!(told.contains(&url), "{told} names no {url}");
            return;
        }
    }
    panic!("{told:?} does not say {says:?}");
}

#[tokio::test]
async fn a_server_may_be_called_by_another_name_than_its_address() {
    let ours = Authority::new("ours");
    let server = Volume::new(&issue(&ours, "tts.internal", LONG), ours.pem());
    let gateway = Volume::new(&issue(&ours, "gateway", LONG), ours.pem());
    let fixture = server.serve();
    let named = ClientTls { name: Some("tts.internal".to_owned()), ..gateway.client() };
    assert_eq!(call(&fixture, named).await, Ok(()));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_at_the_start() {
    let ours = Authority::new("ours");
    let volume = Volume::new(&issue(&ours, "gateway", LONG), ours.pem());
    let whole = volume.client();
    let other = Volume::new(&issue(&ours, "gateway", LONG), "nothing");
    for (tls, field) in [
        (ClientTls { key: None, ..whole.clone() }, "client.tls.key"),
        (ClientTls { certificate: None, ..whole.clone() }, "client.tls.certificate"),
        (ClientTls { key: Some(other.path("tls.key")), ..whole.clone() }, "client.tls.certificate"),
        (ClientTls { ca: Some(other.path("ca.crt")), ..whole.clone() }, "client.tls.ca"),
        (ClientTls { ca: Some(volume.path("missing")), ..whole.clone() }, "client.tls.ca"),
        (ClientTls { name: Some("no name".to_owned()), ..whole }, "client.tls.name"),
    ] {
        let config = ClientConfig { tls, ..ClientConfig::to("https://127.0.0.1:1") };
        assert_eq!(channel(&config).unwrap_err().field.as_deref(), Some(field));
    }
}

/// The order of the runbook: the new authority is trusted beside the old one, certificates are of
/// the new one, the old one is trusted no more. Fails where certificates are read once.
#[tokio::test]
async fn authorities_and_certificates_are_replaced_under_load_and_no_call_fails() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let (old_server, new_server) = (issue(&old, "127.0.0.1", LONG), issue(&new, "127.0.0.1", LONG));
    let (old_gateway, new_gateway) = (issue(&old, "gateway", LONG), issue(&new, "gateway", LONG));
    let (server, gateway) = (Volume::new(&old_server, old.pem()), Volume::new(&old_gateway, old.pem()));
    let fixture = Arc::new(server.serve());

    // One connection that is open all the time, one client that connects only at the end with what
    // it was made with at the start, and callers over new connections.
    let mut open = client(&fixture, gateway.client()).unwrap();
    let mut late = client(&fixture, gateway.client()).unwrap();
    assert!(open.check("tenant t1", None).await.is_ok());
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (fixture, tls, done) = (Arc::clone(&fixture), gateway.client(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut calls = 0;
                while !done.load(Ordering::SeqCst) {
                    // A process that starts between two files is started again.
                    let Ok(mut client) = client(&fixture, tls.clone()) else { continue };
                    let answered = client.check("tenant t1", None).await;
                    assert!(answered.is_ok(), "call {calls}: {answered:?}");
                    calls += 1;
                }
                calls
            })
        })
        .collect();

    // Each side trusts both authorities before either has a certificate of the new one.
    let old_client = Volume::new(&old_gateway, &both);
    let new_client = Volume::new(&new_gateway, &both);
    server.put(&old_server, &both);
    gateway.put(&old_gateway, &both);
    until(true, &fixture, &new_client.client()).await;

    server.put(&new_server, &both);
    gateway.put(&new_gateway, &both);
    let trusts_new = Volume::new(&new_gateway, new.pem());
    until(true, &fixture, &trusts_new.client()).await;

    gateway.put(&new_gateway, new.pem());
    server.put(&new_server, new.pem());
    until(false, &fixture, &old_client.client()).await;

    for _ in 0..TRIES {
        if late.check("tenant t1", None).await.is_ok() {
            break;
        }
        tokio::time::sleep(RELOAD).await;
    }
    assert!(late.check("tenant t1", None).await.is_ok(), "what was made at the start uses the files of now");
    assert!(open.check("tenant t1", None).await.is_ok(), "what is open is not cut");
    done.store(true, Ordering::SeqCst);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
}
