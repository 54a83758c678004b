//! The service config of gRPC, as far as a channel of ours follows it: how calls are spread,
//! whether the health of an address is watched, which calls are made again, and when that has to
//! stop (gRFC A2, A6, A17; `grpc.service_config.ServiceConfig`).

use std::collections::HashMap;
use std::time::Duration;

use lectern_core::Failure;
use serde::Deserialize;
use serde_json::Value;
use tonic::Code;

/// What clients of the public API follow. The same file is published as `docs/service-config.json`.
pub const PUBLISHED: &str = include_str!("published.json");
/// What the services follow among themselves: calls that only read are made once more. What is
/// called for nobody but a caller of the public API is not among them, for that caller makes his
/// call again: no call is repeated by two at once. Of what is called for such callers and by the
/// service itself too, [`Channel::without_retries`](super::Channel::without_retries) is for the
/// former.
pub const BETWEEN_SERVICES: &str = include_str!("between_services.json");

/// Attempts that a policy may ask for at most, as gRPC has it.
const MOST_ATTEMPTS: u32 = 5;
/// Tokens are counted in thousandths, as gRPC has it: a ratio has three decimals.
const THOUSANDTHS: f64 = 1_000.0;

/// A service config that was read and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServiceConfig {
    /// By `/SERVICE/METHOD`, and by `/SERVICE/` for all of a service.
    policies: HashMap<String, RetryPolicy>,
    /// None: calls are made again however many fail.
    pub(crate) throttling: Option<Throttling>,
    /// The service whose health says whether an address gets calls. None: no health is watched.
    pub(crate) health: Option<String>,
}

/// When a call is made again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RetryPolicy {
    /// With the first one.
    pub(crate) attempts: u32,
    pub(crate) first_backoff: Duration,
    pub(crate) longest_backoff: Duration,
    pub(crate) multiplier: f64,
    pub(crate) codes: Vec<Code>,
}

/// How many failures there may be among the answers before no call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttling {
    /// In thousandths of a token.
    pub(crate) most: i64,
    /// The same, for each call that succeeds.
    pub(crate) ratio: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    load_balancing_config: Vec<Value>,
    #[serde(default)]
    method_config: Vec<WireMethod>,
    retry_throttling: Option<WireThrottling>,
    health_check_config: Option<WireHealth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMethod {
    name: Vec<WireName>,
    retry_policy: Option<WirePolicy>,
}

#[derive(Deserialize)]
struct WireName {
    service: String,
    #[serde(default)]
    method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    max_attempts: u32,
    initial_backoff: String,
    max_backoff: String,
    backoff_multiplier: f64,
    retryable_status_codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireThrottling {
    max_tokens: u32,
    token_ratio: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHealth {
    service_name: Option<String>,
}

impl ServiceConfig {
    /// Reads a service config in JSON.
    ///
    /// # Errors
    /// `INVALID_FIELD` for what gRPC would refuse.
    pub(crate) fn parse(json: &str) -> Result<Self, Failure> {
        let wire: Wire = serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
        // The first policy that a client knows is taken; ours knows one.
        let known = |policy: &Value| policy.get("round_robin").is_some();
        if !wire.load_balancing_config.is_empty() && !wire.load_balancing_config.iter().any(known) {
            return Err(wrong("loadBalancingConfig names no policy that is known; write round_robin"));
        }
        let mut policies = HashMap::new();
        for method in wire.method_config {
            let Some(policy) = method.retry_policy else { continue };
            let policy = RetryPolicy::read(policy)?;
            for name in method.name {
                let path = format!("/{}/{}", name.service, name.method);
                if policies.insert(path.clone(), policy.clone()).is_some() {
                    return Err(wrong(&format!("{path} has two policies")));
                }
            }
        }
        let throttling = wire.retry_throttling.map(Throttling::read).transpose()?;
        let health = wire.health_check_config.and_then(|health| health.service_name);
        Ok(Self { policies, throttling, health })
    }

    /// The policy of a call by its path, `/SERVICE/METHOD`.
    pub(crate) fn policy(&self, path: &str) -> Option<&RetryPolicy> {
        let whole = || path.rfind('/').and_then(|at| path.get(..=at)).and_then(|service| self.policies.get(service));
        self.policies.get(path).or_else(whole)
    }
}

impl RetryPolicy {
    fn read(wire: WirePolicy) -> Result<Self, Failure> {
        if wire.max_attempts < 2 {
            return Err(wrong("maxAttempts is at least 2"));
        }
        let policy = Self {
            attempts: wire.max_attempts.min(MOST_ATTEMPTS),
            first_backoff: seconds(&wire.initial_backoff)?,
            longest_backoff: seconds(&wire.max_backoff)?,
            multiplier: wire.backoff_multiplier,
            codes: wire.retryable_status_codes.iter().map(|name| code(name)).collect::<Result<_, _>>()?,
        };
        if policy.codes.is_empty() || !(policy.multiplier.is_finite() && policy.multiplier > 0.0) {
            return Err(wrong("retryableStatusCodes has at least one code, and backoffMultiplier is above 0"));
        }
        Ok(policy)
    }
}

impl Throttling {
    fn read(wire: WireThrottling) -> Result<Self, Failure> {
        let ratio = (wire.token_ratio * THOUSANDTHS).floor();
        if !(1..=1_000).contains(&wire.max_tokens) || !(1.0..=1_000_000.0).contains(&ratio) {
            return Err(wrong("maxTokens is in 1..=1000, and tokenRatio at least 0.001"));
        }
        #[allow(clippy::cast_possible_truncation, reason = "a whole number, and within a million")]
        let ratio = ratio as i64;
        Ok(Self { most: i64::from(wire.max_tokens) * 1_000, ratio })
    }
}

fn wrong(why: &str) -> Failure {
    Failure::invalid("service_config", format!("the service config cannot be used: {why}"))
}

/// A duration as JSON of protos has it: `0.5s`.
fn seconds(text: &str) -> Result<Duration, Failure> {
    let number = text.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| wrong(&format!("{text:?} is no time; write 0.5s")))
}

fn code(name: &str) -> Result<Code, Failure> {
    Ok(match name {
        "CANCELLED" => Code::Cancelled,
        "UNKNOWN" => Code::Unknown,
        "DEADLINE_EXCEEDED" => Code::DeadlineExceeded,
        "RESOURCE_EXHAUSTED" => Code::ResourceExhausted,
        "ABORTED" => Code::Aborted,
        "INTERNAL" => Code::Internal,
        "UNAVAILABLE" => Code::Unavailable,
        other => return Err(wrong(&format!("calls that end with {other:?} are not made again"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configs_of_ours_are_read_whole() {
        let published = ServiceConfig::parse(PUBLISHED).unwrap();
        let policy = published.policy("/lectern.v1.NarrationService/GetNarration").unwrap();
        assert_eq!((policy.attempts, policy.first_backoff), (4, Duration::from_millis(500)));
        assert_eq!(policy.codes, [Code::Unavailable]);
        assert_eq!(published.policy("/lectern.v1.NarrationService/CreateNarration"), None);
        assert_eq!(published.throttling, Some(Throttling { most: 10_000, ratio: 100 }));
        assert_eq!(published.health.as_deref(), Some(""));

        let between = ServiceConfig::parse(BETWEEN_SERVICES).unwrap();
        assert!(between.policy("/lectern.ingest.v1.IngestService/GetSource").is_some());
        for method in ["/lectern.v1.DocumentService/GetDocument", "/lectern.work.v1.StageService/ListSteps"] {
            assert_eq!(between.policy(method), None, "the caller repeats {method}");
        }
        assert_eq!(between.health.as_deref(), Some(""));
    }

    #[test]
    fn a_name_without_a_method_is_all_of_its_service() {
        let policy = r#"{"maxAttempts": 9, "initialBackoff": "1s", "maxBackoff": "2s", "backoffMultiplier": 2,
                         "retryableStatusCodes": ["UNAVAILABLE"]}"#;
        let json = format!(r#"{{"methodConfig": [{{"name": [{{"service": "a.B"}}], "retryPolicy": {policy}}}]}}"#);
        let config = ServiceConfig::parse(&json).unwrap();
        assert_eq!(config.policy("/a.B/Anything").unwrap().attempts, MOST_ATTEMPTS);
        assert_eq!(config.policy("/a.C/Anything"), None);
    }

    #[test]
    fn what_grpc_would_refuse_is_refused() {
        let policy = |attempts: u32, backoff: &str, codes: &str| {
            format!(
                r#"{{"methodConfig": [{{"name": [{{"service": "a.B"}}], "retryPolicy": {{
                    "maxAttempts": {attempts}, "initialBackoff": "{backoff}", "maxBackoff": "2s",
                    "backoffMultiplier": 2, "retryableStatusCodes": [{codes}]}}}}]}}"#
            )
        };
        assert!(ServiceConfig::parse(&policy(2, "1s", r#""UNAVAILABLE""#)).is_ok());
        for wrong in [
            "{".to_owned(),
            r#"{"loadBalancingConfig": [{"pick_first": {}}]}"#.to_owned(),
            r#"{"retryThrottling": {"maxTokens": 0, "tokenRatio": 0.1}}"#.to_owned(),
            policy(1, "1s", r#""UNAVAILABLE""#),
            policy(2, "1", r#""UNAVAILABLE""#),
            policy(2, "1s", ""),
            policy(2, "1s", r#""NOT_FOUND""#),
        ] {
            let refused = ServiceConfig::parse(&wrong).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("service_config"), "{wrong}");
        }
    }
}
