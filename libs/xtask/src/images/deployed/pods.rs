//! Pods as podman plays them: each object in a file of its own, with the ConfigMaps that it mounts.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::adapted::adapted;
use super::{container, spec};
use crate::chart::objects::{list, number, text};
use crate::images::engine::Engine;
use crate::process;

/// How often a container is looked at.
const AGAIN: Duration = Duration::from_millis(250);
/// What no service may log.
const ALARMS: [&str; 2] = ["\"level\":\"ERROR\"", "panicked at"];

/// Who reads a Secret. What variables are taken from is kept in base64, by key; what is mounted is
/// taken by podman 4.3 as it is.
pub enum Reader {
    Variables,
    Files,
}

/// All pods that were played, and their secrets.
pub struct Pods<'a> {
    engine: &'a Engine,
    objects: &'a [Value],
    folder: PathBuf,
    played: Vec<Pod>,
    secrets: Vec<String>,
}

/// A pod, which has one container.
#[derive(Clone)]
pub struct Pod {
    name: String,
    file: PathBuf,
    /// The container's id.
    id: String,
    /// The program and its arguments.
    command: Vec<String>,
    /// The health service that readiness asks for; empty for none.
    ready: String,
    /// How long it may take to end, in seconds.
    grace: i64,
}

impl<'a> Pods<'a> {
    /// None yet.
    pub fn new(engine: &'a Engine, objects: &'a [Value]) -> Result<Self> {
        Ok(Self { engine, objects, folder: engine.empty_folder("pods")?, played: Vec::new(), secrets: Vec::new() })
    }

    /// Makes a Secret.
    pub fn secret(&mut self, name: &str, keys: &[(&str, &str)], reader: Reader) -> Result<()> {
        let map = |written: fn(&str) -> String| -> Map<String, Value> {
            keys.iter().map(|(key, value)| ((*key).to_owned(), json!(written(value)))).collect()
        };
        let kept = match reader {
            Reader::Variables => json!(map(|value| STANDARD.encode(value))),
            Reader::Files => json!({"data": map(str::to_owned)}),
        };
        let file = self.folder.join(name);
        fs::write(&file, kept.to_string()).with_context(|| file.display().to_string())?;
        process::output(self.engine.podman().args(["secret", "create", name]).arg(&file))?;
        self.secrets.push(name.to_owned());
        fs::remove_file(&file).with_context(|| file.display().to_string())
    }

    /// Starts the pod that an object is, or makes one of.
    pub fn play(&mut self, object: &Value) -> Result<Pod> {
        let name = text(object, "/metadata/name").to_owned();
        let mounted = list(spec(object)?, "/volumes").iter().map(|volume| text(volume, "/configMap/name"));
        let mounted: Vec<&str> = mounted.filter(|name| !name.is_empty()).collect();
        let is_mounted =
            |object: &&Value| text(object, "/kind") == "ConfigMap" && mounted.contains(&text(object, "/metadata/name"));
        let mut documents: Vec<String> = self.objects.iter().filter(is_mounted).map(ToString::to_string).collect();
        documents.push(adapted(object)?.to_string());
        let file = self.folder.join(format!("{name}.json"));
        fs::write(&file, documents.join("\n---\n")).with_context(|| file.display().to_string())?;

        let played = process::output(self.engine.podman().args(["kube", "play", "--network", "host"]).arg(&file))?;
        let id = container_of(&String::from_utf8_lossy(&played.stdout))
            .with_context(|| format!("podman names no container of {name}: {}", process::said(&played)))?;
        let part = container(spec(object)?, &name)?;
        let words = ["/command", "/args"].map(|pointer| list(part, pointer));
        let pod = Pod {
            file,
            id,
            command: words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            ready: text(part, "/readinessProbe/grpc/service").to_owned(),
            grace: number(spec(object)?, "/terminationGracePeriodSeconds"),
            name,
        };
        self.played.push(pod.clone());
        Ok(pod)
    }

    /// Waits for a pod's end, which must be a good one; what it said.
    pub fn succeeds(&self, pod: &Pod, within: Duration) -> Result<String> {
        let begun = Instant::now();
        loop {
            match self.ended(pod)? {
                Some(0) => return self.log(pod),
                Some(status) => bail!("{} ended with {status}", pod.name),
                None => pause(begun, within, &format!("{} does not end", pod.name))?,
            }
        }
    }

    /// Waits until a service says that it is ready, asked as its readiness probe asks, by the
    /// program itself.
    pub fn is_ready(&self, pod: &Pod, within: Duration) -> Result<()> {
        let begun = Instant::now();
        loop {
            let mut podman = self.engine.podman();
            podman.arg("exec").arg(&pod.id).args(&pod.command).args(["probe", "--service", &pod.ready]);
            let asked: Output = podman.output().context("podman")?;
            if asked.status.success() {
                return Ok(());
            }
            if let Some(status) = self.ended(pod)? {
                bail!("{} ended with {status} before it was ready", pod.name);
            }
            let said = process::said(&asked);
            pause(begun, within, &format!("{} is not ready: {}", pod.name, said.trim_end()))?;
        }
    }

    /// Ends services by SIGTERM within their grace: each must end well, and have told of nothing
    /// that is wrong. Then everything that was played is taken down.
    pub fn stop(&self, services: &[Pod]) -> Result<()> {
        let grace = services.iter().map(|pod| pod.grace).max().unwrap_or_default();
        let ids = services.iter().map(|pod| &pod.id);
        process::output(self.engine.podman().args(["stop", "--time", &grace.to_string()]).args(ids))?;
        for pod in services {
            match self.ended(pod)? {
                Some(0) => {}
                Some(status) => bail!("{} was stopped, and ended with {status}", pod.name),
                None => bail!("{} still runs", pod.name),
            }
            if let Some(line) = self.log(pod)?.lines().find(|line| ALARMS.iter().any(|alarm| line.contains(alarm))) {
                bail!("{} logged {line}", pod.name);
            }
        }
        for pod in self.played.iter().rev() {
            process::output(self.engine.podman().args(["kube", "down"]).arg(&pod.file))?;
        }
        Ok(())
    }

    /// What all of them said.
    pub fn logs(&self) -> String {
        let log = |pod: &Pod| format!("{}:\n{}", pod.name, self.log(pod).unwrap_or_else(|error| error.to_string()));
        self.played.iter().map(log).collect::<Vec<_>>().join("\n")
    }

    /// Removes everything that is left.
    pub fn end(&self) -> Result<()> {
        self.engine.end_all()?;
        process::output(self.engine.podman().args(["volume", "prune", "--force"]))?;
        for name in &self.secrets {
            process::output(self.engine.podman().args(["secret", "rm", name]))?;
        }
        process::remove_dir(&self.folder)
    }

    /// The status that a container ended with; none while it runs.
    fn ended(&self, pod: &Pod) -> Result<Option<i32>> {
        let form = "{{.State.Running}} {{.State.ExitCode}}";
        let state = process::output(self.engine.podman().args(["inspect", "--format", form, &pod.id]))?;
        let state = String::from_utf8_lossy(&state.stdout);
        match state.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["true", _] => Ok(None),
            ["false", status] => Ok(Some(status.parse().with_context(|| state.to_string())?)),
            _ => bail!("podman says of {} that it is {state}", pod.name),
        }
    }

    fn log(&self, pod: &Pod) -> Result<String> {
        Ok(process::said(&process::output(self.engine.podman().args(["logs", &pod.id]))?))
    }
}

/// Waits a moment; fails where it has taken too long, or is to end.
fn pause(begun: Instant, within: Duration, wrong: &str) -> Result<()> {
    if begun.elapsed() > within {
        bail!("{wrong} within {} s", within.as_secs());
    }
    process::pause(AGAIN)
}

/// The id of the container that `podman kube play` says it has made.
fn container_of(said: &str) -> Option<String> {
    let mut lines = said.lines().skip_while(|line| !line.starts_with("Container"));
    lines.nth(1).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_container_is_the_one_that_podman_names() {
        assert_eq!(container_of("Pod:\nabc\nContainer:\ndef\n\n"), Some("def".to_owned()));
        assert_eq!(container_of("Pod:\nabc\nContainers:\ndef\n"), Some("def".to_owned()));
        assert_eq!(container_of("Pod:\nabc\n"), None);
        assert_eq!(container_of("Pod:\nabc\nContainer:\n\n"), None);
    }
}
