//! A running stack: starts its parts, watches them, and does what it is asked.

mod answers;

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lectern_testkit::gcs::{Gcs, GcsOptions};
use lectern_testkit::{Program, StartError, env};

use super::control::{self, Answer, Asked};
use super::files::{self, typed};
use super::key::Gateway;
use super::part::{LISTEN, Running, Spec};
use super::supervise::{Action, MOST_DEATHS, Rank, STEADY, STOP, Supervisor, Verdict};
use super::{SERVICES, replicas, say, show};
use crate::process::interrupted;
use crate::{programs, repo, tools, voice};

/// How often parts are looked at.
const TICK: Duration = Duration::from_millis(100);

/// How a stack is started.
pub struct Options {
    /// Deletes the data first.
    pub fresh: bool,
    /// The gateway's port; the stages take the three after it. 0 takes free ones.
    pub port: u16,
    /// Builds the programs first.
    pub build: bool,
}

/// Starts everything and serves until it is told to stop.
pub fn up(dir: &Path, options: &Options) -> Result<ExitCode> {
    let _lock = files::lock(dir)?;
    tools::ensure("nats-server")?;
    let given_mongo = env::value(env::MONGODB);
    if given_mongo.is_none() {
        tools::ensure("mongod")?;
    }
    let voice = voice::prepare()?;
    if options.build {
        let services = SERVICES.map(|service| format!("lectern-{service}"));
        let programs: Vec<&str> = services.iter().map(String::as_str).chain(["lectern"]).collect();
        programs::build_some(&programs)?;
    }
    // From here on nobody else can read what is made: keys, documents, logs.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let left = files::end_left(dir);
    if !left.is_empty() {
        say(&format!("an earlier stack was killed and left {}: ended", left.join(", ")));
    }
    if options.fresh {
        files::empty(dir)?;
    }
    fs::create_dir_all(dir.join("logs")).with_context(|| dir.display().to_string())?;
    interrupted()?;

    let (sender, events) = mpsc::channel();
    let mut stack = Stack::new(dir, voice, sender)?;
    files::enlist(dir)?;
    let outcome = stack.run(given_mongo, options.port, &events);
    stack.stop(&events);
    control::close(dir);
    files::forget(dir);
    outcome
}

/// What happens to a stack.
enum Event {
    /// A start went so.
    Started { name: String, result: Result<Box<Running>, StartError> },
    /// Another process asks something.
    Asked(Asked),
}

struct Part {
    spec: Spec,
    running: Option<Box<Running>>,
    /// Its address, once it has run.
    url: Option<String>,
    starts: u32,
}

struct Stack {
    dir: PathBuf,
    logs: PathBuf,
    admin_key: String,
    /// Where the first replica of each service listens, and the others look for it.
    addresses: Vec<(&'static str, SocketAddr)>,
    /// Where the services keep their objects: a fake of Google Cloud Storage in this process.
    objects: Option<Gcs>,
    /// What every service is told, in its environment.
    common: Vec<(String, String)>,
    voice: PathBuf,
    parts: BTreeMap<String, Part>,
    supervisor: Supervisor,
    began: Instant,
    events: Sender<Event>,
    /// Whether everything has run once, and the key is there.
    ready: bool,
    stop_asked: bool,
}

impl Stack {
    fn new(dir: &Path, voice: PathBuf, events: Sender<Event>) -> Result<Self> {
        Ok(Self {
            dir: dir.to_owned(),
            logs: dir.join("logs"),
            admin_key: files::secret(&dir.join("admin-key"))?,
            addresses: Vec::new(),
            objects: None,
            common: Vec::new(),
            voice,
            parts: BTreeMap::new(),
            supervisor: Supervisor::default(),
            began: Instant::now(),
            events,
            ready: false,
            stop_asked: false,
        })
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn run(&mut self, given_mongo: Option<String>, port: u16, events: &Receiver<Event>) -> Result<ExitCode> {
        self.addresses = addresses(port)?;
        let asked = self.events.clone();
        control::listen(&self.dir, move |request| asked.send(Event::Asked(request)).is_ok())?;
        let nats = Spec::Nats { data: self.dir.join("nats"), log: self.logs.join("nats-server.log"), port: 0 };
        let nats = self.start_server("nats-server", nats)?;
        let mongo = match given_mongo {
            Some(uri) => uri,
            None => {
                let mongo = Spec::Mongo { data: self.dir.join("mongo"), log: self.logs.join("mongod.log"), port: 0 };
                self.start_server("mongod", mongo)?
            }
        };
        let objects = Gcs::open(GcsOptions { data: Some(self.dir.join("objects")), port: None })?;
        self.common = self.environment(&nats, &mongo, &objects)?;
        self.objects = Some(objects);
        for service in SERVICES {
            self.add(service);
        }
        self.serve(events)
    }

    /// Starts a server, for which everything else waits, and returns its URL.
    fn start_server(&mut self, name: &str, mut spec: Spec) -> Result<String> {
        let running = spec.start()?;
        spec.fix(running.address());
        let url = running.url();
        let part = Part { spec, running: Some(Box::new(running)), url: Some(url.clone()), starts: 1 };
        self.parts.insert(name.to_owned(), part);
        self.supervisor.add_running(name, Rank::Server, self.began.elapsed());
        self.note()?;
        Ok(url)
    }

    /// What all four services are told.
    fn environment(&self, nats: &str, mongo: &str, objects: &Gcs) -> Result<Vec<(String, String)>> {
        let mut environment = vec![
            ("LECTERN_STORE__URL".to_owned(), mongo.to_owned()),
            ("LECTERN_QUEUE__URL".to_owned(), nats.to_owned()),
            ("LECTERN_BLOB__URL".to_owned(), objects.url()),
            ("LECTERN_BLOB__ENDPOINT".to_owned(), objects.endpoint()),
            ("LECTERN_SECRET".to_owned(), files::secret(&self.dir.join("secret"))?),
        ];
        for (name, address) in &self.addresses {
            environment.push((format!("LECTERN_{}__URL", name.to_uppercase()), format!("http://{address}")));
        }
        Ok(environment)
    }

    /// Adds a replica of a service, which is started in its turn.
    fn add(&mut self, name: &str) {
        let service = replicas::service_of(name);
        // The further ones take free ports.
        let first = self.addresses.iter().find(|(first, _)| *first == name);
        let listen = first.map_or_else(|| "127.0.0.1:0".to_owned(), |(_, address)| address.to_string());
        let log = self.logs.join(format!("{name}.log"));
        let program = Program::at(&repo::bin_dir().join(format!("lectern-{service}")), &self.logs)
            .apart()
            .envs(self.common.clone())
            .env(LISTEN, listen);
        // Each refuses variables that are not its own.
        let program = match service {
            "tts" => program.env(env::VOICE_DIR, &self.voice),
            "gateway" => program.env("LECTERN_ADMIN_KEY", &self.admin_key),
            _ => program,
        };
        let part = Part { spec: Spec::Service { program, log }, running: None, url: None, starts: 0 };
        self.parts.insert(name.to_owned(), part);
        self.supervisor.add(name, Rank::Service, self.began.elapsed());
    }

    /// Serves until it is told to stop.
    fn serve(&mut self, events: &Receiver<Event>) -> Result<ExitCode> {
        while !interrupted()? && !self.stop_asked {
            let mut changed = self.act();
            match events.recv_timeout(TICK) {
                Ok(Event::Started { name, result }) => {
                    self.started(&name, result)?;
                    changed = true;
                }
                Ok(Event::Asked(asked)) => {
                    let answer = self.answer(&asked.request);
                    // Who asked may be gone.
                    let _ = asked.answer.send(answer);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("nobody tells the stack what happens"),
            }
            changed |= self.bury()?;
            if changed {
                self.note()?;
            }
            if !self.ready && self.supervisor.all_run() {
                self.get_ready()?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Everything runs for the first time.
    fn get_ready(&mut self) -> Result<()> {
        let gateway = self.parts.get("gateway").and_then(|part| part.url.clone()).context("there is no gateway")?;
        let lectern = repo::bin_dir().join("lectern");
        let gateway = Gateway { lectern: &lectern, url: &gateway, admin_key: &self.admin_key };
        if let Some(made) = gateway.ensure_key(&self.key_file())? {
            say(made);
        }
        self.ready = true;
        self.note()?;
        say(&show::shown(&self.snapshot()));
        Ok(())
    }

    /// Does what the supervisor says; whether that was anything.
    fn act(&mut self) -> bool {
        let actions = self.supervisor.next(self.now());
        for action in &actions {
            match action {
                Action::Start(name) => self.start(name),
                Action::Terminate(name) => self.with_running(name, Running::terminate),
                Action::Kill(name) => {
                    say(&format!("{name} did not end within {} s and is killed", STOP.as_secs()));
                    self.with_running(name, Running::kill);
                }
            }
        }
        // Parts that did not run when they were to go went without a word.
        let names = self.supervisor.names();
        let before = self.parts.len();
        self.parts.retain(|name, part| part.running.is_some() || names.contains(name));
        !actions.is_empty() || before != self.parts.len()
    }

    /// Starts a part in a thread of its own, since that takes its time.
    fn start(&mut self, name: &str) {
        let Some(part) = self.parts.get_mut(name) else { return };
        part.starts += 1;
        let (spec, events, name) = (part.spec.clone(), self.events.clone(), name.to_owned());
        thread::spawn(move || {
            let result = spec.start().map(Box::new);
            // Where nobody listens any more, what was started ends as it is dropped.
            let _ = events.send(Event::Started { name, result });
        });
    }

    fn with_running(&mut self, name: &str, work: impl FnOnce(&mut Running)) {
        if let Some(running) = self.parts.get_mut(name).and_then(|part| part.running.as_deref_mut()) {
            work(running);
        }
    }

    fn started(&mut self, name: &str, result: Result<Box<Running>, StartError>) -> Result<()> {
        let now = self.now();
        let Some(part) = self.parts.get_mut(name) else { return Ok(()) };
        match result {
            Ok(running) => {
                part.spec.fix(running.address());
                part.url = Some(running.url());
                if self.ready {
                    say(&format!("{name} runs (process {}, {})", running.id(), running.url()));
                }
                part.running = Some(running);
                self.supervisor.started(name, now);
                Ok(())
            }
            // What does not start at all is told at once, with the end of its log.
            Err(error) if !self.ready => bail!("{error}"),
            Err(error) => {
                // The end of its log is told by its path.
                let text = error.to_string();
                let why = text.split("; the end of ").next().unwrap_or(&text);
                self.ended(name, why);
                Ok(())
            }
        }
    }

    /// Looks for processes that ended; whether there were any.
    fn bury(&mut self) -> Result<bool> {
        let mut ended: Vec<(String, ExitStatus)> = Vec::new();
        for (name, part) in &mut self.parts {
            if let Some(status) = part.running.as_deref_mut().and_then(Running::exited) {
                part.running = None;
                ended.push((name.clone(), status));
            }
        }
        // Servers first: a service that ends with its server is not to blame.
        ended.sort_by_key(|(name, _)| replicas::is_service(name));
        for (name, status) in &ended {
            if !self.ready {
                bail!("{name} ended ({status}) before the stack was up: see why in {}", self.log(name));
            }
            self.ended(name, &status.to_string());
        }
        Ok(!ended.is_empty())
    }

    /// A process ended, or did not start: says what becomes of it.
    fn ended(&mut self, name: &str, how: &str) {
        let log = self.log(name);
        match self.supervisor.ended(name, self.now()) {
            Some(Verdict::Again { after }) => {
                say(&format!("{name} ended ({how}); it starts again in {} ms; its log: {log}", after.as_millis()));
            }
            Some(Verdict::AfterServers) => {
                let server = self.supervisor.missing_server().unwrap_or("its server");
                say(&format!("{name} ended ({how}); it starts again when {server} runs; its log: {log}"));
            }
            Some(Verdict::GivenUp) => say(&format!(
                "{name} ended ({how}) for the {MOST_DEATHS}th time, each time within {} s of its start, and is left: see \
                 why in {log}, then `{}`",
                STEADY.as_secs(),
                typed(&format!("restart {name}"), &self.dir)
            )),
            Some(Verdict::Restarting) => say(&format!("{name} ended ({how}) as it was told, and starts again")),
            Some(Verdict::Gone) => {
                say(&format!("{name} ended ({how}) as it was told"));
                self.parts.remove(name);
            }
            None => {}
        }
    }

    /// The path of what a part writes.
    fn log(&self, name: &str) -> String {
        self.parts.get(name).map(|part| part.spec.log().display().to_string()).unwrap_or_default()
    }

    fn key_file(&self) -> PathBuf {
        self.dir.join("api-key")
    }

    fn note(&self) -> Result<()> {
        files::note(&self.snapshot())
    }

    /// Ends everything: services at once, as an orchestrator does, each draining by itself; servers
    /// when nobody uses them any more.
    fn stop(&mut self, events: &Receiver<Event>) {
        if self.parts.is_empty() {
            return;
        }
        say("stopping");
        // What is just being started comes to be started first.
        while self.supervisor.any_starts() {
            match events.recv_timeout(STOP * 4) {
                Ok(Event::Started { name, result }) => {
                    if let (Some(part), Ok(running)) = (self.parts.get_mut(&name), result) {
                        part.running = Some(running);
                    }
                    let now = self.now();
                    self.supervisor.started(&name, now);
                }
                Ok(Event::Asked(asked)) => {
                    let _ = asked.answer.send(Answer::Refused { why: "the stack is ending".to_owned() });
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let (services, servers): (Vec<_>, Vec<_>) = std::mem::take(&mut self.parts)
            .into_iter()
            .filter_map(|(name, part)| Some((name, part.running?)))
            .partition(|(name, _)| replicas::is_service(name));
        for mut group in [services, servers] {
            group.iter_mut().for_each(|(_, running)| running.terminate());
            for (name, running) in &mut group {
                if !running.stop(STOP) {
                    say(&format!("{name} did not end within {} s and was killed", STOP.as_secs()));
                }
            }
        }
    }
}

/// The services' addresses, in the order of [`SERVICES`].
fn addresses(port: u16) -> Result<Vec<(&'static str, SocketAddr)>> {
    // The gateway has the port itself, the stages those after it.
    const OFFSET: [u16; 4] = [1, 2, 3, 0];
    let mut held = Vec::new();
    for (name, offset) in SERVICES.iter().zip(OFFSET) {
        let wanted = if port == 0 { 0 } else { port.checked_add(offset).context("--port is too high")? };
        let listener = TcpListener::bind(("127.0.0.1", wanted))
            .with_context(|| format!("port {wanted} for {name}: choose others with --port"))?;
        held.push((*name, listener.local_addr()?, listener));
    }
    // The listeners close here, all at once, so that no two services got the same free port.
    Ok(held.into_iter().map(|(name, address, _)| (name, address)).collect())
}
