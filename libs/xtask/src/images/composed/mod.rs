//! The compose file, started: podman-compose makes of it what it says, with the images that were
//! just built and with what stands for the images of others. Everything becomes healthy in the
//! order of the file, a narration is made through the published port, Prometheus scrapes all
//! services, the collector receives traces and metrics, and nothing is left afterwards.

mod servers;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::compose::{self, Compose, FILE, Service};
use super::engine::Engine;
use super::{IMAGES, LECTERN, deployed, tried};
use crate::observe::api;
use crate::process;

/// Where the file publishes the API and Prometheus.
const API: &str = "http://127.0.0.1:7400";
const PROMETHEUS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
/// How long a server may take to be healthy, Prometheus to scrape all, and the collector to hear.
const HEALTHY: Duration = Duration::from_secs(90);
const SEEN: Duration = Duration::from_secs(90);
const AGAIN: Duration = Duration::from_millis(300);
/// What the collector writes of both, and what no service may log.
const RECEIVED: [&str; 2] = ["Received traces", "Received metrics"];
const ALARMS: [&str; 2] = ["\"level\":\"ERROR\"", "panicked at"];

/// Starts everything, has a narration made, looks, and takes everything down.
pub fn all(engine: &Engine, version: &str, compose: &Compose) -> Result<()> {
    let begun = Instant::now();
    for service in compose.services.values().filter(|service| compose::of(service).is_none()) {
        servers::make(engine, &service.image)?;
    }
    let composed = Composed { engine, version, compose };
    let lived = composed.lives();
    if lived.is_err() {
        eprintln!("{}", composed.logs());
    }
    let left = lived.and_then(|files| composed.down().map(|()| files));
    // Also where something failed.
    let ended = composed.end();
    left.and_then(|files| ended.map(|()| files)).map(|files| {
        println!("narrated by {FILE}: {files} ({:.0} s)", begun.elapsed().as_secs_f64());
    })
}

struct Composed<'a> {
    engine: &'a Engine,
    version: &'a str,
    compose: &'a Compose,
}

impl Composed<'_> {
    /// From the first server to the last look; what the test says of its files.
    fn lives(&self) -> Result<String> {
        for layer in self.compose.layers()? {
            // Podman 4.3 knows no `service_healthy`, and does not start what needs something by way
            // of another: the order is kept here.
            self.run(&[&["up", "--detach", "--no-build", "--no-deps"][..], &layer].concat())?;
            layer.iter().try_for_each(|name| self.is_up(name))?;
        }
        let key = deployed::key(self.engine, API, self.version)?;
        let mut smoke = tried::restricted(self.engine, "host");
        smoke.env("LECTERN_KEY", key).args(["--rm", "--env", "LECTERN_KEY", &LECTERN.tag(self.version)]);
        let files = tried::files(&process::said(&process::output(smoke.args(["smoke", "--server", API]))?))?;

        until(SEEN, "Prometheus does not scrape all services", scraped)?;
        until(SEEN, "the collector has not received traces and metrics", || {
            let log = self.log("collector")?;
            Ok(RECEIVED.iter().all(|received| log.contains(received)))
        })?;
        for (name, service) in &self.compose.services {
            self.is_sound(name, service)?;
        }
        Ok(files)
    }

    /// `podman-compose`, to its end.
    fn run(&self, arguments: &[&str]) -> Result<()> {
        let podman = self.engine.podman_program()?.display().to_string();
        let mut command = compose::podman_compose(&[&["--podman-path", &podman, "-f", FILE][..], arguments].concat())?;
        command.env("CONTAINERS_CONF", self.engine.configuration()).env("LECTERN_VERSION", self.version);
        process::output(&mut command).map(drop)
    }

    /// Waits until a service is what others wait for: a job ended well, another healthy where it
    /// says how that is seen.
    fn is_up(&self, name: &str) -> Result<()> {
        let is_job = self.compose.is_job(name);
        let checked = self.compose.services.get(name).is_some_and(|service| service.healthcheck.is_some());
        if !is_job && !checked {
            return Ok(());
        }
        until(HEALTHY, &format!("{name} is not {}", if is_job { "done" } else { "healthy" }), || {
            if is_job {
                return Ok(self.state(name)? == "false 0 0");
            }
            // What a timer of systemd does elsewhere.
            let check = self.engine.podman().args(["healthcheck", "run", &container(name)]).output();
            Ok(check.context("podman")?.status.success())
        })
    }

    /// Whether it runs, the status that it ended with, and how often it was started again.
    fn state(&self, name: &str) -> Result<String> {
        let form = "{{.State.Running}} {{.State.ExitCode}} {{.RestartCount}}";
        let said = process::output(self.engine.podman().args(["inspect", "--format", form, &container(name)]))?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// Nothing was started again, and no service of ours has logged an error.
    fn is_sound(&self, name: &str, service: &Service) -> Result<()> {
        let state = self.state(name)?;
        let expected = if self.compose.is_job(name) { "false 0 0" } else { "true 0 0" };
        if state != expected {
            bail!("{name} is {state:?} (runs, status, restarts) instead of {expected:?}");
        }
        let log = self.log(name)?;
        let alarm = log.lines().find(|line| ALARMS.iter().any(|alarm| line.contains(alarm)));
        match alarm.filter(|_| compose::of(service).is_some()) {
            Some(line) => bail!("{name} logged {line}"),
            None => Ok(()),
        }
    }

    fn log(&self, name: &str) -> Result<String> {
        Ok(process::said(&process::output(self.engine.podman().args(["logs", &container(name)]))?))
    }

    /// What all of them said.
    fn logs(&self) -> String {
        let log = |name: &String| format!("{name}:\n{}", self.log(name).unwrap_or_else(|error| error.to_string()));
        self.compose.services.keys().map(log).collect::<Vec<_>>().join("\n")
    }

    /// Takes everything down as the page says; nothing must be left.
    fn down(&self) -> Result<()> {
        self.run(&["down", "--volumes"])?;
        for what in
            [&["ps", "--all"][..], &["pod", "ls"], &["volume", "ls"], &["network", "ls", "--filter", "name=lectern"]]
        {
            let left = process::output(self.engine.podman().args(what).arg("--quiet"))?;
            let left = String::from_utf8_lossy(&left.stdout).trim().to_owned();
            if !left.is_empty() {
                bail!("`podman-compose down --volumes` has left, by `podman {}`:\n{left}", what.join(" "));
            }
        }
        Ok(())
    }

    /// Removes whatever is left.
    fn end(&self) -> Result<()> {
        self.engine.end_all()?;
        for what in ["volume", "network"] {
            process::output(self.engine.podman().args([what, "prune", "--force"]))?;
        }
        Ok(())
    }
}

/// The container of a service: podman-compose calls it after the project, with a number.
fn container(service: &str) -> String {
    format!("lectern_{service}_1")
}

/// Whether Prometheus has scraped each service of ours with success.
fn scraped() -> Result<bool> {
    // It may not listen yet.
    let Ok(answer) = api::get(PROMETHEUS, "query", &[("query", "up == 1")]) else { return Ok(false) };
    let samples = answer.pointer("/result").and_then(Value::as_array).into_iter().flatten();
    let up: BTreeSet<&str> =
        samples.filter_map(|sample| sample.pointer("/metric/job")).filter_map(Value::as_str).collect();
    Ok(IMAGES.iter().filter(|image| image.target != LECTERN.target).all(|image| up.contains(image.target)))
}

/// Waits until it is so; fails with `wrong` where that takes too long.
fn until(within: Duration, wrong: &str, so: impl Fn() -> Result<bool>) -> Result<()> {
    if process::until(within, AGAIN, so)? {
        return Ok(());
    }
    bail!("{wrong} within {} s", within.as_secs());
}
