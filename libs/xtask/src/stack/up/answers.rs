//! What a running stack answers to those who ask it, and what it says of itself.

use super::Stack;
use crate::stack::control::{Answer, Request};
use crate::stack::files::{PartLine, Snapshot};
use crate::stack::part::birth;
use crate::stack::replicas;
use crate::stack::supervise::State;

impl Stack {
    /// Does what another process asks, or begins it.
    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        match request {
            Request::Status => Answer::Status { snapshot: self.snapshot() },
            Request::Stop => {
                self.stop_asked = true;
                Answer::Begun
            }
            Request::Restart { .. } | Request::Scale { .. } if !self.ready => {
                Answer::Refused { why: "the stack is just starting: try again when it has".to_owned() }
            }
            Request::Restart { part } => {
                if self.supervisor.restart(part) {
                    return Answer::Begun;
                }
                let there = self.supervisor.names().join(", ");
                Answer::Refused { why: format!("no part is named {part}; there are: {there}") }
            }
            Request::Scale { service, replicas } => self.scale(service, *replicas),
        }
    }

    fn scale(&mut self, service: &str, replicas: u32) -> Answer {
        if let Err(why) = replicas::check(service, replicas) {
            return Answer::Refused { why };
        }
        let now: Vec<String> = self.supervisor.names();
        let wanted = replicas::names(service, replicas);
        for name in now.iter().filter(|name| replicas::service_of(name) == service && !wanted.contains(*name)) {
            self.supervisor.remove(name);
        }
        for name in &wanted {
            if now.contains(name) {
                self.supervisor.keep(name);
            } else {
                self.add(name);
            }
        }
        Answer::Begun
    }

    /// What runs.
    pub(super) fn snapshot(&self) -> Snapshot {
        let parts = self.parts.iter().map(|(name, part)| PartLine {
            name: name.clone(),
            state: self.state(name),
            pid: part.running.as_ref().map(|running| running.id()),
            birth: part.running.as_ref().and_then(|running| birth(running.id())),
            url: part.url.clone(),
            starts: part.starts,
            log: part.spec.log().to_owned(),
        });
        Snapshot {
            pid: std::process::id(),
            ready: self.ready,
            data: self.dir.clone(),
            key_file: self.key_file(),
            admin_key_file: self.dir.join("admin-key"),
            parts: parts.collect(),
        }
    }

    fn state(&self, name: &str) -> String {
        match self.supervisor.state(name) {
            Some(State::Running { .. }) => "running".to_owned(),
            Some(State::Starting) => "starting".to_owned(),
            Some(State::Stopping { .. }) | None => "stopping".to_owned(),
            Some(State::GivenUp) => "given up".to_owned(),
            Some(State::Down { .. }) => match self.supervisor.missing_server() {
                Some(server) if replicas::is_service(name) => format!("waiting for {server}"),
                Some(_) | None => "waiting".to_owned(),
            },
        }
    }
}
