//! A stack in which nobody talks in the clear and everybody is known: TLS with client certificates
//! between the services and to the queue, whose users may do their own work alone, and TLS with
//! passwords to the database.

use std::path::PathBuf;

use lectern_queue::{ConnectOptions, Identity, permissions};
use lectern_rpc::ClientTls;
use lectern_testkit::certificates::{Authority, Subject, write};
use lectern_testkit::{MongoServer, MongoTls, NatsServer, Program};
use tempfile::TempDir;

/// The user of the database, and its password.
const USER: &str = "lectern";

/// The certificates of such a stack, all of one authority.
#[derive(Debug)]
pub struct Secured {
    ca: PathBuf,
    /// Shown by servers and by clients; its key.
    certificate: PathBuf,
    key: PathBuf,
    /// Both in one file.
    joined: PathBuf,
    _folder: TempDir,
}

impl Secured {
    /// Certificates for loopback.
    ///
    /// # Panics
    ///
    /// When they cannot be made.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = Authority::new("end-to-end tests");
        let signed = authority.sign(&Subject::default());
        let file = |name: &str, pem: &str| write(folder.path(), name, pem);
        Self {
            ca: file("ca.pem", authority.pem()),
            certificate: file("tls.crt", &signed.certificate),
            key: file("tls.key", &signed.key),
            joined: file("tls.pem", &signed.joined()),
            _folder: folder,
        }
    }

    /// Starts a queue that answers by TLS alone, to those who show a certificate, and lets each
    /// service do what its identity needs. The password is the identity's name.
    pub(crate) fn nats(&self) -> NatsServer {
        let user = |identity: Identity| {
            let options = ConnectOptions { identity, ..ConnectOptions::default() };
            let name = identity.name();
            format!("{{ user: {name}, password: {name}, permissions: {} }}", permissions(&options).to_config())
        };
        NatsServer::with_config(&format!(
            "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}\n\
             authorization {{ users: [\n{}\n] }}\n",
            self.certificate.display(),
            self.key.display(),
            self.ca.display(),
            Identity::ALL.map(user).join("\n"),
        ))
    }

    /// Starts a database that demands a user.
    pub(crate) fn mongo(&self) -> MongoServer {
        let tls = MongoTls { ca: self.ca.clone(), certificate: self.joined.clone() };
        MongoServer::start_with_tls(tls, USER, USER)
    }

    /// The connection string of a database of such a server.
    pub(crate) fn database(server: &MongoServer, database: &str) -> String {
        format!(
            "mongodb://{USER}:{USER}@localhost:{}/{database}?authSource=admin&directConnection=true",
            server.address().port()
        )
    }

    /// Tells a service whom to trust and what to show.
    pub(crate) fn tell(&self, mut program: Program) -> Program {
        let both = ["SERVER", "CLIENT", "QUEUE"]
            .map(|part| [(part, "CERTIFICATE", &self.certificate), (part, "KEY", &self.key)]);
        let trusted = [("SERVER", "CLIENT_CA"), ("CLIENT", "CA"), ("QUEUE", "CA"), ("STORE", "CA")];
        let trusted = trusted.map(|(part, name)| (part, name, &self.ca));
        for (part, name, path) in both.into_iter().flatten().chain(trusted) {
            program = program.env(&format!("LECTERN_{part}__TLS__{name}"), path);
        }
        program
    }

    /// What callers of its services trust and show.
    pub(crate) fn callers(&self) -> ClientTls {
        ClientTls {
            ca: Some(self.ca.clone()),
            certificate: Some(self.certificate.clone()),
            key: Some(self.key.clone()),
            ..ClientTls::default()
        }
    }
}
