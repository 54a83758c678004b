//! The four services as separate processes on loopback, with real servers, for working and trying.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lectern_testkit::{MongoServer, NatsServer, Process, Program, env};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::process::{self, interrupted};
use crate::{repo, tools, voice};

/// The stages first: the gateway calls them.
const SERVICES: [&str; 4] = ["ingest", "ai", "tts", "gateway"];
const STATE: &str = "stack.toml";
const LOCK: &str = "lock";
const STOP: Duration = Duration::from_secs(30);

/// What to do with the stack.
#[derive(Subcommand)]
pub enum StackCommand {
    /// Starts everything and serves until Ctrl-C or `stack down`.
    Up {
        #[command(flatten)]
        place: Place,
        /// Deletes the data first.
        #[arg(long)]
        fresh: bool,
        /// The gateway's port; the stages take the three after it. 0 takes free ones.
        #[arg(long, default_value_t = 7400)]
        port: u16,
    },
    /// Stops the running stack.
    Down {
        #[command(flatten)]
        place: Place,
    },
    /// Prints what runs and where.
    Status {
        #[command(flatten)]
        place: Place,
    },
}

/// Where the stack keeps its data and logs.
#[derive(Args)]
pub struct Place {
    /// The folder.
    #[arg(long, default_value = ".lectern-stack")]
    data: PathBuf,
}

impl Place {
    fn dir(&self) -> PathBuf {
        repo::root().join(&self.data)
    }
}

/// What `status` and `down` need to know of a running stack.
#[derive(Serialize, Deserialize)]
struct State {
    /// The process of `stack up`.
    pid: i32,
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    name: String,
    pid: u32,
    url: String,
    address: SocketAddr,
    log: PathBuf,
}

/// Runs the command.
pub fn run(command: StackCommand) -> Result<ExitCode> {
    match command {
        StackCommand::Up { place, fresh, port } => up(&place.dir(), fresh, port),
        StackCommand::Down { place } => down(&place.dir()),
        StackCommand::Status { place } => status(&place.dir()),
    }
}

fn up(dir: &Path, fresh: bool, port: u16) -> Result<ExitCode> {
    let Some(_lock) = lock(dir)? else {
        bail!("it runs already: stop it with `cargo xtask stack down`");
    };
    tools::ensure("nats-server")?;
    let given_mongo = env::value(env::MONGODB);
    if given_mongo.is_none() {
        tools::ensure("mongod")?;
    }
    let voice = voice::prepare()?;
    process::run(process::cargo().args(["build", "--workspace", "--bins", "--profile", "ci"]))?;
    if fresh {
        empty(dir)?;
    }
    // What a stack that was killed left.
    let _ = fs::remove_file(dir.join(STATE));
    let (logs, objects) = (dir.join("logs"), dir.join("objects"));
    for folder in [&logs, &objects] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    interrupted()?;

    let mut nats = NatsServer::open(&dir.join("nats"), &logs.join("nats-server.log"), 0)?;
    let mut mongo = match &given_mongo {
        Some(_) => None,
        None => Some(MongoServer::open(&dir.join("mongo"), &logs.join("mongod.log"), 0)?),
    };
    let mongo_uri = given_mongo.or_else(|| mongo.as_ref().map(MongoServer::uri)).unwrap_or_default();
    let addresses = addresses(port)?;
    let environment = environment(dir, &objects, &nats.url(), &mongo_uri, &addresses)?;
    let mut services = Vec::new();
    let admin_key = secret(&dir.join("admin-key"))?;
    for (name, address) in &addresses {
        let program = Program::at(&repo::bin_dir().join(format!("lectern-{name}")), &logs)
            .apart()
            .envs(environment.clone())
            .env("LECTERN_SERVER__LISTEN", address.to_string());
        // Each refuses variables that are not its own.
        let program = match *name {
            "tts" => program.env(env::VOICE_DIR, &voice),
            "gateway" => program.env("LECTERN_ADMIN_KEY", &admin_key),
            _ => program,
        };
        services.push(program.try_start()?);
        if interrupted()? {
            break;
        }
    }

    let mut parts = vec![Part {
        name: "nats-server".to_owned(),
        pid: nats.id(),
        url: nats.url(),
        address: nats.address(),
        log: logs.join("nats-server.log"),
    }];
    if let Some(mongo) = &mongo {
        parts.push(Part {
            name: "mongod".to_owned(),
            pid: mongo.id(),
            url: mongo.uri(),
            address: mongo.address(),
            log: logs.join("mongod.log"),
        });
    }
    parts.extend(services.iter().map(|service| Part {
        name: service.name().to_owned(),
        pid: service.id(),
        url: service.url(),
        address: service.address(),
        log: service.log_path().to_owned(),
    }));
    let state = State { pid: i32::try_from(std::process::id())?, parts };
    fs::write(dir.join(STATE), toml::to_string(&state)?)?;
    print_parts(&state);
    if let Some(gateway) = services.last() {
        let key = create_key(&gateway.url(), &admin_key)?;
        println!("\nan API key: {key}");
        println!(
            "narrate:    {} narrate FILE --server {} --key {key}",
            repo::bin_dir().join("lectern").display(),
            gateway.url()
        );
        println!("stop:       Ctrl-C, or `cargo xtask stack down`");
    }
    let outcome = serve(&mut services);
    stop(services);
    if let Some(mongo) = &mut mongo {
        mongo.stop();
    }
    nats.stop();
    fs::remove_file(dir.join(STATE))?;
    outcome
}

/// Waits for Ctrl-C; fails when a service ends by itself.
fn serve(services: &mut [Process]) -> Result<ExitCode> {
    while !interrupted()? {
        for service in services.iter_mut() {
            if let Some(status) = service.exited() {
                bail!("{} ended with {status}: see {}", service.name(), service.log_path().display());
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(ExitCode::SUCCESS)
}

/// All at once, as an orchestrator does; each drains by itself.
fn stop(mut services: Vec<Process>) {
    eprintln!("stopping");
    services.iter_mut().for_each(Process::terminate);
    for service in &mut services {
        if service.stop(STOP).is_none() {
            eprintln!("{} did not stop within {} s and was killed", service.name(), STOP.as_secs());
        }
    }
}

/// The services' addresses, in the order of [`SERVICES`].
fn addresses(port: u16) -> Result<Vec<(&'static str, SocketAddr)>> {
    // The gateway has the port itself, the stages those after it.
    const OFFSET: [u16; 4] = [1, 2, 3, 0];
    let mut held = Vec::new();
    for (name, offset) in SERVICES.iter().zip(OFFSET) {
        let wanted = if port == 0 { 0 } else { port + offset };
        let listener = TcpListener::bind(("127.0.0.1", wanted))
            .with_context(|| format!("port {wanted} for {name}: choose others with --port"))?;
        held.push((*name, listener.local_addr()?, listener));
    }
    // The listeners close here, all at once, so that no two services got the same free port.
    Ok(held.into_iter().map(|(name, address, _)| (name, address)).collect())
}

/// What all four services are told.
fn environment(
    dir: &Path,
    objects: &Path,
    nats: &str,
    mongo: &str,
    addresses: &[(&str, SocketAddr)],
) -> Result<Vec<(String, String)>> {
    let mut environment = vec![
        ("LECTERN_STORE__URL".to_owned(), mongo.to_owned()),
        ("LECTERN_QUEUE__URL".to_owned(), nats.to_owned()),
        ("LECTERN_BLOB__URL".to_owned(), format!("file:{}", objects.display())),
        ("LECTERN_SECRET".to_owned(), secret(&dir.join("secret"))?),
    ];
    for (name, address) in addresses {
        environment.push((format!("LECTERN_{}__URL", name.to_uppercase()), format!("http://{address}")));
    }
    Ok(environment)
}

/// A random secret; made once, kept with the data that depends on it.
fn secret(file: &Path) -> Result<String> {
    if !file.exists() {
        let mut bytes = [0_u8; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(file, hex)?;
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(fs::read_to_string(file)?.trim().to_owned())
}

/// An API key, made by the command that an operator uses; the key is its last line.
fn create_key(gateway: &str, admin_key: &str) -> Result<String> {
    let mut command = Command::new(repo::bin_dir().join("lectern"));
    command.args(["keys", "create", "--tenant", "stack", "--server", gateway, "--key", admin_key]);
    let output = String::from_utf8(process::output(&mut command)?.stdout)?;
    output.lines().last().map(|line| line.trim().to_owned()).context("`lectern keys create` printed no key")
}

/// The lock that a running stack holds on its folder; none when another process has it.
fn lock(dir: &Path) -> Result<Option<File>> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(LOCK);
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Deletes everything in the folder but the lock.
fn empty(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            process::remove_dir(&path)?;
        } else if path != dir.join(LOCK) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// What runs; none when nothing does or it has not finished starting.
fn running(dir: &Path) -> Result<Option<State>> {
    if !dir.exists() || lock(dir)?.is_some() {
        return Ok(None);
    }
    let Ok(text) = fs::read_to_string(dir.join(STATE)) else { return Ok(None) };
    Ok(Some(toml::from_str(&text).with_context(|| dir.join(STATE).display().to_string())?))
}

fn down(dir: &Path) -> Result<ExitCode> {
    let Some(state) = running(dir)? else {
        println!("nothing runs");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(pid) = Pid::from_raw(state.pid) {
        kill_process(pid, Signal::TERM)?;
    }
    let deadline = Instant::now() + STOP * 2;
    while running(dir)?.is_some() {
        if Instant::now() > deadline {
            bail!("process {} still runs", state.pid);
        }
        thread::sleep(Duration::from_millis(100));
    }
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn status(dir: &Path) -> Result<ExitCode> {
    let Some(state) = running(dir)? else {
        println!("nothing runs: `cargo xtask stack up` starts it");
        return Ok(ExitCode::FAILURE);
    };
    print_parts(&state);
    let deaf: Vec<_> = state
        .parts
        .iter()
        .filter(|part| TcpStream::connect_timeout(&part.address, Duration::from_secs(2)).is_err())
        .map(|part| part.name.as_str())
        .collect();
    if deaf.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("not answering: {}", deaf.join(", "));
    Ok(ExitCode::FAILURE)
}

fn print_parts(state: &State) {
    for part in &state.parts {
        println!("{:<16} {:<52} process {:<8} log {}", part.name, part.url, part.pid, part.log.display());
    }
}
