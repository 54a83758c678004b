//! The values for the chart: one replica of each service on loopback, each on ports of its own
//! since all pods share the machine's network, and the servers that were started for them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Servers;

/// The Secret of the installation, and that of the test of the release.
pub const INSTALLATION: &str = "lectern";
pub const SMOKE: &str = "lectern-smoke";
const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];

/// Where a service listens.
pub struct Place {
    pub service: &'static str,
    grpc: SocketAddr,
    metrics: SocketAddr,
}

impl Place {
    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.grpc)
    }
}

/// A place for each service, on free ports.
pub fn places() -> Result<Vec<Place>> {
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port of loopback");
    let mut held = Vec::new();
    for service in SERVICES {
        held.push((service, free()?, free()?));
    }
    // The listeners close at the end, all at once, so that no two got the same port.
    let mut places = Vec::new();
    for (service, grpc, metrics) in &held {
        places.push(Place { service, grpc: grpc.local_addr()?, metrics: metrics.local_addr()? });
    }
    Ok(places)
}

/// The values, by the keys of values.yaml.
pub fn of(version: &str, servers: &Servers, places: &[Place]) -> Value {
    let mut values = json!({
        "profile": "services",
        "image": {"registry": "localhost", "tag": version, "pullPolicy": "Never"},
        "secrets": {"installation": {"name": INSTALLATION}},
        "database": {"url": servers.mongo.uri_with_database("lectern")},
        "queue": {"url": servers.nats.url()},
        "storage": {"url": servers.objects.url(), "endpoint": servers.objects.endpoint()},
        "smoke": {"enabled": true, "key": {"name": SMOKE}},
    });
    for place in places {
        let mut own = json!({"replicas": 1, "listenAddress": "127.0.0.1", "extraEnv": variables(place, places)});
        if place.service == "gateway" {
            own["adminKey"] = json!({"name": INSTALLATION});
        }
        values[place.service] = own;
    }
    values
}

/// The settings that the shared network changes, as variables, which go over the file: where the
/// service listens, and where those are that it calls.
fn variables(place: &Place, places: &[Place]) -> Vec<Value> {
    let variable = |name: String, value: String| json!({"name": name, "value": value});
    let mut variables = vec![
        variable("LECTERN_SERVER__LISTEN".to_owned(), place.grpc.to_string()),
        variable("LECTERN_TELEMETRY__METRICS_LISTEN".to_owned(), place.metrics.to_string()),
    ];
    // The gateway calls the stages, and a stage the gateway; each refuses a variable that is not
    // its own.
    for other in places.iter().filter(|other| (other.service == "gateway") != (place.service == "gateway")) {
        variables.push(variable(format!("LECTERN_{}__URL", other.service.to_uppercase()), other.url()));
    }
    variables
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_service_has_ports_of_its_own_and_knows_whom_it_calls() {
        let places = places().unwrap();
        let ports: BTreeSet<u16> = places.iter().flat_map(|at| [at.grpc.port(), at.metrics.port()]).collect();
        assert_eq!(ports.len(), 2 * SERVICES.len());
        let names = |place: &Place| -> Vec<String> {
            let variables = variables(place, &places);
            variables.iter().skip(2).map(|variable| variable["name"].as_str().unwrap().to_owned()).collect()
        };
        let [gateway, ingest, ..] = places.as_slice() else { panic!("there are four services") };
        assert_eq!(names(gateway), ["LECTERN_INGEST__URL", "LECTERN_AI__URL", "LECTERN_TTS__URL"]);
        assert_eq!(names(ingest), ["LECTERN_GATEWAY__URL"]);
    }
}
