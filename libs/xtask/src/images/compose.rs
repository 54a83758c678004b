//! The compose file: read as podman-compose reads it, its services held to the same restrictions as
//! everywhere, and its settings asked of the programs themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{IMAGES, Image};
use crate::pypi::Packages;
use crate::{process, repo};

/// The file.
pub const FILE: &str = "deploy/compose/compose.yaml";
const VERSION: &str = "1.6.0";
const REQUIREMENTS: &str = include_str!("compose-requirements.txt");
/// What the file comes to when everything in it is put together, as JSON.
const READ: &str = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";

/// The file, put together.
#[derive(Deserialize)]
pub struct Compose {
    pub services: BTreeMap<String, Service>,
}

/// A service of it.
#[derive(Deserialize)]
pub struct Service {
    pub image: String,
    /// How it is seen whether it is healthy.
    pub healthcheck: Option<IgnoredAny>,
    /// What is started before it, and what is waited for.
    #[serde(default)]
    depends_on: BTreeMap<String, Dependency>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    user: String,
    #[serde(default)]
    cap_drop: Vec<String>,
    #[serde(default)]
    security_opt: Vec<String>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    condition: String,
}

impl Compose {
    /// The names of the services, in layers: each needs what is in layers before it alone.
    pub fn layers(&self) -> Result<Vec<Vec<&str>>> {
        let mut layers = Vec::new();
        let mut before: BTreeSet<&str> = BTreeSet::new();
        while before.len() < self.services.len() {
            let waiting = self.services.iter().filter(|(name, _)| !before.contains(name.as_str()));
            let ready =
                waiting.filter(|(_, service)| service.depends_on.keys().all(|name| before.contains(name.as_str())));
            let layer: Vec<&str> = ready.map(|(name, _)| name.as_str()).collect();
            if layer.is_empty() {
                bail!("{FILE}: services depend on each other, or on what is not there");
            }
            before.extend(&layer);
            layers.push(layer);
        }
        Ok(layers)
    }

    /// Whether others wait for its end.
    pub fn is_job(&self, name: &str) -> bool {
        let mut conditions = self.services.values().filter_map(|service| service.depends_on.get(name));
        conditions.any(|dependency| dependency.condition == "service_completed_successfully")
    }
}

/// Reads it, and demands what every service must have.
pub fn check() -> Result<Compose> {
    if !process::on_path("podman") {
        process::install_debian(&["podman"], "podman-compose asks podman")?;
    }
    let config = process::output(podman_compose(&["-f", FILE, "config"])?.stderr(Stdio::null()))?;
    let json = process::fed(&mut python(&["-c", READ])?, &config.stdout).context("python3")?;
    let compose: Compose = serde_json::from_slice(&json.stdout).with_context(|| {
        format!("{FILE} comes to something else than services: {}", process::said(&json).trim_end())
    })?;
    let wrong = problems(&compose);
    if !wrong.is_empty() {
        bail!("{FILE}:\n  {}", wrong.join("\n  "));
    }
    Ok(compose)
}

/// `podman-compose` in this repository.
pub fn podman_compose(arguments: &[&str]) -> Result<Command> {
    python(&[&["-m", "podman_compose"][..], arguments].concat())
}

/// `python3` with podman-compose and what it reads YAML with.
fn python(arguments: &[&str]) -> Result<Command> {
    let mut python = process::python()?;
    python.args(arguments).env("PYTHONPATH", packages()?).current_dir(repo::root());
    Ok(python)
}

/// Asks each program whether it takes the settings that its service has.
pub fn settings_are_known(compose: &Compose) -> Result<()> {
    for (name, service) in &compose.services {
        let Some(image) = of(service) else { continue };
        let mut program = Command::new(repo::bin_dir().join(image.program));
        program.arg("check-config").env_clear().envs(&service.environment);
        process::output(&mut program).with_context(|| format!("{FILE}: the settings of {name}"))?;
    }
    Ok(())
}

/// The image of ours that a service runs.
pub fn of(service: &Service) -> Option<&'static Image> {
    IMAGES.iter().find(|image| service.image.contains(&format!("/lectern/{}:", image.target)))
}

/// What is not as it must be.
fn problems(compose: &Compose) -> Vec<String> {
    let mut wrong = Vec::new();
    for image in IMAGES.iter().filter(|image| image.target != "lectern") {
        let found = compose.services.iter().find(|(name, _)| **name == image.target);
        if found.and_then(|(_, service)| of(service)).is_none_or(|found| found.target != image.target) {
            wrong.push(format!("no service {} runs its image", image.target));
        }
    }
    for (name, service) in &compose.services {
        let tag = service.image.rsplit_once(':').map(|(_, tag)| tag);
        if tag.is_none_or(|tag| tag == "latest" || tag.contains('/')) {
            wrong.push(format!("{name}: the image {} has no version", service.image));
        }
        for port in service.ports.iter().filter(|port| !port.starts_with("127.0.0.1:")) {
            wrong.push(format!("{name}: the port {port} is published beyond loopback"));
        }
        let folder = repo::path(FILE);
        let folder = folder.parent().unwrap_or(repo::root());
        let paths = service.volumes.iter().filter_map(|volume| volume.split(':').next());
        for path in paths.filter(|path| path.starts_with('.') && !folder.join(path).exists()) {
            wrong.push(format!("{name}: {path} is not there"));
        }
        let has = |list: &[String], word: &str| list.iter().any(|item| item == word);
        let restricted = service.read_only
            && service.user == "65532:65532"
            && has(&service.cap_drop, "ALL")
            && has(&service.security_opt, "no-new-privileges:true");
        if of(service).is_some() && !restricted {
            wrong.push(format!("{name}: it is not read-only, without capabilities, and the user 65532"));
        }
    }
    wrong
}

/// The folder of podman-compose, installed if it was not.
fn packages() -> Result<PathBuf> {
    let packages = Packages {
        folder: &format!("podman-compose-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "podman_compose.py",
        installing: &format!("podman-compose {VERSION} (PyPI)"),
        failed: "podman-compose could not be installed from PyPI: check the network, and that this is CPython 3.11 or \
                 3.13 on x86_64 Linux, for which its files are pinned",
    };
    packages.installed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(gateway: &str) -> Compose {
        let stage = |name: &str| {
            format!(
                r#""{name}": {{"image": "r/lectern/{name}:1", "read_only": true, "user": "65532:65532",
                "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}}"#
            )
        };
        let stages = ["ingest", "ai", "tts"].map(stage).join(",");
        serde_json::from_str(&format!(r#"{{"services": {{"gateway": {gateway}, {stages}}}}}"#)).unwrap()
    }

    #[test]
    fn what_is_open_unpinned_or_unrestricted_is_told() {
        let good = r#""read_only": true, "user": "65532:65532", "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"]"#;
        let of = |image: &str, more: &str| compose(&format!(r#"{{"image": "{image}", {more}}}"#));
        assert_eq!(problems(&of("r/lectern/gateway:1", good)), Vec::<String>::new());
        for (image, more, says) in [
            ("r/lectern/gateway:latest", good.to_owned(), "has no version"),
            ("r/lectern/ai:1", good.to_owned(), "no service gateway runs its image"),
            ("r/lectern/gateway:1", format!(r#"{good}, "ports": ["7400:7400"]"#), "beyond loopback"),
            ("r/lectern/gateway:1", format!(r#"{good}, "volumes": ["./gone.conf:/x"]"#), "gone.conf is not there"),
            ("r/lectern/gateway:1", good.replace("\"ALL\"", "\"NET_RAW\""), "without capabilities"),
            ("r/lectern/gateway:1", good.replace("true, \"user\"", "false, \"user\""), "it is not read-only"),
        ] {
            let wrong = problems(&of(image, &more));
            assert!(wrong.iter().any(|wrong| wrong.contains(says)), "{says:?} is not in {wrong:?}");
        }
    }

    #[test]
    fn services_are_started_after_what_they_need() {
        let compose: Compose = serde_json::from_str(
            r#"{"services": {
                "a": {"image": "a:1", "depends_on": {"job": {"condition": "service_completed_successfully"},
                    "c": {"condition": "service_healthy"}}},
                "c": {"image": "c:1", "healthcheck": {"test": ["CMD", "x"]}},
                "job": {"image": "b:1", "depends_on": {"c": {"condition": "service_started"}}}
            }}"#,
        )
        .unwrap();
        assert_eq!(compose.layers().unwrap(), [["c"], ["job"], ["a"]]);
        assert_eq!(["a", "c", "job"].map(|name| compose.is_job(name)), [false, false, true]);
        let circle = r#"{"services": {"a": {"image": "a:1", "depends_on": {"a": {"condition": "service_started"}}}}}"#;
        assert!(serde_json::from_str::<Compose>(circle).unwrap().layers().is_err());
    }
}
