//! The import rules of the architecture: who may use whom.
//!
//! - services never depend on services, `standalone` excepted; libraries never depend on services;
//! - `domain` uses `lectern_core` and plain libraries, no runtime and no driver;
//! - of a service, only its `app.rs` constructs adapters; those that every process has are
//!   connected in one place, `libs/stage/src/app.rs`;
//! - `mongodb` belongs to `store`, `async-nats` to `queue`, `google-cloud-storage` to `blob`,
//!   clients of HTTP to `fetch`;
//! - nothing but `fetch` and the tools resolves a name or opens a connection by itself;
//! - the environment is read by `runtime` and the tools alone.
//!
//! A file that grew long is reported without failing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::repo;

/// Lines over which a source file is reported.
const LONG: usize = 450;

/// Drivers, and the crates that may depend on each. The channel of gRPC, which spreads calls over
/// connections of its own, is made of the same parts as the client of libs/fetch; so is the server
/// of metrics, in libs/runtime.
const DRIVERS: [(&str, &[&str]); 11] = [
    ("mongodb", &["store"]),
    ("async-nats", &["queue"]),
    ("google-cloud-storage", &["blob"]),
    ("hyper", &["fetch", "rpc", "runtime"]),
    ("hyper-util", &["fetch", "rpc", "runtime"]),
    ("reqwest", &["fetch"]),
    ("ureq", &["fetch"]),
    ("isahc", &["fetch"]),
    ("curl", &["fetch"]),
    ("attohttpc", &["fetch"]),
    ("hickory-resolver", &["fetch"]),
];

/// What goes out past the guard of `libs/fetch`.
const WAYS_OUT: [&str; 5] =
    ["TcpStream::connect", "TcpSocket::new", "UdpSocket::bind", "lookup_host(", ".to_socket_addrs("];

/// Crates under `libs` that may use them: the guard; the channel between services, which resolves
/// and connects to what the settings name; and the tools, which talk to servers of their own on
/// loopback.
const GOES_OUT: [&str; 4] = ["fetch", "rpc", "testkit", "xtask"];

/// What `domain` must not name: runtimes, drivers, transports, and our crates but `core`.
const NOT_IN_DOMAIN: [&str; 16] = [
    "tokio",
    "tonic",
    "prost",
    "reqwest",
    "hyper",
    "mongodb",
    "async_nats",
    "rusqlite",
    "lectern_store",
    "lectern_queue",
    "lectern_blob",
    "lectern_client",
    "lectern_rpc",
    "lectern_runtime",
    "lectern_proto",
    "lectern_work",
];

/// What constructs an adapter: the ports' `connect`, and the adapters' own names.
const ADAPTERS: [&str; 11] = [
    "lectern_store::connect",
    "lectern_queue::connect",
    "lectern_blob::connect",
    "JetStream::",
    "MemoryQueue::",
    "MongoStore::",
    "SqliteStore::",
    "MemoryStore::",
    "FsBlob::",
    "MemoryBlob::",
    "Outside::system",
];

/// Crates under `libs` that may read the environment.
const READS_ENVIRONMENT: [&str; 3] = ["runtime", "testkit", "xtask"];

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    dependencies: toml::Table,
    #[serde(default, rename = "build-dependencies")]
    build_dependencies: toml::Table,
    #[serde(default, rename = "dev-dependencies")]
    dev_dependencies: toml::Table,
}

/// A crate of the workspace.
struct Crate {
    /// `libs` or `services`.
    kind: &'static str,
    /// Its folder's name.
    folder: String,
    path: PathBuf,
}

/// Checks all crates and prints what is wrong.
pub fn check() -> Result<bool> {
    let mut wrong = Vec::new();
    for krate in crates()? {
        let text = fs::read_to_string(krate.path.join("Cargo.toml"))?;
        let manifest: Manifest = toml::from_str(&text).with_context(|| krate.path.display().to_string())?;
        wrong.extend(dependencies(&krate, &manifest));
        for file in sources(&krate.path.join("src"))? {
            let source = fs::read_to_string(&file)?;
            let inside = file.strip_prefix(krate.path.join("src")).unwrap_or(&file).to_owned();
            let shown = file.strip_prefix(repo::root()).unwrap_or(&file).display().to_string();
            wrong.extend(imports(&krate, &inside, &source).into_iter().map(|problem| format!("{shown}:{problem}")));
            let lines = source.lines().count();
            if lines > LONG {
                eprintln!("warning: {shown} has {lines} lines: is it one subject?");
            }
        }
    }
    for problem in &wrong {
        eprintln!("{problem}");
    }
    Ok(wrong.is_empty())
}

fn crates() -> Result<Vec<Crate>> {
    let mut found = Vec::new();
    for kind in ["libs", "services"] {
        for entry in fs::read_dir(repo::path(kind))? {
            let path = entry?.path();
            if path.join("Cargo.toml").exists() {
                let folder = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                found.push(Crate { kind, folder, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn dependencies(krate: &Crate, manifest: &Manifest) -> Vec<String> {
    const SERVICES: [&str; 5] = ["lectern-gateway", "lectern-ingest", "lectern-ai", "lectern-tts", "lectern"];
    let place = format!("{}/{}/Cargo.toml", krate.kind, krate.folder);
    let standalone = krate.kind == "services" && krate.folder == "standalone";
    let mut wrong = Vec::new();
    let shipped: Vec<&String> = manifest.dependencies.keys().chain(manifest.build_dependencies.keys()).collect();
    for name in shipped.iter().copied().chain(manifest.dev_dependencies.keys()) {
        if SERVICES.contains(&name.as_str()) && !standalone {
            wrong.push(format!("{place}: depends on the service {name}; call its gRPC client from lectern-proto"));
        }
        if let Some((_, owners)) = DRIVERS.iter().find(|(driver, _)| driver == name)
            && !owners.contains(&krate.folder.as_str())
        {
            let owners = owners.join(" and libs/");
            wrong.push(format!("{place}: depends on {name}, which belongs to libs/{owners} alone; use its port"));
        }
    }
    for name in shipped {
        if name == "lectern-testkit" && krate.folder != "xtask" {
            wrong.push(format!("{place}: lectern-testkit is for tests: put it under [dev-dependencies]"));
        }
    }
    wrong
}

/// Problems of one file, each as `line: what`. Test modules are left out: files named `testing.rs`
/// or `tests.rs`, those in a folder `tests`, and the lines from `#[cfg(test)]` on.
fn imports(krate: &Crate, inside: &Path, source: &str) -> Vec<String> {
    let service = krate.kind == "services";
    let domain = service && inside.starts_with("domain");
    let wires = inside == Path::new("app.rs") || krate.folder == "standalone";
    let environment = krate.kind == "libs" && READS_ENVIRONMENT.contains(&krate.folder.as_str());
    let goes_out = krate.kind == "libs" && GOES_OUT.contains(&krate.folder.as_str());
    let mut wrong = Vec::new();
    if inside.iter().any(|part| part == "testing.rs" || part == "tests.rs" || part == "tests") {
        return wrong;
    }
    let mut lines = source.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let code = line.trim();
        if code == "#[cfg(test)]" {
            // One item on one line (`mod testing;`), or the module that ends the file.
            match lines.next() {
                Some((_, item)) if item.trim_end().ends_with(';') => continue,
                Some(_) | None => break,
            }
        }
        if code.starts_with("//") {
            continue;
        }
        let line = index + 1;
        if domain && let Some(name) = NOT_IN_DOMAIN.iter().find(|name| names_crate(code, name)) {
            wrong.push(format!("{line}: domain names {name}; it may use lectern_core alone"));
        }
        if service
            && !wires
            && let Some(name) = ADAPTERS.iter().find(|name| code.contains(*name))
        {
            wrong.push(format!("{line}: {name} constructs an adapter; only app.rs does"));
        }
        if !goes_out && let Some(name) = WAYS_OUT.iter().find(|name| code.contains(*name)) {
            wrong.push(format!("{line}: {name} goes out past the guard; call by a client of lectern-fetch"));
        }
        if !environment && (code.contains("env::var(") || code.contains("env::var_os(") || code.contains("env::vars("))
        {
            wrong.push(format!("{line}: reads the environment; lectern-runtime does, once"));
        }
    }
    wrong
}

/// Whether the line names the crate as a path's first segment.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '.'));
        starts && (after.starts_with("::") || (code.starts_with("use ") && after.starts_with(';')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn krate(kind: &'static str, folder: &str) -> Crate {
        Crate { kind, folder: folder.to_owned(), path: PathBuf::new() }
    }

    #[test]
    fn each_rule_finds_its_breach_and_lets_the_rest_pass() {
        let cases = [
            ("services", "ai", "domain/script.rs", "use lectern_core::Failure;", 0),
            ("services", "ai", "domain/script.rs", "use tokio::sync::Mutex;", 1),
            ("services", "ai", "domain/script.rs", "let x = lectern_store::Filter::all();", 1),
            ("services", "ai", "domain/script.rs", "#[cfg(test)]\nuse tokio::time;", 0),
            ("services", "ai", "domain/script.rs", "#[cfg(test)]\nmod tests {\nuse tokio::time;", 0),
            ("services", "ai", "domain/mod.rs", "#[cfg(test)]\nmod testing;\nuse tokio::time;", 1),
            ("services", "ai", "work/plan.rs", "use tokio::sync::Mutex;", 0),
            ("services", "ai", "work/tests/load.rs", "let s = lectern_store::connect(url).await?;", 0),
            ("services", "ai", "work/plan.rs", "let s = lectern_store::connect(url).await?;", 1),
            ("services", "ai", "app.rs", "let s = lectern_store::connect(url).await?;", 0),
            ("services", "ai", "config.rs", "let x = std::env::var(\"X\");", 1),
            ("libs", "runtime", "config.rs", "let x = std::env::var(\"X\");", 0),
            ("services", "ingest", "library/import.rs", "let s = TcpStream::connect(address).await?;", 1),
            ("services", "ingest", "library/import.rs", "let found = tokio::net::lookup_host(name).await?;", 1),
            ("services", "ingest", "library/import.rs", "let outside = Outside::system();", 1),
            ("services", "ingest", "app.rs", "let outside = Outside::system();", 0),
            ("libs", "fetch", "outside.rs", "let s = TcpStream::connect(address).await?;", 0),
        ];
        for (kind, folder, file, source, problems) in cases {
            assert_eq!(
                imports(&krate(kind, folder), Path::new(file), source).len(),
                problems,
                "{folder}/{file}: {source}"
            );
        }
    }

    #[test]
    fn manifests_keep_services_and_drivers_apart() {
        let cases = [
            ("services", "ai", "[dependencies]\nlectern-tts.workspace = true", 1),
            ("services", "standalone", "[dependencies]\nlectern-tts.workspace = true", 0),
            ("libs", "queue", "[dev-dependencies]\nlectern-gateway.workspace = true", 1),
            ("libs", "store", "[dependencies]\nmongodb.workspace = true", 0),
            ("libs", "rpc", "[dependencies]\nmongodb.workspace = true", 1),
            ("libs", "fetch", "[dependencies]\nhyper.workspace = true", 0),
            ("libs", "runtime", "[dependencies]\nhyper.workspace = true", 0),
            ("libs", "rpc", "[dependencies]\nhyper.workspace = true", 0),
            ("libs", "client", "[dependencies]\nhyper.workspace = true", 1),
            ("libs", "rpc", "[dependencies]\nhyper-util.workspace = true", 0),
            ("libs", "client", "[dependencies]\nhyper-util.workspace = true", 1),
            ("services", "ai", "[dependencies]\nreqwest.workspace = true", 1),
            ("libs", "rpc", "[dependencies]\nlectern-testkit.workspace = true", 1),
            ("libs", "rpc", "[dev-dependencies]\nlectern-testkit.workspace = true", 0),
        ];
        for (kind, folder, manifest, problems) in cases {
            let manifest: Manifest = toml::from_str(manifest).expect("parses");
            assert_eq!(dependencies(&krate(kind, folder), &manifest).len(), problems, "{folder}");
        }
    }
}
