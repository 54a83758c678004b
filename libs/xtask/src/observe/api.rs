//! A Prometheus of our own, and what it answers over HTTP on loopback.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use lectern_testkit::Daemon;
use serde_json::{Value, json};

use super::programs::RULES;
use crate::repo;

/// The `job` label of what is scraped; dashboards have a variable of that name.
pub const JOB: &str = "lectern";
/// How long it may take to listen, to answer, and to end after a signal.
const START: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(20);
/// How often something is looked at that takes a moment.
pub const POLL: Duration = Duration::from_millis(100);
/// What it says before the address that it took.
const LISTENING: &str = "msg=\"Listening on\" address=";

/// A running Prometheus. Ended when dropped.
pub struct Prometheus {
    daemon: Daemon,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts one on a free port of loopback, with its data in `folder`. It scrapes `target` each
    /// second, and evaluates our rules as often.
    pub fn start(program: &Path, folder: &Path, target: SocketAddr) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let settings = json!({
            "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
            "rule_files": [repo::path(RULES)],
            "scrape_configs": [{ "job_name": JOB, "static_configs": [{ "targets": [target.to_string()] }] }],
        });
        // JSON is YAML.
        let config = folder.join("prometheus.yaml");
        fs::write(&config, settings.to_string()).with_context(|| config.display().to_string())?;
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .current_dir(folder);
        let mut daemon = Daemon::start("Prometheus", &mut command, &folder.join("prometheus.log"))?;
        let address = daemon.wait_for_address(LISTENING, START)?;
        Ok(Self { daemon, address })
    }

    /// Its log.
    pub fn said(&self) -> String {
        self.daemon.log_text()
    }

    /// What a path of its API answers as `data`.
    pub fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        get(self.address, path, parameters)
    }

    /// The texts that it answers as a list.
    pub fn list(&self, path: &str) -> Result<Vec<String>> {
        let list = self.get(path, &[])?;
        serde_json::from_value(list).with_context(|| format!("{path} is no list of texts"))
    }

    /// Asks a query about now; the samples of its answer.
    pub fn query(&self, query: &str) -> Result<Vec<Value>> {
        let answer = self.get("query", &[("query", query)])?;
        match answer.pointer("/result") {
            Some(Value::Array(samples)) => Ok(samples.clone()),
            other => bail!("the result is no list of samples but {other:?}"),
        }
    }

    /// The number that a query answers, where it is one sample.
    pub fn number(&self, query: &str) -> Result<Option<f64>> {
        let samples = self.query(query)?;
        let value = samples.first().and_then(|sample| sample.pointer("/value/1")).and_then(Value::as_str);
        value.map(|value| value.parse().with_context(|| format!("{value} is no number"))).transpose()
    }

    /// Asks it to end, and waits for that.
    pub fn stop(&mut self) -> Result<()> {
        match self.daemon.stop(END) {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("Prometheus ended with {status}:\n{}", self.said()),
            None => bail!("Prometheus has not ended {} s after SIGTERM", END.as_secs()),
        }
    }
}

/// What a path of the API of the Prometheus at an address answers as `data`.
pub fn get(address: SocketAddr, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
    let mut target = format!("/api/v1/{path}");
    for (number, (name, value)) in parameters.iter().enumerate() {
        let before = if number == 0 { '?' } else { '&' };
        write!(target, "{before}{name}={}", encoded(value))?;
    }
    let mut stream = TcpStream::connect(address).context("Prometheus takes no connection")?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    // Of version 1.0: whatever is before the end of the connection is the answer, in one piece.
    write!(stream, "GET {target} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("Prometheus does not answer {path}"))?;
    data(&answer).with_context(|| format!("Prometheus' answer to {path}"))
}

/// What an HTTP answer of the API has as `data`, where it is a success without a warning.
fn data(answer: &str) -> Result<Value> {
    let (head, body) = answer.split_once("\r\n\r\n").context("it is no HTTP")?;
    let status = head.lines().next().unwrap_or_default();
    let mut body: Value = serde_json::from_str(body).with_context(|| format!("{status} without JSON"))?;
    if body.pointer("/status").and_then(Value::as_str) != Some("success") {
        let error = body.pointer("/error").and_then(Value::as_str).unwrap_or("no reason is given");
        return Err(anyhow!("{error}"));
    }
    if let Some(warnings) = body.pointer("/warnings") {
        bail!("it warns: {warnings}");
    }
    body.pointer_mut("/data").map(Value::take).context("it has no data")
}

/// A value as part of a URL.
fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_without_a_warning_has_data() {
        let answer = |body: &str| data(&format!("HTTP/1.0 400 Bad Request\r\nServer: x\r\n\r\n{body}"));
        assert_eq!(answer(r#"{"status":"success","data":["a"]}"#).unwrap(), json!(["a"]));
        let refused = answer(r#"{"status":"error","errorType":"bad_data","error":"1:4: parse error"}"#).unwrap_err();
        assert_eq!(refused.to_string(), "1:4: parse error");
        let warned = answer(r#"{"status":"success","data":[],"warnings":["half of it"]}"#).unwrap_err();
        assert!(warned.to_string().contains("half of it"));
        assert!(answer("busy").unwrap_err().to_string().contains("400"));
        assert!(data("no HTTP").is_err());
    }

    #[test]
    fn a_query_is_encoded_byte_by_byte() {
        assert_eq!(encoded("a{b=~\"ü\"} +1"), "a%7Bb%3D%7E%22%C3%BC%22%7D%20%2B1");
    }
}
